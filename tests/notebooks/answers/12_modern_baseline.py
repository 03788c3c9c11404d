# %% A right: by the entropy of the shares
def balanced_quality(good, n):
    total = sum(good)
    entropy = -sum(count / total * math.log(count / total) for count in good if count)
    return total / n * math.exp(entropy) / len(good)


# %% A wrong: shares of all samples
def balanced_quality(good, n):
    q = torch.tensor(good, dtype=torch.float64) / n
    return q.sum() * torch.exp(-torch.xlogy(q, len(q) * q).sum())


# %% A wrong: the share of modes that have a sample
def balanced_quality(good, n):
    return sum(good) / n * sum(count > 0 for count in good) / len(good)


# %% A wrong: the quality forgotten
def balanced_quality(good, n):
    q = torch.tensor(good, dtype=torch.float64) / sum(good)
    return torch.exp(-torch.xlogy(q, len(q) * q).sum())


# %% A wrong: a mode without samples gives a nan
def balanced_quality(good, n):
    q = torch.tensor(good, dtype=torch.float64) / sum(good)
    return sum(good) / n * torch.exp(-(q * (len(q) * q).log()).sum())


# %% B right: from sigmoids
def paired_losses(real_logits, fake_logits):
    wins = torch.sigmoid((real_logits - fake_logits).double())
    return -wins.log().mean(), -(1 - wins).log().mean()


# %% B wrong: the fake should win
def paired_losses(real_logits, fake_logits):
    pair_logits = real_logits - fake_logits
    softplus = nn.functional.softplus
    return softplus(pair_logits).mean(), softplus(-pair_logits).mean()


# %% B wrong: the ordinary losses
def paired_losses(real_logits, fake_logits):
    softplus = nn.functional.softplus
    d_loss = softplus(-real_logits).mean() + softplus(fake_logits).mean()
    return d_loss, softplus(-fake_logits).mean()


# %% B wrong: every real one against every fake one
def paired_losses(real_logits, fake_logits):
    pair_logits = real_logits - fake_logits.mT
    softplus = nn.functional.softplus
    return softplus(-pair_logits).mean(), softplus(pair_logits).mean()


# %% B wrong: G has the loss of D with a minus
def paired_losses(real_logits, fake_logits):
    d_loss = nn.functional.softplus(fake_logits - real_logits).mean()
    return d_loss, -d_loss


# %% C right: with loops
def put_in(B, order):
    found, before = {}, B["plain"]
    for k, name in enumerate(order):
        now = B["base"] if k == len(order) - 1 else B[f"+ {name}"]
        found[name] = now - before
        before = now
    return found


def left_out(B, order):
    found = {}
    for name in order:
        found[name] = -(B[f"without {name}"] - B["base"])
    return found


# %% C wrong: each step against the plain GAN
def put_in(B, order):
    found = {name: B[f"+ {name}"] - B["plain"] for name in order[:-1]}
    return found | {order[-1]: B["base"] - B["plain"]}


def left_out(B, order):
    return {name: B["base"] - B[f"without {name}"] for name in order}


# %% C wrong: without minus whole
def put_in(B, order):
    rungs = [B["plain"], *(B[f"+ {name}"] for name in order[:-1]), B["base"]]
    return {n: b - a for n, (a, b) in zip(order, pairwise(rungs), strict=True)}


def left_out(B, order):
    return {name: B[f"without {name}"] - B["base"] for name in order}


# %% C wrong: the last step is not counted
def put_in(B, order):
    rungs = [B["plain"], *(B[f"+ {name}"] for name in order[:-1])]
    return {n: b - a for n, (a, b) in zip(order[:-1], pairwise(rungs), strict=True)}


def left_out(B, order):
    return {name: B["base"] - B[f"without {name}"] for name in order}


# %% 1 right: by sorting out signs
def pair_accuracy(real_logits, fake_logits):
    sign = torch.sign(real_logits.double() - fake_logits.double().transpose(-2, -1))
    return ((1 + sign) / 2).flatten(start_dim=-2).mean(dim=-1)


# %% 1 wrong: ties count nothing
def pair_accuracy(real_logits, fake_logits):
    return (real_logits > fake_logits.mT).float().mean(dim=(-2, -1))


# %% 1 wrong: accuracy at a threshold
def pair_accuracy(real_logits, fake_logits):
    right = (real_logits > 0).float().mean(dim=(-2, -1))
    return (right + (fake_logits < 0).float().mean(dim=(-2, -1))) / 2


# %% 1 wrong: one number for all members
def pair_accuracy(real_logits, fake_logits):
    pair_logits = real_logits - fake_logits.mT
    return ((pair_logits > 0) + 0.5 * (pair_logits == 0)).mean()


# %% 1 wrong: the fake should win
def pair_accuracy(real_logits, fake_logits):
    pair_logits = fake_logits.mT - real_logits
    return ((pair_logits > 0) + 0.5 * (pair_logits == 0)).mean(dim=(-2, -1))


# %% 2 right: by the binomial distribution of another library
def runs_needed(share, confidence, failures=0):
    from scipy.stats import binom

    n = failures + 1
    while binom.cdf(failures, n, 1 - share) > 1 - confidence:
        n += 1
    return n


# %% 2 wrong: rounded down
def runs_needed(share, confidence, failures=0):
    return int(math.log(1 - confidence) / math.log(share)) + 34 * failures


# %% 2 wrong: exactly so many failures
def runs_needed(share, confidence, failures=0):
    n = failures + 1
    while (
        math.comb(n, failures) * (1 - share) ** failures * share ** (n - failures)
        > 1 - confidence
    ):
        n += 1
    return n


# %% 2 wrong: failures are not counted
def runs_needed(share, confidence, failures=0):
    return math.ceil(math.log(1 - confidence) / math.log(share))


# %% 2 wrong: the confidence of a failure
def runs_needed(share, confidence, failures=0):
    return math.ceil(math.log(confidence) / math.log(share))


# %% 3 right: the gain with, less the gain without
def interaction(B):
    with_schedule = B["base"] - B["without EMA"]
    without_schedule = B["without schedule"] - B["+ falling"]
    return with_schedule - without_schedule


# %% 3 right: the last step of the ladder is the whole without the average
def interaction(B):
    return (B["base"] - B["+ schedule"]) - (B["without schedule"] - B["+ falling"])


# %% 3 wrong: the sum of the two gains
def interaction(B):
    return 2 * B["base"] - B["without EMA"] - B["without schedule"]


# %% 3 wrong: what has neither is the step after
def interaction(B):
    return B["base"] - B["without EMA"] - B["without schedule"] + B["+ schedule"]


# %% 3 wrong: the mean over seeds
def interaction(B):
    gain = B["base"] - B["without EMA"] - B["without schedule"] + B["+ falling"]
    return gain.mean()


# %% 3 wrong: one sign is off
def interaction(B):
    return B["base"] - B["without EMA"] + B["without schedule"] - B["+ falling"]

# %% A right: by comparing signs
def accuracy(real_logits, fake_logits):
    real, fake = real_logits.squeeze(-1).sign(), fake_logits.squeeze(-1).sign()
    return ((1 + real.mean(dim=-1)) / 2 + (1 - fake.mean(dim=-1)) / 2) / 2


# %% A wrong: real and fake exchanged
def accuracy(real_logits, fake_logits):
    right = (fake_logits > 0).double().mean(dim=(-2, -1))
    return (right + (real_logits < 0).double().mean(dim=(-2, -1))) / 2


# %% A wrong: the share of all samples
def accuracy(real_logits, fake_logits):
    right = torch.cat([real_logits > 0, fake_logits < 0], dim=-2)
    return right.double().mean(dim=(-2, -1))


# %% A wrong: logits taken for probabilities
def accuracy(real_logits, fake_logits):
    right_on_real = (real_logits > 0.5).double().mean(dim=(-2, -1))
    return (right_on_real + (fake_logits < 0.5).double().mean(dim=(-2, -1))) / 2


# %% A wrong: one number for all members
def accuracy(real_logits, fake_logits):
    return ((real_logits > 0).double().mean() + (fake_logits < 0).double().mean()) / 2


# %% A wrong: real samples alone
def accuracy(real_logits, fake_logits):
    return (real_logits > 0).double().mean(dim=(-2, -1))


# %% B right: by the error function
best_accuracy = (1 + math.erf(1 / math.sqrt(2))) / 2


# %% B right: two digits
best_accuracy = 0.84


# %% B wrong: the share within one standard deviation
best_accuracy = 0.683


# %% B wrong: as if it changed its mind at the fakes
best_accuracy = 0.977


# %% B wrong: no difference to be found
best_accuracy = 0.5


# %% C right: sorted by hand
def shape_alone(x_fake):
    centred = (x_fake - x_fake.mean(dim=1, keepdim=True)).squeeze(-1).sort(dim=1).values
    return (centred + MEAN - quantiles.flatten().sort().values).abs().mean(dim=1)


# %% C wrong: nothing moved
def shape_alone(x_fake):
    return metrics.wasserstein_distance(x_fake, quantiles)


# %% C wrong: one mean for all runs
def shape_alone(x_fake):
    return metrics.wasserstein_distance(x_fake - x_fake.mean() + MEAN, quantiles)


# %% C wrong: the width mended, too
def shape_alone(x_fake):
    unit = (x_fake - x_fake.mean(dim=1, keepdim=True)) / x_fake.std(dim=1, keepdim=True)
    return metrics.wasserstein_distance(MEAN + STD * unit, quantiles)


# %% C wrong: the error of the mean taken off
def shape_alone(x_fake):
    place = (x_fake.mean(dim=(1, 2)) - MEAN).abs()
    return metrics.wasserstein_distance(x_fake, quantiles) - place


# %% D right: from two lists
words = dict(
    zip("ABCDEF", "asleep,D wins,healthy,collapse,runs away,orbit".split(","), strict=True)
)


# %% D wrong: healthy and orbit exchanged
words = {"A": "asleep", "B": "D wins", "C": "orbit"}
words |= {"D": "collapse", "E": "runs away", "F": "healthy"}


# %% D wrong: sleep taken for health
words = {"A": "healthy", "B": "D wins", "C": "asleep"}
words |= {"D": "collapse", "E": "runs away", "F": "orbit"}


# %% D wrong: the two sure discriminators exchanged
words = {"A": "asleep", "B": "runs away", "C": "healthy"}
words |= {"D": "collapse", "E": "D wins", "F": "orbit"}


# %% 1 right: the mean of half a normal distribution
def place_floor(m):
    return torch.distributions.HalfNormal(1 / math.sqrt(m)).mean.item()


# %% 1 wrong: the standard deviation in place of the mean size
def place_floor(m):
    return 1 / math.sqrt(m)


# %% 1 wrong: the median size
def place_floor(m):
    return 0.6745 / math.sqrt(m)


# %% 1 wrong: the root left out
def place_floor(m):
    return math.sqrt(2 / math.pi) / m


# %% 1 wrong: in units of x
def place_floor(m):
    return STD * math.sqrt(2 / (math.pi * m))


# %% 2 right: exactly nothing
def diagnose_7(sign):
    dead = sign["S"] == 0 and sign["grad G"] == 0
    return "dead" if dead else diagnose(sign)


# %% 2 wrong: as narrow as a generator at the wall
def diagnose_7(sign):
    return "dead" if sign["S"] < 1e-3 else diagnose(sign)


# %% 2 wrong: as quiet as a generator at the wall
def diagnose_7(sign):
    return "dead" if sign["grad G"] < 2e-3 else diagnose(sign)


# %% 2 wrong: asked last
def diagnose_7(sign):
    answer = diagnose(sign)
    return "dead" if answer == "healthy" and sign["S"] < 1e-6 else answer


# %% 2 wrong: always
def diagnose_7(sign):
    return "dead"


# %% 3 right: how near the level the late losses lie, to four digits
def from_losses(d_loss, g_loss):
    d_late, g_late = d_loss[250:].mean(), g_loss[250:].mean()
    if d_late < 0.7:
        return "runs away" if g_late < 0.3 else "D wins"
    if abs(g_late - math.log(2)) > 0.01:
        return "asleep"
    return "healthy" if abs(d_late - 2 * math.log(2)) < 2e-4 else "orbit"


# %% 3 wrong: the level alone
def from_losses(d_loss, g_loss):
    if d_loss[250:].mean() < 0.7:
        return "runs away" if g_loss[250:].mean() < 0.3 else "D wins"
    return "healthy"


# %% 3 wrong: the names of the two loud ones exchanged with the calm ones
def from_losses(d_loss, g_loss):
    d_late, g_late = d_loss[250:], g_loss[250:]
    if d_late.mean() < 0.7:
        return "runs away" if g_late.mean() < 0.3 else "D wins"
    swing = g_late.view(10, 25).mean(dim=1).std()
    return "collapse" if swing < 0.0015 else "healthy"


# %% 3 wrong: whoever falls is healthy
def from_losses(d_loss, g_loss):
    return "healthy" if d_loss[-1] < d_loss[0] and g_loss[-1] < g_loss[0] else "D wins"

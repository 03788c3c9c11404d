# %% A right: on the other scale
def both_parts(d_1, d_2):
    logit = math.log(d_1 / (1 - d_1)) + math.log(d_2 / (1 - d_2))
    return 1 / (1 + math.exp(-logit))


# %% A right: densities that have these shares
def both_parts(d_1, d_2):
    return d_1 * d_2 / (d_1 * d_2 + (1 - d_1) * (1 - d_2))


# %% A wrong: the mean of two probabilities
def both_parts(d_1, d_2):
    return (d_1 + d_2) / 2


# %% A wrong: probabilities multiplied
def both_parts(d_1, d_2):
    return d_1 * d_2


# %% A wrong: the surer of the two
def both_parts(d_1, d_2):
    return max(d_1, d_2, key=lambda d: abs(d - 0.5))


# %% A wrong: the mean of two logits
def both_parts(d_1, d_2):
    logit = math.log(d_1 / (1 - d_1)) + math.log(d_2 / (1 - d_2))
    return 1 / (1 + math.exp(-logit / 2))


# %% B right: through the resistances of two lines
def weight_at_best(p, q):
    return 1 / (1 / p + 1 / q)


# %% B right: equation (3.9) at the best logit
def weight_at_best(p, q):
    share = torch.sigmoid((p / q).log())
    return (p + q) * share * (1 - share)


# %% B wrong: the density of all samples
def weight_at_best(p, q):
    return p + q


# %% B wrong: at a logit of 0 in place of the best one
def weight_at_best(p, q):
    return (p + q) / 4


# %% B wrong: the product of the densities
def weight_at_best(p, q):
    return p * q


# %% C right: the derivative of log D
def nonsaturating_push(D, x):
    x = x.detach().requires_grad_()
    return torch.autograd.grad(torch.log(D(x)).sum(), x)[0]


# %% C right: from the logits alone
def nonsaturating_push(D, x):
    return torch.sigmoid(-D.logits(x)) * push(D, x)


# %% C wrong: the saturating push
def nonsaturating_push(D, x):
    return D(x) * push(D, x)


# %% C wrong: the push of D as it is
def nonsaturating_push(D, x):
    return push(D, x)


# %% C wrong: uphill
def nonsaturating_push(D, x):
    return -(1 - D(x)) * push(D, x)


# %% C wrong: a logit taken for a probability
def nonsaturating_push(D, x):
    return (1 - D.logits(x)) * push(D, x)


# %% 1 right: solved from three points
def logit_coefficients(mean_d, std_d, mean_g, std_g):
    def logit(x):
        real, fake = (x - mean_d) / std_d, (x - mean_g) / std_g
        return math.log(std_g / std_d) - real**2 / 2 + fake**2 / 2

    c = logit(0)
    a = (logit(1) + logit(-1)) / 2 - c
    return a, (logit(1) - logit(-1)) / 2, c


# %% 1 wrong: the logarithm of the spreads forgotten
def logit_coefficients(mean_d, std_d, mean_g, std_g):
    a = (1 / std_g**2 - 1 / std_d**2) / 2
    b = mean_d / std_d**2 - mean_g / std_g**2
    c = mean_g**2 / (2 * std_g**2) - mean_d**2 / (2 * std_d**2)
    return a, b, c


# %% 1 wrong: fakes over data
def logit_coefficients(mean_d, std_d, mean_g, std_g):
    a = (1 / std_d**2 - 1 / std_g**2) / 2
    b = mean_g / std_g**2 - mean_d / std_d**2
    c = (
        math.log(std_d / std_g)
        + mean_d**2 / (2 * std_d**2)
        - mean_g**2 / (2 * std_g**2)
    )
    return a, b, c


# %% 1 wrong: standard deviations taken for variances
def logit_coefficients(mean_d, std_d, mean_g, std_g):
    a = (1 / std_g - 1 / std_d) / 2
    b = mean_d / std_d - mean_g / std_g
    c = math.log(std_g / std_d) / 2 + mean_g**2 / (2 * std_g) - mean_d**2 / (2 * std_d)
    return a, b, c


# %% 2 right: through the odds
def estimated_log_ratio(logits, pi):
    return (logits.exp() * (1 - pi) / pi).log()


# %% 2 wrong: the coin on the other side
def estimated_log_ratio(logits, pi):
    return logits + math.log(pi / (1 - pi))


# %% 2 wrong: only one side of the coin
def estimated_log_ratio(logits, pi):
    return logits - math.log(2 * pi)


# %% 2 wrong: the logits scaled
def estimated_log_ratio(logits, pi):
    return logits * 2 * (1 - pi)


# %% 2 wrong: right for a share of three quarters only
def estimated_log_ratio(logits, pi):
    return logits - (math.log(3) if pi > 0.5 else 0.0)


# %% 3 right: the held-out loss
def two_sample_statistic(make_draw_a, make_draw_b, seed):
    D = train_discriminator(
        networks.MLPDiscriminator(width=32),
        make_draw_a(128),
        make_draw_b(128),
        seed=seed,
        lr=5e-3,
    )
    streams = ensemble.Streams(SEED + 26, 16)
    x_a, x_b = make_draw_a(10_000)(streams), make_draw_b(10_000)(streams)
    return math.log(4) - loss_on(D, x_a, x_b)


# %% 3 wrong: a discriminator that was never trained
def two_sample_statistic(make_draw_a, make_draw_b, seed):
    streams = ensemble.Streams(seed, 16)
    D = ensemble.replicate(networks.MLPDiscriminator(width=32), streams)
    x_a, x_b = make_draw_a(10_000)(streams), make_draw_b(10_000)(streams)
    return math.log(4) - loss_on(D, x_a, x_b)


# %% 3 wrong: judged on a hundred samples
def two_sample_statistic(make_draw_a, make_draw_b, seed):
    D = train_discriminator(
        networks.MLPDiscriminator(width=32),
        make_draw_a(128),
        make_draw_b(128),
        seed=seed,
        steps=200,
    )
    streams = ensemble.Streams(SEED + 26, 16)
    with torch.no_grad():
        a_right = (D.logits(make_draw_a(100)(streams)) > 0).double()
        b_right = (D.logits(make_draw_b(100)(streams)) <= 0).double()
    return (a_right + b_right).mean(dim=(1, 2)) / 2


# %% 3 wrong: one number for all runs
def two_sample_statistic(make_draw_a, make_draw_b, seed):
    D = train_discriminator(
        networks.MLPDiscriminator(width=32),
        make_draw_a(128),
        make_draw_b(128),
        seed=seed,
        steps=100,
    )
    streams = ensemble.Streams(SEED + 26, 16)
    x_a, x_b = make_draw_a(1000)(streams), make_draw_b(1000)(streams)
    return loss_on(D, x_a, x_b).mean()

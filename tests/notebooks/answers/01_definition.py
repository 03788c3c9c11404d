# %% A right: from the shares
def value_at_best(p, q):
    share = p / (p + q)
    return (p * torch.log(share) + q * torch.log1p(-share)).sum().item()


# %% A wrong: twice the JSD, without its constant
def value_at_best(p, q):
    return math.log(4) + (p * (p / (p + q)).log() + q * (q / (p + q)).log()).sum()


# %% A wrong: the ratio in place of the share
def value_at_best(p, q):
    return (p * (p / q).log() + q * (q / p).log()).sum()


# %% A wrong: only the real samples
def value_at_best(p, q):
    return (p * (p / (p + q)).log()).sum()


# %% A wrong: the one value of the example
def value_at_best(p, q):
    return -1.1213


# %% B right: entropies
def jsd(p, q, x):
    def entropy(density):
        return -torch.trapezoid(torch.special.xlogy(density, density), x)

    return entropy((p + q) / 2) - entropy(p) / 2 - entropy(q) / 2


# %% B wrong: without the halves
def jsd(p, q, x):
    middle = (p + q) / 2
    return torch.trapezoid(p * (p / middle).log() + q * (q / middle).log(), x)


# %% B wrong: KL between the two
def jsd(p, q, x):
    return torch.trapezoid(p * (p / q).log(), x)


# %% B wrong: in bits
def jsd(p, q, x):
    middle = (p + q) / 2
    return torch.trapezoid(p * (p / middle).log2() + q * (q / middle).log2(), x) / 2


# %% C right: one sample after the other
def perfect_distances(n):
    found = []
    for i in range(100):
        noise = torch.Generator().manual_seed(SEED + i)
        x = 0.3 + 0.15 * torch.randn(n, 1, generator=noise)
        found.append(metrics.wasserstein_distance(x, bell.quantiles(n)))
    return torch.stack(found)


# %% C wrong: two samples against each other
def perfect_distances(n):
    return metrics.noise_floor(
        metrics.wasserstein_distance, bell, n, repeats=100, seed=SEED
    )


# %% C wrong: the quantiles against themselves
def perfect_distances(n):
    same = metrics.wasserstein_distance(bell.quantiles(n), bell.quantiles(n))
    return same.expand(100)


# %% C wrong: always the same sample
def perfect_distances(n):
    x = bell.sample(n, seed=SEED)
    return metrics.wasserstein_distance(x, bell.quantiles(n)).expand(100)


# %% C wrong: of one size
def perfect_distances(n):
    draws = torch.stack([bell.sample(1000, seed=SEED + i) for i in range(100)])
    return metrics.wasserstein_distance(draws, bell.quantiles(1000))


# %% 1 right: the share of each piece by hand
def optimal_D(x):
    return torch.where(x < 1, 1.0, torch.where(x <= 2, 0.6, 0.0))


# %% 1 wrong: the share of the fakes
def optimal_D(x):
    p, q = data.uniform(0, 2).density(x), data.uniform(1, 4).density(x)
    return q / (p + q)


# %% 1 wrong: a coin wherever both reach, as if both densities were equal there
def optimal_D(x):
    real, fake = (x >= 0) & (x <= 2), (x >= 1) & (x <= 4)
    return real.float() / (real.float() + fake.float())


# %% 1 wrong: only the density of the data
def optimal_D(x):
    return data.uniform(0, 2).density(x)


# %% 1 wrong: a border at 2.5
def optimal_D(x):
    return torch.where(x < 1, 1.0, torch.where(x <= 2.5, 0.6, 0.0))


# %% 1 wrong: a border at 0.5
def optimal_D(x):
    return torch.where(x < 0.5, 1.0, torch.where(x <= 2, 0.6, 0.0))


# %% 1 wrong: of another shape
def optimal_D(x):
    p, q = data.uniform(0, 2).density(x), data.uniform(1, 4).density(x)
    return (p / (p + q))[:, 0]


# %% 2 right: through the odds
def optimal_D_weighted(p, q, share):
    odds = share * p / ((1 - share) * q)
    return odds / (1 + odds)


# %% 2 wrong: the share left out
def optimal_D_weighted(p, q, share):
    return p / (p + q)


# %% 2 wrong: the share on the wrong side
def optimal_D_weighted(p, q, share):
    return (1 - share) * p / ((1 - share) * p + share * q)


# %% 2 wrong: the share as a factor in front
def optimal_D_weighted(p, q, share):
    return share * p / (p + q)


# %% 2 wrong: the share of one example for all
def optimal_D_weighted(p, q, share):
    return 0.8 * p / (0.8 * p + 0.2 * q)


# %% 3 right: learns from the second three quarters, reads log D itself
def readings(fit, x_real, x_fake):
    first = x_real.shape[1] // 4
    logits = fit(x_real[:, first:], x_fake[:, first:])
    log_D = -softplus(-logits(x_real[:, :first]))
    log_not_D = -softplus(logits(x_fake[:, :first]))
    return ((log_D.mean(dim=(1, 2)) + log_not_D.mean(dim=(1, 2))) + math.log(4)) / 2


# %% 3 wrong: read on the samples of the training
def readings(fit, x_real, x_fake):
    logits = fit(x_real, x_fake)
    V = -losses.discriminator_loss(logits(x_real), logits(x_fake))
    return (V + math.log(4)) / 2


# %% 3 wrong: trained on all, read on some
def readings(fit, x_real, x_fake):
    logits = fit(x_real, x_fake)
    V = -losses.discriminator_loss(logits(x_real[:, :2000]), logits(x_fake[:, :2000]))
    return (V + math.log(4)) / 2


# %% 3 wrong: only the fakes are fresh
def readings(fit, x_real, x_fake):
    logits = fit(x_real[:, :2000], x_fake[:, :2000])
    V = -losses.discriminator_loss(logits(x_real[:, :2000]), logits(x_fake[:, 2000:]))
    return (V + math.log(4)) / 2


# %% 3 wrong: the value itself
def readings(fit, x_real, x_fake):
    logits = fit(x_real[:, :2000], x_fake[:, :2000])
    return -losses.discriminator_loss(logits(x_real[:, 2000:]), logits(x_fake[:, 2000:]))


# %% 3 wrong: the exact JSD of one pair
def readings(fit, x_real, x_fake):
    return torch.full((16,), 0.336831)


# %% 3 wrong: real and fake exchanged
def readings(fit, x_real, x_fake):
    logits = fit(x_real[:, :2000], x_fake[:, :2000])
    V = -losses.discriminator_loss(logits(x_fake[:, 2000:]), logits(x_real[:, 2000:]))
    return (V + math.log(4)) / 2


# %% 3 wrong: one reading for all
def readings(fit, x_real, x_fake):
    logits = fit(x_real[:, :2000], x_fake[:, :2000])
    V = -losses.discriminator_loss(logits(x_real[:, 2000:]), logits(x_fake[:, 2000:]))
    return ((V + math.log(4)) / 2).mean().expand(16)


# %% 3 wrong: a judge that has next to nothing to learn from
def readings(fit, x_real, x_fake):
    logits = fit(x_real[:, :50], x_fake[:, :50])
    V = -losses.discriminator_loss(logits(x_real[:, 50:]), logits(x_fake[:, 50:]))
    return (V + math.log(4)) / 2

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


# %% 3 right: a logistic regression, since the best logit is a line
def readings_for(delta):
    streams = ensemble.Streams(SEED + 4, 16)
    weights = torch.zeros(16, 2, 1, requires_grad=True)

    def value(n):
        real = data.gaussian(0.0, 1.0).sample(n, generator=streams)
        fake = data.gaussian(delta, 1.0).sample(n, generator=streams)
        logits = [x * weights[:, :1] + weights[:, 1:] for x in (real, fake)]
        return -losses.discriminator_loss(*logits)

    optimizer = torch.optim.Adam([weights], lr=0.05)
    for _ in range(150):
        optimizer.zero_grad()
        (-value(256)).sum().backward()
        optimizer.step()
    return (value(10_000).detach() + math.log(4)) / 2


# %% 3 wrong: the value itself
def readings_for(delta):
    a = -delta * torch.linspace(0.95, 1.05, 16)[:, None, None]
    streams = ensemble.Streams(SEED + 4, 16)
    real = data.gaussian(0.0, 1.0).sample(10_000, generator=streams)
    fake = data.gaussian(delta, 1.0).sample(10_000, generator=streams)
    return -losses.discriminator_loss(a * (real - delta / 2), a * (fake - delta / 2))


# %% 3 wrong: discriminators that were never trained
def readings_for(delta):
    streams = ensemble.Streams(SEED + 4, 16)
    D = ensemble.replicate(networks.MLPDiscriminator(width=16), streams)
    real = data.gaussian(0.0, 1.0).sample(10_000, generator=streams)
    fake = data.gaussian(delta, 1.0).sample(10_000, generator=streams)
    V = -losses.discriminator_loss(D.logits(real), D.logits(fake))
    return (V + math.log(4)) / 2


# %% 3 wrong: one discriminator for all sixteen
def readings_for(delta):
    logit = torch.tensor(float(delta))
    return (math.log(4) - 2 * torch.nn.functional.softplus(-logit)) / 2

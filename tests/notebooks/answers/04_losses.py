# %% A right: PyTorch's own name for the logarithm of a sigmoid
def generator_losses(fake_logits):
    log_sigmoid = nn.functional.logsigmoid
    return -log_sigmoid(fake_logits).mean(), log_sigmoid(-fake_logits).mean()


# %% A wrong: the two exchanged
def generator_losses(fake_logits):
    return -softplus(fake_logits).mean(), softplus(-fake_logits).mean()


# %% A wrong: the saturating loss with the sign of the discriminator's
def generator_losses(fake_logits):
    return softplus(-fake_logits).mean(), softplus(fake_logits).mean()


# %% A wrong: sums over the batch
def generator_losses(fake_logits):
    return softplus(-fake_logits).sum(), -softplus(fake_logits).sum()


# %% A wrong: the labels kept, so that G learns to be recognised
def generator_losses(fake_logits):
    return softplus(fake_logits).mean(), -softplus(fake_logits).mean()


# %% B right: the integrand of (4.12)
def mixture_divergence(p_data, p_g):
    total = p_data + p_g
    return integral(total * torch.log(total / (2 * p_data)))


# %% B wrong: half of it
def mixture_divergence(p_data, p_g):
    middle = (p_data + p_g) / 2
    return integral(middle * (middle / p_data).log())


# %% B wrong: the arguments of KL exchanged
def mixture_divergence(p_data, p_g):
    middle = (p_data + p_g) / 2
    return 2 * integral(p_data * (p_data / middle).log())


# %% B wrong: twice the JSD
def mixture_divergence(p_data, p_g):
    middle = (p_data + p_g) / 2
    return integral(p_data * (p_data / middle).log() + p_g * (p_g / middle).log())


# %% B wrong: the fakes in place of the mixture
def mixture_divergence(p_data, p_g):
    return integral(p_g * (p_g / p_data).log())


# %% C right: two cases
def my_softplus(logits):
    small = torch.log1p(torch.exp(logits.clamp(max=0)))
    return torch.where(logits > 0, logits + torch.log1p(torch.exp(-logits.abs())), small)


# %% C right: PyTorch's logarithm of a sum of two exponentials
def my_softplus(logits):
    return torch.logaddexp(logits, torch.zeros_like(logits))


# %% C wrong: as the definition is typed
def my_softplus(logits):
    return torch.log(1 + torch.exp(logits))


# %% C wrong: the stable form, typed with log
def my_softplus(logits):
    return logits.clamp(min=0) + torch.log(1 + torch.exp(-logits.abs()))


# %% C wrong: log1p, and a large exponential
def my_softplus(logits):
    return torch.log1p(torch.exp(logits))


# %% C wrong: softplus of the other sign
def my_softplus(logits):
    return logits.clamp(max=0).abs() + torch.log1p(torch.exp(-logits.abs()))


# %% 1 right: by sigmoids of both signs
def weights(logit):
    return torch.sigmoid(-logit), torch.sigmoid(logit)


# %% 1 wrong: exchanged
def weights(logit):
    return torch.sigmoid(logit), torch.sigmoid(-logit)


# %% 1 wrong: slopes in place of weights
def weights(logit):
    return -torch.sigmoid(-logit), -torch.sigmoid(logit)


# %% 1 wrong: slopes in D in place of the logit
def weights(logit):
    D = torch.sigmoid(logit)
    return 1 / D, 1 / (1 - D)


# %% 2 right: through the odds
def smoothed_D(p, q):
    odds = 0.9 * p / (0.1 * p + q)
    return odds / (1 + odds)


# %% 2 wrong: the label left out
def smoothed_D(p, q):
    return p / (p + q)


# %% 2 wrong: the label in the denominator, too
def smoothed_D(p, q):
    return 0.9 * p / (0.9 * p + q)


# %% 2 wrong: fakes smoothed instead
def smoothed_D(p, q):
    return (0.9 * p + 0.1 * q) / (p + q)


# %% 3 right: the package's functions
def make_least_squares():
    return losses.Loss(
        d=losses.least_squares_discriminator_loss, g=losses.least_squares_generator_loss
    )


# %% 3 wrong: real and fake exchanged
def make_least_squares():
    def square(values):
        return values.square().mean(dim=(-2, -1)) / 2

    return losses.Loss(
        d=lambda real, fake: square(real) + square(fake - 1),
        g=lambda real, fake: square(fake - 1),
    )


# %% 3 wrong: G's fakes pulled to 0
def make_least_squares():
    def square(values):
        return values.square().mean(dim=(-2, -1)) / 2

    return losses.Loss(
        d=lambda real, fake: square(real - 1) + square(fake),
        g=lambda real, fake: square(fake),
    )


# %% 3 wrong: the halves left out
def make_least_squares():
    def square(values):
        return values.square().mean(dim=(-2, -1))

    return losses.Loss(
        d=lambda real, fake: square(real - 1) + square(fake),
        g=lambda real, fake: square(fake - 1),
    )


# %% 3 wrong: the cross-entropy
def make_least_squares():
    return losses.nonsaturating

# %% A right: other prices that prove it too
def prices():
    return (5.0, 4.0, 3.5, 5.5)


# %% A right: as a tensor
def prices():
    return torch.tensor([1.0, 0.0, 0.5, 2.5])


# %% A wrong: allowed, and they earn less
def prices():
    return [0.0, -1.0, 0.0, 1.0]


# %% A wrong: too steep, and they earn more
def prices():
    return [0.0, -2.0, 0.0, 2.0]


# %% A wrong: too steep between two points that are no neighbours
def prices():
    return [0.0, -1.0, 3.0, 5.0]


# %% A wrong: the sign turned
def prices():
    return [0.0, 1.0, 0.0, -2.0]


# %% A wrong: the distances instead of scores
def prices():
    return [1.0, 2.0]


# %% B right: by autograd, with the slopes held fixed
def through_critic(slope, z):
    theta = torch.tensor([0.0, 1.0], dtype=z.dtype, requires_grad=True)
    score = (slope * (theta[0] + theta[1] * z)).mean()
    return torch.autograd.grad(-score, theta)[0]


# %% B right: sums, as numbers
def through_critic(slope, z):
    pairs = list(zip(slope.tolist(), z.tolist(), strict=True))
    return [-sum(s for s, _ in pairs) / len(z), -sum(s * v for s, v in pairs) / len(z)]


# %% B wrong: the sign, as if fakes were pushed away
def through_critic(slope, z):
    return slope.mean(), (slope * z).mean()


# %% B wrong: the chain rule left out
def through_critic(slope, z):
    return -slope.mean(), -slope.mean()


# %% B wrong: a sum instead of a mean
def through_critic(slope, z):
    return -slope.sum(), -(slope * z).sum()


# %% B wrong: a product of two means
def through_critic(slope, z):
    return -slope.mean(), -slope.mean() * z.mean()


# %% B wrong: exchanged
def through_critic(slope, z):
    return -(slope * z).mean(), -slope.mean()


# %% C right: by a root, and where the slope is above one
def charge_for(slope, gamma):
    size = slope.square().sum(dim=-1).sqrt()
    return gamma * torch.where(size > 1, (size - 1) ** 2 / 2, 0.0).mean(dim=1)


# %% C right: relu
def charge_for(slope, gamma):
    over = torch.relu(torch.linalg.vector_norm(slope, dim=2) - 1)
    return (over**2).mean(dim=-1) * gamma * 0.5


# %% C wrong: two-sided
def charge_for(slope, gamma):
    return gamma / 2 * (slope.norm(dim=-1) - 1).square().mean(dim=-1)


# %% C wrong: one norm for the whole batch
def charge_for(slope, gamma):
    return gamma / 2 * (slope.norm(dim=(-2, -1)) - 1).clamp(min=0).square()


# %% C wrong: each coordinate by itself
def charge_for(slope, gamma):
    return gamma / 2 * (slope.abs() - 1).clamp(min=0).square().mean(dim=(1, 2))


# %% C wrong: the half forgotten
def charge_for(slope, gamma):
    return gamma * (slope.norm(dim=-1) - 1).clamp(min=0).square().mean(dim=-1)


# %% C wrong: the mean squared, not the square's mean
def charge_for(slope, gamma):
    return gamma / 2 * (slope.norm(dim=-1) - 1).clamp(min=0).mean(dim=-1).square()


# %% C wrong: one number for all critics
def charge_for(slope, gamma):
    return gamma / 2 * (slope.norm(dim=-1) - 1).clamp(min=0).square().mean()


# %% 1 right: the differences of the quantiles, axis by axis
def sorted_distance(x, y):
    return (torch.sort(x[..., 0])[0] - torch.sort(y[..., 0])[0]).abs().mean(-1)


# %% 1 right: the cheapest pairs, member by member
def sorted_distance(x, y):
    return torch.stack([
        (a.flatten().sort()[0] - b.flatten().sort()[0]).abs().mean()
        for a, b in zip(x, y, strict=True)
    ])  # fmt: skip


# %% 1 wrong: pairs as they come
def sorted_distance(x, y):
    return (x - y).abs().mean(dim=(1, 2))


# %% 1 wrong: the difference of the means
def sorted_distance(x, y):
    return (x.mean(dim=(1, 2)) - y.mean(dim=(1, 2))).abs()


# %% 1 wrong: W2, the root of the mean square
def sorted_distance(x, y):
    return (x.sort(dim=1).values - y.sort(dim=1).values).square().mean(dim=(1, 2)).sqrt()


# %% 1 wrong: sorted along the last axis, which has one entry
def sorted_distance(x, y):
    return (x.sort().values - y.sort().values).abs().mean(dim=(1, 2))


# %% 2 right: the reading by the square
def target_zero(Delta, p_hat, x, gamma):
    return Delta / gamma / p_hat, torch.trapezoid(Delta**2 / p_hat, x) / gamma


# %% 2 right: the sum written out
def target_zero(Delta, p_hat, x, gamma):
    earned = Delta.square() / (gamma * p_hat)
    return Delta / (gamma * p_hat), ((earned[1:] + earned[:-1]) / 2 * x.diff()).sum()


# %% 2 wrong: the target 1
def target_zero(Delta, p_hat, x, gamma):
    slope = Delta.sign() * (1 + Delta.abs() / (gamma * p_hat))
    return slope, torch.trapezoid(slope * Delta, x)


# %% 2 wrong: the half not cancelled
def target_zero(Delta, p_hat, x, gamma):
    slope = 2 * Delta / (gamma * p_hat)
    return slope, torch.trapezoid(slope * Delta, x)


# %% 2 wrong: the penalty taken off the reading
def target_zero(Delta, p_hat, x, gamma):
    slope = Delta / (gamma * p_hat)
    return slope, torch.trapezoid(slope * Delta - gamma / 2 * p_hat * slope**2, x)


# %% 2 wrong: no density
def target_zero(Delta, p_hat, x, gamma):
    slope = Delta / gamma
    return slope, torch.trapezoid(slope * Delta, x)


# %% 3 right: by sorting pairs of neighbours
def make_maxmin():
    class Pairs(nn.Module):
        per_member = True

        def forward(self, x):
            return x.unflatten(-1, (-1, 2)).sort(dim=-1).values.flatten(-2)

    return Pairs()


# %% 3 wrong: MaxMin's first half twice
def make_maxmin():
    class MaxMax(nn.Module):
        per_member = True

        def forward(self, x):
            a, b = x.chunk(2, dim=-1)
            return torch.cat([torch.maximum(a, b), torch.maximum(a, b)], dim=-1)

    return MaxMax()


# %% 3 wrong: LeakyReLU as before
def make_maxmin():
    return nn.LeakyReLU(0.2)


# %% 3 wrong: all features sorted together is no pair, and the sizes are taken instead
def make_maxmin():
    class Sizes(nn.Module):
        per_member = True

        def forward(self, x):
            return x.abs()

    return Sizes()


# %% 3 wrong: nothing at all, a straight critic
def make_maxmin():
    return nn.Identity()

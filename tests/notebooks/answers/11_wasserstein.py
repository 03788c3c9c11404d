# %% A right: another level, and another slope between the fakes
def proof():
    return [5.0, 4.0, 3.5, 5.5]


# %% A wrong: the scores of the first figure
def proof():
    return [0.0, -1.0, 0.0, 1.0]


# %% A wrong: level wherever no sand moves, and half a slope elsewhere
def proof():
    return [0.5, 0.0, 0.0, 1.0]


# %% A wrong: earns 1.5 with a slope of 2
def proof():
    return [0.0, -2.0, 0.0, 1.0]


# %% A wrong: a score for each hole only
def proof():
    return [0.0, 1.5]


# %% A wrong: the sign exchanged
def proof():
    return [0.0, 1.0, 1.0, -1.0]


# %% B right: step by step, the distribution functions one after the other
def distance_of_densities(p, q, x):
    step = x[1] - x[0]
    return ((p.cumsum(0) - q.cumsum(0)) * step).abs().sum().item() * step


# %% B wrong: with its sign
def distance_of_densities(p, q, x):
    return torch.trapezoid(torch.cumulative_trapezoid(p - q, x), x[1:])


# %% B wrong: the size of the sum, not the sum of sizes
def distance_of_densities(p, q, x):
    return torch.trapezoid(torch.cumulative_trapezoid(p - q, x), x[1:]).abs()


# %% B wrong: the area between the densities
def distance_of_densities(p, q, x):
    return torch.trapezoid((p - q).abs(), x)


# %% B wrong: the largest excess
def distance_of_densities(p, q, x):
    return torch.cumulative_trapezoid(p - q, x).abs().max()


# %% C right: by autograd, through a score with this slope at the fakes
def slope_of_distance(f_slope, z):
    theta = torch.zeros(2, dtype=z.dtype, requires_grad=True)
    earned = -(f_slope * (theta[0] + theta[1] * z)).mean()
    return torch.autograd.grad(earned, theta)[0]


# %% C wrong: the slope of L_G with the sign of the gain
def slope_of_distance(f_slope, z):
    return f_slope.mean(), (f_slope * z).mean()


# %% C wrong: the noise forgotten
def slope_of_distance(f_slope, z):
    return -f_slope.mean(), -f_slope.mean()


# %% C wrong: the two means multiplied
def slope_of_distance(f_slope, z):
    return -f_slope.mean(), -f_slope.mean() * z.mean()


# %% C wrong: the sum over the samples
def slope_of_distance(f_slope, z):
    return -f_slope.sum(), -(f_slope * z).sum()


# %% 1 right: the quantiles, averaged over both axes
def sorted_distance(x, y):
    order_x, order_y = x.argsort(dim=-2), y.argsort(dim=-2)
    way = torch.take_along_dim(x, order_x, -2) - torch.take_along_dim(y, order_y, -2)
    return way.abs().flatten(1).mean(dim=1)


# %% 1 wrong: the pairs as they come
def sorted_distance(x, y):
    return (x - y).abs().mean(dim=(1, 2))


# %% 1 wrong: sorted along the axis of the data
def sorted_distance(x, y):
    return (x.sort(dim=-1).values - y.sort(dim=-1).values).abs().mean(dim=(1, 2))


# %% 1 wrong: one number for all members
def sorted_distance(x, y):
    return (x.sort(dim=1).values - y.sort(dim=1).values).abs().mean()


# %% 1 wrong: squares, as W2 has them
def sorted_distance(x, y):
    way = x.sort(dim=1).values - y.sort(dim=1).values
    return way.square().mean(dim=(1, 2)).sqrt()


# %% 1 wrong: the distance of the means
def sorted_distance(x, y):
    return (x.mean(dim=1) - y.mean(dim=1)).abs()[:, 0]


# %% 2 right: the reading by the square of the excess
def target_zero(Delta, p_hat, x, gamma):
    reading = torch.trapezoid(Delta.square() / p_hat, x) / gamma
    return Delta / p_hat / gamma, reading


# %% 2 wrong: the half of the penalty not cancelled
def target_zero(Delta, p_hat, x, gamma):
    slope = 2 * Delta / (gamma * p_hat)
    return slope, torch.trapezoid(slope * Delta, x)


# %% 2 wrong: the place of the penalty forgotten
def target_zero(Delta, p_hat, x, gamma):
    slope = Delta / gamma
    return slope, torch.trapezoid(slope * Delta, x)


# %% 2 wrong: the penalty taken off the reading
def target_zero(Delta, p_hat, x, gamma):
    slope = Delta / (gamma * p_hat)
    return slope, torch.trapezoid(slope * Delta - gamma / 2 * p_hat * slope**2, x)


# %% 2 wrong: the target 1 kept
def target_zero(Delta, p_hat, x, gamma):
    slope = Delta.sign() * (1 + Delta.abs() / (gamma * p_hat))
    return slope, torch.trapezoid(slope * Delta, x)


# %% 2 wrong: without the sign of Delta
def target_zero(Delta, p_hat, x, gamma):
    slope = Delta.abs() / (gamma * p_hat)
    return slope, torch.trapezoid(slope * Delta, x)


# %% 3 right: neighbours as pairs
class Neighbours(nn.Module):
    per_member = True

    def forward(self, x):
        one, other = x[..., ::2], x[..., 1::2]
        pair = [torch.maximum(one, other), torch.minimum(one, other)]
        return torch.stack(pair, dim=-1).flatten(-2)


def make_maxmin():
    return Neighbours()


# %% 3 wrong: LeakyReLU
def make_maxmin():
    layer = nn.LeakyReLU(0.2)
    layer.per_member = True
    return layer


# %% 3 wrong: the size in place of the sort
class Size(nn.Module):
    per_member = True

    def forward(self, x):
        return x.abs()


def make_maxmin():
    return Size()


# %% 3 wrong: the larger one twice
class Larger(nn.Module):
    per_member = True

    def forward(self, x):
        one, other = x.chunk(2, dim=-1)
        return torch.cat([torch.maximum(one, other)] * 2, dim=-1)


def make_maxmin():
    return Larger()


# %% 3 wrong: no promise to the ensemble
class Unnamed(nn.Module):
    def forward(self, x):
        one, other = x.chunk(2, dim=-1)
        return torch.cat([torch.maximum(one, other), torch.minimum(one, other)], dim=-1)


def make_maxmin():
    return Unnamed()


# %% 3 wrong: nothing is sorted
class Same(nn.Module):
    per_member = True

    def forward(self, x):
        return x


def make_maxmin():
    return Same()

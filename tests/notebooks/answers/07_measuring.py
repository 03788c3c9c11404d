# %% A right: the difference of the empirical quantiles
def w1_by_sorting(x, y):
    u = (torch.arange(len(x)) + 0.5) / len(x)
    x, y = (torch.quantile(v, u, interpolation="nearest") for v in (x, y))
    return (x - y).abs().mean()


# %% A right: every pairing tried
def w1_by_sorting(x, y):
    cost = (x[:, None] - y).abs()
    return cost[linear_sum_assignment(cost.numpy())].mean()


# %% A wrong: pairs in the order in which they come
def w1_by_sorting(x, y):
    return (x - y).abs().mean()


# %% A wrong: the distance of the means
def w1_by_sorting(x, y):
    return (x.mean() - y.mean()).abs()


# %% A wrong: a sum in place of the mean
def w1_by_sorting(x, y):
    return (x.sort().values - y.sort().values).abs().sum()


# %% A wrong: over all pairs
def w1_by_sorting(x, y):
    return (x[:, None] - y).abs().mean()


# %% B right: by a mask
def mean_over_strangers(k):
    return k[~torch.eye(len(k), dtype=torch.bool)].mean()


# %% B wrong: the diagonal counted
def mean_over_strangers(k):
    return k.mean()


# %% B wrong: the diagonal left out of the sum, and not of the count
def mean_over_strangers(k):
    return (k.sum() - k.diagonal().sum()) / len(k) ** 2


# %% B wrong: each pair once, divided as if it came twice
def mean_over_strangers(k):
    return k.triu(1).sum() / (len(k) * (len(k) - 1))


# %% C right: by the nearest fake
def coverage(x_real, x_fake, neighbours=5):
    nearest = torch.cdist(x_real, x_fake).amin(1)
    return (nearest < radii(x_real, neighbours)).double().mean()


# %% C wrong: the balls of the fakes, which is recall
def coverage(x_real, x_fake, neighbours=5):
    inside = torch.cdist(x_real, x_fake) < radii(x_fake, neighbours)
    return inside.any(1).double().mean()


# %% C wrong: the table read by columns, which is precision
def coverage(x_real, x_fake, neighbours=5):
    inside = torch.cdist(x_real, x_fake) < radii(x_real, neighbours)[:, None]
    return inside.any(0).double().mean()


# %% C wrong: the sample itself counted as a neighbour
def coverage(x_real, x_fake, neighbours=5):
    inside = torch.cdist(x_real, x_fake) < radii(x_real, neighbours - 1)[:, None]
    return inside.any(1).double().mean()


# %% 1 right: from the quantiles
def area_between(x, y):
    n, k = len(x), len(y)
    u = (torch.arange(n * k, dtype=x.dtype) + 0.5) / (n * k)
    x, y = x.sort().values, y.sort().values
    return (x[(u * n).long()] - y[(u * k).long()]).abs().mean()


# %% 1 right: by a search in the sorted samples
def area_between(x, y):
    ends = torch.cat([x, y]).sort().values
    F_x, F_y = (
        torch.searchsorted(v.sort().values, ends[:-1], right=True).double() / len(v) for v in (x, y)
    )
    return ((F_x - F_y).abs() * ends.diff()).sum()


# %% 1 wrong: the area without the absolute value, the distance of the means
def area_between(x, y):
    return (x.mean() - y.mean()).abs()


# %% 1 wrong: the longer sample cut off
def area_between(x, y):
    n = min(len(x), len(y))
    return (x[:n].sort().values - y[:n].sort().values).abs().mean()


# %% 1 wrong: shares below, in place of at or below
def area_between(x, y):
    ends = torch.cat([x, y]).sort().values
    F_x = (x[:, None] < ends[:-1]).double().mean(0)
    F_y = (y[:, None] < ends[:-1]).double().mean(0)
    return ((F_x - F_y).abs() * ends.diff()).sum()


# %% 2 right: one half for each, weighted the same
def extrapolated_fd(x_real, x_fake):
    n = x_real.shape[-2] // 2
    first = metrics.frechet_distance(x_real[..., :n, :], x_fake[..., :n, :])
    second = metrics.frechet_distance(x_real[..., n:, :], x_fake[..., n:, :])
    return 2 * metrics.frechet_distance(x_real, x_fake) - (first + second) / 2


# %% 2 wrong: nothing done
def extrapolated_fd(x_real, x_fake):
    return metrics.frechet_distance(x_real, x_fake)


# %% 2 wrong: the difference alone
def extrapolated_fd(x_real, x_fake):
    n = x_real.shape[-2] // 2
    half = metrics.frechet_distance(x_real[..., :n, :], x_fake[..., :n, :])
    return half - metrics.frechet_distance(x_real, x_fake)


# %% 2 wrong: whole and half exchanged
def extrapolated_fd(x_real, x_fake):
    n = x_real.shape[-2] // 2
    half = metrics.frechet_distance(x_real[..., :n, :], x_fake[..., :n, :])
    return 2 * half - metrics.frechet_distance(x_real, x_fake)


# %% 2 wrong: the bias of a standard normal taken off
def extrapolated_fd(x_real, x_fake):
    return metrics.frechet_distance(x_real, x_fake) - 7 / x_real.shape[-2]


# %% 2 wrong: zero, whatever comes
def extrapolated_fd(x_real, x_fake):
    return 0 * metrics.frechet_distance(x_real, x_fake)


# %% 3 right: in one list of neighbours
def closer_to_training(x_train, x_fresh, x_fake):
    both = torch.cat([x_train, x_fresh], dim=-2)
    nearest = torch.cdist(x_fake, both).argmin(-1)
    return (nearest < x_train.shape[-2]).float().mean(-1)


# %% 3 wrong: distances to all, not to the nearest
def closer_to_training(x_train, x_fresh, x_fake):
    to_train = torch.cdist(x_fake, x_train).mean(-1)
    to_fresh = torch.cdist(x_fake, x_fresh).mean(-1)
    return (to_train < to_fresh).double().mean(-1)


# %% 3 wrong: fresh and training exchanged
def closer_to_training(x_train, x_fresh, x_fake):
    to_train = torch.cdist(x_fake, x_train).amin(-1)
    to_fresh = torch.cdist(x_fake, x_fresh).amin(-1)
    return (to_train > to_fresh).double().mean(-1)


# %% 3 wrong: precision, against the training set
def closer_to_training(x_train, x_fresh, x_fake):
    return metrics.precision_recall(x_train, x_fake).precision


# %% 3 wrong: exact copies only
def closer_to_training(x_train, x_fresh, x_fake):
    copied = torch.cdist(x_fake, x_train).amin(-1) < 1e-6
    return torch.where(copied, 1.0, 0.5).mean(-1)

# %% A right: by differences of whole numbers
def gained_and_lost(trail):
    change = trail.int().diff(dim=0)
    return (change == 1).sum(dim=(0, 2)), (change == -1).sum(dim=(0, 2))


# %% A right: a loop over runs, as lists
def gained_and_lost(trail):
    gained, lost = [], []
    for run in trail.unbind(dim=1):
        steps = list(zip(run[:-1], run[1:], strict=True))
        gained.append(sum(int((~a & b).sum()) for a, b in steps))
        lost.append(sum(int((a & ~b).sum()) for a, b in steps))
    return gained, lost


# %% A wrong: lost and gained exchanged
def gained_and_lost(trail):
    before, after = trail[:-1], trail[1:]
    return (before & ~after).sum(dim=(0, 2)), (~before & after).sum(dim=(0, 2))


# %% A wrong: the last look against the first
def gained_and_lost(trail):
    first, last = trail[0], trail[-1]
    return (~first & last).sum(dim=1), (first & ~last).sum(dim=1)


# %% A wrong: modes that were ever gained, once each
def gained_and_lost(trail):
    before, after = trail[:-1], trail[1:]
    gained, lost = (~before & after).any(dim=0), (before & ~after).any(dim=0)
    return gained.sum(dim=1), lost.sum(dim=1)


# %% A wrong: the change in the number of modes
def gained_and_lost(trail):
    change = trail.sum(dim=2).diff(dim=0)
    return change.clamp_min(0).sum(dim=0), (-change).clamp_min(0).sum(dim=0)


# %% A wrong: summed over the runs instead of the modes
def gained_and_lost(trail):
    before, after = trail[:-1], trail[1:]
    return (~before & after).sum(dim=(0, 1)), (before & ~after).sum(dim=(0, 1))


# %% B right: only modes with a share
def reverse_kl(counts):
    q = counts[counts > 0].double() / counts.sum()
    return (q * (q * len(counts)).log()).sum().item()


# %% B right: log K less the entropy
def reverse_kl(counts):
    shares = [n / sum(counts.tolist()) for n in counts.tolist()]
    return math.log(len(shares)) + sum(q * math.log(q) for q in shares if q)


# %% B wrong: an empty mode gives NaN
def reverse_kl(counts):
    q = counts / counts.sum()
    return (q * (len(q) * q).log()).sum()


# %% B wrong: the divergence the other way round
def reverse_kl(counts):
    q = counts / counts.sum()
    return -(len(q) * q).clamp_min(1e-9).log().mean()


# %% B wrong: the modes that were found in place of K
def reverse_kl(counts):
    q = counts[counts > 0] / counts.sum()
    return (q * (len(q) * q).log()).sum()


# %% B wrong: the entropy
def reverse_kl(counts):
    q = counts / counts.sum()
    return -torch.xlogy(q, q).sum()


# %% C right: as a sum over the first sample that tells
def conspicuous(K, size):
    return sum((1 - 1 / K) ** i / K for i in range(size))


# %% C wrong: the chance that all samples tell
def conspicuous(K, size):
    return (1 / K) ** size


# %% C wrong: in proportion to the size
def conspicuous(K, size):
    return size / K


# %% C wrong: the packs that cannot tell
def conspicuous(K, size):
    return (1 - 1 / K) ** size


# %% C wrong: always eight modes
def conspicuous(K, size):
    return 1 - (7 / 8) ** size


# %% 1 right: by SciPy's distribution
def perfect_score(n, reach):
    from scipy import stats

    return stats.chi2.cdf(reach**2, df=n)


# %% 1 right: the function as the text gives it
def perfect_score(n, reach):
    n, reach = torch.tensor(float(n)), torch.tensor(float(reach))
    return torch.special.gammainc(n / 2, reach**2 / 2)


# %% 1 wrong: the plane's formula in every dimension
def perfect_score(n, reach):
    return 1 - math.exp(-(reach**2) / 2)


# %% 1 wrong: a cube, one dimension after the other
def perfect_score(n, reach):
    return math.erf(reach / 2**0.5) ** n


# %% 1 wrong: the half forgotten
def perfect_score(n, reach):
    return torch.special.gammainc(torch.tensor(n / 1.0), torch.tensor(reach**2 / 1.0)).item()


# %% 1 wrong: the share outside
def perfect_score(n, reach):
    half = torch.tensor([n / 2, reach**2 / 2], dtype=torch.float64)
    return torch.special.gammaincc(*half).item()


# %% 2 right: in float32
def wasserstein_jacobian(horizon, eta):
    return torch.tensor([[-2.0 * horizon * eta, 1.0], [-1.0, 0.0]])


# %% 2 wrong: half the friction, the first part of the gradient alone
def wasserstein_jacobian(horizon, eta):
    return torch.tensor([[-1.0 * horizon * eta, 1.0], [-1.0, 0.0]], dtype=torch.float64)


# %% 2 wrong: the slopes of the softplus
def wasserstein_jacobian(horizon, eta):
    rows = [[-0.5 * horizon * eta, 0.5], [-0.5, 0.0]]
    return torch.tensor(rows, dtype=torch.float64)


# %% 2 wrong: friction on the discriminator
def wasserstein_jacobian(horizon, eta):
    return torch.tensor([[0.0, 1.0], [-1.0, -2.0 * horizon * eta]], dtype=torch.float64)


# %% 2 wrong: the gradients, which lead uphill
def wasserstein_jacobian(horizon, eta):
    return torch.tensor([[2.0 * horizon * eta, -1.0], [1.0, 0.0]], dtype=torch.float64)


# %% 3 right: pairs above the diagonal, run by run
def effective_modes(x, radius):
    found = []
    for each in x:
        found.append(1 / (torch.pdist(each) < radius).double().mean())
    return torch.stack(found)


# %% 3 wrong: each fake paired with itself
def effective_modes(x, radius):
    close = (torch.cdist(x, x) < radius).float().mean(dim=(1, 2))
    return 1 / close


# %% 3 wrong: the share of pairs, not one over it
def effective_modes(x, radius):
    n = x.shape[1]
    return ((torch.cdist(x, x) < radius).sum(dim=(1, 2)) - n) / (n * (n - 1))


# %% 3 wrong: all pairs, but the diagonal counted once too often
def effective_modes(x, radius):
    n = x.shape[1]
    close = (torch.cdist(x, x) < radius).sum(dim=(1, 2)) - n
    return n * (n - 1) / 2 / close


# %% 3 wrong: one number for all runs
def effective_modes(x, radius):
    n = x.shape[1]
    close = (torch.cdist(x, x) < radius).sum() - len(x) * n
    return len(x) * n * (n - 1) / close

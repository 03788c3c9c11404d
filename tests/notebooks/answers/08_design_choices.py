# %% A right: a loop over all pairs
def upset(better, worse):
    pairs = [float(a > b) for a in better for b in worse]
    return sum(pairs) / len(pairs)


# %% A wrong: seed against the same seed
def upset(better, worse):
    return (better > worse).double().mean()


# %% A wrong: how often the better one wins
def upset(better, worse):
    return (better[:, None] < worse).double().mean()


# %% A wrong: each run against the mean of the other recipe
def upset(better, worse):
    return (better > worse.mean()).double().mean()


# %% B right: by the corrected p, which never falls
def holm(p, alpha=0.05):
    order = sorted(range(len(p)), key=p.__getitem__)
    corrected, so_far = [0.0] * len(p), 0.0
    for rank, i in enumerate(order):
        so_far = max(so_far, (len(p) - rank) * p[i])
        corrected[i] = so_far
    return [each <= alpha for each in corrected]


# %% B right: as a tensor
def holm(p, alpha=0.05):
    values, order = torch.tensor(p, dtype=torch.float64).sort()
    passed = values <= alpha / torch.arange(len(p), 0, -1)
    declared = torch.zeros(len(p), dtype=torch.bool)
    declared[order] = passed.long().cumprod(dim=0).bool()
    return declared


# %% B wrong: Bonferroni
def holm(p, alpha=0.05):
    return [each <= alpha / len(p) for each in p]


# %% B wrong: does not stop at the first that fails
def holm(p, alpha=0.05):
    order = sorted(range(len(p)), key=p.__getitem__)
    declared = [False] * len(p)
    for rank, i in enumerate(order):
        declared[i] = p[i] <= alpha / (len(p) - rank)
    return declared


# %% B wrong: in the order of size, not of the list
def holm(p, alpha=0.05):
    declared = []
    for rank, each in enumerate(sorted(p)):
        declared.append(each <= alpha / (len(p) - rank) and all(declared))
    return declared


# %% B wrong: from the largest downwards, as Hochberg does
def holm(p, alpha=0.05):
    order = sorted(range(len(p)), key=p.__getitem__)
    last = max((k for k, i in enumerate(order) if p[i] <= alpha / (len(p) - k)), default=-1)
    return [order.index(i) <= last for i in range(len(p))]


# %% C right: by logarithms
def largest_share(n):
    return -torch.expm1(torch.tensor(0.025, dtype=torch.float64).log() / n).item()


# %% C wrong: the rule of three
def largest_share(n):
    return 3 / n


# %% C wrong: the share that is kept
def largest_share(n):
    return 0.025 ** (1 / n)


# %% C wrong: all 5 % on one side
def largest_share(n):
    return 1 - 0.05 ** (1 / n)


# %% 1 right: by counting
d = (30, 10, 20, -5, 15, 25)
sums = [0]
for size in d:
    sums = [each + sign * size for each in sums for sign in (-1, 1)]
p_by_hand = sum(abs(each) >= abs(sum(d)) for each in sums) / len(sums)


# %% 1 wrong: one side only
p_by_hand = 2 / 64


# %% 1 wrong: only the two patterns that beat yours
p_by_hand = 2 / 2**5 / 2


# %% 1 wrong: how many signs differ
p_by_hand = 7 / 64


# %% 2 right: rounded up
def seeds_to_see(spread, effect, alpha=0.05, power=0.8):
    normal = torch.distributions.Normal(0.0, 1.0)
    z = normal.icdf(torch.tensor([1 - alpha / 2, power])).sum()
    return torch.ceil((z * spread / effect) ** 2).item()


def seeds_to_exclude(spread, margin, alpha=0.05, power=0.8):
    normal = torch.distributions.Normal(0.0, 1.0)
    z = normal.icdf(torch.tensor([1 - alpha / 2, 1 - (1 - power) / 2])).sum()
    return torch.ceil((z * spread / margin) ** 2).item()


# %% 2 wrong: rounded down
def z(q):
    return torch.special.ndtri(torch.tensor(q, dtype=torch.float64)).item()


def seeds_to_see(spread, effect, alpha=0.05, power=0.8):
    return int(((z(1 - alpha / 2) + z(power)) * spread / effect) ** 2)


def seeds_to_exclude(spread, margin, alpha=0.05, power=0.8):
    return int(((z(1 - alpha / 2) + z((1 + power) / 2)) * spread / margin) ** 2)


# %% 2 wrong: detection for both
def seeds_to_see(spread, effect, alpha=0.05, power=0.8):
    levels = torch.tensor([1 - alpha / 2, power], dtype=torch.float64)
    return (torch.special.ndtri(levels).sum().item() * spread / effect) ** 2


seeds_to_exclude = seeds_to_see


# %% 2 wrong: a one-sided test
def z(q):
    return torch.special.ndtri(torch.tensor(q, dtype=torch.float64)).item()


def seeds_to_see(spread, effect, alpha=0.05, power=0.8):
    return ((z(1 - alpha) + z(power)) * spread / effect) ** 2


def seeds_to_exclude(spread, margin, alpha=0.05, power=0.8):
    return ((z(1 - alpha) + z((1 + power) / 2)) * spread / margin) ** 2


# %% 2 wrong: the level is not used
def seeds_to_see(spread, effect, alpha=0.05, power=0.8):
    return 31.3955 * (0.5 * spread / effect) ** 2


def seeds_to_exclude(spread, margin, alpha=0.05, power=0.8):
    return 42.0297 * (0.5 * spread / margin) ** 2


# %% 2 wrong: the effect is seen when the mean reaches the bound
def z(q):
    return torch.special.ndtri(torch.tensor(q, dtype=torch.float64)).item()


def seeds_to_see(spread, effect, alpha=0.05, power=0.8):
    return (z(1 - alpha / 2) * spread / effect) ** 2


seeds_to_exclude = seeds_to_see


# %% 3 right: a bell in the plane, judged by its mean
def my_ablation():
    spot = data.gaussian(mean=[0.3, -0.2], std=0.1)

    def off(run):
        x_fake = run.sample(200, seed=SEED + 10)
        return (x_fake.mean(dim=1) - torch.tensor([0.3, -0.2])).norm(dim=-1)

    mine = experiments.Study(
        base=dict(
            G=networks.MLPGenerator(2, data_dim=2, width=8),
            D=networks.MLPDiscriminator(2, width=8),
            target=spot,
            loss=losses.saturating,
            steps=60,
        ),
        variants={"k = 2": dict(d_steps=2), "R1": dict(penalty=losses.r1(0.1)), "same": {}},
        measure=off,
        seeds=20,
        seed=SEED + 11,
    )
    return mine, 0.05


# %% 3 wrong: a measure without a seed
def my_ablation():
    mine = experiments.Study(
        base={**short, "steps": 20},
        variants={"nothing": {}, "lr × 3": dict(lr=3e-3), "lr ÷ 3": dict(lr=3e-4)},
        measure=careless,
        seeds=16,
        seed=SEED + 10,
    )
    return mine, 0.02


# %% 3 wrong: numbers that have nothing to do with the runs
def my_ablation():
    mine = experiments.Study(
        base={**short, "steps": 20},
        variants={"nothing": {}, "lr × 3": dict(lr=3e-3), "lr ÷ 3": dict(lr=3e-4)},
        measure=lambda run: torch.rand(16),
        seeds=16,
        seed=SEED + 10,
    )
    return mine, 0.02


# %% 3 wrong: no control
def my_ablation():
    mine = experiments.Study(
        base={**short, "steps": 20},
        variants={"lr × 9": dict(lr=9e-3), "lr × 3": dict(lr=3e-3), "lr ÷ 3": dict(lr=3e-4)},
        measure=w1,
        seeds=16,
        seed=SEED + 10,
    )
    return mine, 0.02


# %% 3 wrong: one number for all runs
def my_ablation():
    mine = experiments.Study(
        base={**short, "steps": 20},
        variants={"nothing": {}, "lr × 3": dict(lr=3e-3), "lr ÷ 3": dict(lr=3e-4)},
        measure=lambda run: torch.ones(16),
        seeds=16,
        seed=SEED + 10,
    )
    return mine, 0.02


# %% 3 wrong: eight seeds
def my_ablation():
    mine = experiments.Study(
        base={**short, "steps": 20},
        variants={"nothing": {}, "lr × 3": dict(lr=3e-3), "lr ÷ 3": dict(lr=3e-4)},
        measure=w1,
        seeds=8,
        seed=SEED + 10,
    )
    return mine, 0.02

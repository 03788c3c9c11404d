# %% A right: from the moments of the features, divided first
def fd_in(features, x_real, x_fake, x_unit):
    unit = features(x_unit).double()
    scale = (unit - unit.mean(0)).square().sum(-1).mean().sqrt()
    return frechet(features(x_real).double() / scale, features(x_fake).double() / scale)


# %% A wrong: divided by the root of the spread
def fd_in(features, x_real, x_fake, x_unit):
    spread = features(x_unit).var(0).sum().sqrt()
    return frechet(features(x_real), features(x_fake)) / spread


# %% A wrong: in raw units
def fd_in(features, x_real, x_fake, x_unit):
    return frechet(features(x_real), features(x_fake))


# %% A wrong: the mean of the variances, where their sum belongs
def fd_in(features, x_real, x_fake, x_unit):
    return frechet(features(x_real), features(x_fake)) / features(x_unit).var(0).mean()


# %% A wrong: the mean square, not about the mean
def fd_in(features, x_real, x_fake, x_unit):
    spread = features(x_unit).square().sum(-1).mean()
    return frechet(features(x_real), features(x_fake)) / spread


# %% A wrong: the spread of the data in place of that of x_unit
def fd_in(features, x_real, x_fake, x_unit):
    return frechet(features(x_real), features(x_fake)) / features(x_real).var(0).sum()


# %% B right: one class after another
def class_variation(named_fake, named_real, classes=10):
    gaps = [
        abs((named_fake == k).double().mean() - (named_real == k).double().mean())
        for k in range(classes)
    ]
    return sum(gaps) / 2


# %% B right: what the fakes have too much
def class_variation(named_fake, named_real, classes=10):
    one_hot = torch.nn.functional.one_hot
    q = one_hot(named_fake, classes).double().mean(0)
    return (q - one_hot(named_real, classes).double().mean(0)).clamp(min=0).sum()


# %% B wrong: the half forgotten
def class_variation(named_fake, named_real, classes=10):
    q = torch.bincount(named_fake, minlength=classes) / len(named_fake)
    return (q - torch.bincount(named_real, minlength=classes) / len(named_real)).abs().sum()


# %% B wrong: counts, not shares
def class_variation(named_fake, named_real, classes=10):
    q = torch.bincount(named_fake, minlength=classes)
    p = torch.bincount(named_real, minlength=classes)
    return (q - p).abs().sum() / len(named_fake) / 2


# %% B wrong: against even shares
def class_variation(named_fake, named_real, classes=10):
    q = torch.bincount(named_fake, minlength=classes) / len(named_fake)
    return (q - 1 / classes).abs().sum() / 2


# %% B wrong: the largest gap
def class_variation(named_fake, named_real, classes=10):
    q = torch.bincount(named_fake, minlength=classes) / len(named_fake)
    p = torch.bincount(named_real, minlength=classes) / len(named_real)
    return (q - p).abs().max()


# %% C right: by ranks
def auc(train_logits, held_logits):
    from scipy.stats import mannwhitneyu

    wins = mannwhitneyu(train_logits.numpy(), held_logits.numpy()).statistic
    return wins / (len(train_logits) * len(held_logits))


# %% C right: by signs
def auc(train_logits, held_logits):
    sign = torch.sign(train_logits.double()[:, None] - held_logits.double()[None])
    return (1 + sign.mean()) / 2


# %% C wrong: ties count nothing
def auc(train_logits, held_logits):
    return (train_logits[:, None] > held_logits).float().mean()


# %% C wrong: the held-out should win
def auc(train_logits, held_logits):
    gap = held_logits[:, None] - train_logits
    return ((gap > 0) + 0.5 * (gap == 0)).float().mean()


# %% C wrong: against the mean of the held-out
def auc(train_logits, held_logits):
    return (train_logits > held_logits.mean()).float().mean()


# %% 1 right: pair by pair
def predicted_floor(z, n):
    eig = [v for v in torch.linalg.eigvalsh(z.double().T.cov()).tolist() if v > 1e-9]
    pairs = sum(a * b / (a + b) for a in eig for b in eig)
    return (2.5 * sum(eig) + pairs) / n


# %% 1 wrong: zeros divided by zeros
def predicted_floor(z, n):
    eig = torch.linalg.eigvalsh(z.double().T.cov())
    eig = torch.where(eig.abs() < 1e-9, 0.0, eig)
    return (2.5 * eig.sum() + (eig[:, None] * eig / (eig[:, None] + eig)).sum()) / n


# %% 1 wrong: each pair counted once
def predicted_floor(z, n):
    eig = torch.linalg.eigvalsh(z.double().T.cov()).clamp(min=1e-12)
    pairs = eig[:, None] * eig / (eig[:, None] + eig)
    return (2.5 * eig.sum() + pairs.triu().sum()) / n


# %% 1 wrong: the formula of equal eigenvalues
def predicted_floor(z, n):
    dim = z.shape[-1]
    return (2 * dim + dim * (dim + 1) / 2) / n


# %% 1 wrong: the means only
def predicted_floor(z, n):
    return 2 * z.double().var(0).sum() / n


# %% 1 wrong: variances in place of eigenvalues
def predicted_floor(z, n):
    eig = z.double().var(0)
    eig = eig[eig > 1e-9]
    return (2.5 * eig.sum() + (eig[:, None] * eig / (eig[:, None] + eig)).sum()) / n


# %% 2 right: place by place
def nearer_when_moved(x_fake, x_train, x_held):
    def nearest(x):
        best = torch.full((len(x_fake),), torch.inf)
        for down in (-1, 0, 1):
            for right in (-1, 0, 1):
                moved = torch.full_like(x_fake, -1)
                to = [slice(max(s, 0), 8 + min(s, 0)) for s in (down, right)]
                off = [slice(max(-s, 0), 8 - max(s, 0)) for s in (down, right)]
                moved[..., to[0], to[1]] = x_fake[..., off[0], off[1]]
                best = torch.minimum(best, torch.cdist(moved.flatten(1), x.flatten(1)).amin(-1))
        return best

    t, h = nearest(x_train), nearest(x_held)
    return (t < h).double().mean() + (t == h).double().mean() / 2


# %% 2 wrong: pictures are compared as they stand
def nearer_when_moved(x_fake, x_train, x_held):
    return metrics.nearest_train(pixels(x_fake), pixels(x_train), pixels(x_held)).share


# %% 2 wrong: only to the sides
def nearer_when_moved(x_fake, x_train, x_held):
    versions = [x_fake, x_fake.roll(1, -1), x_fake.roll(-1, -1)]
    t, h = (
        torch.stack([torch.cdist(v.flatten(1), x.flatten(1)).amin(-1) for v in versions]).amin(0)
        for x in (x_train, x_held)
    )
    return (t < h).float().mean()


# %% 2 wrong: what leaves comes back on the other side
def nearer_when_moved(x_fake, x_train, x_held):
    versions = [x_fake.roll((i, j), (-2, -1)) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    t, h = (
        torch.stack([torch.cdist(v.flatten(1), x.flatten(1)).amin(-1) for v in versions]).amin(0)
        for x in (x_train, x_held)
    )
    return ((t < h) + 0.5 * (t == h)).float().mean()


# %% 2 wrong: four of nine
def nearer_when_moved(x_fake, x_train, x_held):
    padded = pad(x_fake, [1] * 4, value=-1.0)
    places = ((1, 1), (1, 2), (2, 2), (0, 1))
    versions = [padded[..., i : i + 8, j : j + 8] for i, j in places]
    t, h = (
        torch.stack([torch.cdist(v.flatten(1), x.flatten(1)).amin(-1) for v in versions]).amin(0)
        for x in (x_train, x_held)
    )
    return ((t < h) + 0.5 * (t == h)).float().mean()


# %% 2 wrong: only the training set is looked at with moves
def nearer_when_moved(x_fake, x_train, x_held):
    versions = [x_fake.roll((i, j), (-2, -1)) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    t = torch.stack(
        [torch.cdist(v.flatten(1), x_train.flatten(1)).amin(-1) for v in versions]
    ).amin(0)
    return (t < torch.cdist(x_fake.flatten(1), x_held.flatten(1)).amin(-1)).float().mean()


# %% 2 wrong: the other way round
def nearer_when_moved(x_fake, x_train, x_held):
    padded = pad(x_fake, [1] * 4, value=-1.0)
    versions = [padded[..., i : i + 8, j : j + 8] for i in range(3) for j in range(3)]
    t, h = (
        torch.stack([torch.cdist(v.flatten(1), x.flatten(1)).amin(-1) for v in versions]).amin(0)
        for x in (x_train, x_held)
    )
    return (t > h).float().mean()


# %% 3 right: from the middle grey, with a push away from the digit
def fool(judges, x_real):
    return forge(judges, x_real, -0.5 * x_real, steps=200)


# %% 3 wrong: these are digits
def fool(judges, x_real):
    return x_real.flip(0)


# %% 3 wrong: grey digits
def fool(judges, x_real):
    return forge(judges, x_real, 0.9 * x_real, steps=20)


# %% 3 wrong: noise as it is
def fool(judges, x_real):
    noise = torch.Generator().manual_seed(SEED + 18)
    return 2 * torch.rand(x_real.shape, generator=noise) - 1

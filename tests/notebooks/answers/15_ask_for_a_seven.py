# %% A right: written into zeros
def with_planes(x, labels, classes=10):
    out = torch.zeros(len(x), 1 + classes, *x.shape[2:])
    out[:, :1] = x
    out[torch.arange(len(x)), 1 + labels] = 1
    return out


# %% A wrong: the planes come first
def with_planes(x, labels, classes=10):
    planes = nn.functional.one_hot(labels, classes)[:, :, None, None]
    return torch.cat([planes.expand(-1, -1, *x.shape[-2:]).to(x), x], dim=1)


# %% A wrong: one plane with the label's number in it
def with_planes(x, labels, classes=10):
    plane = labels[:, None, None, None].expand(-1, classes, *x.shape[-2:])
    return torch.cat([x, plane.to(x)], dim=1)


# %% A wrong: a single pixel of the plane
def with_planes(x, labels, classes=10):
    out = torch.zeros(len(x), 1 + classes, *x.shape[2:])
    out[:, :1] = x
    out[torch.arange(len(x)), 1 + labels, 0, 0] = 1
    return out


# %% A wrong: the first label for the whole batch
def with_planes(x, labels, classes=10):
    planes = nn.functional.one_hot(labels[:1], classes)[:, :, None, None]
    return torch.cat([x, planes.expand(len(x), -1, *x.shape[-2:]).to(x)], dim=1)


# %% B right: all labels at once, and one of them taken
def projection_logits(h, labels, w, b, v):
    all_labels = h @ (w + v).T + b
    return all_labels.gather(1, labels[:, None])[:, 0]


# %% B right: by einsum
def projection_logits(h, labels, w, b, v):
    return b + torch.einsum("mf,mf->m", h, w + v[labels])


# %% B wrong: without the question of old
def projection_logits(h, labels, w, b, v):
    return b + (v[labels] * h).sum(-1)


# %% B wrong: a logit for each label
def projection_logits(h, labels, w, b, v):
    return h @ (w + v).T + b


# %% B wrong: the sum over labels
def projection_logits(h, labels, w, b, v):
    return h @ w + b + (h @ v.T).sum(-1)


# %% C right: by the additive fit
def interaction(logits):
    fit = logits.mean(1, keepdim=True) + logits.mean(0) - logits.mean()
    return (logits - fit).var(correction=0) / logits.var(correction=0)


# %% C right: one minus what rows and columns explain
def interaction(logits):
    rows, columns = logits.mean(1), logits.mean(0)
    explained = rows.var(correction=0) + columns.var(correction=0)
    return 1 - explained / logits.var(correction=0)


# %% C wrong: rows only
def interaction(logits):
    left = logits - logits.mean(1, keepdim=True)
    return left.square().sum() / (logits - logits.mean()).square().sum()


# %% C wrong: not divided
def interaction(logits):
    fit = logits.mean(1, keepdim=True) + logits.mean(0) - logits.mean()
    return (logits - fit).square().sum()


# %% C wrong: over the raw squares
def interaction(logits):
    fit = logits.mean(1, keepdim=True) + logits.mean(0) - logits.mean()
    return (logits - fit).square().sum() / logits.square().sum()


# %% C wrong: over what varies within the columns
def interaction(logits):
    fit = logits.mean(1, keepdim=True) + logits.mean(0) - logits.mean()
    return (logits - fit).square().sum() / (logits - logits.mean(0)).square().sum()


# %% 1 right: by two points of a line
def obedience(accuracy, r, classes=10):
    none, all_of_them = (1 - r) / (classes - 1), r
    return 1 - (all_of_them - accuracy) / (all_of_them - none)


# %% 1 wrong: no luck
def obedience(accuracy, r, classes=10):
    return accuracy / r


# %% 1 wrong: luck among all ten digits
def obedience(accuracy, r, classes=10):
    luck = (1 - r) / classes
    return (accuracy - luck) / (r - luck)


# %% 1 wrong: always ten classes
def obedience(accuracy, r, classes=10):
    luck = (1 - r) / 9
    return (accuracy - luck) / (r - luck)


# %% 2 right: the mean of a folded normal
def split_mean(mu):
    tail = 0.5 * (1 + math.erf(-mu / math.sqrt(2)))
    return math.sqrt(2 / math.pi) * math.exp(-(mu**2) / 2) + mu * (1 - 2 * tail)


# %% 2 wrong: the upper bell cut off at 0
def split_mean(mu):
    x = torch.linspace(0, mu + 9, 20001, dtype=torch.float64)
    p = torch.exp(-((x - mu) ** 2) / 2)
    return (x * p).sum() / p.sum()


# %% 2 wrong: the mean of the bell
def split_mean(mu):
    return mu


# %% 2 wrong: the root of the mean square
def split_mean(mu):
    return math.sqrt(mu**2 + 1)


# %% 3 right: by a sum over samples
def two_means(values, labels):
    return values.mean(0), values[labels].mean(0)


# %% 3 right: in double
def two_means(values, labels):
    share = torch.bincount(labels, minlength=10).double() / len(labels)
    return values.double().mean(0), share @ values.double()


# %% 3 wrong: both alike
def two_means(values, labels):
    return values.mean(0), values.mean(0)


# %% 3 wrong: in the other order
def two_means(values, labels):
    return values[labels].mean(0), values.mean(0)


# %% 3 wrong: over labels and members
def two_means(values, labels):
    share = labels.bincount(minlength=10) / len(labels)
    return values.mean(), (share @ values).mean()

# %% A right: one formula for both labels, not yet averaged
def cross_entropy(p, label):
    return -(label * torch.log(p) + (1 - label) * torch.log(1 - p))


# %% A wrong: the labels exchanged
def cross_entropy(p, label):
    return -(p.log() if label == 0 else (1 - p).log()).mean()


# %% A wrong: the minus forgotten
def cross_entropy(p, label):
    return (p.log() if label == 1 else (1 - p).log()).mean()


# %% A wrong: the loss of label 1 for every label
def cross_entropy(p, label):
    return -p.log().mean()


# %% A wrong: the squared error
def cross_entropy(p, label):
    return (p - label).square().mean()


# %% B right: down the slope of G's loss, point by point
def follow(D, x, step):
    moved = []
    for point in x:
        point = point.clone()[None].requires_grad_()
        (slope,) = torch.autograd.grad(bce(D(point), torch.ones(1, 1)), point)
        moved.append((point - step * slope / slope.norm()).detach())
    return torch.cat(moved)


# %% B wrong: up the slope of G's loss
def follow(D, x, step):
    x = x.detach().requires_grad_()
    (slope,) = torch.autograd.grad(bce(D(x), torch.ones(len(x), 1)), x)
    return x.detach() + step * slope / slope.norm(dim=1, keepdim=True)


# %% B wrong: a step as long as the slope makes it
def follow(D, x, step):
    x = x.detach().requires_grad_()
    (slope,) = torch.autograd.grad(D(x).sum(), x)
    return x.detach() + step * slope


# %% B wrong: towards the nearest place on the circle, without asking D
def follow(D, x, step):
    towards = 2 * x / x.norm(dim=1, keepdim=True) - x
    return x + step * towards / towards.norm(dim=1, keepdim=True)


# %% B wrong: nobody moves
def follow(D, x, step):
    return x


# %% C right: point by point, in plain Python
def count_spots(x):
    reached = 0
    for spot in spots:
        inside = sum(float((point - spot).square().sum()) < 0.16 for point in x)
        reached += inside / len(x) > 0.02
    return reached


# %% C wrong: every fake belongs to its nearest spot, however far
def count_spots(x):
    nearest = torch.cdist(x, spots).argmin(dim=1)
    return (torch.bincount(nearest, minlength=8) / len(x) > 0.02).sum()


# %% C wrong: a spot with one fake counts
def count_spots(x):
    return (torch.cdist(x, spots) < 0.4).any(dim=0).sum()


# %% C wrong: counts the fakes that lie on a spot
def count_spots(x):
    return (torch.cdist(x, spots) < 0.4).any(dim=1).sum()

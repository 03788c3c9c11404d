# %% A right: by autograd, from the losses
def arrow(theta, phi, gamma):
    u = torch.tensor([theta, phi], dtype=torch.float64, requires_grad=True)
    (by_theta,) = torch.autograd.grad(softplus(-u[0] * u[1]), u)
    (by_phi,) = torch.autograd.grad(softplus(u[0] * u[1]) + gamma / 2 * u[1] ** 2, u)
    return -by_theta[0], -by_phi[1]


# %% A wrong: the minimax loss
def arrow(theta, phi, gamma):
    sigmoid = 1 / (1 + math.exp(-theta * phi))
    return sigmoid * phi, -sigmoid * theta - gamma * phi


# %% A wrong: friction on G
def arrow(theta, phi, gamma):
    sigmoid = 1 / (1 + math.exp(-theta * phi))
    return (1 - sigmoid) * phi - gamma * theta, -sigmoid * theta


# %% A wrong: the half of the penalty kept
def arrow(theta, phi, gamma):
    sigmoid = 1 / (1 + math.exp(-theta * phi))
    return (1 - sigmoid) * phi, -sigmoid * theta - gamma / 2 * phi


# %% A wrong: uphill
def arrow(theta, phi, gamma):
    sigmoid = 1 / (1 + math.exp(-theta * phi))
    return -(1 - sigmoid) * phi, sigmoid * theta + gamma * phi


# %% A wrong: the linear part
def arrow(theta, phi, gamma):
    return phi / 2, -theta / 2 - gamma * phi


# %% B right: by bisection on the largest eigenvalue
def largest_friction(lr, omega):
    low, high = 1 / lr, 3 / lr
    for _ in range(60):
        middle = (low + high) / 2
        grows = torch.linalg.eigvals(in_turns(lr, omega, middle)).abs().max() > 1
        low, high = (low, middle) if grows else (middle, high)
    return low


# %% B wrong: only that the factor of D stays above -1
def largest_friction(lr, omega):
    return 2 / lr


# %% B wrong: the limit of steps at once
def largest_friction(lr, omega):
    return 2 / lr + lr * omega**2 / 2


# %% B wrong: the square of omega forgotten
def largest_friction(lr, omega):
    return 2 / lr - lr * omega / 2


# %% B wrong: the least friction of steps at once
def largest_friction(lr, omega):
    return lr * omega**2


# %% 1 right: by bisection on the Jacobian
def least_spread(lr):
    low, high = 0.0, 2.0
    for _ in range(50):
        middle = (low + high) / 2
        J_here = jacobian(loss=losses.nonsaturating, std=middle)
        grows = abs(1 + lr * upper(J_here)) > 1
        low, high = (middle, high) if grows else (low, middle)
    return high


# %% 1 wrong: the variance
def least_spread(lr):
    return lr / 2


# %% 1 wrong: a twentieth too large
def least_spread(lr):
    return 1.05 * math.sqrt(lr / 2)


# %% 1 wrong: omega without its square
def least_spread(lr):
    return math.sqrt(lr)


# %% 1 wrong: the spread of steps in turns
def least_spread(lr):
    return 1e-3


# %% 2 right: both half-steps written as one
def look_ahead(u, lr, **game):
    u = u.detach().requires_grad_()
    here = u + lr * field(u, **game)
    there = field(here.detach().requires_grad_(), **game)
    return (u + lr * there).detach()


# %% 2 wrong: a plain step
def look_ahead(u, lr, **game):
    return u + lr * field(u.detach().requires_grad_(), **game).detach()


# %% 2 wrong: two plain steps
def look_ahead(u, lr, **game):
    for _ in range(2):
        u = u + lr * field(u.detach().requires_grad_(), **game).detach()
    return u


# %% 2 wrong: from the trial point onwards
def look_ahead(u, lr, **game):
    trial = u + lr * field(u.detach().requires_grad_(), **game).detach()
    return trial + lr * field(trial.requires_grad_(), **game).detach()


# %% 2 wrong: half a trial step
def look_ahead(u, lr, **game):
    trial = u + lr / 2 * field(u.detach().requires_grad_(), **game).detach()
    return u + lr * field(trial.requires_grad_(), **game).detach()


# %% 3 right: the mean size of the error, and the square of a root
def best_gamma(lr, omega):
    return (1 - (1 - lr * omega) ** 2) / lr


def orbit_sizes(gammas, steps=160):
    rows = []
    for gamma in gammas:
        errors = pair(steps=steps, penalty=losses.r1(gamma))[8:, 0]
        rows.append(errors.abs().mean(dim=0))
    return torch.stack(rows)


# %% 3 wrong: the best of the flow
def best_gamma(lr, omega):
    return 2 * omega


def orbit_sizes(gammas, steps=160):
    rows = [pair(steps=steps, penalty=losses.r1(gamma))[8:, 0] for gamma in gammas]
    return torch.stack([row.abs().mean(dim=0) for row in rows])


# %% 3 wrong: one number for each strength
def best_gamma(lr, omega):
    return 2 * omega - lr * omega**2


def orbit_sizes(gammas, steps=160):
    rows = [pair(steps=steps, penalty=losses.r1(gamma))[8:, 0] for gamma in gammas]
    return torch.stack([row.abs().mean() for row in rows])


# %% 3 wrong: the strength is not passed on
def best_gamma(lr, omega):
    return 2 * omega - lr * omega**2


def orbit_sizes(gammas, steps=160):
    rows = [pair(steps=steps, penalty=losses.r1(1.0))[8:, 0] for gamma in gammas]
    return torch.stack([row.abs().mean(dim=0) for row in rows])


# %% 3 wrong: the mean of the error, which has a sign
def best_gamma(lr, omega):
    return 2 * omega - lr * omega**2


def orbit_sizes(gammas, steps=160):
    rows = [pair(steps=steps, penalty=losses.r1(gamma))[8:, 0] for gamma in gammas]
    return torch.stack([row.mean(dim=0) for row in rows])

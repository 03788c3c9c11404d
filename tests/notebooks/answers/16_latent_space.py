"""Answers to try on the checks of chapter 16; "right" differs from the chapter's own solution."""


# %% A right: by the normal equations
def clean_steps(B):
    steps = torch.linalg.solve(B.T @ B, B.T)
    return steps / steps.norm(dim=1, keepdim=True)


# %% A wrong: the steepest rise
def clean_steps(B):
    return normalize(B.T, dim=1)


# %% A wrong: not of length 1
def clean_steps(B):
    return torch.linalg.pinv(B)


# %% A wrong: clean, and longer than it need be
def clean_steps(B):
    steps = torch.linalg.pinv(B)
    idle = torch.linalg.svd(B).U[:, 3]  # B does not see it
    return normalize(steps + idle, dim=1)


# %% A wrong: downwards
def clean_steps(B):
    return -normalize(torch.linalg.pinv(B), dim=1)


# %% B right: by weights that stand alone
def slerp(z_1, z_2, t):
    inner = (z_1 * z_2).sum(-1) / (z_1.norm(dim=-1) * z_2.norm(dim=-1))
    omega = torch.arccos(inner)[..., None]
    one, two = torch.sin(omega - t * omega), torch.sin(t * omega)
    return (one * z_1 + two * z_2) / torch.sin(omega)


# %% B wrong: the line
def slerp(z_1, z_2, t):
    return (1 - t) * z_1 + t * z_2


# %% B wrong: the angle of noise of any length
def slerp(z_1, z_2, t):
    omega = torch.acos((z_1 * z_2).sum(-1, keepdim=True).clamp(-1, 1))
    arc = torch.sin((1 - t) * omega) * z_1 + torch.sin(t * omega) * z_2
    return arc / torch.sin(omega)


# %% B wrong: backwards
def slerp(z_1, z_2, t):
    cosine = (normalize(z_1, dim=-1) * normalize(z_2, dim=-1)).sum(-1, keepdim=True)
    omega = torch.acos(cosine)
    arc = torch.sin(t * omega) * z_1 + torch.sin((1 - t) * omega) * z_2
    return arc / torch.sin(omega)


# %% B wrong: lengths lost
def slerp(z_1, z_2, t):
    one, two = normalize(z_1, dim=-1), normalize(z_2, dim=-1)
    omega = torch.acos((one * two).sum(-1, keepdim=True))
    arc = torch.sin((1 - t) * omega) * one + torch.sin(t * omega) * two
    return arc / torch.sin(omega)


# %% 1 right: multiplied out
def squared_length(t, noise_dim):
    return noise_dim * (1 - 2 * t + 2 * t * t)


# %% 1 wrong: the halves for all t
def squared_length(t, noise_dim):
    return noise_dim / 2


# %% 1 wrong: lengths add
def squared_length(t, noise_dim):
    return noise_dim * ((1 - t) + t) ** 2


# %% 1 wrong: of one number
def squared_length(t, noise_dim):
    return (1 - t) ** 2 + t**2


# %% 2 right: a trace
def linear_path_length(W):
    return 2 * (W @ W.T).trace()


# %% 2 wrong: one noise
def linear_path_length(W):
    return W.square().sum()


# %% 2 wrong: the mean over pixels
def linear_path_length(W):
    return 2 * W.square().sum(1).mean()


# %% 2 wrong: the largest slope
def linear_path_length(W):
    return 2 * torch.linalg.matrix_norm(W, 2) ** 2


# %% 3 right: the nearest of many noises in the other two factors
def wider(z):
    many = noise(67, 3000)
    styles_many, styles_z = nearest(G(many))[0], nearest(G(z))[0]
    goal = styles_z.clone()
    goal[..., 1] = (goal[..., 1] + 0.25).clamp(max=1)
    at = torch.cdist(goal, styles_many).argmin(-1)
    return many.gather(1, at[..., None].expand(-1, -1, 16))


# %% 3 wrong: the weight's direction
def wider(z):
    return z + 1.2 * metrics.directions(noise(51), f)[:, :1]


# %% 3 wrong: the other way
def wider(z):
    return z - 1.2 * metrics.directions(noise(51), f)[:, 1:2]


# %% 3 wrong: longer noise
def wider(z):
    return 1.5 * z


# %% 3 wrong: one member's direction for all
def wider(z):
    return z + 1.2 * metrics.directions(noise(51), f)[:1, 1:2]


# %% 3 wrong: one wide letter for all
def wider(z):
    return torch.zeros_like(z) + 1.2 * metrics.directions(noise(51), f)[:, 1:2]


# %% 3 wrong: wider, in another letter's weight
def wider(z):
    return z.flip(1) + 1.2 * metrics.directions(noise(51), f)[:, 1:2]

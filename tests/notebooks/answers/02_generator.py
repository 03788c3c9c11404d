# %% A right: a library's density
def density_of_line(x):
    return torch.distributions.Normal(1.0, 2.0).log_prob(x).exp()


# %% A wrong: the slope left out
def density_of_line(x):
    return p_z((1 - x) / 2)


# %% A wrong: the slope with its sign
def density_of_line(x):
    return p_z((1 - x) / 2) / -2


# %% A wrong: multiplied by the slope
def density_of_line(x):
    return 2 * p_z((1 - x) / 2)


# %% A wrong: the map in place of the branch
def density_of_line(x):
    return p_z(1 - 2 * x) * 2


# %% A wrong: shifted the other way
def density_of_line(x):
    return p_z((1 + x) / 2) / 2


# %% B right: by bisection
def slope_needed(left, right, width):
    low, high = 1e-3, 1e6
    start_ = torch.special.ndtri(torch.as_tensor(left, dtype=torch.float64))
    for _ in range(200):
        middle = math.sqrt(low * high)
        lighter = torch.special.ndtr(start_ + width / middle) < right
        low, high = (low, middle) if lighter else (middle, high)
    return middle


# %% B wrong: the slope over the share
def slope_needed(left, right, width):
    return width / (right - left)


# %% B wrong: upside down
def slope_needed(left, right, width):
    return (torch.special.ndtri(right) - torch.special.ndtri(left)) / width


# %% B wrong: the approximation for light bridges
def slope_needed(left, right, width):
    return p_z(torch.special.ndtri(left)) * width / (right - left)


# %% B wrong: for one width only
def slope_needed(left, right, width):
    return 0.4 / (torch.special.ndtri(right) - torch.special.ndtri(left))


# %% C right: through a network of that shape
def parameters(widths):
    pairs = zip(widths, widths[1:], strict=False)
    layers = nn.Sequential(*(nn.Linear(n, k) for n, k in pairs))
    return sum(p.numel() for p in layers.parameters())


# %% C wrong: without biases
def parameters(widths):
    return sum(n * k for n, k in zip(widths, widths[1:], strict=False))


# %% C wrong: a bias for each input
def parameters(widths):
    return sum(n * k + n for n, k in zip(widths, widths[1:], strict=False))


# %% C wrong: one network's number
def parameters(widths):
    return 34433


# %% 1 right: a library's density
def density_of_exp(x):
    zero = torch.zeros((), dtype=x.dtype)
    return torch.distributions.LogNormal(zero, zero + 1).log_prob(x).exp()


# %% 1 wrong: the slope left out
def density_of_exp(x):
    return p_z(x.log())


# %% 1 wrong: the slope at the wrong point
def density_of_exp(x):
    return p_z(x.log()) / x.exp()


# %% 1 wrong: the noise at x
def density_of_exp(x):
    return p_z(x) / x


# %% 2 right: the slopes one by one, the widest unit first
def joined(knots, values):
    G = networks.MLPGenerator(1, width=len(knots) - 1, depth=1).double()
    hidden, output = G.linears()
    with torch.no_grad():
        output.bias.fill_(values[0].item())
        before = 0.0
        for k in range(len(knots) - 1):
            slope = ((values[k + 1] - values[k]) / (knots[k + 1] - knots[k])).item()
            hidden.weight[k, 0], hidden.bias[k] = 2.0, -2 * knots[k].item()
            output.weight[0, k] = (slope - before) / 2
            before = slope
    return G


units = 64


# %% 2 wrong: the slopes themselves, not their changes
def joined(knots, values):
    G = networks.MLPGenerator(1, width=len(knots) - 1, depth=1).double()
    hidden, output = G.linears()
    with torch.no_grad():
        hidden.weight.fill_(1.0)
        hidden.bias.copy_(-knots[:-1])
        output.weight.copy_((values.diff() / knots.diff())[None])
        output.bias.copy_(values[:1])
    return G


units = 64


# %% 2 wrong: the start left out
def joined(knots, values):
    G = networks.MLPGenerator(1, width=len(knots) - 1, depth=1).double()
    hidden, output = G.linears()
    slopes = values.diff() / knots.diff()
    with torch.no_grad():
        hidden.weight.fill_(1.0)
        hidden.bias.copy_(-knots[:-1])
        output.weight.copy_(slopes.diff(prepend=slopes.new_zeros(1))[None])
        output.bias.zero_()
    return G


units = 64


# %% 2 wrong: the right map, too few units
def joined(knots, values):
    G = networks.MLPGenerator(1, width=len(knots) - 1, depth=1).double()
    hidden, output = G.linears()
    slopes = values.diff() / knots.diff()
    with torch.no_grad():
        hidden.weight.fill_(1.0)
        hidden.bias.copy_(-knots[:-1])
        output.weight.copy_(slopes.diff(prepend=slopes.new_zeros(1))[None])
        output.bias.copy_(values[:1])
    return G


units = 32


# %% 3 right: once round with the rank of one noise variable, without a network
def ring_generator():
    def G(z):
        turn = 2 * math.pi * torch.special.ndtr(z)
        return torch.cat([turn.cos(), turn.sin()], dim=-1)

    return 1, G


# %% 3 right: the direction of two noise variables
def ring_generator():
    return 2, lambda z: z / z.norm(dim=-1, keepdim=True)


# %% 3 right: a module without parameters
def ring_generator():
    class Direction(nn.Module):
        def forward(self, z):
            return z / z.norm(dim=-1, keepdim=True)

    return 2, Direction()


# %% 3 wrong: a collapse to eight points, evenly used
def ring_generator():
    def G(z):
        turn = 2 * math.pi * ((8 * torch.special.ndtr(z)).floor() + 0.5) / 8
        return torch.cat([turn.cos(), turn.sin()], dim=-1)

    return 1, G


# %% 3 wrong: a collapse to sixty-four points, evenly used
def ring_generator():
    def G(z):
        turn = 2 * math.pi * ((64 * torch.special.ndtr(z)).floor() + 0.5) / 64
        return torch.cat([turn.cos(), turn.sin()], dim=-1)

    return 1, G


# %% 3 wrong: the angle is the noise, so that one side is crowded
def ring_generator():
    return 1, lambda z: torch.cat([z.cos(), z.sin()], dim=-1)


# %% 3 wrong: half of the circle
def ring_generator():
    def G(z):
        turn = math.pi * torch.special.ndtr(z)
        return torch.cat([turn.cos(), turn.sin()], dim=-1)

    return 1, G


# %% 3 wrong: a disc
def ring_generator():
    return 2, lambda z: z


# %% 3 wrong: an ellipse
def ring_generator():
    def G(z):
        turn = 2 * math.pi * torch.special.ndtr(z)
        return torch.cat([1.3 * turn.cos(), turn.sin()], dim=-1)

    return 1, G


# %% 3 wrong: points on a line
def ring_generator():
    return 1, lambda z: z.sign()

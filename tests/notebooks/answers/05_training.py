# %% A right: the logarithm of a quarter
first_L_D = -math.log(0.25)


# %% A wrong: one term of two
first_L_D = math.log(2)


# %% A wrong: the probability itself
first_L_D = 0.5


# %% A wrong: the value, not the loss
first_L_D = -2 * math.log(2)


# %% B right: by the hyperbolic tangent
def slope(logit):
    return torch.tanh(logit / 2)


# %% B wrong: D's wish alone
def slope(logit):
    return torch.sigmoid(logit)


# %% B wrong: G's wish alone
def slope(logit):
    return torch.sigmoid(logit) - 1


# %% B wrong: the sum of the losses, not its slope
def slope(logit):
    return softplus(logit) + softplus(-logit)


# %% C right: by the matrix (5.8)
def round_iii(theta, phi, eta, gamma):
    rest = 1 - eta * gamma
    return (1 - eta**2) * theta + eta * rest * phi, -eta * theta + rest * phi


# %% C wrong: both at the same time
def round_iii(theta, phi, eta, gamma):
    return theta + eta * phi, phi - eta * (theta + gamma * phi)


# %% C wrong: no price on the slope
def round_iii(theta, phi, eta, gamma):
    phi = phi - eta * theta
    return theta + eta * phi, phi


# %% C wrong: half the price
def round_iii(theta, phi, eta, gamma):
    phi = phi - eta * (theta + gamma / 2 * phi)
    return theta + eta * phi, phi


# %% 1 right: two loops, gradients asked for by name
def train_with_k(k, G, D, batches):
    optimizers = {net: torch.optim.Adam(net.parameters(), **adam) for net in (G, D)}

    def move(net, loss):
        weights = list(net.parameters())
        for weight, part in zip(weights, torch.autograd.grad(loss, weights), strict=True):
            weight.grad = part
        optimizers[net].step()

    for first in range(0, len(batches), k):
        for x_real, z in batches[first : first + k]:
            x_fake = G(z)
            held = x_fake.detach()
            d_loss = softplus(-D.logits(x_real)).mean() + softplus(D.logits(held)).mean()
            move(D, d_loss)
        move(G, softplus(-D.logits(x_fake)).mean())
    return G


# %% 1 wrong: G moves after each of D's steps
def train_with_k(k, G, D, batches):
    g_optimizer = torch.optim.Adam(G.parameters(), **adam)
    d_optimizer = torch.optim.Adam(D.parameters(), **adam)
    for x_real, z in batches:
        x_fake = G(z)
        d_loss = losses.discriminator_loss(D.logits(x_real), D.logits(x_fake.detach()))
        d_optimizer.zero_grad()
        d_loss.backward()
        d_optimizer.step()
        g_optimizer.zero_grad()
        losses.nonsaturating_generator_loss(None, D.logits(x_fake)).backward()
        g_optimizer.step()
    return G


# %% 1 wrong: D's gradients are never cleared
def train_with_k(k, G, D, batches):
    g_optimizer = torch.optim.Adam(G.parameters(), **adam)
    d_optimizer = torch.optim.Adam(D.parameters(), **adam)
    for number, (x_real, z) in enumerate(batches, start=1):
        x_fake = G(z)
        losses.discriminator_loss(D.logits(x_real), D.logits(x_fake.detach())).backward()
        d_optimizer.step()
        if number % k == 0:
            g_optimizer.zero_grad()
            losses.nonsaturating_generator_loss(None, D.logits(x_fake)).backward()
            g_optimizer.step()
    return G


# %% 1 wrong: the saturating loss
def train_with_k(k, G, D, batches):
    g_optimizer = torch.optim.Adam(G.parameters(), **adam)
    d_optimizer = torch.optim.Adam(D.parameters(), **adam)
    for number, (x_real, z) in enumerate(batches, start=1):
        x_fake = G(z)
        d_loss = losses.discriminator_loss(D.logits(x_real), D.logits(x_fake.detach()))
        d_optimizer.zero_grad()
        d_loss.backward()
        d_optimizer.step()
        if number % k == 0:
            g_optimizer.zero_grad()
            (-softplus(D.logits(x_fake)).mean()).backward()
            g_optimizer.step()
    return G


# %% 2 right: products of the decays that follow
def average_shares(steps, ema):
    t = torch.arange(steps, dtype=torch.float64)
    decays = torch.clamp((1 + t) / (10 + t), max=ema)
    after = decays.flip(0).cumprod(0).flip(0)  # of this step and all later ones
    later = torch.cat([after[1:], torch.ones(1, dtype=torch.float64)])
    return torch.cat([after[:1], (1 - decays) * later])


# %% 2 wrong: no warm-up
def average_shares(steps, ema):
    t = torch.arange(steps + 1, dtype=torch.float64)
    c = (1 - ema) * ema ** (steps - t)
    c[0] = ema**steps
    return c


# %% 2 wrong: equal shares
def average_shares(steps, ema):
    return torch.full((steps + 1,), 1 / (steps + 1), dtype=torch.float64)


# %% 2 wrong: the first weights forgotten at once
def average_shares(steps, ema):
    c = torch.zeros(steps + 1, dtype=torch.float64)
    for t in range(steps):
        decay = min(ema, (1 + t) / (10 + t))
        c *= decay
        c[t + 1] = 1 - decay
    return c / c.sum()


# %% 3 right: trained in the other order
def paired(a, b):
    second, first = small(**b), small(**a)
    return final_w1(second, ema=True) - final_w1(first, ema=True)


# %% 3 wrong: a minus b
def paired(a, b):
    return final_w1(small(**a), ema=True) - final_w1(small(**b), ema=True)


# %% 3 wrong: two different seeds
def paired(a, b):
    other = small(**{**b, "seed": SEED + 12})
    return final_w1(other, ema=True) - final_w1(small(**a), ema=True)


# %% 3 wrong: the difference of the medians
def paired(a, b):
    one, other = (final_w1(small(**options), ema=True).median() for options in (a, b))
    return (other - one).expand(16)

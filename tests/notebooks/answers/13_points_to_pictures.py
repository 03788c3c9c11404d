"""Answers to try on the checks of chapter 13; "right" differs from the chapter's own solution."""


# %% A right: the field from the last layer back
def side_and_field(H, layers):
    field = 1
    for q, s, p in reversed(layers):
        field = (field - 1) * s + q
    for q, s, p in layers:
        H = 1 + int((H + 2 * p - q) / s)
    return [H, field]


# %% A wrong: the stride enters before its own layer
def side_and_field(H, layers):
    r = j = 1
    for q, s, p in layers:
        H, j = (H + 2 * p - q) // s + 1, j * s
        r += (q - 1) * j
    return H, r


# %% A wrong: rounded up
def side_and_field(H, layers):
    r = j = 1
    for q, s, p in layers:
        H = -(-(H + 2 * p - q) // s) + 1
        r, j = r + (q - 1) * j, j * s
    return H, r


# %% A wrong: padding on one side
def side_and_field(H, layers):
    r = j = 1
    for q, s, p in layers:
        H = (H + p - q) // s + 1
        r, j = r + (q - 1) * j, j * s
    return H, r


# %% B right: the remainder says which entries of the kernel reach a pixel
def covered(q, s, p):
    return [len(range((o + p) % s, q, s)) for o in range(s)]


# %% B wrong: without the padding
def covered(q, s, p):
    return [len(range(o % s, q, s)) for o in range(s)]


# %% B wrong: the mean count, everywhere
def covered(q, s, p):
    return [q // s] * s


# %% 1 right: as sums
def parameters(C, O, q, H, H_out):
    weights = sum(q * q for _ in range(C)) * O
    return [weights + O, (C * H * H) * (O * H_out * H_out) + O * H_out * H_out]


# %% 1 wrong: no bias
def parameters(C, O, q, H, H_out):
    return O * C * q**2, O * H_out**2 * C * H**2


# %% 1 wrong: one bias in all
def parameters(C, O, q, H, H_out):
    return O * C * q**2 + 1, O * H_out**2 * C * H**2 + 1


# %% 2 right: by trying sides
def even_doublers(s):
    found = set()
    for q in range(s, 9):
        for p in range(9):
            doubled = all((H - 1) * s - 2 * p + q == H * s for H in (4, 7, 11))
            if doubled and q % s == 0:
                found.add((q, p))
    return found


# %% 2 wrong: without the counts
def even_doublers(s):
    return {(s + 2 * p, p) for p in range(9) if s + 2 * p <= 8}


# %% 2 wrong: without the sides
def even_doublers(s):
    return {(q, (q - s) // 2) for q in range(s, 9) if q % s == 0}


# %% 3 right: orthogonal weights, which keep the noise's length
def another_cure():
    def orthogonal(layer):
        nn.init.orthogonal_(layer.weight, 2**0.5)
        nn.init.zeros_(layer.bias)

    return dict(G=Drawn(init=orthogonal))


# %% 3 wrong: the page's own shallower generator
def another_cure():
    return dict(G=networks.DCGANGenerator(32, shape, norm=False, init=None))


# %% 3 wrong: blots that differ, and no training
def another_cure():
    return dict(steps=1, lr=1e-6, G=Drawn(init=networks.he_normal))


# %% 3 wrong: a fifth of the rate, which is only later
def another_cure():
    return dict(lr=2e-4)


# %% 3 wrong: no Tanh
def another_cure():
    return dict(G=Drawn(end=nn.Identity))


# %% 3 wrong: BatchNorm
def another_cure():
    return dict(G=Drawn(norm=nn.BatchNorm2d))

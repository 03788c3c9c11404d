# %% A right: one formula for both
def best_answer(thin, black, chance, power):
    share = chance if power == 2 else float(chance > 0.5)
    return torch.lerp(thin, black, share)


# %% A wrong: the mean for both
def best_answer(thin, black, chance, power):
    return (1 - chance) * thin + chance * black


# %% A wrong: the majority for both
def best_answer(thin, black, chance, power):
    return black if chance > 0.5 else thin


# %% A wrong: thin and black in the wrong place
def best_answer(thin, black, chance, power):
    if power == 2:
        return chance * thin + (1 - chance) * black
    return thin if chance > 0.5 else black


# %% A wrong: a step of the way with 1, the mean of the ends with 2
def best_answer(thin, black, chance, power):
    return (thin + black) / 2 if power == 2 else (1 - chance) * thin + chance * black


# %% B right: by the two of each pair
def best_of_two(D, x_real, x_fake, generator):
    off = (x_fake - x_real).abs().flatten(2).mean(dim=2)
    return 10 * torch.minimum(off[:, ::2], off[:, 1::2]).mean(dim=1)


# %% B right: by a loop
def best_of_two(D, x_real, x_fake, generator):
    charges = []
    for real, fake in zip(x_real, x_fake, strict=True):
        cost = [(f - r).abs().mean() for r, f in zip(real, fake, strict=True)]
        better = [min(cost[j], cost[j + 1]) for j in range(0, len(cost), 2)]
        charges.append(10 * sum(better) / len(better))
    return torch.stack(charges)


# %% B wrong: the mean of two
def best_of_two(D, x_real, x_fake, generator):
    return 10 * (x_fake - x_real).abs().mean(dim=(1, 2, 3, 4))


# %% B wrong: the better of two at each pixel
def best_of_two(D, x_real, x_fake, generator):
    off = (x_fake - x_real).abs().unflatten(1, (-1, 2)).amin(dim=2)
    return 10 * off.mean(dim=(1, 2, 3, 4))


# %% B wrong: the best of the whole batch
def best_of_two(D, x_real, x_fake, generator):
    return 10 * (x_fake - x_real).abs().mean(dim=(-3, -2, -1)).amin(dim=1)


# %% B wrong: halves of the batch for pairs
def best_of_two(D, x_real, x_fake, generator):
    off = (x_fake - x_real).abs().mean(dim=(-3, -2, -1))
    return 10 * off.unflatten(1, (2, -1)).amin(dim=1).mean(dim=1)


# %% B wrong: all members at once
def best_of_two(D, x_real, x_fake, generator):
    off = (x_fake - x_real).abs().mean(dim=(-3, -2, -1))
    return 10 * off.unflatten(1, (-1, 2)).amin(dim=2).mean()


# %% 1 right: counting all maps
def by_lot(letters, runs):
    from itertools import permutations

    maps = list(permutations(range(letters)))
    kept = [sum(i == j for i, j in enumerate(each)) for each in maps]
    return (1 - kept.count(letters) / len(maps)) ** runs, sum(kept) / len(kept)


# %% 1 wrong: all functions, not maps that are one to one
def by_lot(letters, runs):
    return (1 - 1 / letters**letters) ** runs, 1


# %% 1 wrong: the chance that one run is right
def by_lot(letters, runs):
    return 1 - (1 - 1 / math.factorial(letters)) ** runs, 1


# %% 1 wrong: kept letters of all runs
def by_lot(letters, runs):
    return (1 - 1 / math.factorial(letters)) ** runs, runs


# %% 2 right: the larger of two lines
def tilted(mistake, tau):
    return torch.maximum((1 - tau) * mistake, -tau * mistake)


# %% 2 right: half of L1, leaning
def tilted(mistake, tau):
    return mistake.abs() / 2 + (0.5 - tau) * mistake


# %% 2 wrong: leaning the other way
def tilted(mistake, tau):
    return torch.maximum(tau * mistake, (tau - 1) * mistake)


# %% 2 wrong: twice as much, so no half of L1
def tilted(mistake, tau):
    return 2 * torch.maximum((1 - tau) * mistake, -tau * mistake)


# %% 2 wrong: not tilted
def tilted(mistake, tau):
    return mistake.abs() / 2


# %% 2 wrong: squares
def tilted(mistake, tau):
    return torch.where(mistake < 0, tau, 1 - tau) * mistake**2


# %% 3 right: pairs at other widths, and both ways
def another_bias(G, H, u, v):
    chosen = torch.tensor([[k, 0.0, w, 0.5] for k in range(4) for w in (0.3, 0.7)])
    few_thin, few_black = (
        letter(chosen, weight, four).flatten(1).expand(N, -1, -1) for weight in (0.1, 0.9)
    )
    return 5 * (apart(G(few_thin), few_black) + apart(H(few_black), few_thin))


# %% 3 wrong: no bias at all
def another_bias(G, H, u, v):
    return 0 * apart(G(u), u)


# %% 3 wrong: the other way round the cycle
def another_bias(G, H, u, v):
    return apart(H(G(u)), u)


# %% 3 wrong: one value for all members
def another_bias(G, H, u, v):
    return (G(u) - u).abs().mean()


# %% 3 wrong: half of the identity loss
def another_bias(G, H, u, v):
    return 5 * apart(G(v), v)

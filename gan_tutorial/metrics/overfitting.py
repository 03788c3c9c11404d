"""What was learnt by heart: by G, whose fakes are copies, and by D, which knows the data again."""

from typing import NamedTuple

import torch
from torch import Tensor

from gan_tutorial.metrics.samples import _check_pair, _distances, _each, _leading, _line


class NearestTrain(NamedTuple):
    """How near fakes lie to the training data, beside held-out data; each of shape (...)."""

    share: Tensor
    ratio: Tensor


def nearest_train(x_fake: Tensor, x_train: Tensor, x_held: Tensor) -> NearestTrain:
    """Whether fakes copy: the share that is nearer to the training data than to held-out data.

    With t_j and h_j the distances from fake j to the nearest sample of the two sets:

    - `share`: the share of fakes with t_j < h_j; ties count half
    - `ratio`: the median of t_j / h_j, which is 1 where both are 0; of an even number, the lower

    The sets must be equally large: the nearest of more samples is nearer. Then fresh samples of
    p_data have a mean `share` of exactly ½, which is its noise floor, and a `ratio` about 1; G
    need not be good for that. Copies give 1 and 0. The spread of `share` around ½ does not go away
    with more fakes, since the two sets have chance in them too: in the plane its square is about
    1 / 4n + 1 / 28k, for n fakes and k samples in each set, and in more dimensions it is larger.

    Meehan et al. ask the same question of distances alone: is a fake nearer to the training data
    than a held-out sample is? That sees a G that crowds around the training data even where its
    fakes are no copies, and they ask it in each region apart, since too near in one and too far
    in another may cancel. So it may here.

    Parameters
    ----------
    x_fake, x_train, x_held
        Shapes (..., n, dim), (..., k, dim) and (..., k, dim), such as `pixels(x)` or what a
        `FeatureSpace` gives; leading indices broadcast.

    Returns
    -------
    NearestTrain
        `share` and `ratio`, each of shape (...).

    Raises
    ------
    ValueError
        If the two sets differ in size, shapes do not fit, or values are not finite.

    Source
    ------
    Meehan et al. 2020 (arXiv 2004.05675), section 3, for the test with three samples.
    """
    _check_pair(x_fake=(x_fake, 1), x_train=(x_train, 1))
    _check_pair(x_fake=(x_fake, 1), x_held=(x_held, 1))
    if x_train.shape[-2] != x_held.shape[-2]:
        raise ValueError(
            "the nearest of more samples is nearer: x_train and x_held must be equally many, "
            f"got {x_train.shape[-2]} and {x_held.shape[-2]}"
        )
    train, held = (_each(_nearest, x_fake, other) for other in (x_train, x_held))  # (..., n)
    nearer = (train < held).to(train) + (train == held).to(train) / 2
    ratio = torch.where(train == held, 1, train / held)
    return NearestTrain(nearer.mean(-1), ratio.median(-1).values)


def separation(train_logits: Tensor, held_logits: Tensor) -> Tensor:
    """Chance that D rates a training sample above a held-out one; ties count half.

    P(D(x_train) > D(x_held)) + ½ P(D(x_train) = D(x_held))

    It is the area under the ROC curve, and the U of Mann and Whitney divided by n k. Both kinds
    are real, so a D that has learnt the distribution gives ½, on average exactly: the noise floor
    is the spread around it, √((n + k + 1) / 12 n k) if the logits have no ties. A D that has
    learnt the samples gives more, up to 1.

    Parameters
    ----------
    train_logits, held_logits
        Shapes (..., n, 1) and (..., k, 1), such as `D.logits(x_train)`; leading indices broadcast.

    Returns
    -------
    Tensor
        Shape (...), between 0 and 1.

    Raises
    ------
    ValueError
        If a shape is another, or a logit is not finite.

    Source
    ------
    Mann & Whitney 1947, "On a test of whether one of two random variables is stochastically larger
    than the other".
    """
    train, held = _line("train_logits", train_logits), _line("held_logits", held_logits)
    leading = _leading("train_logits and held_logits", train.shape[:-1], held.shape[:-1])
    train = train.expand(*leading, -1).contiguous()
    held = held.expand(*leading, -1).sort(-1).values.contiguous()
    below = torch.searchsorted(held, train)  # how many held-out logits are below each
    not_above = torch.searchsorted(held, train, right=True)
    return (below + not_above).to(train).mean(-1) / (2 * held.shape[-1])


def place(train_logits: Tensor, held_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Where D places held-out data between the fakes, 0, and its training data, 1.

    (E[held] - E[fake]) / (E[train] - E[fake]), with E the mean of D's logits

    A D that has learnt the distribution gives 1, on average nearly. As it learns the samples, held-
    out data look to it as fakes do, and the place falls to 0 or below. Read it only where D tells
    training data from fakes: as the denominator goes to 0, it means nothing.

    Parameters
    ----------
    train_logits, held_logits, fake_logits
        Shapes (..., n, 1), of any n each; leading indices broadcast.

    Returns
    -------
    Tensor
        Shape (...).

    Raises
    ------
    ValueError
        If a shape is another, or a logit is not finite.

    Source
    ------
    Karras et al. 2020 (arXiv 2006.06676), equation 1, where r_v is 1 minus this.
    """
    named = {"train_logits": train_logits, "held_logits": held_logits, "fake_logits": fake_logits}
    train, held, fake = (_line(name, logits).mean(-1) for name, logits in named.items())
    _leading(", ".join(named), train.shape, held.shape, fake.shape)
    return (held - fake) / (train - fake)


def _nearest(x: Tensor, others: Tensor) -> Tensor:
    return _distances(x, others).amin(1)

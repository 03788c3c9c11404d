"""The losses and penalties by the names that the book prints."""

from collections.abc import Callable

from gan_tutorial.losses.adversarial import (
    hinge,
    least_squares,
    nonsaturating,
    relativistic,
    saturating,
    wasserstein,
)
from gan_tutorial.losses.labels import smoothed
from gan_tutorial.losses.penalties import Penalty, gradient_penalty, r1, r2

LOSSES = {
    "non-saturating": nonsaturating,
    "saturating": saturating,
    "smoothed labels": smoothed(nonsaturating),
    "least squares": least_squares,
    "hinge": hinge,
    "Wasserstein": wasserstein,
    "relativistic": relativistic,
}

PENALTIES: dict[str, Callable[[float], Penalty]] = {
    "R1": r1,
    "R2": r2,
    "gradient penalty": gradient_penalty,
}

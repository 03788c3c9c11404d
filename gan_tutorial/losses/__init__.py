"""What D and G minimise, as pure functions of logits, and the penalties that keep D smooth.

A `Loss` is a pair of functions, `d` and `g`. Both are called with `(real_logits, fake_logits)`,
each of shape (..., m, 1), and return one value per leading index: a batch gives a scalar, an
ensemble of N members gives N values.

A penalty is called with `(D, x_real, x_fake, generator)`, samples of shape (..., m, *data_shape),
and returns one value per member. The sum of two penalties, `r1(0.1) + r2(0.1)`, is a penalty. Where
a penalty must know which axis is m before D has answered, a sample is the last `D.data_dims` axes;
if D does not say, one (a vector) in samples of up to three axes, else three (an image).

Where a right answer is known, `auxiliary` and `reconstruction` make terms of the same form for
G's loss, which training takes as `g_penalty`.

The tables `LOSSES` and `PENALTIES` give each of them the name that the book prints.
"""

from gan_tutorial.losses.adversarial import (
    discriminator_loss,
    hinge,
    hinge_discriminator_loss,
    least_squares,
    least_squares_discriminator_loss,
    least_squares_generator_loss,
    nonsaturating,
    nonsaturating_generator_loss,
    relativistic,
    relativistic_discriminator_loss,
    relativistic_generator_loss,
    saturating,
    saturating_generator_loss,
    wasserstein,
    wasserstein_discriminator_loss,
    wasserstein_generator_loss,
)
from gan_tutorial.losses.clip import Clipping, clipping
from gan_tutorial.losses.labels import SmoothedDiscriminatorLoss, smoothed
from gan_tutorial.losses.pairs import Loss, PairLoss
from gan_tutorial.losses.penalties import (
    GradientPenalty,
    Penalty,
    PenaltySum,
    SlopePenalty,
    gradient_penalty,
    r1,
    r2,
)
from gan_tutorial.losses.supervised import ClassPenalty, Reconstruction, auxiliary, reconstruction
from gan_tutorial.losses.tables import LOSSES, PENALTIES

__all__ = [
    "LOSSES",
    "PENALTIES",
    "ClassPenalty",
    "Clipping",
    "GradientPenalty",
    "Loss",
    "PairLoss",
    "Penalty",
    "PenaltySum",
    "Reconstruction",
    "SlopePenalty",
    "SmoothedDiscriminatorLoss",
    "auxiliary",
    "clipping",
    "discriminator_loss",
    "gradient_penalty",
    "hinge",
    "hinge_discriminator_loss",
    "least_squares",
    "least_squares_discriminator_loss",
    "least_squares_generator_loss",
    "nonsaturating",
    "nonsaturating_generator_loss",
    "r1",
    "r2",
    "reconstruction",
    "relativistic",
    "relativistic_discriminator_loss",
    "relativistic_generator_loss",
    "saturating",
    "saturating_generator_loss",
    "smoothed",
    "wasserstein",
    "wasserstein_discriminator_loss",
    "wasserstein_generator_loss",
]

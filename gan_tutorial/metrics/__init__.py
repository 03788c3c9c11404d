"""How far the generator's samples are from the data, one number per replica.

Samples have shape (..., n, dim), and leading indices broadcast: one `x_real` of shape (n, dim)
serves N replicas of shape (N, n, dim). Arguments are called `x, y` where their order does not
matter, and `x_real, x_fake` where it does.

Every distance between finite samples has a *noise floor*: what it gives for two samples of the
same distribution. A result means nothing without it; `noise_floor` measures it.

Images, (..., n, C, H, W), are measured as vectors: by `pixels`, or in a `FeatureSpace`.
"""

from gan_tutorial.metrics.classes import ClassCoverage, accuracy, class_coverage
from gan_tutorial.metrics.features import FeatureSpace, pixels
from gan_tutorial.metrics.floors import held_out_floor, noise_floor
from gan_tutorial.metrics.frechet import frechet_distance, frechet_distance_of_gaussians
from gan_tutorial.metrics.kernels import Kernel, cubic_kernel, gaussian_kernel, kernel_distance
from gan_tutorial.metrics.latent import directions, path_length
from gan_tutorial.metrics.line import (
    js_divergence,
    js_divergence_of_densities,
    wasserstein_distance,
)
from gan_tutorial.metrics.modes import ModeCoverage, mode_coverage
from gan_tutorial.metrics.neighbours import (
    DensityCoverage,
    PrecisionRecall,
    density_coverage,
    precision_recall,
)
from gan_tutorial.metrics.overfitting import NearestTrain, nearest_train, place, separation
from gan_tutorial.metrics.spectra import checkerboard, spectrum
from gan_tutorial.metrics.transport import transport_distance

__all__ = [
    "ClassCoverage",
    "DensityCoverage",
    "FeatureSpace",
    "Kernel",
    "ModeCoverage",
    "NearestTrain",
    "PrecisionRecall",
    "accuracy",
    "checkerboard",
    "class_coverage",
    "cubic_kernel",
    "density_coverage",
    "directions",
    "frechet_distance",
    "frechet_distance_of_gaussians",
    "gaussian_kernel",
    "held_out_floor",
    "js_divergence",
    "js_divergence_of_densities",
    "kernel_distance",
    "mode_coverage",
    "nearest_train",
    "noise_floor",
    "path_length",
    "pixels",
    "place",
    "precision_recall",
    "separation",
    "spectrum",
    "transport_distance",
    "wasserstein_distance",
]

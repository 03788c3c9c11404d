"""What stands for a picture where distances are measured: its pixels, or a network's features."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_tutorial.checks import real, whole
from gan_tutorial.metrics.samples import _images


def pixels(x: Tensor) -> Tensor:
    """Return images as vectors of their pixels, (..., n, C, H, W) -> (..., n, C · H · W).

    Raises
    ------
    ValueError
        If x has another shape, is empty, or holds values that are not finite.
    """
    return _images("x", x).flatten(-3)


@dataclass(frozen=True)
class FeatureSpace:
    """A space with a name in which metrics measure pictures.

    space(x) = features(x) / scale

    A distance is one of this space, and says little beside one of another. So give both names::

        space = metrics.FeatureSpace("judge", classifier.features).unit(x_real)
        metrics.frechet_distance(space(x_real), space(x_fake))
        metrics.noise_floor(lambda x, y: metrics.frechet_distance(space(x), space(y)), target, n)

    Parameters
    ----------
    name
        What figures and tables call it.
    features
        A function of images (m, C, H, W) that returns (m, d), such as `pixels`. It must judge each
        picture by itself: a network with BatchNorm or dropout has to be in evaluation mode.
    scale
        Positive and finite; every feature is divided by it. See `unit`.
    batch
        How many images `features` gets at a time.

    Shapes
    ------
    x (..., n, C, H, W) -> space(x) (..., n, d), without gradients

    Raises
    ------
    ValueError
        If `scale` or `batch` is not positive, x holds no finite images, or `features` returns
        another shape.

    Source
    ------
    Heusel et al. 2017 (arXiv 1706.08500), who measure in the features of the Inception network.
    """

    name: str
    features: Callable[[Tensor], Tensor]
    scale: float = 1.0
    batch: int = 500

    def __post_init__(self) -> None:
        whole("batch", self.batch)
        if not 0 < real("scale", self.scale) < float("inf"):
            raise ValueError(f"scale must be positive and finite, got {self.scale}")

    @torch.no_grad()
    def __call__(self, x: Tensor) -> Tensor:
        """Return what stands for the images: (..., n, C, H, W) -> (..., n, d)."""
        images = _images("x", x).flatten(0, -4)  # (members · n, C, H, W)
        found = torch.cat([self.features(batch) for batch in images.split(self.batch)])
        if found.dim() != 2 or len(found) != len(images):
            raise ValueError(
                f"features of {self.name!r} must have shape ({len(images)}, d), "
                f"got {tuple(found.shape)}"
            )
        return found.unflatten(0, x.shape[:-3]) / self.scale

    def unit(self, x: Tensor) -> "FeatureSpace":
        """Return this space in units of the spread of x, shape (..., n, C, H, W).

        E‖f(x) - E f(x)‖² = 1, f the features of the new space

        There x is at a Fréchet distance of 1 from its own mean, repeated, whatever the space.

        Raises
        ------
        ValueError
            If all images of x have the same features.
        """
        found = self(x).double().flatten(0, -2)  # (members · n, d)
        spread = (found - found.mean(0)).square().sum(-1).mean().sqrt().item()
        if spread == 0:
            raise ValueError(
                f"in {self.name!r} all {len(found)} images of x have the same features"
            )
        return dataclasses.replace(self, scale=self.scale * spread)

"""Networks that are told a label: it goes to G beside the noise, and to D in one of four ways."""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from gan_tutorial.checks import whole
from gan_tutorial.networks.base import _Network


class Labelled(_Network):
    """A generator that is told which class to draw.

    G(z, y) = G([z, e_y]), e_y a learned vector for each class y

    Parameters
    ----------
    G
        A generator of `noise_dim` numbers, of which `dim` will be the label's.
    classes
        Number of labels, 0 to classes - 1.
    dim
        Numbers in e_y, fewer than `G.noise_dim`. This generator's `noise_dim` is what is left.

    Shapes
    ------
    z (..., m, noise_dim), labels (..., m) -> x_fake (..., m, *data_shape)

    Raises
    ------
    ValueError
        If a size is not a positive integer, G leaves no room for noise, or a label is no class.

    Source
    ------
    Mirza & Osindero 2014 (arXiv 1411.1784), section 3.2.
    """

    def __init__(self, G: Any, classes: int, dim: int = 8) -> None:
        super().__init__(None)
        self.classes, dim = whole("classes", classes), whole("dim", dim)
        if G.noise_dim <= dim:
            raise ValueError(
                f"G takes {G.noise_dim} numbers, and {dim} of them are the label's: "
                "none is left for noise"
            )
        self.G, self.embed, self.noise_dim = G, nn.Embedding(self.classes, dim), G.noise_dim - dim

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        """Return G(z, labels)."""
        e = self.embed(_labels(labels, self.classes))
        return self.G(torch.cat([z.expand(*e.shape[:-1], -1), e], dim=-1))


class _Told(_Network):
    """A discriminator around D that is told the label of what it judges."""

    def __init__(self, D: Any, classes: int, *needs: str) -> None:
        super().__init__(None)
        for name in needs:
            if not hasattr(D, name):
                raise ValueError(
                    f"{type(self).__name__} needs D.{name}, which {type(D).__name__} lacks"
                )
        self.D, self.classes = D, whole("classes", classes)
        self.data_dims = getattr(D, "data_dims", 1)

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        """Return D(x, labels) in (0, 1), shape (..., m, 1)."""
        return torch.sigmoid(self.logits(x, labels))

    def logits(self, x: Tensor, labels: Tensor) -> Tensor:
        """Return the numbers before the sigmoid, shape (..., m, 1)."""
        raise NotImplementedError

    def _codes(self, labels: Tensor, like: Tensor) -> Tensor:
        return one_hot(_labels(labels, self.classes), self.classes).to(like)  # (..., m, classes)


class ConcatDiscriminator(_Told):
    """A discriminator that finds the label beside the sample.

    logits(x, y) = D.logits([x, 1_y]): for images, a plane of ones among planes of zeros

    With `late`, the label meets D's features in the last linear layer. There it is ignored: what it
    adds does not depend on x, so that no label tells D what to look for.

    late: logits(x, y) = W [features(x), 1_y] + b = D.logits(x) + u_y

    Parameters
    ----------
    D
        A discriminator of samples with `classes` more channels, or coordinates; with `late`, of
        the samples themselves.
    classes
        Number of labels, 0 to classes - 1.
    late
        Whether the label comes with D's features only.

    Shapes
    ------
    x (..., m, *data_shape), labels (..., m) -> D(x, labels) (..., m, 1), in (0, 1)

    Raises
    ------
    ValueError
        If `classes` is not a positive integer, D leaves no room for a sample, or a label is no
        class.

    Source
    ------
    Mirza & Osindero 2014 (arXiv 1411.1784), section 3.2.
    """

    def __init__(self, D: Any, classes: int, *, late: bool = False) -> None:
        super().__init__(D, classes)
        self.shift = nn.Linear(self.classes, 1, bias=False) if late else None
        taken = D.shape[0] if self.data_dims == 3 else D.data_dim
        if not late and taken <= self.classes:
            raise ValueError(
                f"D takes {taken} {'channels' if self.data_dims == 3 else 'numbers'}, and "
                f"{self.classes} of them are the label's: none is left for the sample"
            )

    def logits(self, x: Tensor, labels: Tensor) -> Tensor:
        """Return the numbers before the sigmoid, shape (..., m, 1)."""
        codes = self._codes(labels, x)
        if self.shift is not None:
            return self.D.logits(x) + self.shift(codes)
        if self.data_dims == 3:  # (..., m, classes) -> (..., m, classes, H, W)
            codes = codes[..., None, None].expand(*codes.shape, *x.shape[-2:])
        return self.D.logits(torch.cat([x, codes], dim=-self.data_dims))


class ProjectionDiscriminator(_Told):
    """A discriminator that compares a sample's features with a direction for each label.

    logits(x, y) = D.logits(x) + ⟨v_y, features(x)⟩

    Parameters
    ----------
    D
        A discriminator with `features` and a linear `head`, as all of this module have.
    classes
        Number of labels, 0 to classes - 1.

    Shapes
    ------
    x (..., m, *data_shape), labels (..., m) -> D(x, labels) (..., m, 1), in (0, 1)

    Raises
    ------
    ValueError
        If `classes` is not a positive integer, D has no features, or a label is no class.

    Source
    ------
    Miyato & Koyama 2018 (arXiv 1802.05637), section 3.
    """

    def __init__(self, D: Any, classes: int) -> None:
        super().__init__(D, classes, "features", "head")
        self.embed = nn.Embedding(self.classes, D.head.in_features)
        self._draw_embedding()

    def logits(self, x: Tensor, labels: Tensor) -> Tensor:
        """Return the numbers before the sigmoid, shape (..., m, 1)."""
        features = self.D.features(x)
        v = self.embed(_labels(labels, self.classes))  # (..., m, f)
        return self.D.head(features) + (v * features).sum(dim=-1, keepdim=True)

    def reset_parameters(self) -> None:
        """Draw all weights again."""
        super().reset_parameters()
        self._draw_embedding()

    def _draw_embedding(self) -> None:
        nn.init.kaiming_uniform_(self.embed.weight, a=math.sqrt(5))  # as a linear layer's weights


class AuxiliaryDiscriminator(_Told):
    """A discriminator that does not see the label, and guesses it.

    logits(x) = D.logits(x), class_logits(x) = V features(x) + c

    Its logits ignore labels that they are given. Without a term for the guesses in both losses,
    nothing makes G obey: see `losses.auxiliary`.

    Parameters
    ----------
    D
        A discriminator with `features` and a linear `head`, as all of this module have.
    classes
        Number of labels, 0 to classes - 1.

    Shapes
    ------
    x (..., m, *data_shape) -> D(x) (..., m, 1), in (0, 1); class logits (..., m, classes)

    Raises
    ------
    ValueError
        If `classes` is not a positive integer, or D has no features.

    Source
    ------
    Odena et al. 2017 (arXiv 1610.09585), section 3.
    """

    def __init__(self, D: Any, classes: int) -> None:
        super().__init__(D, classes, "features", "head")
        self.guess = nn.Linear(D.head.in_features, self.classes)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return D(x) in (0, 1), shape (..., m, 1)."""
        return torch.sigmoid(self.logits(x))

    def logits(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the numbers before the sigmoid, shape (..., m, 1)."""
        return self.D.logits(x)

    def class_logits(self, x: Tensor) -> Tensor:
        """Return log p(label | x) up to a constant, shape (..., m, classes)."""
        return self.guess(self.D.features(x))


def _labels(labels: Tensor, classes: int) -> Tensor:
    """Refuse what is no class."""
    if labels.is_floating_point():
        raise ValueError(f"labels must be whole numbers, got {labels.dtype}")
    if labels.numel() and not 0 <= labels.min() <= labels.max() < classes:
        wrong = labels[(labels < 0) | (labels >= classes)][0].item()
        raise ValueError(f"labels must be between 0 and {classes - 1}, got {wrong}")
    return labels

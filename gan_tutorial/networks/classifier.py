"""A small classifier, whose features are the eyes of a judge of images."""

from torch import Tensor, nn

from gan_tutorial.checks import whole
from gan_tutorial.networks.base import Init, _Network
from gan_tutorial.networks.images import Shape, _images, _shape


class Classifier(_Network):
    """Three convolutions, of which two halve the side, and a linear layer.

    (C, H, W) ↦ (width, H, W) ↦ (2 · width, H / 2, W / 2) ↦ (2 · width, H / 4, W / 4) ↦ features
    ↦ a logit for each class

    Parameters
    ----------
    shape
        An image's (C, H, W).
    classes, width, features
        Sizes, each at least 1.
    init
        Applied to each layer with weights after PyTorch's initialisation; see `he_normal`.

    Shapes
    ------
    x (..., m, C, H, W) -> class logits (..., m, classes); features (..., m, features)

    Raises
    ------
    ValueError
        If a size is not a positive integer, or x holds no such images.
    """

    def __init__(
        self,
        shape: Shape,
        classes: int = 10,
        width: int = 16,
        features: int = 64,
        *,
        init: Init | None = None,
    ) -> None:
        super().__init__(init)
        self.shape, self.classes = _shape(shape), whole("classes", classes)
        width, features = whole("width", width), whole("features", features)
        C, H, W = self.shape
        pixels = -(-H // 4) * -(-W // 4)  # an odd side is halved upwards
        self.body = nn.Sequential(
            nn.Conv2d(C, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, 2 * width, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(2 * width, 2 * width, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(2 * width * pixels, features),
            nn.ReLU(),
        )
        self.head = nn.Linear(features, self.classes)
        self._apply_init()

    def forward(self, x: Tensor) -> Tensor:
        """Return a logit for each class, (..., m, classes)."""
        return self.class_logits(x)

    def class_logits(self, x: Tensor) -> Tensor:
        """Return log p(class | x) up to a constant, shape (..., m, classes)."""
        return self.head(self.features(x))

    def features(self, x: Tensor) -> Tensor:
        """Return what the last linear layer sees, shape (..., m, features)."""
        return self.body(_images(x, self.shape))

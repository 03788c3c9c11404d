"""The networks of the tutorial that this book starts from."""

from torch import nn

from gan_tutorial.checks import whole as _size
from gan_tutorial.networks.base import Init, _Discriminates, _Generates


class Generator(_Generates):
    """The generator of the seed tutorial: noise z in, one number G(z) in [-1, 1] out.

    G(z) = tanh(W₃ relu(W₂ relu(W₁ z + b₁) + b₂) + b₃)

    Parameters
    ----------
    noise_dim
        Number of noise variables, at least 1.
    init
        Applied to each linear layer after PyTorch's initialisation; see `he_normal`.

    Shapes
    ------
    z (..., m, noise_dim) -> x_fake (..., m, 1)

    Raises
    ------
    ValueError
        If `noise_dim` is not a positive integer, or z has another last dimension.

    Source
    ------
    Guo Zhen, "Generative adversarial networks, advanced 1" (2024).
    """

    def __init__(self, noise_dim: int, *, init: Init | None = None) -> None:
        super().__init__(init)
        self.noise_dim = _size("noise_dim", noise_dim)
        self.data_dim = 1
        self._finish(
            nn.Linear(noise_dim, 128),
            nn.ReLU(),
            nn.Linear(128, 256),
            nn.ReLU(),
            nn.Linear(256, 1),
            nn.Tanh(),
        )


class Discriminator(_Discriminates):
    """The discriminator of the seed tutorial: a number x in, the probability D(x) out.

    D(x) = sigmoid(W₃ lrelu(W₂ lrelu(W₁ x + b₁) + b₂) + b₃), lrelu(a) = max(a, 0.2 a)

    Parameters
    ----------
    init
        Applied to every linear layer after PyTorch's own initialisation.

    Shapes
    ------
    x (..., m, 1) -> D(x) (..., m, 1), in (0, 1)

    Raises
    ------
    ValueError
        If the last dimension of x is not 1.

    Source
    ------
    Guo Zhen, "Generative adversarial networks, advanced 1" (2024).
    """

    def __init__(self, *, init: Init | None = None) -> None:
        super().__init__(init)
        self.data_dim = 1
        self._finish(
            nn.Linear(1, 256),
            nn.LeakyReLU(0.2),
            nn.Linear(256, 128),
            nn.LeakyReLU(0.2),
            nn.Linear(128, 1),
            nn.Sigmoid(),
        )

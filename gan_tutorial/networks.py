"""The networks of the book: the generator and the discriminator, as small as they can be.

`Generator` and `Discriminator` have the layers, sizes and names of the tutorial this book starts
from; `MLPGenerator` and `MLPDiscriminator` let you choose width, depth and activation.

Every discriminator has two outputs. `D(x)` is a probability, as in the mathematics. `D.logits(x)`
is the number before the sigmoid; losses and training use it, because it never overflows.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

Init = Callable[[nn.Linear], None]


class _Network(nn.Module):
    """A network whose weights can be drawn afresh, by PyTorch's rule and then by `init`."""

    def __init__(self, init: Init | None) -> None:
        super().__init__()
        self.init = init

    def _finish(self, *layers: nn.Module) -> None:
        self.model = nn.Sequential(*layers)
        self._apply_init()

    def _apply_init(self) -> None:
        if self.init is not None:
            for linear in self.linears():
                self.init(linear)

    def linears(self) -> list[nn.Linear]:
        """Return the linear layers, first to last."""
        return [layer for layer in self.model if isinstance(layer, nn.Linear)]

    def reset_parameters(self) -> None:
        """Draw all weights again from the global random stream, in the order of construction."""
        for linear in self.linears():
            linear.reset_parameters()
        self._apply_init()


class _Generates(_Network):
    """A map from noise to samples, x_fake = G(z)."""

    noise_dim: int
    data_dim: int

    def forward(self, z: Tensor) -> Tensor:
        """Return G(z): z of shape (..., m, noise_dim) becomes samples (..., m, data_dim)."""
        return self.model(_features(z, self.noise_dim, "z", "noise_dim"))


class _Discriminates(_Network):
    """A map from a sample to the probability that it is real, D(x) = sigmoid(logits(x))."""

    data_dim: int

    def forward(self, x: Tensor) -> Tensor:
        """Return D(x) in (0, 1): x of shape (..., m, data_dim) becomes (..., m, 1)."""
        return torch.sigmoid(self.logits(x))

    def logits(self, x: Tensor) -> Tensor:
        """Return log D(x) - log(1 - D(x)), the number before the sigmoid, shape (..., m, 1)."""
        x = _features(x, self.data_dim, "x", "data_dim")
        for layer in list(self.model)[:-1]:
            x = layer(x)
        return x


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


class MLPGenerator(_Generates):
    """A generator with `depth` hidden layers of `width` units each.

    G(z) = output(W h_depth + b), h_k = activation(W_k h_{k-1} + b_k), h_0 = z

    Parameters
    ----------
    noise_dim, data_dim, width, depth
        Sizes, each at least 1.
    activation
        Makes the layer after each hidden linear layer, such as `nn.ReLU`.
    output
        Makes the last layer: `nn.Tanh` keeps samples in [-1, 1]; `nn.Identity` leaves them free.
    init
        Applied to each linear layer after PyTorch's initialisation; see `he_normal`.

    Shapes
    ------
    z (..., m, noise_dim) -> x_fake (..., m, data_dim)

    Raises
    ------
    ValueError
        If a size is not a positive integer, or z has another last dimension.
    """

    def __init__(
        self,
        noise_dim: int,
        data_dim: int = 1,
        width: int = 64,
        depth: int = 2,
        *,
        activation: Callable[[], nn.Module] = nn.ReLU,
        output: Callable[[], nn.Module] = nn.Identity,
        init: Init | None = None,
    ) -> None:
        super().__init__(init)
        self.noise_dim = _size("noise_dim", noise_dim)
        self.data_dim = _size("data_dim", data_dim)
        self._finish(*_mlp(noise_dim, data_dim, width, depth, activation), output())


class MLPDiscriminator(_Discriminates):
    """A discriminator with `depth` hidden layers of `width` units each.

    D(x) = sigmoid(W h_depth + b), h_k = activation(W_k h_{k-1} + b_k), h_0 = x

    Parameters
    ----------
    data_dim, width, depth
        Sizes, each at least 1.
    activation
        Makes the layer after each hidden linear layer; by default `leaky_relu`, slope 0.2.
    init
        Applied to every linear layer after PyTorch's own initialisation.

    Shapes
    ------
    x (..., m, data_dim) -> D(x) (..., m, 1), in (0, 1)

    Raises
    ------
    ValueError
        If a size is not a positive integer, or x has another last dimension.
    """

    def __init__(
        self,
        data_dim: int = 1,
        width: int = 64,
        depth: int = 2,
        *,
        activation: Callable[[], nn.Module] | None = None,
        init: Init | None = None,
    ) -> None:
        super().__init__(init)
        self.data_dim = _size("data_dim", data_dim)
        self._finish(*_mlp(data_dim, 1, width, depth, activation or leaky_relu), nn.Sigmoid())


def leaky_relu() -> nn.Module:
    """Return the seed's activation, lrelu(a) = max(a, 0.2 a)."""
    return nn.LeakyReLU(0.2)


def he_normal(linear: nn.Linear) -> None:
    """Draw a layer's weights from N(0, 2 / fan_in) and set its biases to zero.

    Keeps the size of the signal from one ReLU layer to the next; PyTorch's default shrinks it.

    Source
    ------
    He et al. 2015 (arXiv 1502.01852), equation 10.
    """
    nn.init.kaiming_normal_(linear.weight)
    nn.init.zeros_(linear.bias)


def _mlp(
    inputs: int, outputs: int, width: int, depth: int, activation: Callable[[], nn.Module]
) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for _ in range(_size("depth", depth)):
        layers += [nn.Linear(inputs, _size("width", width)), activation()]
        inputs = width
    return [*layers, nn.Linear(inputs, outputs)]


def _size(name: str, value: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} must be an integer of at least 1, got {value!r}")
    return value


def _features(x: Tensor, size: int, name: str, size_name: str) -> Tensor:
    if x.shape[-1:] != (size,):
        raise ValueError(
            f"{name} must have shape (..., {size_name}) with {size_name} = {size}, "
            f"got {tuple(x.shape)}"
        )
    if not x.is_floating_point():
        raise ValueError(f"{name} must hold floating-point numbers, got {x.dtype}")
    return x

"""Networks whose width, depth, activation and normalisation can be chosen."""

from collections.abc import Callable

from torch import nn

from gan_tutorial.checks import whole
from gan_tutorial.networks.base import Init, _Discriminates, _Generates
from gan_tutorial.networks.groups import MinibatchStd


class MLPGenerator(_Generates):
    """A generator with `depth` hidden layers of `width` units each.

    G(z) = output(W h_depth + b), h_k = activation(W_k h_{k-1} + b_k), h_0 = z

    Parameters
    ----------
    noise_dim, data_dim, width, depth
        Sizes, each at least 1.
    activation
        Makes the layer after each hidden linear layer, such as `nn.ReLU`.
    norm
        Makes the layer between the two from the width, such as `nn.BatchNorm1d`, or None.
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
        norm: Callable[[int], nn.Module] | None = None,
        output: Callable[[], nn.Module] = nn.Identity,
        init: Init | None = None,
    ) -> None:
        super().__init__(init)
        self.noise_dim = whole("noise_dim", noise_dim)
        self.data_dim, width = whole("data_dim", data_dim), whole("width", width)
        hidden = _hidden(self.noise_dim, width, depth, norm, activation)
        self._finish(*hidden, nn.Linear(width, self.data_dim), output())


class MLPDiscriminator(_Discriminates):
    """A discriminator with `depth` hidden layers of `width` units each.

    D(x) = sigmoid(W h_depth + b), h_k = activation(W_k h_{k-1} + b_k), h_0 = x

    Parameters
    ----------
    data_dim, width, depth
        Sizes, each at least 1.
    activation
        Makes the layer after each hidden linear layer; by default `leaky_relu`, slope 0.2.
    norm
        Makes the layer between the two from the width, or None. Beware of `nn.BatchNorm1d` here:
        D then judges a sample by its batch, of real and fake in D's step, of fakes in G's.
    group
        If given, `MinibatchStd(group)` stands before the last linear layer.
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
        norm: Callable[[int], nn.Module] | None = None,
        group: int | None = None,
        init: Init | None = None,
    ) -> None:
        super().__init__(init)
        self.data_dim, width = whole("data_dim", data_dim), whole("width", width)
        layers = _hidden(self.data_dim, width, depth, norm, activation or leaky_relu)
        if group is not None:
            layers += [MinibatchStd(group)]
        self._finish(*layers, nn.Linear(width + (group is not None), 1), nn.Sigmoid())


def leaky_relu() -> nn.Module:
    """Return the seed's activation, lrelu(a) = max(a, 0.2 a)."""
    return nn.LeakyReLU(0.2)


def _hidden(
    inputs: int,
    width: int,
    depth: int,
    norm: Callable[[int], nn.Module] | None,
    activation: Callable[[], nn.Module],
) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for _ in range(whole("depth", depth)):
        layers += [nn.Linear(inputs, width)]
        if norm is not None:
            layers += [norm(width)]
        layers += [activation()]
        inputs = width
    return layers

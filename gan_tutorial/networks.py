"""The networks of the book: the generator and the discriminator, as small as they can be.

`Generator` and `Discriminator` have the layers, sizes and names of the tutorial this book starts
from; `MLPGenerator` and `MLPDiscriminator` let you choose width, depth, activation and
normalisation. `spectral` bounds the slope of a network; `Packed` and `MinibatchStd` let D look at
several samples at once.

Every discriminator has two outputs. `D(x)` is a probability, as in the mathematics. `D.logits(x)`
is the number before the sigmoid; losses and training use it, because it never overflows.
"""

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize

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
        layers: list[Any] = list(self.model)
        for layer in layers:
            if parametrize.is_parametrized(layer):
                raise ValueError("weights under spectral norm cannot be drawn again: start anew")
            if hasattr(layer, "reset_parameters"):
                layer.reset_parameters()
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
        self.noise_dim = _size("noise_dim", noise_dim)
        self.data_dim = _size("data_dim", data_dim)
        hidden = _hidden(noise_dim, width, depth, norm, activation)
        self._finish(*hidden, nn.Linear(width, data_dim), output())


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
        self.data_dim = _size("data_dim", data_dim)
        layers = _hidden(data_dim, width, depth, norm, activation or leaky_relu)
        if group is not None:
            layers += [MinibatchStd(group)]
        self._finish(*layers, nn.Linear(width + (group is not None), 1), nn.Sigmoid())


class MinibatchStd(nn.Module):
    """Let D see how much its samples differ: a layer that adds one feature to each sample.

    x ↦ (x, s), s = mean over features of √(variance over the sample's group + 10⁻⁸)

    A group is `group` samples in a row. As the batch size is a multiple of it, no group holds
    both real and fake samples.

    Shapes
    ------
    x (..., m, features) -> (..., m, features + 1), m a multiple of `group`

    Raises
    ------
    ValueError
        If `group` is not a positive integer, or m is no multiple of it.

    Source
    ------
    Karras et al. 2018 (arXiv 1710.10196), section 3; the idea: Salimans et al. 2016
    (arXiv 1606.03498), section 3.2.
    """

    per_member = True  # leading indices are kept apart: an ensemble may use it as it is

    def __init__(self, group: int) -> None:
        super().__init__()
        self.group = _size("group", group)

    def forward(self, x: Tensor) -> Tensor:
        """Return x with the spread of its group as a further feature."""
        groups = _in_groups(x, self.group)  # (..., m / group, group, features)
        variance = groups.var(dim=-2, correction=0, keepdim=True)
        spread = (variance + 1e-8).sqrt().mean(dim=-1, keepdim=True)  # (..., m / group, 1, 1)
        return torch.cat([x, spread.repeat_interleave(self.group, dim=-2).flatten(-3, -2)], dim=-1)


class Packed(nn.Module):
    """A discriminator that judges several samples at once: all are real, or all are fake.

    Packed(D, size).logits(x)[j] = D.logits(x[size · j], …, x[size · j + size - 1])

    There is one answer for each pack of samples in a row. A generator that lacks modes gives
    itself away: its packs are too alike. A penalty takes each sample's slope by itself.

    Parameters
    ----------
    D
        A discriminator of size · data_dim numbers.
    size
        Samples in a pack, at least 1.

    Shapes
    ------
    x (..., m, data_dim) -> D(x) (..., m / size, 1), m a multiple of `size`

    Raises
    ------
    ValueError
        If `size` is not a positive integer or does not divide `D.data_dim`, or m is no multiple.

    Source
    ------
    Lin et al. 2018 (arXiv 1712.04086), section 3.
    """

    def __init__(self, D: Any, size: int) -> None:
        super().__init__()
        if D.data_dim % _size("size", size):
            raise ValueError(f"D takes {D.data_dim} numbers, which are not packs of {size} samples")
        self.D, self.data_dim, self.samples_per_logit = D, D.data_dim // size, size

    def forward(self, x: Tensor) -> Tensor:
        """Return the probability that a pack is real, shape (..., m / size, 1)."""
        return torch.sigmoid(self.logits(x))

    def logits(self, x: Tensor) -> Tensor:
        """Return the numbers before the sigmoid, shape (..., m / size, 1)."""
        x = _features(x, self.data_dim, "x", "data_dim")
        return self.D.logits(_in_groups(x, self.samples_per_logit).flatten(-2))

    def reset_parameters(self) -> None:
        """Draw all weights of D again."""
        self.D.reset_parameters()


def spectral(network: nn.Module) -> nn.Module:
    """Return a copy of a network in which every linear layer has spectral norm 1.

    W ↦ W / s(W), s the largest singular value, found by PyTorch's `spectral_norm`

    With activations whose slope is at most 1, no slope of the network's logits is above 1.

    Source
    ------
    Miyato et al. 2018 (arXiv 1802.05957), section 2.1.
    """
    network = copy.deepcopy(network)
    with torch.random.fork_rng(devices=[]):  # the power iteration starts at random
        for layer in list(network.modules()):
            if isinstance(layer, nn.Linear):
                parametrizations.spectral_norm(layer)
    return network


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


def _hidden(
    inputs: int,
    width: int,
    depth: int,
    norm: Callable[[int], nn.Module] | None,
    activation: Callable[[], nn.Module],
) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for _ in range(_size("depth", depth)):
        layers += [nn.Linear(inputs, _size("width", width))]
        if norm is not None:
            layers += [norm(width)]
        layers += [activation()]
        inputs = width
    return layers


def _size(name: str, value: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} must be an integer of at least 1, got {value!r}")
    return value


def _in_groups(x: Tensor, size: int) -> Tensor:
    """Cut (..., m, features) into groups of samples in a row, (..., m / size, size, features)."""
    if x.dim() < 2 or x.shape[-2] % size:
        raise ValueError(f"samples must come in groups of {size}, got shape {tuple(x.shape)}")
    return x.unflatten(-2, (-1, size))


def _features(x: Tensor, size: int, name: str, size_name: str) -> Tensor:
    if x.shape[-1:] != (size,):
        raise ValueError(
            f"{name} must have shape (..., {size_name}) with {size_name} = {size}, "
            f"got {tuple(x.shape)}"
        )
    if not x.is_floating_point():
        raise ValueError(f"{name} must hold floating-point numbers, got {x.dtype}")
    return x

"""Every row of the table against N separate layers, in float64 and up to second derivatives."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import _SpectralNorm, _WeightNorm, spectral_norm, weight_norm

from gan_tutorial.ensemble import (
    ELEMENTWISE,
    PARAMETRIZATIONS,
    TABLE,
    Streams,
    block,
    member,
    member_seed,
    replicate,
)
from gan_tutorial.ensemble.images import fold, unfold

N, M, SEED = 3, 6, 7
VECTOR, IMAGE = (6,), (6, 5, 4)

# For each row of the table: layers, and the shape of a sample; None means labels from 0 to 4.
CASES = {
    nn.Linear: [
        (lambda: nn.Linear(6, 4), VECTOR),
        (lambda: nn.Linear(6, 4, bias=False), VECTOR),
        (lambda: nn.Linear(6, 1), VECTOR),
        (lambda: nn.Linear(6, 1, bias=False), VECTOR),
    ],
    nn.Conv2d: [
        (lambda: nn.Conv2d(6, 4, 3), IMAGE),
        (lambda: nn.Conv2d(6, 1, 3, bias=False), IMAGE),
        (lambda: nn.Conv2d(6, 4, (2, 3), stride=(2, 1), padding=(0, 2), dilation=(1, 2)), IMAGE),
        (lambda: nn.Conv2d(6, 4, 3, padding="same"), IMAGE),
        (lambda: nn.Conv2d(1, 2, 1), (1, 5, 4)),
    ],
    nn.ConvTranspose2d: [
        (lambda: nn.ConvTranspose2d(6, 4, 4, 2, 1), IMAGE),
        (lambda: nn.ConvTranspose2d(6, 4, 3, bias=False, dilation=2), IMAGE),
        (lambda: nn.ConvTranspose2d(6, 1, (3, 2), (3, 2), (1, 0), (2, 1)), IMAGE),
    ],
    nn.Embedding: [(lambda: nn.Embedding(5, 3), None)],
    nn.BatchNorm1d: [
        (lambda: nn.BatchNorm1d(6), VECTOR),
        (lambda: nn.BatchNorm1d(6, eps=0.1, momentum=0.3), VECTOR),
    ],
    nn.BatchNorm2d: [
        (lambda: nn.BatchNorm2d(6), IMAGE),
        (lambda: nn.BatchNorm2d(6, eps=0.1, momentum=0.3), IMAGE),
    ],
    nn.LayerNorm: [
        (lambda: nn.LayerNorm(6), VECTOR),
        (lambda: nn.LayerNorm(IMAGE, eps=0.1), IMAGE),
        (lambda: nn.LayerNorm(IMAGE[1:]), IMAGE),
        (lambda: nn.LayerNorm(6, bias=False), VECTOR),
        (lambda: nn.LayerNorm(IMAGE, elementwise_affine=False), IMAGE),
    ],
    nn.GroupNorm: [
        (lambda: nn.GroupNorm(2, 6), VECTOR),
        (lambda: nn.GroupNorm(3, 6, eps=0.1), IMAGE),
        (lambda: nn.GroupNorm(6, 6), IMAGE),
    ],
    nn.Dropout: [
        (lambda: nn.Dropout(0.3), VECTOR),
        (lambda: nn.Dropout(0.5, inplace=True), IMAGE),
        (lambda: nn.Dropout(0.0), VECTOR),
    ],
    nn.Flatten: [
        (nn.Flatten, IMAGE),
        (nn.Flatten, VECTOR),
    ],
    nn.Unflatten: [
        (lambda: nn.Unflatten(1, (3, 2, 1)), VECTOR),
        (lambda: nn.Unflatten(-1, (1, 3, 2)), VECTOR),
    ],
    nn.Upsample: [
        (lambda: nn.Upsample(scale_factor=2), IMAGE),
        (lambda: nn.Upsample(scale_factor=2, mode="bilinear"), IMAGE),
        (lambda: nn.Upsample(size=(7, 9), mode="bilinear", align_corners=True), IMAGE),
        (lambda: nn.Upsample(scale_factor=2, mode="bicubic"), IMAGE),
        (lambda: nn.UpsamplingNearest2d(scale_factor=3), IMAGE),
    ],
    nn.AvgPool2d: [
        (lambda: nn.AvgPool2d(2), IMAGE),
        (lambda: nn.AvgPool2d(3, 2, 1, count_include_pad=False), IMAGE),
    ],
    nn.MaxPool2d: [(lambda: nn.MaxPool2d(2), IMAGE), (lambda: nn.MaxPool2d(3, 1, 1), IMAGE)],
    nn.AdaptiveAvgPool2d: [
        (lambda: nn.AdaptiveAvgPool2d(1), IMAGE),
        (lambda: nn.AdaptiveAvgPool2d((2, 3)), IMAGE),
    ],
    **{kind: [(kind, IMAGE)] for kind in ELEMENTWISE},
}

# For each of PyTorch's parametrizations of a weight.
UNDER = {
    _SpectralNorm: [
        (lambda: spectral_norm(nn.Linear(6, 4)), VECTOR),
        (lambda: spectral_norm(nn.Linear(6, 4, bias=False), n_power_iterations=3), VECTOR),
        (lambda: spectral_norm(nn.Conv2d(6, 4, 3), eps=1e-6), IMAGE),
        (lambda: spectral_norm(nn.Conv2d(6, 4, 3), dim=1), IMAGE),
        (lambda: spectral_norm(nn.ConvTranspose2d(6, 4, (2, 3))), IMAGE),
        (lambda: spectral_norm(nn.Embedding(5, 3)), None),
    ],
    _WeightNorm: [
        (lambda: weight_norm(nn.Linear(6, 4)), VECTOR),
        (lambda: weight_norm(nn.Linear(6, 4, bias=False), dim=1), VECTOR),
        (lambda: weight_norm(nn.Conv2d(6, 4, 3)), IMAGE),
        (lambda: weight_norm(nn.Conv2d(6, 4, 3), dim=1), IMAGE),
        (lambda: weight_norm(nn.ConvTranspose2d(6, 4, (2, 3))), IMAGE),
    ],
}


class Residual(nn.Module):
    """A user's block, with a forward of its own."""

    def __init__(self, shortcut: nn.Module) -> None:
        super().__init__()
        self.shortcut = shortcut
        self.body = nn.ModuleList(
            [nn.BatchNorm2d(6), nn.ReLU(inplace=True), weight_norm(nn.Conv2d(6, 6, 3, padding=1))]
        )

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for layer in self.body:
            y = layer(y)
        return y + self.shortcut(x)


class Twice(nn.Module):
    """The same layers at two places."""

    def __init__(self) -> None:
        super().__init__()
        linear, act = nn.Linear(6, 6), nn.Tanh()
        self.first = nn.Sequential(linear, act, nn.Linear(6, 6), act)
        self.last = nn.ModuleList([self.first, spectral_norm(linear), nn.BatchNorm1d(6)])
        self.norm = self.last[2]

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.last:
            x = self.norm(layer(x))
        return x


class Labelled(nn.Module):
    """A discriminator with a projection of the label, which is a function of the sample here."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(6, 4, 3), nn.SiLU(), nn.Flatten(), nn.Linear(24, 5))
        self.table, self.out = nn.Embedding(4, 5), nn.Linear(5, 1)

    def forward(self, x: Tensor) -> Tensor:
        label = (7 * x.detach().flatten(-3).sum(dim=-1)).long() % 4
        h = self.body(x)
        return self.out(h) + (h * self.table(label)).sum(dim=-1, keepdim=True)


NETWORKS = {
    "residual": (lambda: Residual(nn.Sequential()), IMAGE),
    "residual, convolved": (lambda: Residual(spectral_norm(nn.Conv2d(6, 6, 1))), IMAGE),
    "layers twice": (Twice, VECTOR),
    "labelled": (Labelled, IMAGE),
    "generator": (
        lambda: nn.Sequential(
            nn.Linear(6, 16),
            nn.Unflatten(1, (4, 2, 2)),
            nn.BatchNorm2d(4),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(4, 3, 3, padding=1),
            nn.GroupNorm(1, 3),
            nn.ELU(inplace=True),
            nn.ConvTranspose2d(3, 1, 4, 2, 1),
            nn.Tanh(),
        ),
        VECTOR,
    ),
    "discriminator": (
        lambda: nn.Sequential(
            spectral_norm(nn.Conv2d(6, 4, 3, padding=1)),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Dropout(0.2),
            nn.AvgPool2d(2),
            spectral_norm(nn.Conv2d(4, 3, 2, bias=False)),
            nn.Flatten(),
            nn.Dropout(0.5),
            spectral_norm(nn.Linear(3, 1)),
        ),
        IMAGE,
    ),
}

ALL = {
    f"{getattr(kind, '__name__', kind)} {number}": case
    for group in (CASES, UNDER, {name: [case] for name, case in NETWORKS.items()})
    for kind, cases in group.items()
    for number, case in enumerate(cases)
}

SPECTRAL = [name for name in ALL if name.startswith("_Sp")] + [
    "residual, convolved 0", "layers twice 0", "discriminator 0"
]  # fmt: skip


def weighs(name: str) -> bool:
    return next(ALL[name][0]().parameters(), None) is not None


def test_every_row_has_a_case():
    assert CASES.keys() == TABLE.keys()
    assert UNDER.keys() == PARAMETRIZATIONS.keys()


# --- N separate layers, made without `member`


def batch(shape: tuple | None, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    if shape is None:
        return torch.randint(5, (N, M), generator=generator)
    return torch.randn(N, M, *shape, generator=generator, dtype=torch.float64)


def shift(network: nn.Module) -> None:
    """Move all weights of all members apart, those that start equal, too."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in network.parameters():
            weight += 0.3 * torch.randn(weight.shape, generator=generator, dtype=weight.dtype)


def flatten(network: nn.Module) -> None:
    """Make all weights views of the rows of one tensor, as the training loop does."""
    weights = list(network.parameters())
    if weights:
        flat = torch.cat([weight.detach().flatten(1) for weight in weights], dim=1)
        parts = flat.split([weight[0].numel() for weight in weights], dim=1)
        for weight, part in zip(weights, parts, strict=True):
            weight.data = part.unflatten(1, weight.shape[1:])
            assert not weight.is_contiguous() or len(weights) == 1


def separate(make, ours: nn.Module) -> list[nn.Module]:
    """Make N separate networks with the members' weights, one after the other."""
    networks = [make().double() for _ in range(N)]
    for i, network in enumerate(networks):
        for layer in network.modules():
            if hasattr(layer, "inplace"):  # the same mathematics, but twice differentiable
                layer.inplace = False
        theirs = dict(ours.named_parameters(remove_duplicate=False))
        for name, weight in network.named_parameters(remove_duplicate=False):
            weight.data.copy_(theirs[name][i].detach().reshape(weight.shape))
        theirs = dict(ours.named_buffers(remove_duplicate=False))
        for name, vector in network.named_buffers(remove_duplicate=False):
            if name.endswith(("_u", "_v")):
                vector.copy_(theirs[name.replace("._", ".")][i, :, 0])
    return networks


def derivatives(network: nn.Module, x: Tensor) -> list[Tensor]:
    """Return the output, and first and second derivatives in the input and all weights."""
    weights = list(network.parameters())
    points = [x.requires_grad_(), *weights] if x.is_floating_point() else weights
    y = network(x)
    options = {"create_graph": True, "materialize_grads": True}
    first = torch.autograd.grad((y + 0.3).pow(3).sum(), points, **options)
    slope = first[0].square().sum()  # a gradient penalty
    second = torch.autograd.grad(slope, points, materialize_grads=True)
    return [tensor.detach() for tensor in (y, *first, *second)]


def largest(tensors: list[Tensor]) -> float:
    return max(1.0, *(tensor.abs().max().item() for tensor in tensors))


def assert_close(ours: Tensor, theirs: Tensor, scale: float = 1.0) -> None:
    torch.testing.assert_close(ours.reshape(theirs.shape), theirs, rtol=0, atol=1e-12 * scale)


@pytest.mark.parametrize(
    ("name", "strided"),
    [(name, strided) for name in ALL for strided in (False, True)[: 1 + weighs(name)]],
)
def test_n_layers_are_n_separate_layers(name, strided):
    make, shape = ALL[name]
    streams, plain = Streams(SEED, N), make().double()
    ours = replicate(plain, streams)
    shift(ours)
    if strided:
        flatten(ours)
    apart, states = separate(make, ours), [row.clone() for row in streams.state()]
    for step in range(3):
        x = batch(shape, step)
        mine = derivatives(ours, x.clone())
        for i, network in enumerate(apart):
            with torch.random.fork_rng():  # what nn.Dropout draws from
                torch.set_rng_state(states[i])
                theirs = derivatives(network, x[i].clone())
                states[i] = torch.get_rng_state()
            assert len(mine) == len(theirs) >= 3
            for a, b in zip(mine, theirs, strict=True):
                assert_close(a[i], b, largest(theirs))
    assert torch.equal(streams.state(), torch.stack(states))  # no more and no less was drawn

    x, before = batch(shape, 99), streams.state()
    ours.eval()
    y, parts = ours(x), derivatives(ours, x.clone())
    for i, network in enumerate(apart):
        theirs = derivatives(network.eval(), x[i].clone())
        for a, b in zip(parts, theirs, strict=True):
            assert_close(a[i], b, largest(theirs))
        one = member(ours, i)
        assert repr(one) == repr(network)
        assert not one.training
        assert_close(one(x[i]), y[i])
        assert one.state_dict().keys() == network.state_dict().keys()
        for key, tensor in one.state_dict().items():
            if not key.endswith("num_batches_tracked"):
                assert_close(tensor, network.state_dict()[key])
    for part in (slice(1, 3), slice(0, 1)):
        assert_close(block(ours, part)(x[part]), y[part])
    assert torch.equal(streams.state(), before)  # nothing is drawn in evaluation mode
    assert_close(ours(x[0]).expand_as(y), ours(x[:1].expand_as(x)))


@pytest.mark.parametrize("name", ALL)
def test_a_block_goes_on_as_its_members_would(name):
    make, shape = ALL[name]
    ours, x = replicate(make().double(), Streams(SEED, N)), batch(shape, 0)
    shift(ours)
    ours(x)
    part, streams = slice(1, 3), Streams(SEED, N)
    (own,) = {layer.streams for layer in ours.modules() if hasattr(layer, "streams")} or {streams}
    some, state = block(ours, part), own.state()
    y = some(x[part])
    own.restore(state)
    assert_close(y, ours(x)[part])
    for mine, theirs in zip(some.state_dict().values(), ours.state_dict().values(), strict=True):
        assert_close(mine, theirs[part])


@pytest.mark.parametrize("name", [name for name in ALL if name not in SPECTRAL])
def test_weights_are_those_of_a_network_made_under_the_members_seed(name):
    make, _ = ALL[name]
    streams, plain = Streams(SEED, N), make()
    with torch.random.fork_rng():
        ours = dict(replicate(plain, streams).named_parameters())
        for i in range(N):
            torch.manual_seed(member_seed(SEED, i))
            for key, weight in make().named_parameters():
                if key.endswith("original0"):  # a norm, in another order of summation
                    torch.testing.assert_close(ours[key][i], weight, rtol=1e-6, atol=0)
                else:
                    assert torch.equal(ours[key][i].reshape(weight.shape), weight)
            assert torch.equal(streams.state()[i], torch.get_rng_state())


def test_dropout_of_everything_leaves_zeros():
    ours, x = replicate(nn.Dropout(1.0), Streams(0, 2)), torch.ones(2, 3, 4, requires_grad=True)
    y = ours(x)
    assert (y == 0).all()
    assert (torch.autograd.grad(y.sum(), x)[0] == 0).all()


@pytest.mark.parametrize("N", [1, 3])
def test_images_stay_where_they_are_from_layer_to_layer(N):
    """In memory (m, H, W, N, C): no layer copies them, and the next convolution need not."""
    network = nn.Sequential(
        nn.Conv2d(2, 6, 3, padding=1), nn.BatchNorm2d(6), nn.LeakyReLU(0.2),
        nn.Upsample(scale_factor=2), nn.ConvTranspose2d(6, 4, 4, 2, 1), nn.AvgPool2d(2), nn.Tanh(),
        nn.MaxPool2d(2), nn.SiLU(), nn.GroupNorm(2, 4), spectral_norm(nn.Conv2d(4, 3, 3)),
    )  # fmt: skip
    x = torch.randn(N, 5, 2, 8, 8)
    for layer in replicate(network, Streams(0, N)):
        x = layer(x)
        inside = fold(x)
        assert inside.data_ptr() == x.data_ptr()
        assert torch.equal(unfold(inside, N), x)
        assert N == 1 or inside.is_contiguous(memory_format=torch.channels_last), layer
    assert x.shape == (N, 5, 3, 6, 6)

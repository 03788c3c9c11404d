"""The networks of images in a size that is quick, and what an ensemble of them must be."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gan_tutorial import networks
from gan_tutorial.ensemble import Streams, member, replicate

SHAPE = (2, 8, 8)
GENERATORS = {
    "pixels": lambda shape=SHAPE: networks.PixelGenerator(3, shape, 6),
    "DCGAN": lambda shape=SHAPE: networks.DCGANGenerator(3, shape, 2),
    "DCGAN without norm": lambda shape=SHAPE: networks.DCGANGenerator(3, shape, 2, norm=False),
    "DCGAN 5": lambda shape=SHAPE: networks.DCGANGenerator(3, shape, 2, kernel=5),
    "upsampling": lambda shape=SHAPE: networks.UpsampleGenerator(3, shape, 2),
    "upsampling, norm": lambda shape=SHAPE: networks.UpsampleGenerator(3, shape, 2, norm=True),
    "residual": lambda shape=SHAPE: networks.ResidualGenerator(3, shape, 2),
}
DISCRIMINATORS = {
    "pixels": lambda shape=SHAPE: networks.PixelDiscriminator(shape, 6),
    "DCGAN": lambda shape=SHAPE: networks.DCGANDiscriminator(shape, 2),
    "DCGAN without norm": lambda shape=SHAPE: networks.DCGANDiscriminator(shape, 2, norm=False),
    "residual": lambda shape=SHAPE: networks.ResidualDiscriminator(shape, 2),
}


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).double()


def size(network: nn.Module) -> int:
    return sum(weight.numel() for weight in network.parameters())


def seeded(make, seed: int = 0):
    """Return a network whose weights come from a seed."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return make()


def replicated(make, seed: int = 5):
    """Return three replicas as one network, and as three; all weights moved, so that none is 0."""
    ensemble = replicate(make().double(), Streams(seed, 3))
    with torch.no_grad():
        for k, weight in enumerate(ensemble.parameters()):
            weight += 0.2 * noise(*weight.shape, seed=k)
    return ensemble, [member(ensemble, i) for i in range(3)]


def check_members(ensemble, alone, x: Tensor, *labels: Tensor, name: str = "forward") -> None:
    """Compare value, slope, and the slope of the slope, in x and in all weights."""

    def derivatives(network, x: Tensor, *labels: Tensor) -> list[Tensor]:
        x = x.clone().requires_grad_()
        y = network(x, *labels) if name == "forward" else getattr(network, name)(x, *labels)
        (slope,) = torch.autograd.grad(y.square().sum(), x, create_graph=True)
        weights = list(network.parameters())
        second = torch.autograd.grad(slope.square().sum(), weights, materialize_grads=True)
        return [y.detach(), slope.detach(), *second]

    together = derivatives(ensemble, x, *labels)
    for i, network in enumerate(alone):
        for ours, theirs in zip(
            together, derivatives(network, x[i], *(label[i] for label in labels)), strict=True
        ):
            ours = ours[i].reshape(theirs.shape)
            # rounding, which BatchNorm's division by a small spread magnifies
            scale = theirs.abs().max().clamp(min=1).item()
            torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-10 * scale)

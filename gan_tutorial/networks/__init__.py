"""The networks of the book: the generator and the discriminator, as small as they can be.

`Generator` and `Discriminator` have the layers, sizes and names of the tutorial this book starts
from; `MLPGenerator` and `MLPDiscriminator` let you choose width, depth, activation and
normalisation. `spectral` bounds the slope of a network; `Packed` and `MinibatchStd` let D look at
several samples at once.

Every discriminator has two outputs. `D(x)` is a probability, as in the mathematics. `D.logits(x)`
is the number before the sigmoid; losses and training use it, because it never overflows.
"""

from gan_tutorial.networks.base import Init
from gan_tutorial.networks.groups import MinibatchStd, Packed
from gan_tutorial.networks.mlp import MLPDiscriminator, MLPGenerator, leaky_relu
from gan_tutorial.networks.seed import Discriminator, Generator
from gan_tutorial.networks.weights import he_normal, spectral

__all__ = [
    "Discriminator",
    "Generator",
    "Init",
    "MLPDiscriminator",
    "MLPGenerator",
    "MinibatchStd",
    "Packed",
    "he_normal",
    "leaky_relu",
    "spectral",
]

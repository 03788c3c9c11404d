"""The networks of the book: the generator and the discriminator, as small as they can be.

`Generator` and `Discriminator` have the layers, sizes and names of the tutorial this book starts
from; `MLPGenerator` and `MLPDiscriminator` let you choose width, depth, activation and
normalisation. `spectral` bounds the slope of a network; `Packed` and `MinibatchStd` let D look at
several samples at once.

Images have pairs of their own. To `PixelGenerator` and `PixelDiscriminator` an image is a vector;
`DCGANGenerator`, `UpsampleGenerator` and `DCGANDiscriminator` are convolutional;
`ResidualGenerator` and `ResidualDiscriminator` do without normalisation. `StyleGenerator` is told a
style at every layer. `Classifier` is the judge. `ledger` and `receptive_field` say what a network
is made of, and how far it sees.

Labels: `Labelled` gives them to any of these generators; `ConcatDiscriminator`,
`ProjectionDiscriminator` and `AuxiliaryDiscriminator` give them to any discriminator. Where what is
told is a picture, `UNet` translates it, and `PatchDiscriminator` judges the pair patch by patch.

Every discriminator has two outputs. `D(x)` is a probability, as in the mathematics. `D.logits(x)`
is the number before the sigmoid; losses and training use it, because it never overflows.
`D.features(x)` is what its last linear layer, `D.head`, sees.
"""

from gan_tutorial.networks.base import Init
from gan_tutorial.networks.classifier import Classifier
from gan_tutorial.networks.conditions import (
    AuxiliaryDiscriminator,
    ConcatDiscriminator,
    Labelled,
    ProjectionDiscriminator,
)
from gan_tutorial.networks.dcgan import DCGANDiscriminator, DCGANGenerator, UpsampleGenerator
from gan_tutorial.networks.groups import MinibatchStd, Packed
from gan_tutorial.networks.ledger import Row, ledger, receptive_field
from gan_tutorial.networks.mlp import MLPDiscriminator, MLPGenerator, leaky_relu
from gan_tutorial.networks.pixels import PixelDiscriminator, PixelGenerator
from gan_tutorial.networks.residual import Residual, ResidualDiscriminator, ResidualGenerator
from gan_tutorial.networks.seed import Discriminator, Generator
from gan_tutorial.networks.style import Mapping, ModulatedConv, StyleGenerator
from gan_tutorial.networks.translation import PatchDiscriminator, UNet
from gan_tutorial.networks.weights import dcgan_normal, he_normal, spectral

__all__ = [
    "AuxiliaryDiscriminator",
    "Classifier",
    "ConcatDiscriminator",
    "DCGANDiscriminator",
    "DCGANGenerator",
    "Discriminator",
    "Generator",
    "Init",
    "Labelled",
    "MLPDiscriminator",
    "MLPGenerator",
    "Mapping",
    "MinibatchStd",
    "ModulatedConv",
    "Packed",
    "PatchDiscriminator",
    "PixelDiscriminator",
    "PixelGenerator",
    "ProjectionDiscriminator",
    "Residual",
    "ResidualDiscriminator",
    "ResidualGenerator",
    "Row",
    "StyleGenerator",
    "UNet",
    "UpsampleGenerator",
    "dcgan_normal",
    "he_normal",
    "leaky_relu",
    "ledger",
    "receptive_field",
    "spectral",
]

"""Many runs for little more than the price of one: N replicas of a network as one batched network.

`Streams` are N independent random streams. `replicate` turns an ordinary network into N of them,
each with its own weights, drawn from its own stream, and with its own statistics. Data then has a
leading index, the member: vectors (N, m, features) instead of (m, features), images
(N, m, C, H, W) instead of (m, C, H, W). What an ensemble can hold is one table, `TABLE`.
"""

from gan_tutorial.ensemble.dropout import EnsembleDropout
from gan_tutorial.ensemble.images import (
    EnsembleConv,
    EnsembleConvTranspose,
    EnsembleFlatten,
    EnsembleImages,
    EnsembleUnflatten,
)
from gan_tutorial.ensemble.linear import EnsembleEmbedding, EnsembleLinear
from gan_tutorial.ensemble.norms import EnsembleBatchNorm, EnsembleGroupNorm, EnsembleLayerNorm
from gan_tutorial.ensemble.replication import block, member, replicate
from gan_tutorial.ensemble.streams import Streams, member_seed
from gan_tutorial.ensemble.table import ELEMENTWISE, PARAMETRIZATIONS, TABLE
from gan_tutorial.ensemble.trial import check_forward
from gan_tutorial.ensemble.weights import EnsembleSpectralNorm, EnsembleWeightNorm

__all__ = [
    "ELEMENTWISE",
    "PARAMETRIZATIONS",
    "TABLE",
    "EnsembleBatchNorm",
    "EnsembleConv",
    "EnsembleConvTranspose",
    "EnsembleDropout",
    "EnsembleEmbedding",
    "EnsembleFlatten",
    "EnsembleGroupNorm",
    "EnsembleImages",
    "EnsembleLayerNorm",
    "EnsembleLinear",
    "EnsembleSpectralNorm",
    "EnsembleUnflatten",
    "EnsembleWeightNorm",
    "Streams",
    "block",
    "check_forward",
    "member",
    "member_seed",
    "replicate",
]

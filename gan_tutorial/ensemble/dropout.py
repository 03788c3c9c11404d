"""Dropout, for which every member draws from its own stream."""

from torch import Tensor, nn

from gan_tutorial.ensemble.layer import EnsembleLayer, with_members
from gan_tutorial.ensemble.streams import Streams


class EnsembleDropout(EnsembleLayer):
    """Set each number to zero with probability p and divide the others by 1 - p.

    y[i] = x[i] · keep[i] / (1 - p), keep[i] from stream i, as `nn.Dropout` draws it

    In evaluation mode x stays as it is, and nothing is drawn.

    Shapes
    ------
    x (N, m, ...) -> the same. A batch without members is given to every member.
    """

    draws = True

    def __init__(self, layer: nn.Dropout, streams: Streams) -> None:
        super().__init__(layer)
        self.p, self.streams = layer.p, streams

    def forward(self, x: Tensor) -> Tensor:
        """Return x, thinned out in training mode."""
        if not self.training or self.p == 0:
            return x
        x = with_members(x, len(self.streams))
        keep = self.streams.bernoulli(1 - self.p, *x.shape[1:])
        return x * keep.to(x).div_(1 - self.p or 1)  # p = 1 leaves zeros

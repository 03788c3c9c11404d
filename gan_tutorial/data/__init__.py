"""The distributions that the book's generators learn, each with what is known of it.

A target knows how to draw (`sample`), and says how likely a point is (`density`). Knowing p_data
exactly is what lets the book check what it claims. Of pictures that are made from factors, the
factors are known instead; of handwritten digits, nothing but the pictures and their labels.

Pictures have shape (C, H, W) and values in [-1, 1], white on black: the background is -1.
"""

from gan_tutorial.data.augment import Augmented, augmented
from gan_tutorial.data.digits import digits
from gan_tutorial.data.empirical import Empirical, empirical, fixed
from gan_tutorial.data.factors import Factor, Factored
from gan_tutorial.data.letters import Letters, letters
from gan_tutorial.data.points import Mixture, Uniform, gaussian, grid, mixture, ring, uniform
from gan_tutorial.data.shapes import Shapes, shapes
from gan_tutorial.data.target import Target

__all__ = [
    "Augmented",
    "Empirical",
    "Factor",
    "Factored",
    "Letters",
    "Mixture",
    "Shapes",
    "Target",
    "Uniform",
    "augmented",
    "digits",
    "empirical",
    "fixed",
    "gaussian",
    "grid",
    "letters",
    "mixture",
    "ring",
    "shapes",
    "uniform",
]

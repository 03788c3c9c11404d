"""The training loop: two optimisers that share a game.

`train` trains one GAN, or N of them at once on N independent streams: the code is the same. One
step of it is `play`; its options are the fields of `Rules`. Chapter 5 writes the loop out by
hand, and checks that the weights are equal.
"""

from gan_tutorial.training.checkpoints import Checkpoint, SaveError
from gan_tutorial.training.game import Game
from gan_tutorial.training.loop import train
from gan_tutorial.training.rules import Rules
from gan_tutorial.training.run import DivergedError, History, Run
from gan_tutorial.training.schedules import (
    Ramp,
    Schedule,
    cosine,
    flat_then_cosine,
    geometric,
    linear,
)
from gan_tutorial.training.step import play

__all__ = [
    "Checkpoint",
    "DivergedError",
    "Game",
    "History",
    "Ramp",
    "Rules",
    "Run",
    "SaveError",
    "Schedule",
    "cosine",
    "flat_then_cosine",
    "geometric",
    "linear",
    "play",
    "train",
]

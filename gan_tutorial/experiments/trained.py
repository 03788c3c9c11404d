"""A trained network in a file, for weights that take too long to learn in a chapter."""

import copy
import json
import os
import time
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from gan_tutorial import training
from gan_tutorial.checks import whole
from gan_tutorial.experiments import files, weights
from gan_tutorial.experiments.grouping import Options
from gan_tutorial.fingerprint import describe, digest

SAMPLE = 20  # steps of the sample that tells whether the same code still trains
OURS = {"G", "replicas", "seed", "progress"}

Fit = Callable[..., Any]


@dataclass(frozen=True)
class Trained:
    """A network and how it is trained: its weights are kept in a file, as a study's result is.

    In a chapter, in a cell with the tag `experiment`::

        def fit(network, seed, stop=None):
            for step in range(2000 if stop is None else stop):
                ...

        judge = experiments.Trained(networks.Classifier((1, 8, 8)), fit, seed=14_000_000).stored(
            "results/14_judge.safetensors"
        )

    Parameters
    ----------
    network
        Only its shape counts: training begins at weights drawn from the seed.
    fit
        A function (network, seed, stop=None) that trains the network in place, for `stop` steps if
        that is given. Or, for a generator, the options of `train` by name, at least D, target and
        loss: then its averaged weights are kept, if there are some.
    seed
        Where all randomness starts, at least 0, PyTorch's global stream in `fit` included.
    dtype
        How the weights are stored: `torch.float32`, or `torch.float16` in half the bytes and with
        three digits. What is read has the network's own type.

    Raises
    ------
    ValueError
        If an option is one that is set here, or `dtype` is another type.
    """

    network: nn.Module
    fit: Fit | Options
    _: KW_ONLY
    seed: int = 0
    dtype: torch.dtype = torch.float32

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", whole("seed", self.seed, 0))  # frozen for all others
        if self.dtype not in weights.KINDS:
            raise ValueError(f"dtype must be torch.float16 or torch.float32, got {self.dtype}")
        if not callable(self.fit) and (twice := OURS & self.fit.keys()):
            raise ValueError(f"{', '.join(sorted(twice))} is set here: take it out of the options")

    def run(self, stop: int | None = None) -> Any:
        """Train the network, to the end or for the first steps, and return it, frozen.

        Raises
        ------
        KeyboardInterrupt
            If you press Ctrl-C.
        """
        if callable(self.fit):
            network = copy.deepcopy(self.network)
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(self.seed)
                _draw(network)
                self.fit(network.train(), self.seed, stop=stop)
            return _frozen(network)
        options = self.fit if stop is None else {**self.fit, "steps": stop}
        run = training.train(self.network, seed=self.seed, progress=stop is None, **options)
        if run.interrupted:
            raise KeyboardInterrupt(f"after {run.steps} steps")
        return _frozen(run.generator())

    def sample(self) -> dict[str, float]:
        """Return the norm of each weight after the first steps: what a test computes again.

        Twenty steps from a seed are the same on one machine, and nearly so on another. A run to
        the end need not be: training is chaotic, and rounding moves it.
        """
        kept = weights.weights_of(self.run(stop=SAMPLE), torch.float64)
        return {name: value.double().norm().item() for name, value in kept.items()}

    def stored(self, path: str | Path) -> Any:
        """Return the network with the weights that are kept in a file, frozen, to evaluate with.

        `make experiments` writes the file, as it does those of studies: it runs the chapter with
        GAN_TUTORIAL_EXPERIMENTS set to a folder, and then this method trains. With
        GAN_TUTORIAL_STUDY_BLOCK set to b, the weights of block b are returned.

        Parameters
        ----------
        path
            A file that ends with .safetensors, of 300 kB at most.

        Raises
        ------
        ValueError
            If the file is missing, damaged, too large, or of another network.
        """
        path, cache = Path(path), os.environ.get("GAN_TUTORIAL_EXPERIMENTS")
        if cache:
            self._write(path, Path(cache))
            return self.read(path)
        return self.read(path, files.block_asked() or 0)

    def read(self, path: str | Path, block: int = 0) -> Any:
        """Return the network with the weights in the file of a block, whatever else is asked for.

        Raises
        ------
        ValueError
            If the file is missing, damaged, or of another network.
        """
        path, seed = files.block_file(path, block), files.block_seed(self.seed, block)
        how = files.how_to_compute(path, block)
        kept, about = weights.read(path)
        if about.get("seed") != str(seed):
            raise ValueError(
                f"{str(path)!r} was trained with seed {about.get('seed')}, and this is {seed}: "
                f"{how} computes it anew"
            )
        network = copy.deepcopy(self.network)
        try:
            network.load_state_dict(kept)
        except RuntimeError as error:
            raise ValueError(
                f"{str(path)!r} holds another network's weights, {how} computes it anew: {error}"
            ) from error
        return _frozen(network)

    def _write(self, path: Path, folder: Path) -> None:
        """Train, unless the folder holds what this has trained, and write the file."""
        mine = folder / f"{self._key()}{weights.SUFFIX}"
        try:
            kept, about = weights.read(mine)
        except (ValueError, FileNotFoundError):
            untrained = weights.weights_of(self.network, self.dtype)
            weights.check_size(path, sum(value.nbytes for value in untrained.values()))
            files.try_folder(folder)
            begun = time.process_time()
            kept = weights.weights_of(self.run(), self.dtype)
            about = {
                "seed": str(self.seed),
                **files.cost_and_versions(time.process_time() - begun),
                "sample": json.dumps({name: f"{x:.9g}" for name, x in self.sample().items()}),
            }
            weights.write(mine, kept, about)
        provenance = os.environ.get("GAN_TUTORIAL_PROVENANCE", "")
        weights.write(path, kept, {**files.about(provenance), **about})

    def _key(self) -> str:
        """Return what the weights are known by."""
        ours = [describe(self.network), describe(self.fit), self.seed, str(self.dtype)]
        return digest([files.package(), torch.__version__, *ours])


def _draw(network: Any) -> None:
    """Draw all weights afresh, by the network's own rule if it has one, or else by its layers'."""
    if hasattr(network, "reset_parameters"):
        network.reset_parameters()
        return
    for layer in network.children():
        _draw(layer)


def _frozen(network: nn.Module) -> nn.Module:
    return network.eval().requires_grad_(False)

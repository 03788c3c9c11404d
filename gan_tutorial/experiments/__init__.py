"""Which choices matter? These variants, these seeds, paired.

A `Study` trains every variant on the same streams of random numbers. Where rates, losses or
penalties differ, seed i starts at the same weights and sees the same data and noise in every
variant, and what the seed does to both cancels in their difference. Networks of another size, or
another batch size, take other amounts from the stream: their differences are as honest, with less
to cancel.

You say what to train, what to change and what to measure::

    from gan_tutorial import data, experiments, losses, metrics, networks, plotting

    target = data.gaussian(mean=0.3, std=0.15)
    base = dict(
        G=networks.MLPGenerator(4, width=32), D=networks.MLPDiscriminator(width=32),
        target=target, loss=losses.nonsaturating, steps=1000,
    )

    def w1(run):
        return metrics.wasserstein_distance(run.sample(2000, seed=1), target.quantiles(2000))

    study = experiments.Study(
        base=base,
        variants={
            "saturating": {"loss": losses.saturating},
            "lr × 2": {"lr": 2e-3},
            "width 16": {"G": networks.MLPGenerator(4, width=16)},
        },
        measure=w1, seeds=32, seed=0,
    )
    result = study.run(cache="w1")      # finished parts stay in this folder
    rows = result.table(margin=0.01)    # what a difference must exceed for you to care
    print(rows)
    plotting.forest(rows, ax)
    result.differences("lr × 2")        # 32 numbers, one for each seed

Variants that change nothing but `lr` and `loss` are trained together, in one batched computation;
here the base, "saturating" and "lr × 2" are one call of `train` with 96 members. A variant that
changes nothing, {}, is an A/A control: it is trained and measured again, as any other.

A `Trained` keeps the weights of one network in a file, where a `Study` keeps what was measured.
"""

from gan_tutorial.experiments.grouping import Options, options_of
from gan_tutorial.experiments.results import BASE, Comparison, Lost, Result, Table
from gan_tutorial.experiments.study import Measure, Study
from gan_tutorial.experiments.trained import Fit, Trained

__all__ = [
    "BASE", "Comparison", "Fit", "Lost", "Measure", "Options", "Result", "Study", "Table",
    "Trained", "options_of",
]  # fmt: skip

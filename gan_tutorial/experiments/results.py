"""What a study found: points, differences, and a table with a verdict for each variant."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from gan_tutorial.experiments import statistics

BASE = "base"


@dataclass(frozen=True)
class Lost:
    """How many runs of a variant are lost: `count` of `of`, and the interval of their share."""

    count: int
    of: int
    interval: tuple[float, float]

    def __str__(self) -> str:
        """Return the three as words."""
        low, high = self.interval
        return f"{self.count} of {self.of} lost [{low:.1%}, {high:.1%}]"


@dataclass(frozen=True)
class Comparison:
    """One variant against the base: a row of `Result.table`.

    `lost` counts the runs of the variant that are lost, `base_lost` those of the base, `frozen`
    those that met a NaN. All else is of the n seeds that neither of the two loses: `difference` is
    the mean of the paired `differences`, shape (n,). `interval` holds its truth with 95 %
    confidence if this were the only comparison, `family_interval` if it is one of several. `p` is
    corrected to `p_holm`. `median` is that of the variant's own points that are not lost. In
    `agree[0]` of `agree[1]` blocks of seeds, this one included, the verdict is the same, and of
    the same sign if it is "matters".
    """

    variant: str
    n: int
    median: float
    difference: float
    interval: tuple[float, float]
    family_interval: tuple[float, float]
    p: float
    p_holm: float
    verdict: str
    frozen: int
    differences: Tensor = field(repr=False)
    lost: Lost
    base_lost: Lost
    agree: tuple[int, int] = (1, 1)


class Table(list[Comparison]):
    """Rows that print as a table."""

    def __repr__(self) -> str:
        """Return the rows as text, a line for each; a last one if the base has lost runs."""
        head = ("variant", "n", "median", "difference", "interval", "in the family", "p (Holm)", "")
        lines: list[tuple[str, ...]] = [head]
        for row in self:
            numbers = [f"{row.median:.4g}", f"{row.difference:+.4g}"]
            numbers += [
                f"[{low:+.4g}, {high:+.4g}]" for low, high in (row.interval, row.family_interval)
            ]
            said = row.verdict
            if row.agree[1] > 1:
                said += f", {row.agree[0]} of {row.agree[1]} blocks"
            if row.lost.count or row.base_lost.count:
                said += f", {row.lost}"
            if row.frozen:
                said += f", {row.frozen} frozen"
            lines.append((row.variant, str(row.n), *numbers, f"{row.p_holm:.2g}", said))
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        padded = [[cell.ljust(w) for cell, w in zip(line, widths, strict=True)] for line in lines]
        text = ["  ".join(cells).rstrip() for cells in padded]
        if self and self[0].base_lost.count:
            text.append(f"{BASE}: {self[0].base_lost}")
        return "\n".join(text)

    __str__ = __repr__


@dataclass(frozen=True)
class Result:
    """What a study found: for every variant one number for each seed, float64, shape (N,).

    `points` has the base too, under "base". `frozen` counts the seeds of a variant that met a NaN,
    and were measured where they stopped; `stopped` says which, true or false, shape (N,).
    `replications` are results of the same study on further blocks of fresh seeds.

    Raises
    ------
    ValueError
        If seeds are frozen, and `stopped` does not say which.
    """

    points: dict[str, Tensor]
    frozen: dict[str, int]
    seed: int = 0
    stopped: dict[str, Tensor] = field(default_factory=dict)
    replications: tuple["Result", ...] = ()

    def __post_init__(self) -> None:
        for name, count in self.frozen.items():
            if count != (int(self.stopped[name].sum()) if name in self.stopped else 0):
                raise ValueError(f"{count} seeds of {name!r} are frozen: stopped must say which")

    def differences(self, variant: str) -> Tensor:
        """Return variant minus base, seed by seed, shape (N,), lost runs included.

        Raises
        ------
        ValueError
            If there is no such variant.
        """
        if variant not in self.points:
            raise ValueError(f"variant must be one of {', '.join(self.points)}, got {variant!r}")
        return self.points[variant] - self.points[BASE]

    def lost(self, rule: Callable[[Tensor], Tensor] | None = None) -> dict[str, Tensor]:
        """Return which runs of each variant are lost, true or false, shape (N,).

        Those are the ones that met a NaN, and those whose points the rule calls lost.

        Raises
        ------
        ValueError
            If the rule does not return N times true or false.
        """
        found = {}
        for name, points in self.points.items():
            gone = self.stopped.get(name, torch.zeros(len(points), dtype=torch.bool))
            if rule is not None:
                more = torch.as_tensor(rule(points))
                if more.dtype != torch.bool or more.shape != points.shape:
                    raise ValueError(
                        f"lost must say true or false for each of {len(points)} points, it "
                        f"returned {more.dtype} of shape {tuple(more.shape)}"
                    )
                gone = gone | more
            found[name] = gone
        return found

    def table(
        self,
        *,
        margin: float | None = None,
        level: float = 0.95,
        lost: Callable[[Tensor], Tensor] | None = None,
    ) -> Table:
        """Compare every variant with the base, minding that there are K comparisons.

        family level = 1 - (1 - level) / K

        - Lost runs are counted apart. A variant's share of them has a Clopper-Pearson interval,
          which holds it with probability `level` or more, each variant taken alone. All that
          follows is of the seeds that neither the variant nor the base loses: a claim about the
          mean difference among such seeds, and none about how many are lost.
        - The intervals are for the mean difference, by bootstrap over seeds: BCa, its level
          widened as Student's t is wider than the normal, without which it would cover too little
          at 16 or 32 seeds. All K family intervals hold at once with probability `level`
          (Bonferroni). A few runs far from all others, such as those that failed, would break that
          promise: name them with `lost`.
        - p is that of the sign-flip test: how often is the mean as far from 0 when each
          difference gets a sign by chance? Exact up to 13 seeds, else from 9999 flips, so never
          below 0.0002. `p_holm` is Holm's correction for the K tests.
        - The verdict is "no difference above X" if the family interval lies within ±margin, which
          is two one-sided tests; else "matters" if it excludes 0 and p_holm ≤ 1 - level; else
          "unknown at this size". Without a margin nothing can be called equal: that a difference
          was not seen does not mean that there is none. So few seeds that no test could reject
          (5, for 95 %) give "unknown at this size", whatever they show.
        - Replications are judged in the same way, by the same margin, and each row says in how
          many blocks the verdict is the same.

        Each outcome of a study is a family of its own. Say which one you judge by before you look.

        Parameters
        ----------
        margin
            The largest difference that you would call none, in units of the outcome.
        level
            Confidence, in (0, 1).
        lost
            Which points are of lost runs, such as `lambda x: x > 0.25`, besides those that met a
            NaN: a function of N points that returns N times true or false.

        Raises
        ------
        ValueError
            If `margin` is not positive, `level` is not in (0, 1), or `lost` returns something else.

        Source
        ------
        See `statistics`: Efron 1987, Hesterberg 2015, Holm 1979, Clopper & Pearson 1934.
        """
        if margin is not None and not 0 < margin < math.inf:
            raise ValueError(f"margin must be positive and finite, or None, got {margin}")
        if not 0 < level < 1:
            raise ValueError(f"level must be in (0, 1), got {level}")
        variants = [name for name in self.points if name != BASE]
        if not variants:
            return Table()
        again = [
            result.table(margin=margin, level=level, lost=lost) for result in self.replications
        ]
        family_level = 1 - (1 - level) / len(variants)
        gone = self.lost(lost)
        counts = {
            name: Lost(int(x.sum()), len(x), statistics.share(int(x.sum()), len(x), level))
            for name, x in gone.items()
        }
        pairs = {name: self.differences(name)[~(gone[name] | gone[BASE])] for name in variants}
        p = [statistics.sign_flip(d, self.seed) for d in pairs.values()]
        p_holm = statistics.holm(p)
        rows = Table()
        for k, (name, d) in enumerate(pairs.items()):
            family = statistics.interval(d, family_level, self.seed)
            said = statistics.verdict(len(d), family, p_holm[k], margin, 1 - level)
            sign = d.mean().item() > 0
            alike = [
                said == other[k].verdict
                and (said != "matters" or sign == (other[k].difference > 0))
                for other in again
            ]
            rows.append(
                Comparison(
                    variant=name,
                    n=len(d),
                    median=statistics.median(self.points[name][~gone[name]]),
                    difference=d.mean().item(),
                    interval=statistics.interval(d, level, self.seed),
                    family_interval=family,
                    p=p[k],
                    p_holm=p_holm[k],
                    verdict=said,
                    frozen=self.frozen[name],
                    differences=d,
                    lost=counts[name],
                    base_lost=counts[BASE],
                    agree=(1 + sum(alike), 1 + len(alike)),
                )
            )
        return rows

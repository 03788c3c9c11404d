"""Which classes the fakes have, and whether they are those that were asked for."""

from typing import NamedTuple

import torch
from torch import Tensor

from gan_tutorial.metrics.samples import _check_numbers


class ClassCoverage(NamedTuple):
    """What `class_coverage` counts: shapes (..., K), (...) and (...)."""

    share: Tensor
    classes: Tensor
    variation: Tensor


def class_coverage(class_logits: Tensor, shares: Tensor | None = None) -> ClassCoverage:
    """Which classes a classifier sees among the fakes, and how far their shares are from the data.

    With q_k the share of fakes whose largest logit is that of class k, and p_k that of the data:

    - `share`: q_k
    - `classes`: number of classes with at least a tenth of their due, q_k ≥ p_k / 10, p_k > 0
    - `variation`: total variation, ½ Σ_k abs(q_k - p_k), between 0 and 1: the share of fakes that
      would have to change their class

    The bias of `variation` is upward: for n fakes that have the shares of the data its mean is
    about Σ_k √(p_k (1 - p_k) / 2π n), which is its noise floor; .038 for 1000 fakes of 10 equal
    classes. A classifier that errs on a share e of the fakes moves it by e at most.

    Parameters
    ----------
    class_logits
        Shape (..., n, K), such as `classifier.class_logits(x_fake)`.
    shares
        p_k, shape (K,): numbers or counts, divided by their sum. All alike if left out.

    Returns
    -------
    ClassCoverage
        Three tensors.

    Raises
    ------
    ValueError
        If shapes do not fit, values are not finite, or `shares` are negative or all 0.
    """
    _check_logits(class_logits)
    classes = class_logits.shape[-1]
    p = class_logits.new_ones(classes) if shares is None else shares.to(class_logits)
    if p.shape != (classes,) or not (p.isfinite() & (p >= 0)).all() or not p.sum() > 0:
        raise ValueError(
            f"shares must be {classes} numbers of at least 0, not all 0, got {p.tolist()}"
        )
    p = p / p.sum()
    labels = class_logits.argmax(-1, keepdim=True)  # (..., n, 1)
    share = (labels == torch.arange(classes, device=labels.device)).to(class_logits).mean(-2)
    return ClassCoverage(
        share=share,
        classes=((share >= p / 10) & (p > 0)).sum(-1),
        variation=(share - p).abs().sum(-1) / 2,
    )


def accuracy(class_logits: Tensor, labels: Tensor) -> Tensor:
    """Share of samples whose largest logit is that of their label.

    On real images this judges the classifier; on fakes drawn for labels, how well G *obeys*. What
    the classifier reaches on held-out images is the ceiling for an honest G; a G that draws only
    clear cases can lie above it. Labels that are ignored give Σ_k p_k q_k, 1/K if all classes are
    alike: the floor.

    Parameters
    ----------
    class_logits
        Shape (..., n, K).
    labels
        Whole numbers from 0 to K - 1, shape (..., n); leading indices broadcast, so that one
        shape (n,) serves all replicas.

    Returns
    -------
    Tensor
        Shape (...).

    Raises
    ------
    ValueError
        If shapes do not fit, logits are not finite, or a label is no class.
    """
    _check_logits(class_logits)
    n, classes = class_logits.shape[-2:]
    if labels.shape[-1:] != (n,):
        raise ValueError(f"labels must have shape (..., {n}), got {tuple(labels.shape)}")
    if labels.is_floating_point() or labels.min() < 0 or labels.max() >= classes:
        raise ValueError(
            f"labels must be whole numbers from 0 to {classes - 1}, got {labels.dtype} from "
            f"{labels.min().item()} to {labels.max().item()}"
        )
    return (class_logits.argmax(-1) == labels).to(class_logits).mean(-1)


def _check_logits(class_logits: Tensor) -> None:
    if class_logits.dim() < 2 or not class_logits.numel():
        raise ValueError(
            f"class_logits must have shape (..., n, K) with n > 0, got {tuple(class_logits.shape)}"
        )
    _check_numbers("class_logits", class_logits)

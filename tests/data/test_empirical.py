"""Your own data: rows of a table, of arrays and of loaders, drawn as they are."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor
from torch.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    SubsetRandomSampler,
    TensorDataset,
)

from gan_tutorial import data
from gan_tutorial.ensemble import Streams


def test_empirical_draws_rows_of_the_table_alike_often():
    table = torch.arange(20.0).reshape(10, 2)
    target = data.empirical(table)
    assert target.dim == 2
    x = target.sample(20_000, seed=1)
    assert x.shape == (20_000, 2)
    assert torch.equal(x[:, 1], x[:, 0] + 1)  # rows stay whole
    counts = torch.bincount((x[:, 0] / 2).long(), minlength=10)
    assert stats.chisquare(counts.numpy()).pvalue > 0.01


def test_empirical_keeps_the_type_of_the_data():
    assert data.empirical(torch.zeros(3, 1, dtype=torch.float64)).sample(2, seed=0).dtype == (
        torch.float64
    )


def test_empirical_has_no_exact_density():
    target = data.empirical(torch.zeros(3, 1))
    with pytest.raises(NotImplementedError, match="Empirical has no exact density"):
        target.density(torch.zeros(1, 1))
    with pytest.raises(NotImplementedError, match="Empirical has no exact distribution function"):
        target.cdf(torch.zeros(1, 1))
    with pytest.raises(NotImplementedError):
        data.Target().sample(3, seed=0)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_the_first_bad_value_of_a_table_is_named(bad):
    table = torch.zeros(6, 3)
    table[4, 2] = table[5, 0] = bad
    words = rf"^data must be finite, but 2 of 18 values are not; the first is {bad} at \[4, 2\]$"
    with pytest.raises(ValueError, match=words):
        data.empirical(table)
    images = torch.zeros(6, 3, 1, 2)
    images[5, 2, 0, 1] = math.nan
    with pytest.raises(ValueError, match=r"1 of 36 values are not; the first is nan at \[5, 2, 0"):
        data.empirical(images)


def test_images_keep_their_shape_and_points_theirs():
    images = torch.randn(20, 3, 4, 5)
    target = data.empirical(images)
    assert target.shape == (3, 4, 5)
    assert target.dim == 60
    x = target.sample(32, generator=Streams(7, 3))
    assert x.shape == (3, 32, 3, 4, 5)
    for i, own in enumerate(Streams(7, 3)):
        assert torch.equal(x[i], target.sample(32, generator=own))
    # the same rows as of the flat table, which is how points were drawn before there were images
    flat = data.empirical(images.flatten(1)).sample(32, generator=Streams(7, 3))
    assert torch.equal(x.flatten(2), flat)
    assert data.empirical(torch.zeros(4, 2)).shape == data.ring().shape == (2,)
    assert data.uniform().shape == (1,)


def test_the_rows_of_a_seed_are_those_of_its_uniform_numbers():
    table = torch.arange(50.0)[:, None]
    u = torch.rand(200, generator=torch.Generator().manual_seed(11))
    rows = data.empirical(table).sample(200, seed=11)[:, 0]
    assert rows.tolist() == [math.floor(float(each)) for each in u * 50]


NUMPY = np.random.default_rng(0).normal(size=(6, 1, 2, 3))


@pytest.mark.parametrize(
    "array",
    [NUMPY, NUMPY.astype(np.float32), NUMPY.astype(np.float16), NUMPY.astype(">f8"), NUMPY[::-1],
     NUMPY.swapaxes(2, 3), NUMPY.tolist()],
)  # fmt: skip
def test_an_array_is_copied_in_torchs_default_type(array):
    target = data.empirical(array)
    assert target.x.dtype == torch.float32
    assert target.x.tolist() == np.asarray(array).astype(np.float32).tolist()
    torch.set_default_dtype(torch.float64)
    try:
        assert data.empirical(array).x.tolist() == np.asarray(array).astype(np.float64).tolist()
    finally:
        torch.set_default_dtype(torch.float32)


def test_an_array_that_is_changed_or_locked_later_does_not_matter():
    array = NUMPY.copy()
    array.flags.writeable = False
    target = data.empirical(array)
    array.flags.writeable = True
    array[:] = 0
    assert target.x.tolist() == NUMPY.astype(np.float32).tolist()


# --- labels

LABELS = [5, 6, 7, 8]


@pytest.mark.parametrize(
    "labels",
    [LABELS, torch.tensor(LABELS), torch.tensor(LABELS, dtype=torch.uint8), np.array(LABELS),
     np.array(LABELS, dtype=np.uint16), np.array(LABELS, dtype=">i4")],
)  # fmt: skip
def test_labels_go_with_their_rows_and_stay_whole_numbers(labels):
    target = data.empirical(torch.tensor(LABELS).float().expand(3, 2, 4).permute(2, 1, 0), labels)
    x, y = target.sample(50, seed=3)
    assert (x.shape, y.shape, y.dtype) == ((50, 2, 3), (50,), torch.int64)
    assert torch.equal(x, y[:, None, None].expand(-1, 2, 3).float())
    assert set(y.tolist()) == set(LABELS)
    x, y = target.sample(50, generator=Streams(3, 4))
    assert (x.shape, y.shape) == ((4, 50, 2, 3), (4, 50))
    assert torch.equal(x[..., 1, 2], y.float())
    assert torch.equal(y[0], target.sample(50, seed=3)[1])


def test_labels_may_be_measured_numbers():
    y = data.empirical(torch.zeros(3, 2), np.array([0.5, 1.5, 2.5])).sample(20, seed=0)[1]
    assert y.dtype == torch.float32
    assert set(y.tolist()) == {0.5, 1.5, 2.5}


def test_labels_do_not_change_what_is_drawn():
    table = torch.randn(30, 2)
    x, _ = data.empirical(table, range(30)).sample(99, seed=5)
    assert torch.equal(x, data.empirical(table).sample(99, seed=5))


# --- data sets and loaders

X, Y = torch.randn(700, 2, 3, generator=torch.Generator().manual_seed(1)), torch.arange(700)
PAIRS, ALONE = TensorDataset(X, Y), TensorDataset(X)


class Rows(Dataset):
    """A data set that yields bare tensors, and draws a random number for each, as people do."""

    def __len__(self) -> int:
        return len(X)

    def __getitem__(self, row: int) -> Tensor:
        torch.rand(1)
        return X[row]


class Stream(IterableDataset):
    def __iter__(self):
        return iter(zip(X.numpy(), Y.tolist(), strict=True))


@pytest.mark.parametrize(
    ("source", "labelled"),
    [
        (PAIRS, True),
        (ALONE, False),
        (Rows(), False),
        (Stream(), True),
        (DataLoader(PAIRS, batch_size=64), True),
        (DataLoader(PAIRS, batch_size=64, shuffle=True, drop_last=True), True),
        (DataLoader(Rows(), batch_size=7), False),
        (DataLoader(PAIRS, batch_size=64, collate_fn=lambda rows: torch.stack([x for x, _ in rows]),
                    shuffle=True), False),
    ],
)  # fmt: skip
def test_a_data_set_is_read_once_whole_and_in_its_order(source, labelled):
    before = torch.get_rng_state()
    target = data.empirical(source)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(target.x, X)
    if labelled:
        assert torch.equal(target.labels, Y)
    else:
        assert target.labels is None


@pytest.mark.parametrize(
    "sampler",
    [SubsetRandomSampler(range(100, 140)), RandomSampler(PAIRS, num_samples=40),
     RandomSampler(PAIRS, replacement=True), range(40)],
)  # fmt: skip
def test_the_rows_that_a_loader_chooses_are_those_that_are_taken(sampler):
    target = data.empirical(DataLoader(PAIRS, batch_size=16, sampler=sampler))
    assert len(target.x) == len(sampler)
    assert torch.equal(target.x, X[target.labels])
    if isinstance(sampler, SubsetRandomSampler):
        assert sorted(target.labels.tolist()) == list(range(100, 140))
    if getattr(sampler, "replacement", False):  # 1 - 1/e of all rows, 442 give or take 8
        assert len(set(target.labels.tolist())) == pytest.approx(442, abs=32)
    else:
        assert len(set(target.labels.tolist())) == 40


def test_labels_of_ones_own_replace_those_of_a_data_set():
    assert torch.equal(data.empirical(PAIRS, Y % 2).labels, Y % 2)
    assert data.empirical(data.empirical(PAIRS).x).labels is None


def test_a_table_is_read_onto_the_cpu_whatever_the_default_device_is():
    torch.set_default_device("meta")  # a device that holds no numbers
    try:
        rows = [data.empirical(each).x for each in (NUMPY, PAIRS, DataLoader(PAIRS, shuffle=True))]
        labels = data.empirical(X, range(700)).labels
    finally:
        torch.set_default_device(None)
    assert [each.device.type for each in (*rows, labels)] == ["cpu"] * 4
    assert torch.equal(rows[2], X)


# --- a data set drawn from another target


def test_a_fixed_set_is_one_sample_of_its_target():
    train_set = data.fixed(data.ring(), 50, seed=3)
    assert torch.equal(train_set.x, data.ring().sample(50, seed=3))
    assert train_set.labels is None
    drawn = train_set.sample(400, seed=0)
    assert {tuple(x) for x in drawn.tolist()} <= {tuple(x) for x in train_set.x.tolist()}


def test_a_fixed_set_keeps_the_labels_of_its_target():
    target = data.empirical(PAIRS)
    train_set = data.fixed(target, 50, seed=3)
    x, labels = target.sample(50, seed=3)
    assert torch.equal(train_set.x, x)
    assert torch.equal(train_set.labels, labels)


# --- what is refused

REFUSED = [
    (
        lambda: data.empirical(torch.zeros(5)),
        r"shape \(n, dim\), or \(n, \*shape\), .*got \(5,\): say x\[:, None\]$",
    ),
    (lambda: data.empirical(torch.zeros(0, 2)), r"not be empty, got \(0, 2\)$"),
    (lambda: data.empirical(torch.zeros(())), r"not be empty, got \(\)$"),
    (lambda: data.empirical(np.zeros((3, 0, 2))), r"not be empty, got \(3, 0, 2\)$"),
    (
        lambda: data.empirical(torch.zeros(3, 1, dtype=torch.int64)),
        r"floating-point numbers, got torch.int64: convert them, as in x \* 1.0$",
    ),
    (
        lambda: data.empirical(np.zeros((3, 1, 2, 2), dtype=np.uint8)),
        "floating-point numbers, got torch.uint8: convert them, as in x / 127.5 - 1$",
    ),
    (lambda: data.empirical(np.array([["a"]])), "data must hold numbers, got ndarray of <U1"),
    (lambda: data.empirical({"x": 1}), "data must hold numbers, got dict of object"),
    (lambda: data.empirical(NUMPY * math.nan), r"36 of 36 .* first is nan at \[0, 0, 0, 0\]"),
    (lambda: data.empirical(X, [1, 2]), r"labels must have shape \(700,\), got \(2,\)"),
    (lambda: data.empirical(X, Y[:, None]), r"labels must have shape \(700,\), got \(700, 1\)"),
    (lambda: data.empirical(X, Y / 0), r"labels must be finite, .* first is nan at \[0\]"),
    (lambda: data.empirical(X[:1], ["cat"]), "labels must hold numbers, got list of <U3"),
    (
        lambda: data.empirical(TensorDataset(X, Y, Y)),
        r"a data set must yield x, or pairs \(x, label\), got 3 parts",
    ),
    (lambda: data.empirical(DataLoader(PAIRS, sampler=[])), "must yield x, .* got 0 parts"),
    (lambda: data.empirical(DataLoader(PAIRS, batch_size=None)), "got one with batch_size=None"),
    (lambda: data.fixed(data.ring(), 0, seed=1), "n must be an integer of at least 1, got 0"),
    (lambda: data.fixed(data.ring(), 5, seed=-1), "seed must be an integer .* got -1"),
]


@pytest.mark.parametrize(("call", "words"), REFUSED)
def test_a_table_that_makes_no_sense_is_refused_with_its_value(call, words):
    with pytest.raises(ValueError, match=words):
        call()

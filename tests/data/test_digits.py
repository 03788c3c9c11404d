"""Digits: what is stored, how sizes follow from each other, and labels against a simple judge."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import torch
from torch.nn.functional import adaptive_avg_pool2d

from gan_tutorial import data
from gan_tutorial.data import files
from gan_tutorial.ensemble import Streams

SIZES = (8, 14, 16, 28)


@pytest.mark.parametrize("size", SIZES)
def test_both_sets_are_pictures_in_range_with_labels(size):
    train_set, held_out = data.digits(size)
    lengths = (1300, 497) if size == 8 else (4000, 1000)
    assert (len(train_set.x), len(held_out.x)) == lengths
    for part in (train_set, held_out):
        assert part.shape == (1, size, size)
        assert part.x.dtype == torch.float32
        assert part.labels.dtype == torch.int64
        assert (part.x.min().item(), part.x.max().item()) == (-1, 1)
        assert len(part.labels) == len(part.x)
        # white on black: a corner holds no ink, and a tenth to a third of the picture does
        assert part.x[:, 0, 0, 0].mean().item() < -0.99
        assert 0.1 < ((part.x + 1) / 2).mean().item() < 0.35


def test_held_out_digits_have_the_classes_of_the_others():
    for size in SIZES[1:]:
        train_set, held_out = data.digits(size)
        assert train_set.labels.bincount().tolist() == [400] * 10
        assert held_out.labels.bincount().tolist() == [100] * 10
    counts = [part.labels.bincount().double() for part in data.digits(8)]
    whole = counts[0] + counts[1]
    assert whole.tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]  # as published
    assert (counts[1] - whole * 497 / 1797).abs().max().item() < 1


def test_no_digit_is_in_both_sets():
    for size in (8, 28):
        train_set, held_out = ({x.numpy().tobytes() for x in part.x} for part in data.digits(size))
        assert not train_set & held_out


@pytest.mark.parametrize(("size", "least"), [(8, 0.97), (14, 0.91), (16, 0.91), (28, 0.9)])
def test_a_label_is_that_of_the_nearest_digit_of_the_train_set(size, least):
    """Of other labels or a picture turned or mirrored, one in ten would be right."""
    train_set, held_out = data.digits(size)
    x, labels = held_out.x[:400], held_out.labels[:400]
    nearest = torch.cdist(x.flatten(1), train_set.x.flatten(1)).argmin(1)
    right = (train_set.labels[nearest] == labels).double().mean().item()
    assert least < right < 1


def means(x, labels):
    return torch.stack([x[labels == k].mean(0) for k in range(10)])


def cut_out(image):
    """Cut a digit out along its ink, and draw it on 8 × 8 pixels."""
    inked = image > 0
    rows, columns = (inked.any(axis).nonzero().flatten() for axis in (1, 0))
    window = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return adaptive_avg_pool2d(window[None], 8)[0]


def test_both_data_sets_stand_the_same_way_up():
    small, _ = data.digits(8)
    large, _ = data.digits(28)
    judge = means(torch.stack([cut_out(image) for image in small.x[:, 0]]), small.labels)
    x, labels = torch.stack([cut_out(image) for image in large.x[:500, 0]]), large.labels[:500]

    def right(x):
        nearest = torch.cdist(x.flatten(1), judge.flatten(1)).argmin(1)
        return (nearest == labels).double().mean().item()

    # they were written by other hands and scaled otherwise, so the nearest mean is often wrong
    turned = [x.flip(-1), x.flip(-2), x.mT, x.rot90(1, (1, 2)), x.rot90(2, (1, 2))]
    assert right(x) > 0.5  # .55
    assert max(map(right, turned)) < 0.35  # .29


@pytest.mark.parametrize("size", [8, 28])
def test_a_seven_has_its_bar_on_top_and_its_foot_on_the_left(size):
    part, _ = data.digits(size)
    seven = means(part.x[:, 0], part.labels)[7] + 1
    places = torch.arange(size) - (size - 1) / 2
    third = size // 3
    top, foot = seven[:third].sum(0), seven[-third:].sum(0)
    assert (foot * places).sum() / foot.sum() < (top * places).sum() / top.sum() - 0.5


def test_smaller_pictures_are_means_of_the_stored_ones():
    large = data.digits(28)[0].x[:50, 0].double().numpy()
    means = large.reshape(50, 14, 2, 14, 2).mean((2, 4))
    np.testing.assert_allclose(data.digits(14)[0].x[:50, 0].numpy(), means, atol=1e-6)
    padded = np.full((50, 32, 32), -1.0)
    padded[:, 2:30, 2:30] = large
    means = padded.reshape(50, 16, 2, 16, 2).mean((2, 4))
    np.testing.assert_allclose(data.digits(16)[0].x[:50, 0].numpy(), means, atol=1e-6)


def test_a_digit_is_drawn_with_its_label_for_each_member():
    train_set, _ = data.digits(8)
    x, labels = train_set.sample(20, generator=Streams(3, 2))
    assert (x.shape, labels.shape) == ((2, 20, 1, 8, 8), (2, 20))
    for i, own in enumerate(Streams(3, 2)):
        assert torch.equal(x[i], train_set.sample(20, generator=own)[0])


def test_a_set_that_somebody_wrote_into_is_whole_again_the_next_time():
    data.digits(8)[0].x[:] = 5
    assert data.digits(8)[0].x.max().item() == 1
    data.digits(8)[0].labels[:] = 5
    assert data.digits(8)[0].labels.max().item() == 9


@pytest.mark.parametrize("size", [0, 32, True, 8.5, "8", None, [8]])
def test_another_size_is_refused(size):
    with pytest.raises(ValueError, match="digits have size 8, 14, 16 or 28, got "):
        data.digits(size)


def test_sizes_of_numpy_are_taken():
    assert data.digits(np.int64(8))[0].shape == (1, 8, 8)


# --- the files


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """Stored pictures in a folder that may be changed, read anew."""
    monkeypatch.setattr(files, "files", lambda package: tmp_path)
    files.stored.cache_clear()
    yield tmp_path / "stored"
    files.stored.cache_clear()


def test_a_missing_file_is_a_sentence(elsewhere):
    words = r"stored pictures digits8\.npz cannot be read, install the package again: .*digits8"
    with pytest.raises(ValueError, match=words):
        data.digits(8)


def test_a_damaged_file_is_a_sentence_with_its_checksum(elsewhere):
    elsewhere.mkdir()
    (elsewhere / "digits8.npz").write_bytes(b"not pictures")
    found = hashlib.sha256(b"not pictures").hexdigest()
    with pytest.raises(ValueError, match=rf"digits8\.npz are damaged, .* SHA-256 is {found}, and "):
        data.digits(8)


def test_a_file_is_read_once():
    assert files.stored("digits8") is files.stored("digits8")

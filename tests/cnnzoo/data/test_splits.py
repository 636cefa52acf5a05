"""Splits: in proportion, disjoint, complete, and the same for everybody."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cnnzoo.data.splits import Split, apportion, hold_out, hold_out_validation, shrink, stratified

COUNTS = st.lists(st.integers(1, 60), min_size=1, max_size=12)


@given(counts=COUNTS, keep=st.integers(0, 1), share=st.floats(0, 1))
def test_apportion_is_exact_in_bounds_and_near_the_quota(counts: list[int], keep: int, share: float) -> None:
    given_counts = np.array(counts)
    total = int(share * (given_counts - keep).sum())
    taken = apportion(given_counts, total, keep=keep)
    assert taken.sum() == total
    assert (taken >= 0).all()
    assert (taken <= given_counts - keep).all()
    if total >= len(counts) and min(counts) > keep:
        assert (taken >= 1).all()
    if min(counts) > 2 * len(counts) and len(counts) <= total <= given_counts.sum() / 2:
        assert (np.abs(taken - given_counts * total / given_counts.sum()) < 2).all()


@given(counts=COUNTS, share=st.floats(0, 0.5))
def test_stratified_parts_are_disjoint_complete_and_repeatable(counts: list[int], share: float) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    labels = labels[np.random.RandomState(1).permutation(len(labels))]
    rows = np.flatnonzero(np.arange(2 * len(labels)) % 2)  # rows of a larger array
    labels = np.repeat(labels, 2)
    total = int(share * (len(rows) - len(counts)))
    chosen, others = stratified(labels, rows, total)
    assert len(chosen) == total
    assert sorted([*chosen, *others]) == list(rows)
    assert set(labels[others]) == set(range(len(counts)))
    again, _ = stratified(labels, rows, total)
    assert np.array_equal(chosen, again)


def test_the_split_is_the_one_it_always_was() -> None:
    """Golden: published numbers rest on it, so no version of NumPy and no tidying may change it."""
    labels = np.tile(np.arange(3), 10)
    chosen, _ = stratified(labels, np.arange(30), 6)
    assert chosen.tolist() == [2, 7, 8, 9, 15, 25]


def test_validation_that_comes_to_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"x: validation=0.1 of 4 training images is none; use more"):
        hold_out_validation("x", np.arange(4) % 2, np.arange(4), 0.1)


def test_validation_never_takes_the_last_image_of_a_class() -> None:
    labels = np.array([0, 0, 0, 0, 0, 1])
    training, validation = hold_out_validation("x", labels, np.arange(6), 0.5)
    assert 5 in training
    assert len(validation) == 3


@pytest.mark.parametrize("size", [2, 31])
def test_train_size_out_of_range_names_the_range(size: int) -> None:
    with pytest.raises(ValueError, match=rf"train_size must be between 3 .* and 30 .* but got {size}"):
        shrink("x", np.tile(np.arange(3), 10), np.arange(30), size)


def test_train_size_is_met_exactly_with_every_class() -> None:
    labels = np.repeat(np.arange(3), [50, 5, 1])
    rows = shrink("x", labels, np.arange(56), 7)
    assert len(rows) == 7
    assert set(labels[rows]) == {0, 1, 2}


def test_a_class_of_one_image_cannot_be_held_out_from() -> None:
    with pytest.raises(ValueError, match=r"class 'b' has one image only"):
        hold_out("x", np.array([0, 0, 0, 1]), ("a", "b"), 1 / 6)


def test_a_split_moved_to_another_device_brings_its_own_rows_only() -> None:
    images = torch.arange(6, dtype=torch.uint8).view(6, 1, 1, 1)
    split = Split(images, torch.tensor([0, 1, 0, 1, 0, 1]), torch.tensor([1, 4]))
    assert split.to(torch.device("cpu")) is split
    moved = split.to(torch.device("meta"))
    assert moved.images.shape == (2, 1, 1, 1)
    assert len(moved) == 2

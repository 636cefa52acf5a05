"""Batches: every image once, rightly normalised, changed as asked, and by the seed alone."""

import dataclasses
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from cnnzoo.data import Split
from cnnzoo.learning.augment import ERASED_AREA, Changes, change_all, change_each, evaluation_batches, training_batches
from cnnzoo.recipe import Recipe

CHANGED = Recipe(model="lenet", batch_size=8, crop=2, flip=True, erasing=0.5)
MEAN, STD = (0.5, 0.4, 0.3), (0.25, 0.2, 0.1)


def make_split(size: int, height: int = 12, width: int = 10, channels: int = 3) -> Split:
    """Every second row of an array twice as long; the label says which row it is."""
    images = torch.randint(256, (2 * size, height, width, channels), generator=seeded(9), dtype=torch.uint8)
    return Split(images, torch.arange(2 * size), torch.arange(1, 2 * size, 2))


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def streams(seed: int) -> dict[str, torch.Generator]:
    return {"order": seeded(seed), "augmentation": seeded(seed + 1)}


def epoch(split: Split, seed: int = 0, **options: Any) -> list[tuple[Tensor, Tensor]]:
    channels = split.images.shape[3]
    recipe = Recipe(model="lenet", **{"batch_size": 8, **options})
    return list(training_batches(split, recipe, MEAN[:channels], STD[:channels], streams(seed)))


def whole(batches: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    images, labels = zip(*batches, strict=True)
    return torch.cat(images), torch.cat(labels)


def pixels(images: Tensor) -> Tensor:
    """Back from what a network gets to uint8 NHWC."""
    channels = images.shape[1]
    mean, std = torch.tensor(MEAN[:channels]), torch.tensor(STD[:channels])
    return ((images.permute(0, 2, 3, 1) * std + mean) * 255).round().to(torch.uint8)


@pytest.mark.parametrize("channels", [1, 3])
def test_unchanged_images_are_normalised_channels_last_floats(channels: int) -> None:
    split = make_split(20, channels=channels)
    for images, labels in epoch(split):
        assert images.dtype == torch.float32
        assert labels.dtype == torch.int64
        assert images.is_contiguous(memory_format=torch.channels_last)
        mean, std = (torch.tensor(v[:channels]).view(-1, 1, 1) for v in (MEAN, STD))
        expected = (split.images[labels].permute(0, 3, 1, 2) / 255 - mean) / std
        torch.testing.assert_close(images, expected, rtol=0, atol=2e-6)


def test_an_epoch_has_every_image_once_in_an_order_of_its_own() -> None:
    split = make_split(30)
    drawn_from, recipe = streams(1), CHANGED.replace(batch_size=7)
    epochs = [training_batches(split, recipe, MEAN, STD, drawn_from) for _ in range(2)]
    orders = [whole(list(batches))[1].tolist() for batches in epochs]
    assert sorted(orders[0]) == sorted(orders[1]) == split.index.tolist()
    assert orders[0] != orders[1]
    assert orders[0] != split.index.tolist()


@pytest.mark.parametrize(
    ("size", "batch_size", "expected"), [(17, 8, [8, 8]), (18, 8, [8, 8, 2]), (3, 1, [1, 1, 1]), (5, 9, [5])]
)
def test_a_last_batch_of_one_image_is_left_out(size: int, batch_size: int, expected: list[int]) -> None:
    assert [len(labels) for _, labels in epoch(make_split(size), batch_size=batch_size)] == expected


def test_evaluation_has_every_image_once_in_its_order() -> None:
    split = make_split(17)
    images, labels = whole(list(evaluation_batches(split, 8, MEAN, STD)))
    assert labels.equal(split.index)
    assert pixels(images).equal(split.images[split.index])


def test_nothing_held_out_is_no_batch_at_all() -> None:
    empty = dataclasses.replace(make_split(4), index=torch.arange(0))
    assert list(evaluation_batches(empty, 8, MEAN, STD)) == []


@pytest.mark.parametrize("options", [{"erasing": 0.5}, {"batch_size": 4}, {"flip": True}, {"crop": 3}])
def test_order_does_not_depend_on_other_options(options: dict[str, Any]) -> None:
    split = make_split(32)
    assert whole(epoch(split))[1].equal(whole(epoch(split, **options))[1])


def test_crops_and_flips_do_not_depend_on_erasing_or_batch_size() -> None:
    split = make_split(64)
    plain = pixels(whole(epoch(split, crop=3, flip=True))[0])
    assert plain.equal(pixels(whole(epoch(split, crop=3, flip=True, batch_size=16))[0]))
    erased = pixels(whole(epoch(split, crop=3, flip=True, erasing=1.0))[0])
    same = (plain == erased).all(3)
    assert 0.6 < same.double().mean() < 1 - ERASED_AREA[0]
    assert same.flatten(1).any(1).all()


def test_a_crop_is_a_window_of_the_image_padded_with_black() -> None:
    split, seen = make_split(200), set()
    images, labels = whole(epoch(split, crop=2))
    for image, label in zip(pixels(images), labels, strict=True):
        padded = F.pad(split.images[label], (0, 0, 2, 2, 2, 2))
        windows = [(y, x) for y in range(5) for x in range(5) if padded[y : y + 12, x : x + 10].equal(image)]
        assert len(windows) == 1
        seen.add(windows[0])
    assert len(seen) == 25


def test_half_of_the_images_are_mirrored() -> None:
    split = make_split(200)
    images, labels = whole(epoch(split, flip=True))
    before, after = split.images[labels], pixels(images)
    mirrored = (before.flip(2) == after).flatten(1).all(1)
    assert ((before == after).flatten(1).all(1) ^ mirrored).all()
    assert 70 < int(mirrored.sum()) < 130


def test_erasing_fills_one_rectangle_with_the_mean_colour() -> None:
    split = make_split(400, height=32, width=32)
    images, labels = whole(epoch(split, erasing=0.25))
    changed = (pixels(images) != split.images[labels]).any(3)
    assert 70 < int(changed.flatten(1).any(1).sum()) < 130
    assert images.permute(0, 2, 3, 1)[changed].abs().max() < 0.02  # the mean is 0 once normalised
    areas = changed.flatten(1).double().mean(1)
    areas = areas[areas > 0]
    assert ERASED_AREA[0] * 0.8 < areas.min()
    assert areas.max() < ERASED_AREA[1] * 1.1
    for mask in changed[changed.flatten(1).any(1)]:
        rows, columns = mask.any(1).nonzero(), mask.any(0).nonzero()
        box = mask[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        assert box.double().mean() > 0.9  # a pixel of the mean colour may have been there before


def test_all_that_is_drawn_is_drawn_before_the_first_batch() -> None:
    """So the state of the streams between epochs does not depend on how far anybody went."""
    states = []
    for steps in (1, 5):
        drawn_from = streams(1)
        batches = training_batches(make_split(40), CHANGED, MEAN, STD, drawn_from)
        for _ in range(steps):
            next(batches)
        states.append((drawn_from["order"].get_state(), drawn_from["augmentation"].get_state()))
    assert states[0][0].equal(states[1][0])
    assert states[0][1].equal(states[1][1])


def test_the_data_set_itself_is_never_changed() -> None:
    split = make_split(20)
    before = split.images.clone()
    epoch(split, crop=2, flip=True, erasing=1.0)
    assert split.images.equal(before)


@settings(max_examples=40, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 9), st.integers(3, 20), st.integers(3, 20), st.sampled_from([1, 3])),
    crop=st.integers(0, 4),
    flip=st.booleans(),
    erasing=st.sampled_from([0.0, 0.5, 1.0]),
    seed=st.integers(0, 99),
)
def test_the_way_for_gpus_does_the_same(
    shape: tuple[int, ...], crop: int, flip: bool, erasing: float, seed: int
) -> None:
    images = torch.randint(256, shape, generator=seeded(seed), dtype=torch.uint8)
    recipe = Recipe(model="lenet", crop=crop, flip=flip, erasing=erasing)
    changes, colour = (
        Changes.draw(shape[0], shape[1:3], recipe, seeded(seed)),
        torch.arange(shape[3], dtype=torch.uint8),
    )
    together = change_all(images.clone(), changes, recipe, colour)
    assert change_each(images.clone(), changes, recipe, colour).equal(together)

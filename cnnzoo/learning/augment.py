"""Batches: a data set's uint8 images gathered, augmented and normalised, a whole batch at a time.

All that is random in an epoch is drawn before its first batch, and always all of it: so recipes of one seed see the same
images in the same order with the same crops and flips, whatever else they differ in (batch size, erasing, device).
"""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from cnnzoo.data import Split
from cnnzoo.device.streams import generator, in_place_of_the_global
from cnnzoo.mistake import Mistake
from cnnzoo.recipe import Recipe
from cnnzoo.storage.own import errors_told, own_function

# Random erasing as torchvision has it by default: share of the image's area, and height over width.
ERASED_AREA = (0.02, 0.33)
ERASED_RATIO = (0.3, 3.3)

BLOCK_BYTES = 3 * 2**19  # for a CPU: more than its caches hold is slower
OWN_STREAM = "own augmentation"

Moments = tuple[float, ...]  # mean or deviation of each channel
Streams = Mapping[str, torch.Generator]  # by what is drawn from them: "order", "augmentation" and those of one's own
Batch = tuple[Tensor, Tensor]  # images: float32, NCHW in channels_last memory; labels: int64


def training_batches(split: Split, recipe: Recipe, mean: Moments, std: Moments, streams: Streams) -> Iterator[Batch]:
    """One epoch: every image once, in random order; a last batch of one image is left out (BatchNorm cannot take it).

    `split` is on its device already. "order" and "augmentation" are CPU generators, drawn from before the first batch only.
    """
    normalise = normaliser(split.images.shape[1:], mean, std, split.images.device)
    for images, labels in changed_blocks(split, recipe, mean, streams, BLOCK_BYTES):
        for size, at in batches_of(len(labels), recipe.batch_size):
            batch = images[at : at + size]
            yield normalise(changed_by_own(batch, recipe, streams)), labels[at : at + size]


def check_own_augmentation(recipe: Recipe, shape: tuple[int, ...]) -> None:
    """Refuse an augmentation of the user's own that fails on such images, or gives back others."""
    black = torch.zeros(2, *shape, dtype=torch.uint8).permute(0, 2, 3, 1)
    with errors_told(f"augmentation {recipe.augmentation!r} cannot take images of {shape}"):
        changed_by_own(black, recipe, own_streams(recipe, torch.device("cpu")))


def own_streams(recipe: Recipe, device: torch.device) -> dict[str, torch.Generator]:
    """What an augmentation of the user's own draws from, on the CPU and on the device; none where the recipe names none."""
    devices = {"cpu": torch.device("cpu"), device.type: device} if recipe.augmentation else {}
    return {f"{OWN_STREAM} {kind}": generator(recipe.seed, OWN_STREAM, place) for kind, place in devices.items()}


def changed_by_own(batch: Tensor, recipe: Recipe, streams: Streams) -> Tensor:
    """The batch as the user's own function changes it: uint8 NCHW in and out, random numbers from torch alone."""
    if recipe.augmentation is None:
        return batch
    change = own_function("augmentation", recipe.augmentation)
    with ExitStack() as stack:
        for use, stream in streams.items():
            if use.startswith(OWN_STREAM):
                stack.enter_context(in_place_of_the_global(stream))
        images = batch.permute(0, 3, 1, 2)
        changed: Tensor = change(images.clone())
    if getattr(changed, "shape", None) != images.shape or changed.dtype != torch.uint8:
        got = f"{changed.dtype} of {tuple(changed.shape)}" if isinstance(changed, Tensor) else type(changed).__name__
        raise Mistake(
            f"augmentation {recipe.augmentation!r} must give back images as it gets them, uint8 of {tuple(images.shape)}, "
            f"but it gives {got}."
        )
    return changed.permute(0, 2, 3, 1).contiguous()


def changed_blocks(split: Split, recipe: Recipe, mean: Moments, streams: Streams, block_bytes: int) -> Iterator[Batch]:
    """The images of an epoch, augmented, as uint8: several batches at once, which saves most of what each call costs."""
    size, device = len(split), split.images.device
    permutation = torch.randperm(size, generator=streams["order"])
    changes = Changes.draw(size, split.images.shape[1:3], recipe, streams["augmentation"])
    changes = Changes(*(drawn.to(device) for drawn in changes))
    rows = split.index[permutation.to(device)]
    labels = split.labels[rows]
    colour = torch.tensor([round(255 * value) for value in mean], dtype=torch.uint8, device=device)
    change = change_each if device.type == "cpu" else change_all
    together = images_of_a_block(split, recipe.batch_size, block_bytes)
    for at in range(0, size, together):
        block = slice(at, at + together)
        images = split.images.index_select(0, rows[block])
        yield change(images, Changes(*(drawn[block] for drawn in changes)), recipe, colour), labels[block]


def images_of_a_block(split: Split, batch_size: int, block_bytes: int) -> int:
    """As many whole batches as the bytes allow, at least one."""
    return batch_size * max(1, block_bytes // (batch_size * split.images[0].numel()))


def batches_of(images: int, batch_size: int) -> Iterator[tuple[int, int]]:
    """Size and start of each batch; a last one of a single image is left out."""
    for at in range(0, images, batch_size):
        size = min(batch_size, images - at)
        if size > 1 or batch_size == 1:
            yield size, at


def evaluation_batches(split: Split, batch_size: int, mean: Moments, std: Moments) -> Iterator[Batch]:
    """Every image once, as it is, in the order of the data set."""
    normalise = normaliser(split.images.shape[1:], mean, std, split.images.device)
    for at in range(0, len(split), batch_size):
        rows = split.index[at : at + batch_size]
        yield normalise(split.images.index_select(0, rows)), split.labels[rows]


def normaliser(shape: tuple[int, ...], mean: Moments, std: Moments, device: torch.device) -> Callable[[Tensor], Tensor]:
    """From uint8 NHWC to float32 NCHW in channels_last memory with mean 0 and deviation 1: (x / 255 - mean) / std."""
    height, width, _ = shape
    # The constants of a channel repeated to a whole image: one long row to multiply by is seven times as fast as three.
    scale = (1 / (255 * torch.tensor(std))).repeat(height * width).to(device)
    shift = (-torch.tensor(mean) / torch.tensor(std)).repeat(height * width).to(device)

    def normalise(images: Tensor) -> Tensor:
        pixels = images.flatten(1).float()
        return torch.addcmul(shift, pixels, scale, out=pixels).view(images.shape).permute(0, 3, 1, 2)

    return normalise


class Changes(NamedTuple):
    """What is done to each image of an epoch, in the order in which they come."""

    crop: Tensor  # (n, 2): top and left of the crop in the padded image
    flip: Tensor  # (n,) bool
    erase: Tensor  # (n,) bool
    box: Tensor  # (n, 4): top, left, bottom, right of what is erased

    @classmethod
    def draw(cls, size: int, shape: tuple[int, ...], recipe: Recipe, noise: torch.Generator) -> "Changes":
        uniform = torch.rand(size, 8, generator=noise)
        area = ERASED_AREA[0] + uniform[:, 4] * (ERASED_AREA[1] - ERASED_AREA[0])
        low, high = (math.log(ratio) for ratio in ERASED_RATIO)
        root = torch.exp((low + uniform[:, 5] * (high - low)) / 2)
        full = torch.tensor(shape)
        sides = (torch.stack([root, 1 / root], 1) * (area * full.prod()).sqrt()[:, None]).round().long()
        sides = sides.clamp(min=1).minimum(full)  # cut off, not drawn again: every image takes as many numbers
        start = (uniform[:, 6:8] * (full - sides + 1)).long()
        return cls(
            crop=(uniform[:, 0:2] * (2 * recipe.crop + 1)).long(),
            flip=uniform[:, 2] < 0.5,
            erase=uniform[:, 3] < recipe.erasing,
            box=torch.cat([start, start + sides], 1),
        )


def change_each(images: Tensor, changes: Changes, recipe: Recipe, colour: Tensor) -> Tensor:
    """For a CPU: bytes moved a row of pixels at a time, and only those of the images concerned.

    An image takes 3.2 us on one busy core cropped and flipped, where `change_all` takes 31.9; with erasing 4.0 to 110.7.
    """
    size, height, width, channels = images.shape
    pixels = images.numpy()
    if crop := recipe.crop:
        padded = np.zeros((size, height + 2 * crop, width + 2 * crop, channels), np.uint8)
        padded[:, crop:-crop, crop:-crop] = pixels
        # Every place a crop can start at as a dimension of its own: picking one of them is a plain index.
        strides = (*padded.strides[:3], padded.strides[1], 1)
        shape = (size, 2 * crop + 1, 2 * crop + 1, height, width * channels)
        crops = np.lib.stride_tricks.as_strided(padded, shape, strides)
        top, left = changes.crop.numpy().T
        pixels = crops[np.arange(size), top, left].reshape(images.shape)
    if recipe.flip:
        chosen = changes.flip.numpy().nonzero()[0]
        # As NCHW, because torch has a fast way for just that.
        mirrored = torch.from_numpy(pixels.take(chosen, axis=0)).permute(0, 3, 1, 2).flip(3)
        pixels[chosen] = mirrored.permute(0, 2, 3, 1).numpy()
    if recipe.erasing:
        lines, fill = pixels.reshape(size, height, -1), colour.repeat(width).numpy()
        chosen = changes.erase.numpy().nonzero()[0]
        for i, (top, left, bottom, right) in zip(chosen.tolist(), changes.box.numpy()[chosen].tolist(), strict=True):
            part = slice(left * channels, right * channels)
            lines[i, top:bottom, part] = fill[part]
    return torch.from_numpy(pixels)


def change_all(images: Tensor, changes: Changes, recipe: Recipe, colour: Tensor) -> Tensor:
    """For a GPU: the same without a look at any single image."""
    size, height, width, channels = images.shape
    if crop := recipe.crop:
        padded = F.pad(images, (0, 0, crop, crop, crop, crop))
        image, row, pixel, _ = padded.stride()
        shape = (size, 2 * crop + 1, 2 * crop + 1, height, width * channels)
        crops = padded.as_strided(shape, (image, row, pixel, row, 1))
        top, left = changes.crop.unbind(1)
        images = crops[torch.arange(size, device=images.device), top, left].view(size, height, width, channels)
    if recipe.flip:
        images = torch.where(changes.flip[:, None, None, None], images.flip(2), images)
    if recipe.erasing:
        y, x = (torch.arange(side, device=images.device) for side in (height, width))
        top, left, bottom, right = (edge[:, None] for edge in changes.box.unbind(1))
        rows, columns = (top <= y) & (y < bottom), (left <= x) & (x < right)
        inside = rows[:, :, None] & columns[:, None, :] & changes.erase[:, None, None]
        images = torch.where(inside[..., None], colour, images)
    return images

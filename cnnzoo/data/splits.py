"""Training, validation and test rows: stratified, the same for every recipe's seed, never overlapping.

The seed of a recipe does not touch the splits: arms and seeds of a study are compared on the same images.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from cnnzoo.mistake import Mistake

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Rows = NDArray[np.int64]

_SEED = 20_240_607  # any number would do; changing it changes every split


@dataclass(frozen=True, eq=False)
class Split:
    """Some rows of a data set's array of images."""

    images: "Tensor"  # uint8, NHWC: the whole array, which all splits of a data set share
    labels: "Tensor"  # int64, one for each row of the array
    index: "Tensor"  # int64: the rows that are this split's, ascending

    def __len__(self) -> int:
        return len(self.index)

    def to(self, device: "torch.device") -> Self:
        """The same split with its own rows on `device`; the CPU has them already, mapped from the prepared file."""
        if device == self.images.device:
            return self
        import torch  # takes seconds: the names of data sets are looked up without it

        index = self.index.to(self.images.device)
        images, labels = (t.index_select(0, index).to(device) for t in (self.images, self.labels))
        return replace(self, images=images, labels=labels, index=torch.arange(len(index), device=device))


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set, ready to be learned from."""

    name: str
    source: str  # what the images were read from: a number says by itself which kind of CIFAR-10 it rests on
    classes: tuple[str, ...]
    shape: tuple[int, int, int]  # channels, height, width
    mean: tuple[float, ...]  # of each channel over the source's training images, in units of 0..1
    std: tuple[float, ...]
    train: Split
    validation: Split  # without images where nothing is held out
    test: Split
    digest: str  # of the content and of the rows of all three splits: what was learned from, chosen by and judged on
    file: Path | None  # that the array of images is mapped from; None: it is in memory alone


def stratified(labels: NDArray[np.int64], rows: Rows, total: int, *, keep: int = 1) -> tuple[Rows, Rows]:
    """`total` of the rows with the classes in proportion, and the others; `keep` of each class stay with the others."""
    # RandomState, because its stream is guaranteed to stay the same from one NumPy to the next.
    shuffled = rows[np.random.RandomState(_SEED).permutation(len(rows))]
    present, classes = np.unique(labels[shuffled], return_inverse=True)
    members = [shuffled[classes == which] for which in range(len(present))]
    take = apportion(np.array([len(m) for m in members]), total, keep=keep)
    chosen = np.sort(np.concatenate([m[:n] for m, n in zip(members, take, strict=True)]))
    return chosen, np.setdiff1d(rows, chosen, assume_unique=True)


def apportion(counts: NDArray[np.int64], total: int, *, keep: int) -> NDArray[np.int64]:
    """How many of each class make `total`: largest remainders, none of a class left out where there are enough."""
    high = counts - keep
    assert 0 <= total <= high.sum()
    quota = counts * (total / counts.sum())
    low = np.minimum(high, 1 if total >= len(counts) else 0)
    share: NDArray[np.int64] = np.clip(np.floor(quota).astype(np.int64), low, high)
    while (missing := total - int(share.sum())) != 0:
        step = 1 if missing > 0 else -1
        room = share < high if step > 0 else share > low
        share[np.argmax(np.where(room, (quota - share) * step, -np.inf))] += step
    return share


def hold_out(name: str, labels: NDArray[np.int64], classes: tuple[str, ...], share: float) -> Rows:
    """The rows that are the test set of a data set that comes without one."""
    counts = np.bincount(labels, minlength=len(classes))
    if counts.min() < 2:
        raise Mistake(
            f"{name}: class {classes[int(counts.argmin())]!r} has one image only, but without a test folder "
            "each class needs at least two: one to learn from and one to test on."
        )
    total = min(max(len(classes), round(share * len(labels))), len(labels) - len(classes))
    return stratified(labels, np.arange(len(labels)), total)[0]


def hold_out_validation(name: str, labels: NDArray[np.int64], rows: Rows, share: float) -> tuple[Rows, Rows]:
    """The rows to learn from and those to choose by."""
    total = min(round(share * len(rows)), len(rows) - len(np.unique(labels[rows])))
    if total == 0:
        raise Mistake(
            f"{name}: validation={share:g} of {len(rows)} training images is none; "
            "use more images or a larger share, or validation=0."
        )
    validation, training = stratified(labels, rows, total)
    return training, validation


def shrink(name: str, labels: NDArray[np.int64], rows: Rows, train_size: int | None) -> Rows:
    """The `train_size` rows of them that are learned from."""
    if train_size is None:
        return rows
    classes = len(np.unique(labels[rows]))
    if not classes <= train_size <= len(rows):
        raise Mistake(
            f"{name}: train_size must be between {classes} (one of each class) and {len(rows)} "
            f"(the images left to learn from), but got {train_size}."
        )
    return stratified(labels, rows, train_size, keep=0)[0]

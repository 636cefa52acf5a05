"""Microseconds that one CIFAR-10 image takes until it is in a batch, on one thread: ours, and torchvision's way.

python -m benchmarks.augmentation
"""

import statistics
import time
from collections.abc import Callable, Iterable
from functools import partial

import torch
from torch import Tensor
from torch.utils.data import DataLoader
from torchvision import transforms

from benchmarks.bare import wait_for_the_device
from benchmarks.cases import CASES, DEVICE, load
from benchmarks.ordinary import InMemory
from cnnzoo.data import Dataset
from cnnzoo.learning.augment import training_batches

CASE, ROUNDS = CASES["vgg_a"], 7
Epoch = Callable[[], Iterable[tuple[Tensor, Tensor]]]  # the batches of one
WAYS: dict[str, tuple[int, bool, float]] = {  # crop, flip, erasing
    "normalise": (0, False, 0.0),
    "crop, flip, normalise": (4, True, 0.0),
    "crop, flip, erasing, normalise": (4, True, 0.5),
}


def ours(data: Dataset, crop: int, flip: bool, erasing: float) -> Epoch:
    stream, split = torch.Generator().manual_seed(0), data.train.to(DEVICE)
    recipe = CASE.recipe.replace(crop=crop, flip=flip, erasing=erasing)
    streams = {"order": stream, "augmentation": stream}
    return partial(training_batches, split, recipe, data.mean, data.std, streams)


def torchvisions(data: Dataset, crop: int, flip: bool, erasing: float) -> Epoch:
    steps = [transforms.RandomCrop(32, padding=crop)] if crop else []
    steps += [transforms.RandomHorizontalFlip()] if flip else []
    steps += [transforms.ToTensor(), transforms.Normalize(data.mean, data.std)]
    steps += [transforms.RandomErasing(erasing)] if erasing else []
    loader = DataLoader(InMemory(data.train, transforms.Compose(steps)), CASE.recipe.batch_size, shuffle=True)
    return lambda: loader


def microseconds(epoch: Epoch) -> float:
    seconds = []
    for _ in range(1 + ROUNDS):
        started = time.perf_counter()
        for images, labels in epoch():
            images.to(DEVICE), labels.to(DEVICE)
        wait_for_the_device()
        seconds.append(time.perf_counter() - started)
    return 1e6 * statistics.median(seconds[1:]) / CASE.train_images  # without the first, which warms up


def main() -> None:
    torch.set_num_threads(1)
    data = load(CASE)
    print("| what is done to an image | ours, us | torchvision with PIL, us |\n|---|---|---|")
    for name, way in WAYS.items():
        print(f"| {name} | {microseconds(ours(data, *way)):.1f} | {microseconds(torchvisions(data, *way)):.1f} |")


if __name__ == "__main__":
    main()

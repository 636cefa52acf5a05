"""Microseconds that one CIFAR-10 image takes until it is in a batch, on one thread: ours, and torchvision's way.

python -m benchmarks.augmentation
"""

import statistics
import time
from collections.abc import Callable

import torch
from torch.utils.data import DataLoader
from torchvision import transforms

from benchmarks.bare import wait_for_the_device
from benchmarks.cases import CASES, DEVICE, load
from benchmarks.ordinary import InMemory
from cnnzoo.data import Dataset
from cnnzoo.learning.augment import training_batches

CASE = CASES["vgg_a"]
WAYS: dict[str, tuple[int, bool, float]] = {  # crop, flip, erasing
    "normalise": (0, False, 0.0),
    "crop, flip, normalise": (4, True, 0.0),
    "crop, flip, erasing, normalise": (4, True, 0.5),
}


def ours(data: Dataset, crop: int, flip: bool, erasing: float) -> Callable[[], None]:
    stream, split = torch.Generator().manual_seed(0), data.train.to(DEVICE)
    recipe = CASE.recipe.replace(crop=crop, flip=flip, erasing=erasing)

    def epoch() -> None:
        for _ in training_batches(split, recipe, data.mean, data.std, {"order": stream, "augmentation": stream}):
            pass
        wait_for_the_device()

    return epoch


def torchvisions(data: Dataset, crop: int, flip: bool, erasing: float) -> Callable[[], None]:
    steps = [transforms.RandomCrop(32, padding=crop)] if crop else []
    steps += [transforms.RandomHorizontalFlip()] if flip else []
    steps += [transforms.ToTensor(), transforms.Normalize(data.mean, data.std)]
    steps += [transforms.RandomErasing(erasing)] if erasing else []
    loader = DataLoader(InMemory(data.train, transforms.Compose(steps)), CASE.recipe.batch_size, shuffle=True)

    def epoch() -> None:
        for images, labels in loader:
            images.to(DEVICE), labels.to(DEVICE)
        wait_for_the_device()

    return epoch


def microseconds(epoch: Callable[[], None], rounds: int = 7) -> float:
    epoch()
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        epoch()
        seconds.append(time.perf_counter() - started)
    return 1e6 * statistics.median(seconds) / CASE.train_images


def main() -> None:
    torch.set_num_threads(1)
    data = load(CASE)
    print("| what is done to an image | ours, us | torchvision with PIL, us |\n|---|---|---|")
    for name, way in WAYS.items():
        print(f"| {name} | {microseconds(ours(data, *way)):.1f} | {microseconds(torchvisions(data, *way)):.1f} |")


if __name__ == "__main__":
    main()

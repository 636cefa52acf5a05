"""What is measured: a network with its report's setting, on so many real images."""

import dataclasses
import os
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch

from cnnzoo import Recipe, Training, settle
from cnnzoo.data import Dataset, Split, open_dataset
from cnnzoo.device.precision import choose_device

# What the reports' authors would have used: the GPU if there is one.
DEVICE = choose_device()
DATA = Path(os.environ.get("CNN_DATA", Path(__file__).parents[2] / "shared" / "data"))


@dataclass(frozen=True)
class Case:
    recipe: Recipe
    train_images: int
    test_images: int
    evaluation_batch: int  # of the ordinary loop
    target: float  # how many times as fast as the ordinary loop it is to be, on a CPU with bf16 units


def _mnist(model: str, **fields: object) -> Recipe:
    """Report C: Adam."""
    setting = {"model": model, "dataset": "mnist", "optimizer": "adam", "lr": 1e-3, "batch_size": 64}
    return Recipe.from_json({**setting, **fields})


def _cifar(model: str) -> Recipe:
    """Report D: SGD, random crop and flip."""
    return Recipe(model=model, dataset="cifar10", lr=1e-2, weight_decay=5e-4, batch_size=128, crop=4, flip=True)


# For the larger networks, an epoch on a fixed part of the images, training to test as in the whole set.
CASES = {
    "lenet": Case(_mnist("lenet"), 60_000, 10_000, 1, 2.5),
    "alexnet": Case(_mnist("alexnet"), 12_032, 2_000, 64, 1.7),
    "googlenet": Case(_mnist("googlenet", aux=0.0), 6_016, 1_000, 64, 2.5),
    "vgg_a": Case(_cifar("vgg_a"), 2_560, 512, 64, 1.7),
    "simp_res9": Case(_cifar("simp_res9"), 1_280, 256, 64, 2.0),
    "res18": Case(_cifar("res18"), 768, 128, 64, 2.0),
}


def load(case: Case) -> Dataset:
    """The images of a case; its test images stand where the validation split is, so that an epoch ends with them."""
    whole = open_dataset(case.recipe.dataset, validation=0.0, data_dir=_folder_of(case.recipe.dataset), download=False)
    train, test = _evenly(whole.train, case.train_images), _evenly(whole.test, case.test_images)
    return dataclasses.replace(whole, train=train, validation=test)


def our_training(case: Case) -> Training:
    recipe = settle(case.recipe.replace(epochs=1000), DEVICE)
    return Training(recipe, load(case), DEVICE, resume=None)


def _evenly(split: Split, size: int) -> Split:
    """So many images, spread over the whole split."""
    return dataclasses.replace(split, index=split.index[torch.linspace(0, len(split) - 1, size).long()])


def _folder_of(dataset: str) -> Path:
    """Where the data set is; the CIFAR-10 that comes as a tar of JPEGs is unpacked once, under the temporary folder."""
    archive = DATA / "cifar10-jpeg.tar"
    if dataset != "cifar10" or not archive.is_file():
        return DATA
    folder = Path(tempfile.gettempdir()) / "cnnzoo-benchmarks"
    if not (folder / "cifar10").is_dir():
        with tarfile.open(archive) as tar:
            tar.extractall(folder / "unpacking", filter="data")
        (folder / "unpacking").rename(folder / "cifar10")
    return folder

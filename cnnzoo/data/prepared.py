"""A data set decoded once into an array file, which every process of the machine maps into its memory.

One folder for each source and image size under $XDG_CACHE_HOME/cnnzoo (~/.cache/cnnzoo), since the data folder may be
read-only. Its name holds a fingerprint of the source's files (path, size, times): a changed source is prepared anew.
The array file's size and time of writing, noted, tell a whole file from a cut or rewritten one without reading it.
Deleting the cache, or any folder in it, is always safe.
"""

import contextlib
import hashlib
import json
import math
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from cnnzoo.data.images import TRAIN, Contents, Pixels
from cnnzoo.data.sources import Source
from cnnzoo.mistake import Mistake

_FORMAT = 1  # goes up when what is written here changes
IMAGES, ROWS, META = "images.npy", "rows.npy", "meta.json"


@dataclass(frozen=True, eq=False)
class Prepared:
    images: Pixels  # NHWC, mapped: pages are shared by all processes and read when touched
    labels: NDArray[np.int64]
    parts: NDArray[np.int64]
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    digest: str  # of pixels, labels and parts: the same on every machine
    file: Path  # that the images are mapped from


def cache_root() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cnnzoo"


def lock(name: str) -> contextlib.AbstractContextManager[object]:
    """One process at a time downloads and prepares a data set; the others wait here and find it done."""
    root = cache_root()
    with _writing(root):
        root.mkdir(parents=True, exist_ok=True)
        return FileLock(root / f".{_slug(name)}.lock").acquire()  # the kernel takes it back from whoever dies


def prepare(name: str, source: Source, image_size: int | None) -> Prepared:
    """The prepared array of a source: opened if it is there and whole, else made."""
    key = hashlib.sha256(f"{_FORMAT}\0{name}\0{image_size}\0{source.fingerprint}".encode()).hexdigest()[:16]
    folder = cache_root() / f"{_slug(name)}-{key}"
    if (ready := open_prepared(folder)) is None:
        with lock(name):
            if open_prepared(folder) is None:
                print(f"Preparing {name} once, in {folder} ...", file=sys.stderr)
                _write(folder, source.read(image_size))
        ready = open_prepared(folder)
    assert ready is not None, "what was just written can be opened"
    return ready


def open_prepared(folder: Path) -> Prepared | None:
    """What is prepared in a folder; None where it is missing, cut short, or was written to since."""
    try:
        meta = json.loads((folder / META).read_text())
        stat = (folder / IMAGES).stat()
        rows = (folder / ROWS).read_bytes()
        noted = (meta["size"], meta["written"], meta["rows_sha256"])
        if (stat.st_size, stat.st_mtime_ns, hashlib.sha256(rows).hexdigest()) != noted:
            return None
        # "c" maps the file privately and writable, as torch wants it: nothing we could write would reach the file.
        images = np.load(folder / IMAGES, mmap_mode="c", allow_pickle=False)
        labels, parts = np.load(folder / ROWS, allow_pickle=False)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    classes, mean, std = (tuple(meta[field]) for field in ("classes", "mean", "std"))
    return Prepared(images, labels, parts, classes, mean, std, meta["digest"], folder / IMAGES)


def _write(folder: Path, contents: Contents) -> None:
    """All of it or nothing: whatever goes wrong, no file of ours stays behind that is not whole."""
    aside = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(aside, ignore_errors=True)  # of a process that was killed; the lock is ours
    with _writing(folder), contextlib.ExitStack() as undo:
        undo.callback(shutil.rmtree, aside, ignore_errors=True)
        aside.mkdir()
        needed, free = len(contents.labels) * math.prod(contents.shape), shutil.disk_usage(folder.parent).free
        if needed > free:  # better no start than a disk full in the middle, for everybody who works on it
            raise OSError(f"it takes {needed / 2**20:,.0f} MB, but {free / 2**20:,.0f} MB are free")
        np.save(aside / ROWS, np.stack([contents.labels, contents.parts.astype(np.int64)]))
        rows = (aside / ROWS).read_bytes()
        with (aside / IMAGES).open("wb") as file:
            digest, histogram = _write_images(file, contents)
        digest.update(np.stack([contents.labels, contents.parts]).astype("<i8").tobytes())
        stat = (aside / IMAGES).stat()
        mean, std = _moments(histogram)
        meta = {
            "classes": contents.classes,
            "mean": mean,
            "std": std,
            "digest": digest.hexdigest()[:16],
            "size": stat.st_size,
            "written": stat.st_mtime_ns,
            "rows_sha256": hashlib.sha256(rows).hexdigest(),
        }
        (aside / META).write_text(json.dumps(meta, indent=1))
        # Before the rename, or a power cut leaves half a file.
        for path in (aside / IMAGES, aside / ROWS, aside / META, aside):
            _sync(path)
        shutil.rmtree(folder, ignore_errors=True)  # damaged, if it is there; who has it mapped keeps it
        aside.rename(folder)
        _sync(folder.parent)


def _write_images(file: BinaryIO, contents: Contents) -> tuple[Any, NDArray[np.int64]]:
    """Stream the blocks into a .npy file; their digest, and a histogram of each channel of the training images."""
    digest = hashlib.sha256(json.dumps([contents.classes, contents.shape]).encode())
    histogram = np.zeros((contents.shape[2], 256), np.int64)
    header = {"descr": "|u1", "fortran_order": False, "shape": (len(contents.labels), *contents.shape)}
    np.lib.format.write_array_header_1_0(file, header)
    row = 0
    for block in _read(contents.blocks):
        assert block.shape[1:] == contents.shape
        assert block.dtype == np.uint8
        file.write(block.data)
        digest.update(block.data)
        training = block[contents.parts[row : row + len(block)] == TRAIN]
        for channel, counts in enumerate(histogram):
            counts += np.bincount(training[..., channel].ravel(), minlength=256)
        row += len(block)
    assert row == len(contents.labels)
    return digest, histogram


def _read(blocks: Iterator[Pixels]) -> Iterator[Pixels]:
    """The blocks; an error of reading them is not to be taken for one of writing."""
    try:
        yield from blocks
    except OSError as error:
        raise Mistake(f"the images cannot be read ({error.strerror or error}).") from error


def _moments(histogram: NDArray[np.int64]) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each channel, exact, in units of 0..1; a channel that never varies counts as 1."""
    values = np.arange(256) / 255
    weights = histogram / histogram.sum(axis=1, keepdims=True)
    mean = weights @ values
    std = np.sqrt((weights * (values - mean[:, None]) ** 2).sum(axis=1))
    return mean.tolist(), np.where(std > 0, std, 1.0).tolist()


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Mistake(
            f"the prepared data cannot be written to {path} ({error.strerror or error}); "
            "make room there, or set XDG_CACHE_HOME to a folder that can be written."
        ) from error


def _slug(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in name)[:40]


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

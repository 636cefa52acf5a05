"""Data sets as uint8 arrays, decoded once and mapped into memory by every process."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from cnnzoo.data.arrays import OFFICIAL, fetch
from cnnzoo.data.images import DEVELOP, TEST, TRAIN
from cnnzoo.data.prepared import Prepared, lock, open_prepared, prepare
from cnnzoo.data.sources import Source, absent, check_dataset_name, find
from cnnzoo.data.splits import Dataset, Rows, Split, hold_out_validation, shrink
from cnnzoo.mistake import Mistake

__all__ = ["Dataset", "Split", "is_there", "open_dataset"]


def open_dataset(
    name: str,
    image_size: int | None = None,
    train_size: int | None = None,
    validation: float = 0.1,
    *,
    data_dir: Path | str = "data",
    download: bool = True,
) -> Dataset:
    """The data set by name, prepared on first use.

    `validation` is the share held out of the training images. A folder's develop/ takes its place, but with 0 it is learned
    from too. Where `data_dir` is a folder of prepared images, those are the data set.
    """
    check_dataset_name(name)
    folder = Path(data_dir).expanduser().absolute()
    where, prepared = str(folder), open_prepared(folder)
    if prepared is None:
        source = _located(name, folder, download)
        where, prepared = source.where, prepare(name, source, image_size)
    rows = _split_rows(name, prepared, train_size, validation)
    import torch  # takes seconds: the names of data sets are looked up without it

    images, labels = torch.from_numpy(prepared.images), torch.from_numpy(prepared.labels)
    train, held_out, test = (Split(images, labels, torch.from_numpy(part)) for part in rows)
    _, height, width, channels = prepared.images.shape
    return Dataset(
        name=name,
        source=where,
        classes=prepared.classes,
        shape=(channels, height, width),
        mean=prepared.mean,
        std=prepared.std,
        train=train,
        validation=held_out,
        test=test,
        digest=_digest(prepared.digest, rows),
        file=prepared.file,
    )


def is_there(name: str, data_dir: Path) -> bool:
    """Whether the data folder has such a data set, sound or not; nothing is downloaded."""
    try:
        return find(name, data_dir) is not None
    except (Mistake, OSError):  # something is there, and who opens it is told what is wrong with it
        return True


def _located(name: str, data_dir: Path, download: bool) -> Source:
    """The files of the data set, downloaded first where that is wanted and can be done."""
    failure = ""
    try:
        source = find(name, data_dir)
        if source is None and name in OFFICIAL and download:
            with lock(name):  # another process may be at it; torchvision leaves alone what is there by now
                failure = fetch(name, data_dir)
            source = find(name, data_dir)
        if source is None:
            raise absent(name, data_dir, failure)
        return source
    except OSError as error:
        raise Mistake(f"{name}: {error.filename} cannot be read ({error.strerror}).") from error


def _split_rows(name: str, prepared: Prepared, train_size: int | None, share: float) -> tuple[Rows, Rows, Rows]:
    training, develop, test = (np.flatnonzero(prepared.parts == part) for part in (TRAIN, DEVELOP, TEST))
    if share == 0:
        training, develop = np.union1d(training, develop), develop[:0]
    elif not len(develop):
        training, develop = hold_out_validation(name, prepared.labels, training, share)
    return shrink(name, prepared.labels, training, train_size), develop, test


def _digest(content: str, rows: Iterable[Rows]) -> str:
    """A digest of the whole array, and of which of its rows are in which split."""
    splits = [hashlib.sha256(content.encode() + part.astype("<i8").tobytes()).hexdigest()[:16] for part in rows]
    return hashlib.sha256("".join(splits).encode()).hexdigest()[:16]

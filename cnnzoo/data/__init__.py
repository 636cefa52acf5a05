"""Data sets as uint8 arrays, decoded once and mapped into memory by every process."""

import hashlib
from pathlib import Path

import numpy as np
import torch

from cnnzoo.data.arrays import OFFICIAL, fetch
from cnnzoo.data.images import DEVELOP, TEST, TRAIN
from cnnzoo.data.prepared import Prepared, lock, prepare
from cnnzoo.data.sources import Source, absent, check_dataset_name, find
from cnnzoo.data.splits import Dataset, Rows, Split, hold_out_validation, shrink, split_digest

__all__ = ["Dataset", "Split", "open_dataset"]


def open_dataset(
    name: str,
    *,
    image_size: int | None = None,
    train_size: int | None = None,
    validation: float = 0.1,
    data_dir: Path | str = "data",
    download: bool = True,
) -> Dataset:
    """The data set by name, prepared on first use.

    `validation` is the share held out of the training images; a folder's develop/ takes its place, whatever the share.
    With 0, all of them are learned from, develop/ too. `train_size` then leaves so many of those learned from.
    """
    check_dataset_name(name)
    source = _located(name, Path(data_dir).expanduser().absolute(), download)
    prepared = prepare(name, source, image_size)
    rows = _split_rows(name, prepared, train_size, validation)
    train, chosen, test = (_split(prepared, part) for part in rows)
    _, height, width, channels = prepared.images.shape
    return Dataset(
        name=name,
        source=source.where,
        classes=prepared.classes,
        shape=(channels, height, width),
        mean=prepared.mean,
        std=prepared.std,
        train=train,
        validation=chosen,
        test=test,
        digest=hashlib.sha256(f"{train.digest}{chosen.digest}{test.digest}".encode()).hexdigest()[:16],
    )


def _located(name: str, data_dir: Path, download: bool) -> Source:
    """The files of the data set, downloaded first where that is wanted and can be done."""
    try:
        if source := find(name, data_dir):
            return source
        reason = ""
        if name in OFFICIAL and download:
            with lock(name):  # another process may be at it, or done by now
                if source := find(name, data_dir):
                    return source
                failure = fetch(name, data_dir)
            reason = f" and could not be downloaded ({failure})" if failure else ""
            if source := find(name, data_dir):
                return source
        raise absent(name, data_dir, reason)
    except OSError as error:
        raise ValueError(f"{name}: {error.filename} cannot be read ({error.strerror}).") from error


def _split_rows(name: str, prepared: Prepared, train_size: int | None, share: float) -> tuple[Rows, Rows, Rows]:
    training, develop, test = (np.flatnonzero(prepared.parts == part) for part in (TRAIN, DEVELOP, TEST))
    if share == 0:
        training, develop = np.union1d(training, develop), develop[:0]
    elif not len(develop):
        training, develop = hold_out_validation(name, prepared.labels, training, share)
    return shrink(name, prepared.labels, training, train_size), develop, test


def _split(prepared: Prepared, rows: Rows) -> Split:
    counts = np.bincount(prepared.labels[rows], minlength=len(prepared.classes))
    return Split(
        images=torch.from_numpy(prepared.images),
        labels=torch.from_numpy(prepared.labels),
        index=torch.from_numpy(rows),
        counts=tuple(counts.tolist()),
        digest=split_digest(prepared.digest, rows),
    )

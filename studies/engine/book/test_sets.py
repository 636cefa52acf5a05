"""What the trials of a study were tested on: with it, what they predicted can be read without the data.

    results/studies/<study>.<scale>/test_set.<digest>.npz    labels: the class of each test image, in the order of the predictions
                                                             classes: the names of the classes
                                                             rows: where each test image stands in the data set's array
                                                             array: the file with that array, where the study was run

A trial names the one that is its own by its `dataset_digest`; arms may learn from different data.
"""

import io
from pathlib import Path

import numpy as np

from cnnzoo.data import Dataset
from cnnzoo.storage.files import write_atomically
from studies.engine import schema

_BYTE = 256  # classes that a byte can name


def keep_test_set(folder: Path, dataset: Dataset) -> None:
    """Write down the classes of a data set's test images, and where the images are: about half a byte an image."""
    split = dataset.test
    kind = np.uint8 if len(dataset.classes) <= _BYTE else np.uint16
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        labels=split.labels[split.index].numpy().astype(kind),
        classes=np.array(dataset.classes, dtype=str),
        rows=split.index.numpy().astype(np.int32),
        array=np.array(str(dataset.file or "")),
    )
    write_atomically(folder / schema.TEST_SET_FILE.format(dataset.digest), buffer.getbuffer())

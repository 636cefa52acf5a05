"""What each tested network says of each test image, and what the images are.

    results/trials/<signature>/predictions.npz                predicted and loss, by test image: the trial's
    results/studies/<study>.<scale>/test_set.<digest>.npz     labels, classes, and where the images are: the study's

A study that was run before these were kept has none.
"""

import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cnnzoo.mistake import Mistake
from studies.engine import schema

Whole = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class TestSet:
    """The test images: which class each is of, and where it stands in the array that was prepared of the data set."""

    labels: Whole  # by image
    classes: tuple[str, ...]
    rows: Whole  # by image
    array: Path

    def is_that_of(self, other: "TestSet") -> bool:
        """Whether both are the same images in the same order."""
        return np.array_equal(self.labels, other.labels) and np.array_equal(self.rows, other.rows)

    def pictures(self, images: Whole) -> NDArray[np.uint8] | None:
        """The pixels of some images, NHWC; None where the array is gone: it is a cache of another program's, or machine's."""
        try:
            every = np.load(self.array, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError):
            return None
        return np.asarray(every[self.rows[images]]) if self.rows.max() < len(every) else None


@dataclass(frozen=True, eq=False)
class Predictions:
    """What one network says of each test image."""

    predicted: Whole
    loss: NDArray[np.float64]


def test_set(path: Path) -> TestSet | None:
    kept = _arrays(path, "labels", "classes", "rows", "array")
    if kept is None:
        return None
    labels, classes, rows, array = kept
    return TestSet(labels.astype(np.int64), tuple(map(str, classes)), rows.astype(np.int64), Path(str(array)))


def predictions(path: Path) -> Predictions | None:
    kept = _arrays(path, "predicted", "loss")
    return None if kept is None else Predictions(kept[0].astype(np.int64), kept[1].astype(np.float64))


def _arrays(path: Path, *names: str) -> list[NDArray[Any]] | None:
    if not path.is_file():
        return None
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            return [file[name] for name in names]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        raise Mistake(f"{path} is damaged; delete it, and what rests on it is left out.") from None


def images_frame(by_trial: Mapping[str, tuple[TestSet, Predictions]]) -> pd.DataFrame:
    """One row per test image and trial: signature, image, true, predicted, right, loss."""
    frames = {signature: _image_by_image(*own) for signature, own in by_trial.items()}
    if not frames:
        return pd.DataFrame(columns=[schema.SIGNATURE, "image", "true", "predicted", "right", "loss"])
    return pd.concat(frames, names=[schema.SIGNATURE]).reset_index(level=0).reset_index(drop=True)


def _image_by_image(test: TestSet, own: Predictions) -> pd.DataFrame:
    names = pd.CategoricalDtype(list(test.classes))
    return pd.DataFrame(
        {
            "image": np.arange(len(test.labels)),
            "true": pd.Categorical.from_codes(test.labels.tolist(), dtype=names),
            "predicted": pd.Categorical.from_codes(own.predicted.tolist(), dtype=names),
            "right": own.predicted == test.labels,
            "loss": own.loss,
        }
    )

"""The table of a study at a scale: what was run, and a line a trial that ended.

    results/studies/<study>.<scale>/spec.json       the study as it was run
                                    trials.jsonl    a typed line a trial: ``pandas.read_json(path, lines=True)`` is a frame
                                    suggestions.jsonl   what its searches suggested, by what each suggestion rests on
                                    test_set.<digest>.npz   what trials with this `dataset_digest` were tested on

The first two are written anew at each start, from the plan and from the trials' folders; then a line is added whenever a trial ends.
"""

import io
import json
import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnzoo.mistake import Mistake
from cnnzoo.storage.files import write_atomically
from studies.engine import schema

if TYPE_CHECKING:
    from cnnzoo.data import Dataset

SUGGESTIONS = "suggestions.jsonl"
FORMAT = 2  # of spec.json and trials.jsonl; 1 had neither
_BYTE = 256  # classes that a byte can name


@dataclass(frozen=True)
class Row:
    """What the book says of a trial that ended: whose it is, how it ended, where it was trained, its recipe, its metrics."""

    arm: str
    stage: str
    seed: int
    search: int | None  # which of the arm's searches it belongs to, from 1
    number: int | None  # of a candidate of that search
    signature: str
    name: str
    outcome: str
    reason: str
    started: float | None  # seconds since 1970
    ended: float | None
    device: str
    host: str
    dataset_digest: str
    versions: str
    recipe: Mapping[str, Any]  # the fields of the resolved recipe
    metrics: Mapping[str, float]  # of the last epoch that counts, and of the whole trial
    trials_on_device: int | None = None  # at a time: its seconds are not those of a device of its own

    def to_line(self) -> str:
        """All of it side by side; a metric that is NaN or infinity is null."""
        metrics = {name: value if math.isfinite(value) else None for name, value in self.metrics.items()}
        flat = {**vars(self), **self.recipe, **metrics}
        del flat["recipe"], flat["metrics"]
        return json.dumps(flat, ensure_ascii=False) + "\n"


class Table:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spec_file, self.rows_file = folder / schema.SPEC_FILE, folder / schema.ROWS_FILE

    def check_format(self) -> None:
        """Refuse what a later version of this package wrote."""
        if (found := self.spec().get("format", FORMAT)) > FORMAT:
            raise Mistake(
                f"{self.spec_file} has format {found}, but this version of cnn-studies knows formats up to {FORMAT}: "
                "update it, or work in another folder."
            )

    def spec(self) -> dict[str, Any]:
        """The spec that was written last; empty where there is none, or where it is damaged and will be written again."""
        try:
            content = json.loads(self.spec_file.read_bytes())
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def rows(self) -> list[dict[str, Any]]:
        """The rows as they were written; a last line that was cut short is written again by the next start."""
        lines = self.rows_file.read_bytes().splitlines(keepends=True) if self.rows_file.exists() else []
        return [json.loads(line) for line in lines if line.endswith(b"\n")]

    def write(self, spec: Mapping[str, Any], rows: Iterable[Row]) -> None:
        write_atomically(self.rows_file, "".join(row.to_line() for row in rows).encode())
        self.write_spec(spec)

    def write_spec(self, spec: Mapping[str, Any]) -> None:
        write_atomically(self.spec_file, json.dumps({"format": FORMAT, **spec}, indent=1, ensure_ascii=False).encode())

    def add(self, row: Row) -> None:
        with self.rows_file.open("a") as file:
            file.write(row.to_line())

    def suggestions(self) -> dict[str, tuple[dict[str, Any] | None, int]]:
        """What the searches were told at earlier starts; a line that is damaged is asked for again."""
        path, found = self.folder / SUGGESTIONS, {}
        for line in path.read_bytes().splitlines() if path.exists() else ():
            with suppress(ValueError, TypeError):
                key, setting, evens = json.loads(line)
                tuples = setting and {k: tuple(v) if isinstance(v, list) else v for k, v in setting.items()}
                found[key] = (tuples, evens)
        return found


class Suggestions(dict[str, tuple[dict[str, Any] | None, int]]):
    """What the searches of a study are told, kept for its next start. Losing it costs time, and nothing else."""

    def __init__(self, table: Table) -> None:
        super().__init__(table.suggestions())
        self._path = table.folder / SUGGESTIONS

    def __setitem__(self, key: str, suggested: tuple[dict[str, Any] | None, int]) -> None:
        if self.get(key) != suggested:
            super().__setitem__(key, suggested)
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a") as file:
                file.write(json.dumps([key, *suggested]) + "\n")


def keep_test_set(folder: Path, dataset: "Dataset") -> None:
    """Write down the classes of the test images, and where the images are: what was predicted can be read without the data."""
    split = dataset.test
    kind = np.uint8 if len(dataset.classes) <= _BYTE else np.uint16
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        labels=split.labels[split.index].numpy().astype(kind),  # in the order of the predictions
        classes=np.array(dataset.classes, dtype=str),
        rows=split.index.numpy().astype(np.int32),  # where each test image stands in the array
        array=np.array(str(dataset.file or "")),  # the file with it, where the study was run
    )
    write_atomically(folder / schema.TEST_SET_FILE.format(dataset.digest), buffer.getbuffer())

"""The trials in the book: a folder a trial, under its signature. The driver alone writes it; a worker adds what is large.

    results/trials/<signature>/recipe.json     what was trained
                               origin.json     by whom, where, since when, and with which versions
                               epochs.jsonl    a line an epoch, in order, each written after its checkpoint
                               result.json     how it ended, and after how many epochs; there is none while it can still go on
                               checkpoint.pt   a worker's, while the training can still go on
                               model.safetensors   a worker's: the network, of trials that were tested
                               predictions.npz     a worker's: its class for each test image, and the loss of each

A folder belongs to no study: two studies that share a recipe share the trial.
"""

import json
import math
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Any

from cnnzoo.mistake import Mistake
from cnnzoo.storage.files import write_atomically
from studies.engine import schema
from studies.engine.book import epochs as lines
from studies.engine.book.table import Table
from studies.engine.course import Course, Outcome
from studies.engine.crashpoints import crashpoint

if TYPE_CHECKING:
    from cnnzoo import Epoch

RECIPE, ORIGIN, EPOCHS, RESULT = "recipe.json", "origin.json", "epochs.jsonl", "result.json"
CHECKPOINT, MODEL, PREDICTIONS = "checkpoint.pt", schema.MODEL_FILE, schema.PREDICTIONS_FILE
_RESULT_KEYS = {"outcome", "metrics", "reason", "ended"}


class Book:
    def __init__(self, root: Path) -> None:
        self.root = root
        self._recalled: dict[str, tuple[object, tuple[Course, Outcome | None]]] = {}

    def folder(self, signature: str) -> Path:
        return self.root / schema.TRIALS_FOLDER / signature

    def _file(self, signature: str, name: str) -> str:
        return f"{self.root}/{schema.TRIALS_FOLDER}/{signature}/{name}"

    def table(self, study: str, scale: str) -> Table:
        return Table(self.root / schema.STUDIES_FOLDER / f"{study}.{scale}")

    def epochs(self, signature: str) -> tuple["Epoch", ...]:
        return tuple(map(lines.from_line, self._epochs(signature, self._lines(signature))))

    def last_epoch(self, signature: str, most: int | None = None) -> tuple[int, dict[str, float]]:
        """How many epochs were booked, `most` at most, and the metrics of the last of these."""
        booked = self._lines(signature)[:most]
        last = [lines.metrics_in(content) for content in self._epochs(signature, booked[-1:])]
        return len(booked), last[0] if last else {}

    def outcome(self, signature: str) -> Outcome | None:
        """How the trial ended; None while it can still go on."""
        return self.recall(signature)[1]

    def recall(self, signature: str) -> tuple[Course, Outcome | None]:
        """How far the trial is, and how it ended if it did; read again where its files have changed."""
        state = [_state(self._file(signature, name)) for name in (RESULT, EPOCHS)]
        known = self._recalled.get(signature)
        if known is None or known[0] != state:
            known = self._recalled[signature] = state, self._read(signature)
        return known[1]

    def _read(self, signature: str) -> tuple[Course, Outcome | None]:
        scores = [epoch[schema.CHOSEN_BY] for epoch in self._epochs(signature, self._lines(signature))]
        content, finite = _result(self._file(signature, RESULT)), tuple(filter(math.isfinite, scores))
        # A power cut can take the last epochs, which are not forced to disk, and leave the result: the trial goes on.
        if content is None or content["metrics"].get(schema.EPOCHS_DONE, 0) > len(scores):
            return Course(finite, None), None
        how, last = content["outcome"], scores[-1] if scores else math.nan
        reason, at = content.get("reason", ""), content.get("ended")
        return Course(finite, how), Outcome(how, len(scores), last, content["metrics"], reason, at)

    def origin(self, signature: str) -> dict[str, str]:
        return self.origin_and_start(signature)[0]

    def origin_and_start(self, signature: str) -> tuple[dict[str, str], float | None]:
        """Where the trial was trained, by whom, and since when (seconds since 1970, where the book says so)."""
        path = self._file(signature, ORIGIN)
        text = _text(path)
        content = _parsed(text, path, {}) if text is not None else {}
        return content, content.pop(schema.STARTED, None)

    def curves(self, table: Table) -> Iterator[bytes]:
        """The epochs that count of all trials of a study, a line each, with the signature of the trial."""
        for row in table.rows():
            signature, counted = row[schema.SIGNATURE], int(row[schema.EPOCHS_DONE])
            path = self.folder(signature) / EPOCHS
            whole = path.read_bytes().splitlines(keepends=True)[:counted] if counted else []
            yield from (f'{{"{schema.SIGNATURE}": "{signature}", '.encode() + line[1:] for line in whole)

    def predictions(self, table: Table) -> dict[str, Path]:
        """By signature, the files with what a study's networks say of each test image."""
        signatures = [row[schema.SIGNATURE] for row in table.rows()]
        files = {signature: self.folder(signature) / PREDICTIONS for signature in signatures}
        return {signature: file for signature, file in files.items() if file.exists()}

    def begin(self, signature: str, recipe: Mapping[str, Any], origin: Mapping[str, str]) -> None:
        """Book what is trained and where; the origin of a trial that was broken off is where it began."""
        folder = self.folder(signature)
        _write(folder / RECIPE, dict(recipe))
        if not (folder / ORIGIN).exists():
            _write(folder / ORIGIN, {**origin, schema.STARTED: time.time()})

    def add(self, signature: str, epoch: "Epoch") -> None:
        """Book the next epoch. One that is there already stays as it is: a worker that goes on tells all it knows."""
        crashpoint("after_checkpoint")
        with (self.folder(signature) / EPOCHS).open("a+b") as file:
            file.seek(0)
            text = file.read()
            whole = text.rfind(b"\n") + 1
            if epoch.number != text.count(b"\n") + 1:
                return
            if whole < len(text):  # a line that a kill cut short
                file.truncate(whole)
            file.write(lines.to_line(epoch).encode())
        crashpoint("after_epoch")

    def end(self, signature: str, outcome: Outcome) -> None:
        crashpoint("before_result")
        content = {"outcome": outcome.ended, "metrics": dict(outcome.metrics), "reason": outcome.reason}
        _write(self.folder(signature) / RESULT, {**content, "ended": time.time()})

    def forget_failure(self, signature: str) -> None:
        """Let a failed trial be tried again."""
        for name in (RESULT, ORIGIN):
            (self.folder(signature) / name).unlink(missing_ok=True)

    def drop_checkpoint(self, signature: str) -> None:
        """Delete the checkpoint of a trial that will not be gone on with."""
        folder = self.folder(signature)
        with suppress(FileNotFoundError):
            for name in os.listdir(folder):  # noqa: PTH208 -- as _text
                if name.startswith(CHECKPOINT):
                    (folder / name).unlink(missing_ok=True)

    def _lines(self, signature: str) -> list[bytes]:
        """The whole lines of the epochs; a last line that was cut short is the epoch that will be written again."""
        every = (_text(self._file(signature, EPOCHS)) or b"").splitlines(keepends=True)
        return [line for line in every if line.endswith(b"\n")]

    def _epochs(self, signature: str, whole: list[bytes]) -> list[dict[str, Any]]:
        path = self._file(signature, EPOCHS)
        needed = {"epoch": int, schema.CHOSEN_BY: int | float, schema.SECONDS: int | float}
        return [_parsed(line, path, needed) for line in whole]


def _write(path: Path, content: Mapping[str, Any]) -> None:
    """Whoever reads sees the old file or the whole new one, also after a power cut."""
    write_atomically(path, json.dumps(content, indent=1).encode())


def _text(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 -- a start opens three files of each of 10,000 trials
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _state(path: str) -> tuple[int, int, int] | None:
    """What changes whenever the file is written or appended to; None where there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116 -- as below
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _result(path: str) -> dict[str, Any] | None:
    if (text := _text(path)) is None:
        return None
    content = _parsed(text, path, {"outcome": str, "metrics": dict})
    numbers = all(isinstance(value, int | float) for value in content["metrics"].values())
    if content["outcome"] not in schema.OUTCOMES or not content.keys() <= _RESULT_KEYS or not numbers:
        raise _damaged(path)
    return content


def _parsed(text: bytes, path: str, needed: Mapping[str, type | UnionType]) -> dict[str, Any]:
    """The object in the text, if it has what it needs to have."""
    try:
        content: dict[str, Any] = json.loads(text.decode())
        if all(isinstance(content[name], kind) for name, kind in needed.items()):
            return content
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise _damaged(path)


def _damaged(path: str) -> Mistake:
    return Mistake(f"{path} is damaged; to train this trial anew, delete the folder it is in.")

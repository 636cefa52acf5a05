"""The books: a folder a trial, under its signature. What stands there is the truth; MLflow and Optuna are told from it.

    results/trials/<signature>/recipe.json     what was trained
                               origin.json     by whom, where, and with which versions
                               epochs.jsonl    a line an epoch, in order, each written after its checkpoint
                               checkpoint.pt   while the training can still go on
                               model.safetensors   the network, of trials that were tested
                               predictions.npz     what it says of each test image, and the loss of each
                               result.json     how it ended; there is none while it can still go on

A folder belongs to no study: two studies that share a recipe share the trial.
"""

import fcntl
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import UnionType
from typing import Any

from cnnzoo.checkpoint import write_atomically
from cnnzoo.mistake import Mistake
from studies.engine import schema
from studies.engine.course import Course
from studies.engine.crashpoints import crashpoint

ORIGIN = "origin.json"
Epoch = Mapping[str, Any]  # metrics of one epoch, by the names of the schema, and `epoch`, its number from 1


@dataclass(frozen=True)
class Result:
    """How a trial ended. `metrics` are those of the whole trial; `reason` says why it failed."""

    outcome: str
    metrics: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True)
class Record:
    """All that is written of one trial."""

    epochs: Sequence[Epoch] = ()
    result: Result | None = None

    def course(self) -> Course:
        """What the agenda has to know of it."""
        scores = [epoch[schema.CHOSEN_BY] for epoch in self.epochs if math.isfinite(epoch[schema.CHOSEN_BY])]
        return Course(scores, self.result.outcome if self.result else None)


class Ledger:
    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, signature: str) -> Path:
        return self.root / "trials" / signature

    def read(self, signature: str) -> Record:
        folder = self.folder(signature)
        return Record(tuple(_epochs(folder / "epochs.jsonl")), _result(folder / "result.json"))

    def origin(self, signature: str) -> dict[str, str]:
        """Where the trial was trained; told again, it must not look as if that had been here and now."""
        path = self.folder(signature) / ORIGIN
        return _parsed(path.read_bytes(), path, {}) if path.exists() else {}

    @contextmanager
    def writing(self, signature: str, recipe: Mapping[str, Any]) -> Iterator["Entry"]:
        """The entry of a trial, held by this process alone: a worker that outlived its driver finishes its epoch first."""
        folder = self.folder(signature)
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _write(folder / "recipe.json", json.dumps(dict(recipe), indent=1))
            yield Entry(folder)

    def fail(self, signature: str, reason: str) -> Result:
        """Book a trial whose worker could not do so itself any more."""
        result = Result("failed", reason=reason)
        _write(self.folder(signature) / "result.json", json.dumps(asdict(result)))
        return result

    def forget_failure(self, signature: str) -> None:
        """Let a failed trial be tried again."""
        for name in ("result.json", ORIGIN):
            (self.folder(signature) / name).unlink(missing_ok=True)

    def drop_checkpoint(self, signature: str) -> None:
        """Once a trial is stopped for good, its checkpoint is only in the way."""
        for checkpoint in self.folder(signature).glob("checkpoint.pt*"):
            checkpoint.unlink(missing_ok=True)


@dataclass(frozen=True)
class Booked:
    """The first epochs of a trial, read whenever they are gone through: what waits to be sent takes no memory."""

    ledger: Ledger
    signature: str
    count: int

    def __iter__(self) -> Iterator[Epoch]:
        return iter(self.ledger.read(self.signature).epochs[: self.count])


class Entry:
    """One trial's folder while it is being trained."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.checkpoint = folder / "checkpoint.pt"
        self.model = folder / "model.safetensors"
        self.predictions = folder / "predictions.npz"

    def come_from(self, origin: Mapping[str, str]) -> None:
        """Book where the trial is trained; of one that was broken off that is where it began."""
        if not (self.folder / ORIGIN).exists():
            _write(self.folder / ORIGIN, json.dumps(dict(origin), indent=1))

    def begin(self, epochs: Sequence[Epoch]) -> None:
        """The epochs that the checkpoint already holds: a line lost between checkpoint and ledger comes back here."""
        _write(self.folder / "epochs.jsonl", "".join(_line(epoch) for epoch in epochs))

    def add(self, epoch: Epoch) -> None:
        crashpoint("after_checkpoint")
        with (self.folder / "epochs.jsonl").open("a") as file:
            file.write(_line(epoch))
        crashpoint("after_ledger")

    def end(self, result: Result) -> None:
        crashpoint("before_result")
        _write(self.folder / "result.json", json.dumps(asdict(result)))
        for checkpoint in self.folder.glob("checkpoint.pt*"):
            checkpoint.unlink(missing_ok=True)


def _write(path: Path, text: str) -> None:
    """Whoever reads sees the old file or the whole new one, also after a power cut."""
    write_atomically(path, text.encode())


def _line(epoch: Epoch) -> str:
    return json.dumps(dict(epoch)) + "\n"


def _epochs(path: Path) -> Iterator[Epoch]:
    """The whole lines of the file; a last line that was cut short is the epoch that will be written again."""
    if path.exists():
        for line in path.read_bytes().splitlines(keepends=True):
            if line.endswith(b"\n"):
                yield _parsed(line, path, {"epoch": int, schema.CHOSEN_BY: int | float, schema.SECONDS: int | float})


def _result(path: Path) -> Result | None:
    if not path.exists():
        return None
    content = _parsed(path.read_bytes(), path, {"outcome": str, "metrics": dict})
    if content["outcome"] not in schema.OUTCOMES or not content.keys() <= Result.__dataclass_fields__.keys():
        raise _damaged(path)
    return Result(**content)


def _parsed(text: bytes, path: Path, needed: Mapping[str, type | UnionType]) -> dict[str, Any]:
    """The object in the text, if it has what it needs to have."""
    try:
        content: dict[str, Any] = json.loads(text)
        if all(isinstance(content[name], kind) for name, kind in needed.items()):
            return content
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise _damaged(path)


def _damaged(path: Path) -> Mistake:
    return Mistake(f"{path} is damaged; to train this trial anew, delete the folder it is in.")

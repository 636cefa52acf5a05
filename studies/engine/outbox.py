"""What MLflow should come to know, by trial: news of one trial replaces what was not sent yet of it."""

import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from studies.engine import schema
from studies.engine.ledger import Epoch
from studies.engine.plan import Trial


@dataclass(frozen=True)
class Settled:
    """How a trial ended: the epochs that count, and the metrics of the whole trial."""

    trial: Trial
    outcome: str
    epochs: Sequence[Epoch]
    metrics: Mapping[str, float]
    device: str
    shared: int  # how many trials were on the device at the same time
    reason: str = ""
    model: Path | None = None


@dataclass(frozen=True)
class Note:
    """All there is to tell of one trial: that it began, and once known how it ended and the file of its network."""

    trial: Trial
    settled: Settled | None = None
    model: Path | None = None

    def seconds(self) -> list[float]:
        """How long each epoch took, where that was measured."""
        epochs = self.settled.epochs if self.settled else ()
        took = [epoch.get(schema.SECONDS, 0.0) for epoch in epochs]
        return [seconds if math.isfinite(seconds) else 0.0 for seconds in took]


class Outbox:
    """Notes in the order in which they wait; one that could not be sent goes to the end, and so holds up no other."""

    def __init__(self) -> None:
        self._notes: dict[str, Note] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._notes)

    def add(self, trial: Trial, *, settled: Settled | None = None, model: Path | None = None) -> None:
        with self._lock:
            note = self._notes.get(trial.signature, Note(trial))
            self._notes[trial.signature] = replace(note, settled=settled or note.settled, model=model or note.model)

    def first(self) -> Note | None:
        with self._lock:
            return next(iter(self._notes.values()), None)

    def sent(self, note: Note) -> None:
        """It need not be sent again, unless there was news in the meantime."""
        with self._lock:
            if self._notes[note.trial.signature] is note:
                del self._notes[note.trial.signature]

    def failed(self, note: Note) -> None:
        with self._lock:
            self._notes[note.trial.signature] = self._notes.pop(note.trial.signature)

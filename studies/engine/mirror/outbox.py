"""What MLflow should come to know, by trial: news of one trial replaces what was not sent yet of it."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from studies.engine.book.table import Row
from studies.engine.plan.plan import Trial


@dataclass(frozen=True)
class Note:
    """All there is to tell of one trial: that it began and where, how far it is or how it ended, and the file of its network."""

    trial: Trial
    epochs: int = 0  # so many of those in the book count; they are read when they are sent
    row: Row | None = None  # once it ended
    model: Path | None = None
    origin: Mapping[str, str] = field(default_factory=dict)


class Outbox:
    """Notes in the order in which they wait; one that could not be sent goes to the end, and so holds up no other."""

    def __init__(self) -> None:
        self._notes: dict[str, Note] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._notes)

    def add(self, note: Note) -> None:
        with self._lock:
            old = self._notes.get(note.trial.signature, note)
            self._notes[note.trial.signature] = Note(
                note.trial,
                max(note.epochs, old.epochs),
                note.row or old.row,
                note.model or old.model,
                note.origin or old.origin,
            )

    def first(self, most: int) -> list[Note]:
        with self._lock:
            return list(islice(self._notes.values(), most))

    def sent(self, note: Note) -> None:
        """It need not be sent again, unless there was news in the meantime."""
        with self._lock:
            if self._notes[note.trial.signature] is note:
                del self._notes[note.trial.signature]

    def failed(self, note: Note) -> None:
        with self._lock:
            self._notes[note.trial.signature] = self._notes.pop(note.trial.signature)

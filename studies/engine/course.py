"""How far a training is and how it ended: what the rooms of the engine tell each other of a trial."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Course:
    """A training as far as it is known: its score by epoch, and how it ended once it ended by itself."""

    scores: Sequence[float] = ()
    ended: str | None = None  # completed, diverged, failed


@dataclass(frozen=True)
class Outcome:
    """How a trial ended, the epochs that count, and its score at the last of them."""

    ended: str  # completed, stopped, diverged, failed
    epochs: int
    score: float

"""How far a trial is and how it ended: what the rooms of the engine tell each other of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Course:
    """A trial as far as it is known: its score by epoch, and how it ended once it ended by itself."""

    scores: Sequence[float] = ()
    ended: str | None = None  # completed, diverged, failed


@dataclass(frozen=True)
class Outcome:
    """How a trial ended, the epochs that count, and its score at the last of them.

    What a search decides has no metrics; what a worker reports has those of the whole trial, or the reason of a failure.
    """

    ended: str  # completed, stopped, diverged, failed
    epochs: int
    score: float
    metrics: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""
    at: float | None = field(default=None, compare=False)  # seconds since 1970, where the book says so

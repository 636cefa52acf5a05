"""Removes from a store the checkpoints of trials that have ended."""

from collections.abc import Callable, Mapping
from multiprocessing import TimeoutError as NoAnswerError
from multiprocessing.pool import ThreadPool

from studies.engine.book.table import Row
from studies.engine.plan.plan import Trial
from studies.engine.run.listener import Listener
from studies.engine.run.store import Store, in_short

CLOSE_TIMEOUT_SECONDS = 60


class Sweeper(Listener):
    """Removes the checkpoints of trials that ended, in a thread of its own, as a store may take its time."""

    def __init__(self, store: Store, say: Callable[[str], None]) -> None:
        self._store, self._say = store, say
        self._there = store.signatures()  # of an earlier start
        self._ended: set[str] = set()
        self._thread = ThreadPool(1)  # a daemon: a store that hangs keeps nobody from leaving

    def begun(self, trial: Trial, origin: Mapping[str, str]) -> None:
        self._there.add(trial.signature)

    def ended(self, trial: Trial, row: Row) -> None:
        if trial.signature in self._there:
            self._ended.add(trial.signature)
            self._thread.apply_async(self._store.drop, ({trial.signature},))

    def closed(self, status: str) -> None:
        """Once more for all: some were written after their trial was settled, and sometimes the store did not answer."""
        try:
            self._thread.apply_async(self._store.drop, (self._ended,)).get(CLOSE_TIMEOUT_SECONDS)
        except (OSError, NoAnswerError) as error:
            why = in_short(error) or "no answer"
            left = f"! Checkpoints of trials that ended are left at {self._store.uri} ({why})"
            self._say(f"{left}; the next start removes them.")
        self._thread.terminate()

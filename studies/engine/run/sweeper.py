"""What a store is no longer needed for is removed from it."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

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
        self._thread = ThreadPoolExecutor(1)

    def begun(self, trial: Trial, origin: Mapping[str, str]) -> None:
        self._there.add(trial.signature)

    def ended(self, trial: Trial, row: Row) -> None:
        if trial.signature in self._there:
            self._ended.add(trial.signature)
            self._thread.submit(self._store.drop, {trial.signature})

    def closed(self, status: str) -> None:
        """Once more for all: some were written after their trial was settled, and sometimes the store did not answer."""
        try:
            self._thread.submit(self._store.drop, self._ended).result(CLOSE_TIMEOUT_SECONDS)
        except (OSError, TimeoutError) as error:
            self._say(
                f"! Checkpoints of trials that ended are left at {self._store.uri} ({in_short(error)}); the next start removes them."
            )
        self._thread.shutdown(wait=False, cancel_futures=True)

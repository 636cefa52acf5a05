"""The tracker tells MLflow how the study goes, in a thread of its own, and never holds the study up.

The book is the truth. So nothing is kept here between starts: each start says everything again, and the thread, once it
can reach MLflow, writes what is missing there. MLflow may be slow, locked or down for as long as it likes.
"""

import math
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnzoo import Epoch
from studies.engine import schema
from studies.engine.book.book import MODEL, Book
from studies.engine.book.table import Row
from studies.engine.mirror.outbox import Note, Outbox
from studies.engine.mirror.tracking_uri import absolute_uri, is_server
from studies.engine.plan.plan import Trial
from studies.engine.run.listener import Listener
from studies.engine.schema import redact, trouble

if TYPE_CHECKING:
    from studies.engine.mirror.mlflow_runs import Runs

BATCH_SECONDS = 0.2  # news that are sent together: a trial that is over by then costs half the requests
LIVE_SECONDS = 10.0  # between two sendings of a running trial's curves: one that is over by then costs nothing more
BOOK_SECONDS = 300.0  # between two uploads of the book while the study runs
LONGEST_WAIT_SECONDS = 30.0  # between two tries while MLflow cannot be reached
SILENT_SECONDS = 2.0  # of waiting for the last records that need no word
CLOSE_TIMEOUT_SECONDS = 60.0  # without progress, after which the rest is left unsent: two tries at a locked database
CLOSE_TIMEOUT_SECONDS_IN_TROUBLE = 5.0  # the same, where the last two tries failed
AT_ONCE = 8  # trials told to a server: it has several workers, and most of the time goes by in waiting for its answers

SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",  # one repeated unseen could create a run twice; we look, then repeat
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


class Tracker(Listener):
    """Its calls return at once and never raise, but for the last, which waits for MLflow."""

    def __init__(
        self, uri: str, spec: Mapping[str, Any], origin: Mapping[str, str], book: Book, say: Callable[[str], None]
    ) -> None:
        for name, value in SETTINGS.items():
            os.environ.setdefault(name, value)
        self._uri = absolute_uri(uri)
        self._at_once = AT_ONCE if is_server(uri) else 1
        self._spec, self._origin = spec, origin
        self.book = book
        self._say = say
        self.unsent = 0  # records, once it is closed
        self.experiment = ""  # of the study in MLflow, once it is known
        self._tested: dict[tuple[str, str], tuple[Trial, Row]] = {}  # by arm and signature, those with a test score
        self._due: dict[str, float] = {}  # by running trial, when its curves may be sent again
        self._book_due = time.monotonic() + BOOK_SECONDS
        self._outbox = Outbox()
        self._news = threading.Event()
        self._closing = threading.Event()
        self._status = ""  # of the study, once it is closing
        self._runs: Runs | None = None
        self._written = -math.inf  # when the last record was
        self._failures = 0  # in a row
        self._topics: set[str] = set()  # on which it has spoken
        self._speaking = threading.Lock()
        self._abandoned = False
        self._thread = threading.Thread(target=self._work, name="tracker", daemon=True)
        self._thread.start()

    def begun(self, trial: Trial, origin: Mapping[str, str]) -> None:
        """Its run exists and is RUNNING."""
        self._due[trial.signature] = time.monotonic() + LIVE_SECONDS
        self._add(Note(trial, origin=origin))

    def advanced(self, trial: Trial, epoch: Epoch, counted: int) -> None:
        """The curves follow some seconds behind. Epochs that may not count in the end wait: a server takes none back."""
        if time.monotonic() >= self._due.get(trial.signature, math.inf):
            self._due[trial.signature] = time.monotonic() + LIVE_SECONDS
            self._add(Note(trial, counted))

    def ended(self, trial: Trial, row: Row) -> None:
        """Its run has all metrics and the outcome, and is FINISHED, or FAILED."""
        self._due.pop(trial.signature, None)
        origin = self.book.origin(trial.signature) or self._origin
        self._add(Note(trial, int(row.metrics[schema.EPOCHS_DONE]), row, origin=origin))
        if trial.tested and row.outcome == "completed":
            self._tested[trial.arm, trial.signature] = trial, row

    def closed(self, status: str) -> None:
        if status == "FINISHED":
            networks = [(trial, self.book.folder(trial.signature) / MODEL) for trial in self._best()]
            for trial, path in networks:
                if path.exists():  # a book that was copied to another machine may have left them behind
                    self._add(Note(trial, model=path))
        self.unsent = self.close(status)

    def keep_result(self, files: Iterable[Path]) -> None:
        """Files that show the result become artifacts of the study's run, which is closed already; a failure is told."""
        if self._runs is not None:
            try:
                self._runs.keep_result(files)
            except Exception as error:  # whatever MLflow raises: the result is on the screen
                self._tell_trouble(error)

    def close(self, status: str) -> int:
        """Send what is left and end the parent run; returns how many records (trials, and the end) were not sent."""
        self._status = status
        self._closing.set()
        self._news.set()
        self._thread.join(SILENT_SECONDS)
        if self._thread.is_alive() and not self._failures:
            self._tell_once("rest", f"Sending {len(self._outbox) + 1} records to MLflow; Ctrl-C leaves them for later.")
        waiting_since = time.monotonic()
        try:
            while self._thread.is_alive():
                self._thread.join(0.1)
                limit = CLOSE_TIMEOUT_SECONDS_IN_TROUBLE if self._failures > 1 else CLOSE_TIMEOUT_SECONDS
                if time.monotonic() - max(waiting_since, self._written) > limit:
                    break
        finally:  # also where somebody breaks off the sending
            self._abandoned = True
        return len(self._outbox) + self._thread.is_alive()

    def _best(self) -> Iterable[Trial]:
        """The tested trial of each arm and stage with the best validation score, or the first without any."""
        best: dict[tuple[str, str], tuple[float, Trial]] = {}
        for trial, row in self._tested.values():
            score = row.metrics.get(schema.CHOSEN_BY, math.nan)
            score = -1.0 if math.isnan(score) else score  # where nothing is held out, the first one
            if score > best.setdefault((trial.arm, trial.stage), (score, trial))[0]:
                best[trial.arm, trial.stage] = score, trial
        return [trial for _, trial in best.values()]

    def _add(self, note: Note) -> None:
        self._outbox.add(note)
        self._news.set()

    def _work(self) -> None:
        while not self._abandoned:
            try:
                if self._write_all():
                    return
                self._failures = 0
            except Exception as error:  # whatever it is: the study goes on
                self._runs = None
                self._failures += 1
                if self._failures > 1:  # the second try sees what was deleted, and what did arrive
                    self._tell_trouble(error)
            self._rest()

    def _write_all(self) -> bool:
        """Write what waits; True when that was the last of it."""
        closing = self._closing.is_set()  # asked first: after close nothing is added
        self._news.clear()
        if self._runs is None:
            from studies.engine.mirror.mlflow_runs import Runs  # two seconds, during which the study trains

            self._runs = Runs(self._uri, self._spec, self._origin, self.book, self._tell_once)
            self.experiment = self._runs.experiment
        while not self._abandoned and (notes := self._outbox.first(self._at_once)):
            self._write_each(self._runs, notes)
        if closing or time.monotonic() > self._book_due:
            self._runs.keep_book()
            self._book_due = time.monotonic() + BOOK_SECONDS
        if closing:
            self._runs.finish(self._status, [row for _, row in self._tested.values()])
        return closing

    def _write_each(self, runs: "Runs", notes: Sequence[Note]) -> None:
        """Write these, each of another trial, at once; what the first failure raised is raised when all are over."""
        errors: list[Exception] = []

        def write(note: Note) -> None:
            try:
                runs.write(note)
            except Exception as error:  # whatever it is
                self._outbox.failed(note)
                errors.append(error)
            else:
                self._outbox.sent(note)

        helpers = [threading.Thread(target=write, args=(note,), daemon=True) for note in notes[1:]]
        for helper in helpers:
            helper.start()
        write(notes[0])
        for helper in helpers:
            helper.join()
        if len(errors) < len(notes):
            self._written = time.monotonic()
        if errors:
            raise errors[0]

    def _rest(self) -> None:
        """Wait for news, or after a failure for better times."""
        if self._failures == 0:
            self._news.wait()
            self._closing.wait(BATCH_SECONDS)
        elif self._closing.is_set():
            time.sleep(min(1.0, LONGEST_WAIT_SECONDS))
        else:
            self._closing.wait(min(2.0 ** min(self._failures, 9), LONGEST_WAIT_SECONDS))

    def _tell_trouble(self, error: Exception) -> None:
        text = f"MLflow at {self._uri} cannot be written to ({trouble(error)[:200]}). The study goes on; all is kept and sent later."
        self._tell_once("trouble", redact(text))

    def _tell_once(self, topic: str, text: str) -> None:
        with self._speaking:
            if topic not in self._topics:
                self._topics.add(topic)
                self._say(text)

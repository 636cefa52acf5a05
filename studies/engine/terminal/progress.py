"""The live table by arm while a study runs; plain lines, one a trial, where there is no terminal."""

import math
import threading
import time
from collections import deque
from collections.abc import Mapping
from statistics import median

from rich.console import Console
from rich.live import Live
from rich.table import Table

from cnnzoo import Epoch
from studies.engine import schema
from studies.engine.book.table import Row
from studies.engine.plan.plan import Trial
from studies.engine.run.listener import Listener
from studies.engine.search.agenda import Agenda
from studies.engine.terminal.estimate import STOPPED_EARLY, duration

REFRESH_SECONDS = 0.5  # between two pictures of the table, and two reckonings of what is left: both go through all arms
LOOK_SECONDS = 60.0  # between two looks whether an epoch has ended
SILENCE_SECONDS, LONGEST_EPOCHS = 600.0, 20  # without an epoch: so long, and so many times the longest one
BAR_WIDTH = 24  # characters
LATEST_EPOCHS = 50  # of an arm, from which the time left is reckoned


class _Cell:
    """A table in a notebook, redrawn in its place."""

    def __init__(self) -> None:
        from IPython.display import DisplayHandle

        self._handle = DisplayHandle()

    def start(self) -> None:
        self._handle.display("starting")

    def update(self, table: Table, refresh: bool) -> None:
        self._handle.update(table)

    def stop(self) -> None:
        """It stays as it was last drawn."""


def _picture(console: Console) -> Live | _Cell | None:
    """Where the table is drawn; None where only lines can be printed."""
    if console.is_jupyter:
        return _Cell()
    return Live(console=console, auto_refresh=False, transient=False) if console.is_terminal else None


class Progress(Listener):
    """Reads the agenda and draws, whenever the conductor announces something."""

    agenda: Agenda  # from the moment on that the study is opened

    def __init__(self, slots: int, console: Console) -> None:
        self.slots = slots
        self.console = console
        self._live = _picture(console)
        self._reckoned, self._left = -math.inf, (0, "")  # when, and what: all trials, and the time left in words
        self._over = threading.Event()
        self._heard, self._longest = time.monotonic(), 0.0  # when the last epoch ended, and what the longest one took
        self._ended = 0  # so many trials
        self._begun: set[str] = set()  # in this start
        self._epochs: dict[str, dict[str, int]] = {}  # by arm and signature, those that were trained
        self._seconds: dict[str, deque[float]] = {}  # by arm, what its latest epochs took in this run

    def opened(self, agenda: Agenda) -> None:
        self.agenda = agenda
        threading.Thread(target=self._watch, daemon=True).start()
        if self._live:
            self._live.start()

    def closed(self, status: str) -> None:
        self._over.set()
        if self._live:
            self._live.update(self._table(), refresh=True)
            self._live.stop()

    def begun(self, trial: Trial, origin: Mapping[str, str]) -> None:
        self._begun.add(trial.signature)
        self._draw()

    def advanced(self, trial: Trial, epoch: Epoch, counted: int) -> None:
        self._heard, self._longest = time.monotonic(), max(self._longest, epoch.seconds)
        self._count(trial, epoch.number)
        self._seconds.setdefault(trial.arm, deque(maxlen=LATEST_EPOCHS)).append(epoch.seconds)
        self._draw()

    def ended(self, trial: Trial, row: Row) -> None:
        self._count(trial, int(row.metrics[schema.EPOCHS_DONE]))
        if self._live is None:
            self._print(trial, row)
        self._draw()

    def _count(self, trial: Trial, epochs: int) -> None:
        """Those after which there is no validation score count, too."""
        of_arm = self._epochs.setdefault(trial.arm, {})
        of_arm[trial.signature] = max(epochs, of_arm.get(trial.signature, 0))

    def _draw(self) -> None:
        if self._live and self._due():
            self._live.update(self._table(), refresh=True)

    def _due(self) -> bool:
        """Whether the table, or for a line the time left, is to be worked out anew."""
        if time.monotonic() - self._reckoned <= REFRESH_SECONDS:
            return False
        self._reckoned = time.monotonic()
        return True

    def _watch(self) -> None:
        """A training that hangs would hold its slot for ever, in silence: say so, once."""
        while not self._over.wait(LOOK_SECONDS):
            silent = time.monotonic() - self._heard
            if silent > max(SILENCE_SECONDS, LONGEST_EPOCHS * self._longest):
                names = ", ".join(self.agenda.trials[signature].name for signature in list(self.agenda.running))
                line = f"No epoch has ended for {duration(silent)}; being trained: {names}. If that cannot be, one of them hangs: "
                self.console.print(f"{line}Ctrl-C, and the same command goes on.", soft_wrap=True)
                return

    def _table(self) -> Table:
        table = Table(title=self._title(), title_justify="left")
        table.add_column("arm")
        table.add_column("stage")
        for column in ("done", "running", "left", "best val acc", "epochs"):
            table.add_column(column, justify="right")
        for arm in self.agenda.arms:
            running = (self.agenda.trials[signature] for signature in self.agenda.running)
            stages = {self.agenda.plan.study.named_stage(trial.stage) for trial in running if trial.arm == arm}
            best = self.agenda.standings[arm].best
            score = f"{best:.2f} %" if math.isfinite(best) else ""
            epochs = sum(self._epochs.get(arm, {}).values())
            table.add_row(arm, ", ".join(sorted(stages)), *map(str, self._counts(arm)), score, str(epochs))
        return table

    def _title(self) -> str:
        """One bar for the whole study, and the time that is left."""
        done, total = len(self.agenda.settled), self.agenda.total()
        full = BAR_WIDTH * done // max(total, 1)
        left = self._time_left("  ") if done < total else ""
        return f"{done} of {total} trials  {'━' * full}{'─' * (BAR_WIDTH - full)}{left}"

    def _time_left(self, mark: str) -> str:
        """`about 3 min left` after the mark, from what the epochs of each arm took so far; empty where none is known."""
        if not self._seconds:
            return ""
        usual = median(s for seconds in self._seconds.values() for s in seconds)
        tuned = {arm.name: arm.base for arm in self.agenda.plan.searched()}
        seconds = 0.0
        for arm in self.agenda.arms:
            _, running, left = self._counts(arm)
            epochs = tuned[arm].epochs * STOPPED_EARLY if arm in tuned else self.agenda.plan.arms[arm].epochs
            seconds += (left + running / 2) * epochs * median(self._seconds.get(arm, [usual]))
        return f"{mark}about {duration(seconds / self.slots)} left" if seconds else ""

    def _counts(self, arm: str) -> tuple[int, int, int]:
        """Its trials that are done, running and left."""
        standing = self.agenda.standings[arm]
        left = self.agenda.planned(arm) - standing.done - standing.running
        return standing.done, standing.running, max(0, left)

    def _print(self, trial: Trial, row: Row) -> None:
        """A line for a trial of this run; one that was done before has been counted by the announcement."""
        self._ended += 1
        if trial.signature not in self._begun:
            return
        if self._due() or self.agenda.finished():
            self._left = (self.agenda.total(), self._time_left("; "))
        (total, left), epochs = self._left, int(row.metrics[schema.EPOCHS_DONE])
        line = f"[{self._ended}/{total}] {trial.name}: {row.outcome}"
        held_out = row.metrics.get(schema.CHOSEN_BY, math.nan)
        score = f", val acc {held_out:.2f} %" if math.isfinite(held_out) else ""
        score = f" after {epochs} epochs{score}" if epochs else ""
        self.console.out(line + score + left, highlight=False)

"""The searches of a study for Optuna's dashboard: ``optuna-dashboard results/studies/<study>.<scale>/optuna.journal``.

The journal is written whole: Optuna's own storage makes its lines in memory, and its own file backend writes them at once
into a new file that then takes the place of the old one. It is never read back, so it may be deleted: the next start writes
it again.
"""

import math
import time
import warnings
from datetime import datetime
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend, JournalFileBackend
from optuna.trial import FrozenTrial

from studies.engine import schema
from studies.engine.book.table import Row
from studies.engine.plan.plan import Plan, Trial
from studies.engine.run.listener import Listener
from studies.engine.search.agenda import Agenda, key_of

JOURNAL = "optuna.journal"
OBJECTIVE = "validation acc@1 %"
Times = tuple[float | None, float | None]  # when a trial began and ended: of 100,000 trials whole rows are 150 MB
SECONDS_BETWEEN_WRITINGS = 30.0  # at least, while the study runs
SHARE_OF_TIME = 0.02  # of a long search, that writing it again and again may take


class Lines(BaseJournalBackend):
    """The lines of a journal in memory: Optuna's file backend waits for the disk after each of them."""

    def __init__(self) -> None:
        self.written: list[dict[str, Any]] = []

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        self.written += logs

    def read_logs(self, log_number_from: int) -> list[dict[str, Any]]:
        return self.written[log_number_from:]


class OptunaJournal(Listener):
    """Writes the journal now and then while the study runs, and at its end."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self._plan = plan
        self._path = folder / JOURNAL
        self._candidates: dict[str, tuple[Trial, Times]] = {}  # by signature, in the order in which they ended
        self._due = -math.inf

    def opened(self, agenda: Agenda) -> None:
        self._agenda = agenda

    def ended(self, trial: Trial, row: Row) -> None:
        if trial.stage == "search":
            self._candidates[trial.signature] = (trial, (row.started, row.ended))
            if time.monotonic() >= self._due:
                self._write()

    def closed(self, status: str) -> None:
        if status != "FAILED" and self._plan.searched():
            self._write()

    def _write(self) -> None:
        started = time.monotonic()
        draft = self._path.with_name(f"{JOURNAL}.new")
        for left in (draft, draft.with_name(f"{draft.name}.lock")):  # by a process that was killed
            left.unlink(missing_ok=True)
        lines = Lines()
        self._tell(JournalStorage(lines))
        JournalFileBackend(str(draft)).append_logs(lines.written)
        draft.replace(self._path)
        took = time.monotonic() - started
        self._due = time.monotonic() + max(SECONDS_BETWEEN_WRITINGS, took / SHARE_OF_TIME)

    def _tell(self, storage: JournalStorage) -> None:
        searches = {
            key: optuna.create_study(storage=storage, study_name=self._name(*key), direction="maximize")
            for key in self._agenda.searches
        }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)  # naming the objective is public, but may change
            for search in searches.values():
                search.set_metric_names([OBJECTIVE])
        for trial, times in self._candidates.values():
            searches[key_of(trial)].add_trial(self._frozen(trial, *times))
        for key, search in searches.items():
            if chosen := self._agenda.chosen(*key):
                setting = {field: getattr(chosen.recipe, field) for field in self._agenda.searches[key].space}
                search.set_user_attr("chosen", setting)

    def _name(self, arm: str, number: int) -> str:
        repeat = f" · search {number}" if number != 1 else ""
        return f"{self._plan.study.name} · {self._plan.scale} · {arm}{repeat}"

    def _frozen(self, trial: Trial, started: float | None, ended: float | None) -> FrozenTrial:
        """A candidate as the search knows it, with its name in the book, and when it was trained."""
        assert trial.number is not None
        frozen = self._agenda.searches[key_of(trial)].frozen(trial.number)
        frozen.set_user_attr(schema.NUMBER, trial.number)
        frozen.set_user_attr(schema.SIGNATURE, trial.signature)
        if started and ended:  # a trial that was stopped ended with its last epoch
            frozen.datetime_start = datetime.fromtimestamp(started)
            frozen.datetime_complete = datetime.fromtimestamp(ended)
        return frozen

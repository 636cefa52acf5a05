"""The searches as Optuna's dashboard reads them: ``optuna-dashboard results/optuna.journal``, a study an arm.

The journal is written from the ledger and never read back, so it may be deleted: the next start writes it again.
It only ever grows, so that a dashboard may be open on it, and what a person noted there stays.
"""

import fcntl
import hashlib
import json
import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import optuna
from optuna.distributions import distribution_to_json
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial

from studies.engine.book.table import Row
from studies.engine.plan.plan import Plan, Trial, TunedArm
from studies.engine.run.listener import Listener
from studies.engine.schema import NUMBER, SIGNATURE
from studies.engine.search.agenda import Agenda
from studies.engine.search.search import Search

IDENTITY = "identity"
SECONDS_BETWEEN_WRITINGS = 30.0  # at least, while the study runs


class OptunaJournal(Listener):
    """Writes the journal now and then while the study runs, and at its end."""

    def __init__(self, plan: Plan, path: Path) -> None:
        self._plan = plan
        self._path = path
        self._searches: Mapping[str, Search] = {}
        self._new = 0  # candidates that ended since the journal was written
        self._written_at = -math.inf

    def opened(self, agenda: Agenda) -> None:
        self._searches = agenda.searches

    def ended(self, trial: Trial, row: Row) -> None:
        self._new += trial.number is not None
        if self._new and time.monotonic() - self._written_at > SECONDS_BETWEEN_WRITINGS:
            self._write()

    def closed(self, status: str) -> None:
        if status != "FAILED":
            self._write()

    def _write(self) -> None:
        export(self._plan, self._searches, self._path)
        self._new, self._written_at = 0, time.monotonic()


def export(plan: Plan, searches: Mapping[str, Search], path: Path) -> None:
    """Add every candidate that has its outcome and is not there yet; to an empty journal, where it is damaged."""
    judged = {arm: list(_judged(plan, arm, search)) for arm, search in searches.items()}
    with _held(path):
        try:
            storage = _opened(path)
        except OSError:  # a full disk is no damage
            raise
        except Exception:  # a spoilt line makes Optuna raise all sorts, assertions too
            path.with_name(f"{path.name}.damaged").write_bytes(path.read_bytes())
            path.write_bytes(b"")
            storage = _opened(path)
        for arm, trials in judged.items():
            home = _home(storage, f"{plan.study.name} · {plan.scale} · {arm}", plan.tuned[arm])
            there = {trial.user_attrs.get(SIGNATURE) for trial in home.get_trials(deepcopy=False)}
            home.add_trials(trial for trial in trials if trial.user_attrs[SIGNATURE] not in there)


def _judged(plan: Plan, arm: str, search: Search) -> Iterator[FrozenTrial]:
    for number, outcome in enumerate(search.outcomes()):
        if outcome is not None:
            signature = plan.candidate(arm, number, search.settings[number]).signature
            yield search.frozen(number, **{NUMBER: number, SIGNATURE: signature})


def _opened(path: Path) -> JournalStorage:
    for line in path.read_bytes().splitlines():
        json.loads(line)  # Optuna bears with a last line that is spoilt, until another one follows it
    return JournalStorage(JournalFileBackend(str(path), lock_obj=_Held(str(path))))


def _home(storage: JournalStorage, name: str, arm: TunedArm) -> Study:
    """The Optuna study of an arm. One of another recipe or space, from before the file was changed, stays as it is."""
    mine = _identity(arm)
    known = {study.study_name for study in storage.get_all_studies()}
    for attempt in count(1):
        label = name if attempt == 1 else f"{name} ({attempt})"
        if label not in known:
            storage.create_new_study([StudyDirection.MAXIMIZE], label)
        home = optuna.load_study(study_name=label, storage=storage)
        if not home.user_attrs:
            home.set_user_attr(IDENTITY, mine)
        if home.user_attrs.get(IDENTITY) == mine:
            return home
    raise AssertionError("count() has no end")


def _identity(arm: TunedArm) -> str:
    space = {name: distribution_to_json(distribution) for name, distribution in arm.space.items()}
    return hashlib.sha256(json.dumps([arm.base.to_json(), space], sort_keys=True).encode()).hexdigest()[:16]


class _Held(JournalFileSymlinkLock):
    """Optuna's own lock is a link that outlives a killed process: here the journal itself is locked, around it all."""

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        pass


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """The journal for this process alone, by a lock that the kernel takes back from whoever dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        text = file.read()
        if not text.endswith(b"\n"):
            file.truncate(text.rfind(b"\n") + 1)  # a line that a kill cut short; the next one would grow onto it
        yield

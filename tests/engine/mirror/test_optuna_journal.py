"""The journal that Optuna's dashboard opens: every candidate that ended, once, however often it was written."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from studies.engine.mirror import optuna_journal
from studies.engine.mirror.optuna_journal import OptunaJournal
from studies.engine.run.conduct import Conductor
from tests.engine.driving import Workers, conductor
from tests.engine.runs import ROOT
from tests.engine.simulated import plan, study

ARMS = ["relu", "sigmoid", "tanh"]
OF = plan(study(trials=6))


def read(folder: Path) -> Mapping[str, list[FrozenTrial]]:
    """What the dashboard would see, opened as it opens a journal."""
    storage = JournalStorage(JournalFileBackend(str(folder / "optuna.journal")))
    return {found.study_name: storage.get_all_trials(found._study_id) for found in storage.get_all_studies()}


def run(folder: Path, status: str = "FINISHED") -> Conductor:
    """A study from where it stands to its end, with its journal in the same folder."""
    driver = conductor(OF, folder, OptunaJournal(OF, folder), slots=2)
    Workers(driver, seed=0).run()
    driver.close(status)
    return driver


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Conductor]:
    folder = tmp_path_factory.mktemp("whole")
    return folder, run(folder)


def test_every_candidate_as_optuna_knows_it(whole: tuple[Path, Conductor]) -> None:
    folder, driver = whole
    found = read(folder)
    assert sorted(found) == [f"simulated · report · {arm}" for arm in ARMS]
    relu = sorted(found["simulated · report · relu"], key=lambda trial: trial.user_attrs["number"])
    assert [trial.user_attrs["number"] for trial in relu] == list(range(6))
    candidates = {s for s, trial in driver.agenda.trials.items() if trial.arm == "relu" and trial.stage == "search"}
    assert {trial.user_attrs["signature"] for trial in relu} == candidates
    states = {"completed": TrialState.COMPLETE, "stopped": TrialState.PRUNED}
    assert {trial.state for trial in relu} == set(states.values())
    assert all(trial.state == states[trial.user_attrs["outcome"]] for trial in relu)
    best = max((trial for trial in relu if trial.value is not None), key=lambda trial: trial.value or 0)
    assert best.intermediate_values[9] == best.value
    assert best.datetime_start is not None
    assert best.datetime_complete is not None
    assert best.datetime_start <= best.datetime_complete


def test_begun_again_it_is_written_anew(whole: tuple[Path, Conductor]) -> None:
    folder, _ = whole
    before = {name: [trial.params for trial in trials] for name, trials in read(folder).items()}
    for spoilt in (b"hello\nworld\n", None):
        if spoilt is None:
            (folder / "optuna.journal").unlink()
        else:
            (folder / "optuna.journal").write_bytes(spoilt)
        run(folder)
        after = {name: [trial.params for trial in trials] for name, trials in read(folder).items()}
        assert {name: sorted(map(str, params)) for name, params in after.items()} == {
            name: sorted(map(str, params)) for name, params in before.items()
        }


@pytest.mark.parametrize(("seconds", "at_least"), [(0.0, 5), (1000.0, 2)])
def test_it_is_there_while_the_study_runs(
    seconds: float, at_least: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writings, write = [], OptunaJournal._write
    monkeypatch.setattr(optuna_journal, "SECONDS_BETWEEN_WRITINGS", seconds)
    monkeypatch.setattr(optuna_journal, "SHARE_OF_TIME", 1e9)
    monkeypatch.setattr(OptunaJournal, "_write", lambda self: (writings.append(self), write(self)))
    run(tmp_path)
    assert len(writings) >= at_least if seconds == 0 else len(writings) == at_least
    assert {len(trials) for trials in read(tmp_path).values()} == {6}


def test_a_study_that_tunes_nothing_has_no_journal(tmp_path: Path) -> None:
    OptunaJournal(plan(type(study())(**{**vars(study()), "tune": {}})), tmp_path).closed("FINISHED")
    assert not list(tmp_path.iterdir())


KILLED = """
import os, signal, sys
from pathlib import Path
import optuna
from tests.engine.mirror.test_optuna_journal import run

add, added = optuna.study.Study.add_trial, []

def adds(self, trial):
    add(self, trial)
    added.append(trial)
    if len(added) == 5:
        os.kill(os.getpid(), signal.SIGKILL)

optuna.study.Study.add_trial = adds
run(Path(sys.argv[1]))
"""


def test_a_writer_that_is_killed_holds_up_nobody(tmp_path: Path) -> None:
    """Optuna's own lock is a link that outlives it, and would hold up the next writer for half a minute."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == -signal.SIGKILL
    (tmp_path / "optuna.journal.new.lock").symlink_to(tmp_path / "optuna.journal.new")
    for checkpoint in tmp_path.rglob("checkpoint.pt"):  # the workers of this test begin each trial anew
        checkpoint.unlink()
    run(tmp_path)
    assert {len(trials) for trials in read(tmp_path).values()} == {6}
    assert not list(tmp_path.glob("*.new*"))


def test_the_objective_has_its_name(whole: tuple[Path, Conductor]) -> None:
    storage = JournalStorage(JournalFileBackend(str(whole[0] / "optuna.journal")))
    names = {study.study_name: study.system_attrs["study:metric_names"] for study in storage.get_all_studies()}
    assert names == {name: ["validation acc@1 %"] for name in read(whole[0])}

"""The journal that Optuna's dashboard opens: every settled candidate once, however often and however badly it was written."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import optuna
import pytest
from optuna.distributions import CategoricalDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from studies.engine.mirror.optuna_store import export
from studies.engine.plan.plan import TunedArm
from studies.engine.search.agenda import Agenda
from studies.engine.search.search import Search
from tests.engine.simulated import plan, simulate, study

ARMS = ["relu", "sigmoid", "tanh"]
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def half() -> Agenda:
    return simulate(study(), slots=2, seed=0, steps=60)[0]


@pytest.fixture(scope="module")
def whole() -> Agenda:
    return simulate(study(), slots=2, seed=0)[0]


def read(path: Path) -> Mapping[str, list[FrozenTrial]]:
    """What the dashboard would see, opened as it opens a journal."""
    storage = JournalStorage(JournalFileBackend(str(path)))
    return {of.study_name: storage.get_all_trials(of._study_id) for of in storage.get_all_studies()}


def write(agenda: Agenda, path: Path) -> None:
    export(agenda.plan, agenda.searches, path)


def signatures(agenda: Agenda, arm: str) -> list[str]:
    settled = [s for s in agenda.settled if agenda.trials[s].arm == arm and agenda.trials[s].stage == "search"]
    return sorted(settled)


def test_every_settled_candidate_as_optuna_knows_it(whole: Agenda, tmp_path: Path) -> None:
    write(whole, tmp_path / "optuna.journal")
    found = read(tmp_path / "optuna.journal")
    assert sorted(found) == [f"simulated · report · {arm}" for arm in ARMS]
    relu = found["simulated · report · relu"]
    assert [trial.user_attrs["number"] for trial in relu] == list(range(12))
    assert sorted(trial.user_attrs["signature"] for trial in relu) == signatures(whole, "relu")
    states = {"completed": TrialState.COMPLETE, "stopped": TrialState.PRUNED}
    assert {trial.state for trial in relu} == set(states.values())
    assert all(trial.state == states[trial.user_attrs["outcome"]] for trial in relu)
    best = max((t for t in relu if t.value is not None), key=lambda t: t.value or 0)
    assert best.intermediate_values[9] == best.value


def test_the_journal_only_grows(half: Agenda, whole: Agenda, tmp_path: Path) -> None:
    path = tmp_path / "optuna.journal"
    write(half, path)
    before = path.read_bytes()
    assert [t.user_attrs["signature"] for t in read(path)["simulated · report · relu"]]
    write(half, path)
    assert path.read_bytes() == before
    write(whole, path)
    assert path.read_bytes().startswith(before)
    for arm in ARMS:
        found = [trial.user_attrs["signature"] for trial in read(path)[f"simulated · report · {arm}"]]
        assert sorted(found) == signatures(whole, arm)


def test_a_search_over_another_space_gets_a_study_of_its_own(whole: Agenda, tmp_path: Path) -> None:
    path = tmp_path / "optuna.journal"
    write(whole, path)
    changed = study()
    other = Agenda(plan(changed), whole.recall)
    arm = other.plan.tuned["relu"]
    space = {"lr": CategoricalDistribution([0.1, 0.01])}
    moved: TunedArm = replace(arm, space=space)
    for _ in range(2):
        export(replace(other.plan, tuned={"relu": moved}), {("relu", 1): other.searches["relu", 1]}, path)
    assert sorted(read(path)) == [f"simulated · report · {name}" for name in ("relu", "relu (2)", "sigmoid", "tanh")]


def test_a_line_that_a_kill_cut_short(half: Agenda, whole: Agenda, tmp_path: Path) -> None:
    path = tmp_path / "optuna.journal"
    write(half, path)
    path.write_bytes(path.read_bytes()[:-20])
    write(whole, path)
    assert {len(trials) for trials in read(path).values()} == {12}


def test_a_journal_that_is_damaged_is_put_aside(whole: Agenda, tmp_path: Path) -> None:
    path = tmp_path / "optuna.journal"
    path.write_text("hello\nworld\n")
    write(whole, path)
    assert {len(trials) for trials in read(path).values()} == {12}
    assert (tmp_path / "optuna.journal.damaged").read_text() == "hello\nworld\n"


def test_a_mistake_of_ours_costs_no_journal(whole: Agenda, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "optuna.journal"
    write(whole, path)
    before = path.read_bytes()
    for name in ("frozen", "outcomes"):
        with monkeypatch.context() as broken:
            broken.setattr(Search, name, None)
            with pytest.raises(TypeError):
                write(whole, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_writer_that_is_killed_leaves_no_lock(whole: Agenda, tmp_path: Path) -> None:
    """Killed in the middle of an export; Optuna's own lock would hold up the next writer for half a minute."""
    path = tmp_path / "optuna.journal"
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nimport optuna\n"
        "from tests.engine.simulated import simulate, study\nfrom studies.engine.mirror.optuna_store import export\n"
        "agenda = simulate(study(), slots=2, seed=0)[0]\nadd, added = optuna.study.Study.add_trial, []\n"
        "def adds(self, trial):\n    add(self, trial)\n    added.append(trial)\n"
        "    if len(added) == 5: os.kill(os.getpid(), signal.SIGKILL)\n"
        "optuna.study.Study.add_trial = adds\nexport(agenda.plan, agenda.searches, Path(sys.argv[1]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == -signal.SIGKILL
    assert sum(len(trials) for trials in read(path).values()) == 5
    assert list(tmp_path.iterdir()) == [path]
    write(whole, path)
    assert {len(trials) for trials in read(path).values()} == {12}


def test_what_a_person_noted_in_the_dashboard_stays(half: Agenda, whole: Agenda, tmp_path: Path) -> None:
    path = tmp_path / "optuna.journal"
    write(half, path)
    storage = JournalStorage(JournalFileBackend(str(path)))
    name = "simulated · report · relu"
    optuna.load_study(study_name=name, storage=storage).set_user_attr("note", "looks good")
    write(whole, path)
    assert optuna.load_study(study_name=name, storage=JournalStorage(JournalFileBackend(str(path)))).user_attrs["note"]

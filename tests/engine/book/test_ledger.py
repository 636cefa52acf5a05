"""The books survive what happens to them: half a line, half a file, two writers, a process that is gone."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from studies.engine import schema
from studies.engine.book.ledger import Epoch, Ledger, Record, Result
from studies.engine.book.lock import AlreadyRunningError, held
from studies.engine.mirror.outbox import Settled
from studies.engine.plan.plan import Plan, Trial
from studies.engine.run import conduct
from studies.engine.run.conduct import GONE, Conductor
from studies.engine.terminal.progress import Progress
from tests.engine.runs import ROOT
from tests.engine.simulated import plan, simulate, study

RECIPE = {"model": "lenet"}
HOLDS_AN_ENTRY = """
import sys
from itertools import product
from pathlib import Path
from studies.engine.book.ledger import Ledger

with Ledger(Path(sys.argv[1])).writing("abc", {}) as entry:
    print("held", flush=True)
    sys.stdin.read()
"""


def epoch(number: int, score: float = 50.0) -> Epoch:
    return {"epoch": number, schema.CHOSEN_BY: score, schema.SECONDS: 1.0}


def written(root: Path, *epochs: Epoch) -> Ledger:
    ledger = Ledger(root)
    with ledger.writing("abc", RECIPE) as entry:
        entry.begin([])
        for line in epochs:
            entry.add(line)
    return ledger


def test_of_a_trial_that_never_began_nothing_is_known(tmp_path: Path) -> None:
    assert Ledger(tmp_path).read("abc") == Record((), None)
    assert not list(tmp_path.iterdir())


def test_what_was_written_is_read(tmp_path: Path) -> None:
    ledger = written(tmp_path, epoch(1), epoch(2, float("nan")))
    with ledger.writing("abc", RECIPE) as entry:
        entry.end(Result("completed", {schema.TEST_ACC1: 90.25}, "cpu"))
    first, second = ledger.read("abc").epochs
    assert first == epoch(1)
    assert second["epoch"] == 2
    assert second[schema.CHOSEN_BY] != second[schema.CHOSEN_BY], "a loss that is no number is booked as it is"
    assert ledger.read("abc").result == Result("completed", {schema.TEST_ACC1: 90.25}, "cpu")
    assert json.loads((ledger.folder("abc") / "recipe.json").read_text()) == RECIPE


@pytest.mark.parametrize("cut", [1, 10, 40])
def test_a_line_that_was_cut_short_is_not_there_yet(cut: int, tmp_path: Path) -> None:
    ledger = written(tmp_path, epoch(1), epoch(2))
    path = ledger.folder("abc") / "epochs.jsonl"
    path.write_text(path.read_text()[:-cut])
    assert ledger.read("abc").epochs == (epoch(1),)


def test_a_line_that_was_lost_comes_back_from_the_checkpoint(tmp_path: Path) -> None:
    ledger = written(tmp_path, epoch(1), epoch(2))
    path = ledger.folder("abc") / "epochs.jsonl"
    path.write_text(path.read_text()[:-7])
    with ledger.writing("abc", RECIPE) as entry:
        entry.begin([epoch(1), epoch(2)])
        entry.add(epoch(3))
    assert ledger.read("abc").epochs == (epoch(1), epoch(2), epoch(3))


JUNK = [b"\0\0\0\n", b"{\n", b"5\n", b"null\n", b"[]\n", b"{}\n", b"\xff\xfe\n", b"[" * 100_000 + b"\n"]
OF_ANOTHER_VERSION = [
    b'{"outcome": "great", "metrics": {}}',
    b'{"outcome": "completed", "metrics": {}, "mood": "good"}',
]


@pytest.mark.parametrize(
    ("name", "content"),
    [*product(["epochs.jsonl", "result.json"], JUNK), *product(["result.json"], OF_ANOTHER_VERSION)],
)
def test_books_that_somebody_spoilt_are_named(name: str, content: bytes, tmp_path: Path) -> None:
    ledger = written(tmp_path, epoch(1))
    (ledger.folder("abc") / name).write_bytes(content)
    with pytest.raises(ValueError, match=f"{name} is damaged; to train this trial anew, delete the folder it is in"):
        ledger.read("abc")


def test_an_ended_trial_keeps_no_checkpoint(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    with ledger.writing("abc", RECIPE) as entry:
        for name in ("checkpoint.pt", "checkpoint.pt.previous", "checkpoint.pt.unfinished"):
            (entry.folder / name).write_text("weights")
        entry.end(Result("completed"))
    assert sorted(path.name for path in ledger.folder("abc").iterdir()) == ["lock", "recipe.json", "result.json"]


def test_an_entry_belongs_to_one_process_until_it_dies(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDS_AN_ENTRY, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"
    with (tmp_path / "trials" / "abc" / "lock").open("w") as lock, pytest.raises(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    holder.kill()
    with Ledger(tmp_path).writing("abc", RECIPE) as entry:  # waits for the kernel to notice, and no longer
        entry.begin([epoch(1)])
    holder.communicate()
    assert Ledger(tmp_path).read("abc").epochs == (epoch(1),)


def test_a_study_is_run_by_one_process(tmp_path: Path) -> None:
    path = tmp_path / "results" / "tiny.lock"
    with (
        held(path, "study 'tiny'"),
        pytest.raises(AlreadyRunningError, match=f"study 'tiny' is being run by process {os.getpid()} on .* since 20"),
        held(path, "study 'tiny'"),
    ):
        raise AssertionError("two hold it")
    with held(path, "study 'tiny'"):
        pass


def test_who_has_the_lock_but_no_name_yet(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(AlreadyRunningError, match="being run by another process"), held(tmp_path / "lock", "it"):
            raise AssertionError("two hold it")


class Listener:
    """In the tracker's place: remembers what it was told."""

    def __init__(self) -> None:
        self.settled: dict[str, Settled] = {}

    def begin(self, trial: Trial, origin: Mapping[str, str]) -> None:
        """Nothing is kept of it."""

    def advance(self, trial: Trial, epochs: object) -> None:
        """Nor of this."""

    def settle(self, settled: Settled) -> None:
        self.settled[settled.trial.signature] = settled


def conductor(of: Plan, root: Path, slots: int = 1) -> Conductor:
    progress = Progress(of, slots, Console(quiet=True))
    tracker: Any = Listener()
    return Conductor(of, Ledger(root), tracker, progress, data_dir=root, slots=slots, origin={"device": "cpu"})


def all_die(conductor: Conductor) -> list[Trial]:
    """Run a study whose workers die before they book anything; the trials that were ordered."""
    ordered = []
    while (order := conductor.next()) is not None:
        ordered.append(conductor.agenda.trials[order.signature])
        conductor.ended(order.signature)
    assert conductor.finished()
    return ordered


def test_tune_gives_a_trial_up(tmp_path: Path) -> None:
    """It tells the scheduler of every death of a worker, but the searcher only of a trial that it will not try again."""
    on_ray = pytest.importorskip("studies.engine.run.on_ray")
    driver = conductor(plan(study()), tmp_path)
    orders = on_ray.Orders(driver)
    first, second = orders.suggest("trial 1")["signature"], orders.suggest("trial 2")
    assert second is None, "there is one slot"
    orders.on_trial_complete("trial 1", error=True)
    assert driver.agenda.settled[first].outcome == "failed"
    orders.suggest("trial 3")
    orders.on_trial_complete("trial 3")
    assert len(driver.agenda.settled) == 1, "of a trial that came to its end by itself the scheduler is told"


def test_failed_trials_are_tried_again_but_not_candidates(tmp_path: Path) -> None:
    """What a search suggests later rests on how its candidates ended, so that must not change any more."""
    of = plan(study(trials=1))
    first = conductor(of, tmp_path / "results")
    assert [trial.stage for trial in all_die(first)] == ["search"] * 3 + ["reported"] * 6
    assert dict(first.outcomes()) == {"failed": 9}
    again = "\nto try this candidate again, delete the folder results/trials/"
    for trial, reason in first.failures():
        assert reason == (f"{GONE}{again}{trial.signature}" if trial.stage == "search" else GONE)
    assert [trial.stage for trial in all_die(conductor(of, tmp_path / "results"))] == ["reported"] * 6
    shutil.rmtree(first.ledger.folder(first.failures()[0][0].signature))
    assert [trial.stage for trial in all_die(conductor(of, tmp_path / "results"))] == ["search"] + ["reported"] * 6


@pytest.mark.parametrize("trouble", [OSError(28, "No space left on device"), AssertionError("ours")])
def test_trouble_at_the_end_leaves_no_run_running(
    trouble: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*given: object) -> None:
        raise trouble

    monkeypatch.setattr(conduct, "export", fails)
    driver, closed = conductor(plan(study()), tmp_path), list[str]()
    monkeypatch.setattr(driver.tracker, "close", closed.append, raising=False)
    with pytest.raises(type(trouble)):
        driver.close("KILLED")
    assert closed == ["KILLED"]


def test_the_checkpoint_of_a_stopped_trial_does_not_outlive_a_kill(tmp_path: Path) -> None:
    """The study was killed between the epoch that stopped the trial and the moment when the driver would have cleared up."""
    of = plan(study(trials=2, epochs=3))
    settings = simulate(study(trials=2, epochs=3), slots=1, seed=0)[0].searches["relu", 1].settings
    better, worse = (of.candidate("relu", 1, number, setting).signature for number, setting in enumerate(settings))
    ledger = Ledger(tmp_path)
    with ledger.writing(better, RECIPE) as entry:
        entry.begin([epoch(1, 50), epoch(2, 60), epoch(3, 70)])
        entry.end(Result("completed"))
    with ledger.writing(worse, RECIPE) as entry:
        entry.begin([epoch(1, 40)])
        entry.checkpoint.write_text("weights")
    again = conductor(of, tmp_path)
    assert worse not in {trial.signature for trial in all_die(again)}
    assert again.agenda.settled[worse].outcome == "stopped"
    assert not entry.checkpoint.exists()

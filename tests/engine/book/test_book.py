"""The book survives what happens to it: half a line, half a file, two writers, a process that is gone."""

import json
import math
import os
import shutil
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from studies.engine import schema
from studies.engine.book import epochs as lines
from studies.engine.book.book import Book
from studies.engine.book.lock import LOCK, AlreadyRunningError, one_run_of
from studies.engine.course import Course, Outcome
from studies.engine.plan.plan import Trial
from studies.engine.run.conduct import Conductor
from studies.engine.run.listener import Listener
from studies.engine.run.worker import failed
from tests.engine.driving import RECIPE, conductor, epoch
from tests.engine.runs import ROOT
from tests.engine.simulated import plan, simulate, study

WORKER_DIED = "the worker died"
HOLDS_A_TRIAL = """
import sys
from filelock import FileLock

with FileLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def written(root: Path, *epochs: float) -> Book:
    """A book with a trial that has these scores."""
    book = Book(root)
    book.begin("abc", RECIPE, {"host": "here"})
    for number, score in enumerate(epochs, start=1):
        book.add("abc", epoch(number, score))
    return book


def scores(book: Book) -> list[float]:
    return [each.val_acc1 for each in book.epochs("abc")]


def test_of_a_trial_that_never_began_nothing_is_known(tmp_path: Path) -> None:
    book = Book(tmp_path)
    assert (book.epochs("abc"), book.outcome("abc"), book.recall("abc")[0]) == ((), None, Course())
    assert not list(tmp_path.iterdir())


def test_what_was_written_is_read(tmp_path: Path) -> None:
    book = written(tmp_path, 50.0, math.nan)
    book.end("abc", Outcome("completed", 2, 50.0, {schema.TEST_ACC1: 90.25}, "cpu"))
    first, second = book.epochs("abc")
    assert first == epoch(1)
    assert second.number == 2
    assert math.isnan(second.val_acc1), "a score that is no number is booked as it is"
    outcome = book.outcome("abc")
    assert outcome is not None
    assert (outcome.ended, outcome.epochs, outcome.metrics, outcome.reason) == (
        "completed", 2, {schema.TEST_ACC1: 90.25}, "cpu",
    )  # fmt: skip
    assert json.loads((book.folder("abc") / "recipe.json").read_text()) == RECIPE
    assert book.origin("abc") == {"host": "here"}
    _, started = book.origin_and_start("abc")
    assert started is not None
    assert outcome.at is not None
    assert started <= outcome.at


def test_an_epoch_of_a_landscape_is_read_as_it_was_written() -> None:
    whole = epoch(2, step_losses=(2.0, 1.0), looks=((3, 1.0, 2.0, 0.1, 0.2, 0.5),))
    content = json.loads(lines.to_line(whole))
    assert content[schema.STEP_LOSS] == [[3, 2.0], [4, 1.0]]
    assert content[schema.LOOKS[-1]] == [[3, 0.5]]
    assert lines.from_line(content) == whole


def test_what_the_version_before_wrote_is_read(tmp_path: Path) -> None:
    """It knew neither when a trial was started and ended nor some of the metrics."""
    folder = Book(tmp_path).folder("abc")
    folder.mkdir(parents=True)
    (folder / "epochs.jsonl").write_text(json.dumps({"epoch": 1, "val/acc1": 50.0, "seconds": 1.0}) + "\n")
    (folder / "result.json").write_text(
        json.dumps({"outcome": "completed", "metrics": {"test/acc1": 9.0}, "reason": ""})
    )
    (folder / "origin.json").write_text(json.dumps({"host": "there"}))
    book = Book(tmp_path)
    assert book.recall("abc")[0] == Course((50.0,), "completed")
    outcome = book.outcome("abc")
    assert outcome is not None
    assert outcome.at is None
    assert book.origin_and_start("abc") == ({"host": "there"}, None)


@pytest.mark.parametrize("cut", [1, 10, 40])
def test_a_line_that_was_cut_short_is_written_again(cut: int, tmp_path: Path) -> None:
    book = written(tmp_path, 50.0, 60.0)
    path = book.folder("abc") / "epochs.jsonl"
    path.write_text(path.read_text()[:-cut])
    assert scores(book) == [50.0]
    book.add("abc", epoch(2, 60.0))
    assert scores(book) == [50.0, 60.0]


def test_a_result_whose_epochs_were_lost_does_not_count(tmp_path: Path) -> None:
    """A power cut right after it: the result was forced to disk, the line of the last epoch was not."""
    book = written(tmp_path, 50.0)
    told = Outcome("completed", 2, 60.0, {schema.EPOCHS_DONE: 2.0})
    book.end("abc", told)
    assert (book.recall("abc")[0], book.outcome("abc")) == (Course((50.0,)), None)
    book.add("abc", epoch(2, 60.0))
    book.end("abc", told)
    assert (book.recall("abc")[0], book.outcome("abc")) == (Course((50.0, 60.0), "completed"), told)


def test_an_epoch_is_booked_once(tmp_path: Path) -> None:
    """A worker that goes on tells all that its checkpoint holds."""
    book = written(tmp_path, 50.0, 60.0)
    for number, score in ((1, 51.0), (2, 61.0), (3, 70.0)):
        book.add("abc", epoch(number, score))
    assert scores(book) == [50.0, 60.0, 70.0]


JUNK = [b"\0\0\0\n", b"{\n", b"5\n", b"null\n", b"[]\n", b"{}\n", b"\xff\xfe\n", b"[" * 100_000 + b"\n"]
OF_ANOTHER_VERSION = [
    b'{"outcome": "great", "metrics": {}}',
    b'{"outcome": "completed", "metrics": {}, "mood": "good"}',
    b'{"outcome": "completed", "metrics": {"epochs_done": "two"}}',
]


@pytest.mark.parametrize(
    ("name", "content"),
    [*product(["epochs.jsonl", "result.json"], JUNK), *product(["result.json"], OF_ANOTHER_VERSION)],
)
def test_books_that_somebody_spoilt_are_named(name: str, content: bytes, tmp_path: Path) -> None:
    book = written(tmp_path, 50.0)
    (book.folder("abc") / name).write_bytes(content)
    with pytest.raises(ValueError, match=f"{name} is damaged; to train this trial anew, delete the folder it is in"):
        book.recall("abc")[0]


def test_a_trial_is_held_by_one_process_until_it_dies(tmp_path: Path) -> None:
    folder = tmp_path / "trials" / "abc"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDS_A_TRIAL, str(folder / LOCK)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(Timeout):
        FileLock(folder / LOCK, timeout=0).acquire()
    holder.kill()
    with FileLock(folder / LOCK):  # waits for the kernel to notice, and no longer
        pass
    holder.communicate()


def test_a_study_is_run_by_one_process(tmp_path: Path) -> None:
    with (
        one_run_of("study 'tiny'", tmp_path / "tiny"),
        pytest.raises(AlreadyRunningError, match=f"study 'tiny' is being run by process {os.getpid()} on .* since 20"),
        one_run_of("study 'tiny'", tmp_path / "tiny"),
    ):
        raise AssertionError("two hold it")
    with one_run_of("study 'tiny'", tmp_path / "tiny"):
        pass


def test_who_has_the_lock_but_no_name_yet(tmp_path: Path) -> None:
    with (
        FileLock(tmp_path / "lock"),
        pytest.raises(AlreadyRunningError, match="being run by another process"),
        one_run_of("it", tmp_path),
    ):
        raise AssertionError("two hold it")


def all_die(conductor: Conductor) -> list[Trial]:
    """Run a study whose workers die before they book anything; the trials that were ordered."""
    ordered = []
    while (order := conductor.next()) is not None:
        ordered.append(conductor.agenda.trials[order.signature])
        conductor.heard(order.signature, failed(WORKER_DIED))
    assert conductor.agenda.finished()
    return ordered


def test_tune_gives_a_trial_up(tmp_path: Path) -> None:
    """It tells the scheduler of every death of a worker, but the searcher only of a trial that it will not try again."""
    on_ray = pytest.importorskip("studies.engine.run.on_ray.tuner")
    driver = conductor(plan(study()), tmp_path)
    orders = on_ray.OrderSearcher(driver, fleet=None)
    orders.why["trial 1"] = WORKER_DIED
    first, second = orders.suggest("trial 1")["signature"], orders.suggest("trial 2")
    assert second is None, "there is one slot"
    orders.on_trial_complete("trial 1", error=True)
    assert driver.agenda.settled[first].ended == "failed"
    orders.suggest("trial 3")
    orders.on_trial_complete("trial 3")
    assert len(driver.agenda.settled) == 1, "of a trial that came to its end by itself the scheduler is told"


def test_failed_trials_are_tried_again_but_not_candidates(tmp_path: Path) -> None:
    """What a search suggests later rests on how its candidates ended, so that must not change any more."""
    of = plan(study(trials=1))
    first = conductor(of, tmp_path / "results")
    assert [trial.stage for trial in all_die(first)] == ["reported"] * 6 + ["search"] * 3
    assert dict(first.outcomes()) == {"failed": 9}
    assert {reason for _, reason in first.failures()} == {WORKER_DIED}
    assert [trial.stage for trial in all_die(conductor(of, tmp_path / "results"))] == ["reported"] * 6
    candidate = next(trial for trial, _ in first.failures() if trial.stage == "search")
    shutil.rmtree(first.book.folder(candidate.signature))
    assert [trial.stage for trial in all_die(conductor(of, tmp_path / "results"))] == ["reported"] * 6 + ["search"]


class Closing(Listener):
    def __init__(self, trouble: Exception | None = None) -> None:
        self.trouble = trouble
        self.heard: list[str] = []

    def closed(self, status: str) -> None:
        self.heard.append(status)
        if self.trouble:
            raise self.trouble


@pytest.mark.parametrize("trouble", [OSError(28, "No space left on device"), AssertionError("ours")])
def test_trouble_of_one_listener_at_the_end_keeps_it_from_no_other(trouble: Exception, tmp_path: Path) -> None:
    last = Closing()
    driver = conductor(plan(study()), tmp_path, Closing(trouble), last)
    with pytest.raises(type(trouble)):
        driver.close("KILLED")
    assert last.heard == ["KILLED"]


def test_the_checkpoint_of_a_stopped_trial_does_not_outlive_a_kill(tmp_path: Path) -> None:
    """The study was killed between the epoch that stopped the trial and the moment when the driver would have cleared up."""
    of = plan(study(trials=2, epochs=3))
    settings = simulate(study(trials=2, epochs=3), slots=1, seed=0)[0].searches["relu", 1].settings
    better, worse = (of.candidate("relu", 1, number, setting).signature for number, setting in enumerate(settings))
    book = Book(tmp_path)
    for signature, scores in ((better, (50, 60, 70)), (worse, (40,))):
        book.begin(signature, RECIPE, {})
        for number, score in enumerate(scores, start=1):
            book.add(signature, epoch(number, score))
    book.end(better, Outcome("completed", 3, 70))
    checkpoint = book.folder(worse) / "checkpoint.pt"
    checkpoint.write_text("weights")
    again = conductor(of, tmp_path)
    assert worse not in {trial.signature for trial in all_die(again)}
    assert again.agenda.settled[worse].ended == "stopped"
    assert not checkpoint.exists()

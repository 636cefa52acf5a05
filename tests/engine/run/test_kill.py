"""A study that is killed, again and again, at any moment: it ends with the same trials and numbers as an undisturbed one."""

import os
import random
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cnnzoo.storage import checkpoint
from tests.engine.runs import (
    TINY,
    Started,
    Warm,
    booked,
    curves,
    epochs_booked,
    processes_in,
    results,
    runs,
    trials,
    until,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning"),  # within MLflow
    pytest.mark.slow,
]
KILLS, KILLS_ON_RAY = 20, 4


def statuses(folder: Path) -> list[str]:
    return [run.info.status for kind in ("study", "trial") for run in runs(folder, kind)]


def in_the_books(folder: Path, epochs: int) -> Callable[[], bool]:
    """Whether so many more epochs than now stand in the book."""
    there = epochs_booked(folder)
    return lambda: epochs_booked(folder) >= there + epochs


def assert_none_was_trained_again(before: dict[tuple[str, int], float], folder: Path) -> None:
    """What stood in the books stands there still. So at most what was under way at the kill is trained twice."""
    after = booked(folder)
    assert {epoch: after.get(epoch) for epoch in before} == before


def assert_as_if_undisturbed(folder: Path, undisturbed: Path) -> None:
    assert trials(folder) == trials(undisturbed)  # the planned ones, a run each, all metrics and outcomes
    assert curves(folder) == curves(undisturbed)
    completed = {signature for signature, run in trials(folder).items() if run["outcome"] == "completed"}
    assert results(folder).keys() >= completed  # two slots let a candidate run on that turns out to have been stopped
    assert {s: results(folder)[s] for s in completed} == {s: results(undisturbed)[s] for s in completed}
    assert "failed" not in {result["outcome"] for result in results(folder).values()}, "what was stopped has no result"
    assert set(statuses(folder)) == {"FINISHED"}
    assert len(runs(folder, "study")) == 1
    assert not list(folder.rglob("checkpoint.pt*"))


def kill_at_random(study: Started, folder: Path, dice: random.Random) -> None:
    """While it starts, or while it trains: an epoch or two later, and then somewhere in the next one."""
    if dice.random() < 0.3:
        time.sleep(dice.uniform(0, 1))
    else:
        until(in_the_books(folder, dice.choice((1, 2))), "the next epochs")
        time.sleep(dice.uniform(0, 0.1))
    study.kill()


@pytest.mark.parametrize("seed", [1])
def test_killed_at_random_moments(seed: int, warm: Warm, tmp_path: Path, undisturbed: Path) -> None:
    dice = random.Random(seed)
    for _ in range(KILLS):
        before = booked(tmp_path)
        kill_at_random(warm.start(tmp_path, "--in-process"), tmp_path, dice)
        assert_none_was_trained_again(before, tmp_path)
    before = booked(tmp_path)
    assert 0 < len(before) < len(booked(undisturbed)), "it was killed in the midst of it"
    warm.finish(tmp_path, "--in-process")
    assert_none_was_trained_again(before, tmp_path)
    assert_as_if_undisturbed(tmp_path, undisturbed)


def test_killed_at_the_worst_moments(warm: Warm, tmp_path: Path, undisturbed: Path) -> None:
    """Between a checkpoint and its line in the book, right after the line, and between the last epoch and the result."""
    for crash in (
        "after_checkpoint:1",
        "after_checkpoint:4",
        "after_epoch:1",
        "after_epoch:5",
        "before_result:1",
        "before_result:3",
    ):
        before = booked(tmp_path)
        study = warm.start(tmp_path, "--in-process", CRASHPOINT=crash)
        assert study.wait() == -signal.SIGKILL, study.complained()
        assert_none_was_trained_again(before, tmp_path)
        (kept,) = tmp_path.rglob("checkpoint.pt")
        state = checkpoint.read(kept)
        assert state is not None
        trained = {(kept.parent.name, epoch["number"]): epoch["seconds"] for epoch in state["history"]}
        lost = trained.keys() - booked(tmp_path).keys()
        assert len(lost) == (1 if crash.startswith("after_checkpoint") else 0)
        study = warm.start(tmp_path, "--in-process")
        until(lambda lost=lost: lost <= booked(tmp_path).keys(), "the line that was lost")
        study.kill()
        assert_none_was_trained_again(trained, tmp_path)
    warm.finish(tmp_path, "--in-process")
    assert_as_if_undisturbed(tmp_path, undisturbed)


@pytest.mark.timeout(600)  # six starts of Ray
@pytest.mark.parametrize("seed", [2])
def test_killed_on_ray_with_workers_at_work(seed: int, warm: Warm, tmp_path: Path, undisturbed: Path) -> None:
    """The next start does not wait until the workers of the last one are gone."""
    dice = random.Random(seed)
    for _ in range(KILLS_ON_RAY):
        before = booked(tmp_path)
        study = warm.start(tmp_path)
        until(in_the_books(tmp_path, dice.choice((2, 4))), "the next epochs")
        time.sleep(dice.uniform(0, 0.1))
        study.kill()
        assert_none_was_trained_again(before, tmp_path)

    before = booked(tmp_path)
    study = warm.start(tmp_path)
    until(in_the_books(tmp_path, 3), "the next epochs")
    study.signal(signal.SIGINT)
    assert study.wait() == 130
    assert_asked_for_more(study)
    assert_none_of_it_runs(tmp_path)
    assert_none_was_trained_again(before, tmp_path)

    before = booked(tmp_path)
    assert len(before) < len(booked(undisturbed)), "it was killed in the midst of it"
    warm.finish(tmp_path)
    assert_none_was_trained_again(before, tmp_path)
    assert_as_if_undisturbed(tmp_path, undisturbed)
    until(lambda: not without_agents(processes_in(tmp_path)), "Ray to be gone")
    for agent in processes_in(tmp_path):
        os.kill(agent, signal.SIGKILL)


def without_agents(processes: dict[int, str]) -> list[str]:
    """Of a killed Ray two agents stay for a minute: they tell its log server, which is gone, that it is gone."""
    return [command for command in processes.values() if not command.startswith(("ray::Dashboard", "ray::RuntimeEnv"))]


def test_asked_to_end_it_says_how_to_go_on(warm: Warm, tmp_path: Path, undisturbed: Path) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        before = booked(tmp_path)
        study = warm.start(tmp_path, "--in-process")
        until(in_the_books(tmp_path, 5), "some epochs")
        study.signal(number)
        assert study.wait() == 130
        assert study.complained() == ""
        assert_asked_for_more(study, "--in-process")
        assert_none_of_it_runs(tmp_path)
        assert_none_was_trained_again(before, tmp_path)
    before = booked(tmp_path)
    warm.finish(tmp_path, "--in-process")
    assert_none_was_trained_again(before, tmp_path)
    assert_as_if_undisturbed(tmp_path, undisturbed)


def assert_asked_for_more(study: Started, *arguments: str) -> None:
    done = re.search(r"Interrupted: (\d+) of 42 trials are done, and kept\. To go on: (.*)", study.printed())
    assert done, study.printed()
    assert done[2] == " ".join(["python", str(TINY), *arguments]), "in one line, to be copied"


def assert_none_of_it_runs(folder: Path) -> None:
    assert set(statuses(folder)) == {"KILLED", "FINISHED"}
    assert [run.info.status for run in runs(folder, "study")] == ["KILLED"]
    assert {run.info.status for run in runs(folder, "trial") if "outcome" not in run.data.tags} <= {"KILLED"}


def test_asked_twice_it_ends_at_once(warm: Warm, tmp_path: Path) -> None:
    study = warm.start(tmp_path, "--in-process")
    until(in_the_books(tmp_path, 1), "the first epoch")
    study.signal(signal.SIGINT)
    study.signal(signal.SIGINT)
    assert study.wait() == 130
    assert study.complained() == ""

"""The conductor between its workers and the book: workers of a formula, so that it takes no time."""

import math
from pathlib import Path

import pytest

from cnnzoo import Epoch
from studies.engine.plan.plan import Trial
from studies.engine.run.conduct import Conductor
from studies.engine.run.listener import Listener
from tests.engine.driving import Workers, conductor, epoch
from tests.engine.simulated import plan, study


@pytest.mark.parametrize("seed", [1, 2])
def test_no_checkpoint_is_dropped_while_its_trial_is_being_trained(seed: int, tmp_path: Path) -> None:
    driver = conductor(plan(study(trials=6)), tmp_path, slots=6)
    workers = Workers(driver, seed)
    workers.run()
    assert driver.agenda.finished()
    assert workers.settled_beside, "else nothing was put to the test"
    assert not list(tmp_path.glob("trials/*/checkpoint.pt*"))


def test_a_trial_that_its_elders_stopped_and_whose_worker_then_died_leaves_no_checkpoint(tmp_path: Path) -> None:
    driver = conductor(plan(study(trials=6)), tmp_path, slots=6)
    workers = Workers(driver, seed=0)
    workers.driver.heard = lambda signature, news: Conductor.heard(driver, signature, news) and False  # type: ignore[method-assign]
    workers.run()
    assert not list(tmp_path.glob("trials/*/checkpoint.pt*"))


def test_a_round_that_the_book_knows_is_followed_by_the_next(tmp_path: Path) -> None:
    of = plan(study(trials=1))
    rounds = [of.with_seeds({("reported", "relu"): seeds}) for seeds in (3, 4)]
    for start in (1, 2):
        driver, left = conductor(of, tmp_path), rounds.copy()
        driver.rounds = lambda now, left=left: left.pop(0) if left else None  # type: ignore[misc]
        Workers(driver, seed=0).run()
        assert (left, driver.agenda.finished()) == ([], True), f"start {start}"


class Hearing(Listener):
    """Notes how many epochs count, and that it was closed; where it is interrupted, it then raises what Ctrl-C does."""

    def __init__(self, heard: list[object], name: str = "", *, interrupted: bool = False) -> None:
        self.heard, self._name, self._interrupted = heard, name, interrupted

    def advanced(self, trial: Trial, epoch: Epoch, counted: int) -> None:
        self.heard.append(counted)

    def closed(self, status: str) -> None:
        self.heard.append(f"{self._name} {status}")
        if self._interrupted:
            raise KeyboardInterrupt


def test_every_listener_hears_the_end_once_and_in_order(tmp_path: Path) -> None:
    heard: list[object] = []
    listeners = [Hearing(heard, "a"), Hearing(heard, "b", interrupted=True), Hearing(heard, "c")]
    driver = conductor(plan(study()), tmp_path, *listeners)
    with pytest.raises(KeyboardInterrupt):
        driver.close("FINISHED")
    driver.close("KILLED")
    assert heard == ["a FINISHED", "b FINISHED", "c FINISHED"]


def test_epochs_without_a_validation_score_count(tmp_path: Path) -> None:
    """As where no image is held out: a trial that takes part in no choice keeps all of them."""
    heard: list[object] = []
    driver = conductor(plan(study()), tmp_path, Hearing(heard))
    order = driver.next()
    assert order is not None
    for news in ({}, epoch(1, math.nan), epoch(2, math.nan)):
        driver.heard(order.signature, news)
    assert heard == [1, 2]

"""The conductor between its workers and the book: workers of a formula, so that it takes no time."""

from pathlib import Path

import pytest

from studies.engine.run.conduct import Conductor
from tests.engine.driving import Workers, conductor
from tests.engine.simulated import plan, study


@pytest.mark.parametrize("seed", [1, 2])
def test_no_checkpoint_is_dropped_while_its_trial_is_being_trained(seed: int, tmp_path: Path) -> None:
    driver = conductor(plan(study(trials=6)), tmp_path, slots=6)
    workers = Workers(driver, seed)
    workers.run()
    assert driver.finished()
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
        assert (left, driver.finished()) == ([], True), f"start {start}"

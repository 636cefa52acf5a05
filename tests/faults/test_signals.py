"""Signals to the driver and to its workers: rows 2, 5 and 7 of docs/faults.md; the others are in tests/engine/run/test_kill.py."""

import os
import signal
from pathlib import Path

import pytest

from studies.engine.run.on_ray.actor import WORKER_DIED
from tests.engine.runs import Warm, epochs_booked, runs, trained_by, trials, until
from tests.faults.asserts import assert_as_if_undisturbed, statuses

pytestmark = [
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning"),  # within MLflow
    pytest.mark.slow,
]
RETRIES = 2

TWO_TRIALS = '''
"""Two trials, long enough to be caught at work."""
from dataclasses import replace

from studies.engine import Scale, main
from tests.engine.tiny_study import STUDY

main(replace(STUDY, tune={}, demo=Scale(seeds=1, trials_per_arm=1, train_size=3000, epochs=2)))
'''


def test_killed_before_the_first_epoch(warm: Warm, tmp_path: Path, undisturbed: Path) -> None:
    study = warm.start(tmp_path, "--in-process")
    until(lambda: bool(list(tmp_path.glob("results/trials/*/recipe.json"))), "the first trial to begin")
    study.kill()
    assert epochs_booked(tmp_path) == 0
    warm.finish(tmp_path, "--in-process")
    assert_as_if_undisturbed(tmp_path, undisturbed)


def test_interrupted_twice_it_goes_on_all_the_same(warm: Warm, tmp_path: Path, undisturbed: Path) -> None:
    study = warm.start(tmp_path, "--in-process")
    until(lambda: epochs_booked(tmp_path) > 4, "some epochs")
    study.signal(signal.SIGINT)
    study.signal(signal.SIGTERM)
    assert study.wait() == 130
    warm.finish(tmp_path, "--in-process")
    assert_as_if_undisturbed(tmp_path, undisturbed)


def test_a_trial_whose_worker_dies_again_and_again_fails_alone(warm: Warm, tmp_path: Path) -> None:
    path = tmp_path / "two_trials.py"
    path.write_text(TWO_TRIALS)
    study = warm.start(tmp_path, study=path)
    until(lambda: bool(trained_by(tmp_path)), "a worker that trains")
    unlucky = next(iter(trained_by(tmp_path).values()))
    killed: set[int] = set()

    def kill_its_worker() -> bool:
        workers = {worker for worker, trial in trained_by(tmp_path).items() if trial == unlucky} - killed
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
        killed.update(workers)
        return len(killed) == 1 + RETRIES

    until(kill_its_worker, "its last worker")
    assert study.wait() == 1, study.printed() + study.complained()
    assert "2 trials: 1 completed, 1 failed" in study.printed()
    assert WORKER_DIED in study.printed()
    failed = next(run for run in runs(tmp_path, "trial") if run.data.tags["signature"] == unlucky)
    assert (failed.info.status, failed.data.tags["reason"]) == ("FAILED", WORKER_DIED)
    assert "RUNNING" not in statuses(tmp_path)

    warm.finish(tmp_path, "--in-process", study=path)
    assert {run["outcome"] for run in trials(tmp_path).values()} == {"completed"}

"""A study that is begun again: what MLflow holds of it is there once, whatever was broken off or deleted in between."""

from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import ViewType

from studies.engine import schema
from studies.engine.book.book import Book
from studies.engine.mirror.mlflow_runs import Runs
from studies.engine.mirror.outbox import Note
from tests.engine.mirror.stores import (
    ORIGIN,
    SPEC,
    count,
    curves,
    experiment_of,
    keep,
    reported,
    runs,
    settle,
    settled,
    start,
    track,
    trial_run,
    until,
)


def test_said_three_times_and_there_once(uri: str) -> None:
    ends = [settled(reported(seed)) for seed in (1, 2)]
    track(uri, *ends)
    before = {table: count(uri, table) for table in ("runs", "metrics", "params", "tags", "inputs")}
    track(uri, *ends)
    for run in runs(uri, "trial"):  # as if the end had been cut short
        MlflowClient(uri).update_run(run.info.run_id, "RUNNING")
    track(uri, *ends)
    assert {table: count(uri, table) for table in before} == before
    assert {run.info.status for run in runs(uri, "trial")} == {"FINISHED"}


def test_a_broken_off_trial_goes_on_in_its_run(uri: str) -> None:
    trial = reported(1)
    tracker = start(uri)
    tracker.begun(trial, ORIGIN)
    assert tracker.close("KILLED") == 0
    broken_off = trial_run(uri)
    assert broken_off.info.status == runs(uri, "study")[0].info.status == "KILLED"
    assert broken_off.data.params["lr"] == "0.01"
    tracker = start(uri)
    tracker.begun(trial, ORIGIN)
    until(lambda: trial_run(uri).info.status == "RUNNING")
    assert runs(uri, "study")[0].info.status == "RUNNING"
    settle(tracker, settled(trial))
    assert tracker.close("FINISHED") == 0
    done = trial_run(uri)
    assert done.info.run_id == broken_off.info.run_id
    assert (done.info.status, done.data.tags["outcome"]) == ("FINISHED", "completed")


def test_a_run_left_running_by_a_killed_driver_goes_on_or_is_killed(uri: str) -> None:
    trials = [reported(1), reported(2)]
    left = Runs(uri, SPEC, ORIGIN, Book(Path("results")), lambda topic, text: None)
    for trial in trials:
        left.write(Note(trial, origin=ORIGIN))
    track(uri, settled(trials[0]))
    assert {run.data.tags["seed"]: run.info.status for run in runs(uri, "trial")} == {"1": "FINISHED", "2": "KILLED"}


def test_a_failed_trial_is_tried_again_in_its_run(uri: str) -> None:
    trial = reported(1)
    track(uri, settled(trial, "failed", epochs=1))
    failed = trial_run(uri)
    assert (failed.info.status, failed.data.tags["outcome"]) == ("FAILED", "failed")
    assert failed.data.tags["reason"] == "it broke"
    tracker = start(uri)
    tracker.begun(trial, ORIGIN)
    until(lambda: trial_run(uri).info.status == "RUNNING" and "reason" not in trial_run(uri).data.tags)
    assert "outcome" not in trial_run(uri).data.tags
    settle(tracker, settled(trial, epochs=3))
    assert tracker.close("FINISHED") == 0
    done = trial_run(uri)
    assert done.info.run_id == failed.info.run_id
    assert (done.info.status, done.data.tags["outcome"]) == ("FINISHED", "completed")
    assert done.data.metrics[schema.EPOCHS_DONE] == 3
    assert len(MlflowClient(uri).get_metric_history(done.info.run_id, schema.TRAIN_LOSS)) == 3


def test_a_failed_trial_that_is_tried_again_while_mlflow_is_away(uri: str) -> None:
    """What it is told later is the end alone."""
    trial = reported(1)
    track(uri, settled(trial, "failed", epochs=1))
    keep(book := Book(Path("results")), trial, curves(3))
    Runs(uri, SPEC, ORIGIN, book, lambda topic, text: None).write(
        Note(trial, 3, settled(trial).row, origin={"host": "there"})
    )
    tags = trial_run(uri).data.tags
    assert (tags["outcome"], tags["host"]) == ("completed", "there")
    assert "reason" not in tags
    assert trial_run(uri).data.metrics[schema.EPOCHS_DONE] == 3


def test_a_trial_that_is_done_is_not_begun_again(uri: str) -> None:
    track(uri, settled(reported(1)))
    tracker = start(uri)
    tracker.begun(reported(1), ORIGIN)
    assert tracker.close("KILLED") == 0
    assert trial_run(uri).info.status == "FINISHED"


def test_what_was_deleted_stays_deleted_and_the_study_comes_back(uri: str) -> None:
    said: list[str] = []
    track(uri, settled(reported(1)), settled(reported(2)))
    client = MlflowClient(uri)
    for run in (*runs(uri, "trial"), *runs(uri, "study")):
        client.delete_run(run.info.run_id)
    track(uri, settled(reported(1)), settled(reported(2)), say=said.append)
    assert len(runs(uri, "study", ViewType.ALL)) == len(runs(uri, "study")) == 1
    assert (len(runs(uri, "trial", ViewType.ALL)), len(runs(uri, "trial"))) == (2, 0)
    assert said == ["Runs that were deleted in MLflow stay deleted; restored there, they count again."]


def test_a_deleted_experiment_is_restored(uri: str) -> None:
    said: list[str] = []
    track(uri, settled(reported(1)))
    client = MlflowClient(uri)
    client.delete_experiment(experiment_of(client))
    track(uri, settled(reported(1)), say=said.append)
    assert trial_run(uri).info.lifecycle_stage == "active"
    assert "restored" in said[0]


def test_of_two_runs_of_one_trial_one_remains(uri: str) -> None:
    track(uri, settled(reported(1)))
    first = trial_run(uri)
    MlflowClient(uri).create_run(first.info.experiment_id, tags=first.data.tags)
    track(uri, settled(reported(1)))
    assert [run.info.run_id for run in runs(uri, "trial")] == [first.info.run_id]


def test_scales_are_apart(uri: str) -> None:
    track(uri, settled(reported(1)))
    track(uri, settled(reported(1)), scale="report")
    assert sorted(run.data.tags["scale"] for run in runs(uri, "trial")) == ["demo", "report"]
    assert len(runs(uri, "study")) == 2


def test_the_best_model_of_an_arm_is_kept_once(uri: str, tmp_path: Path) -> None:
    model = tmp_path / "model.safetensors"
    model.write_bytes(b"weights")
    for _ in range(2):
        tracker = start(uri)
        settle(tracker, settled(reported(1)))
        tracker._add(Note(reported(1), model=model))
        assert tracker.close("FINISHED") == 0
    client = MlflowClient(uri)
    kept = Path(client.download_artifacts(trial_run(uri).info.run_id, "model/model.safetensors"))
    assert kept.read_bytes() == b"weights"


def test_a_network_that_was_left_on_another_machine_is_not_waited_for(uri: str) -> None:
    tracker = start(uri)
    settle(tracker, settled(reported(1)))
    tracker.closed("FINISHED")
    assert tracker.unsent == 0
    assert {run.info.status for run in (*runs(uri, "trial"), *runs(uri, "study"))} == {"FINISHED"}


def test_artifacts_kept_elsewhere_stay_there(uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The study was begun in another folder than that of the database."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    track(uri, settled(reported(1)))
    track(uri, settled(reported(2)))
    places = {str(Path(run.info.artifact_uri).parents[2]) for run in runs(uri, "trial")}
    assert places == {str(tmp_path / "elsewhere" / "mlruns")}

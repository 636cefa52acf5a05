"""MLflow slow, locked, down or gone: the study goes on, and in the end all of it is there."""

import shutil
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import ViewType
from sqlalchemy import Engine, event

from studies.engine import schema
from studies.engine.mirror import mlflow_runs
from studies.engine.mirror import tracker as tracking
from studies.engine.mirror.outbox import Note, Outbox
from tests.engine.mirror.stores import (
    OF_TRIAL,
    ORIGIN,
    count,
    experiment_of,
    points,
    reported,
    rows,
    runs,
    settle,
    settled,
    start,
    stop,
    track,
    trial_run,
    until,
)
from tests.ports import free_port


def test_a_locked_database_holds_up_nothing_and_loses_nothing(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking, "SILENT_SECONDS", 60)  # a slow machine alone is no reason for a word
    said: list[str] = []
    locked = sqlite3.connect(uri.removeprefix("sqlite:///"), isolation_level=None)
    locked.execute("BEGIN EXCLUSIVE")
    tracker = start(uri, said.append)
    for seed in range(1, 4):
        tracker.begun(reported(seed), ORIGIN)
        settle(tracker, settled(reported(seed)))
    time.sleep(0.5)
    locked.execute("COMMIT")
    locked.close()
    assert tracker.close("FINISHED") == 0
    assert [run.info.status for run in runs(uri, "trial")] == ["FINISHED"] * 3
    assert said == []


@pytest.mark.usefixtures("impatient")
def test_a_database_that_is_locked_for_longer_than_anybody_waits(uri: str) -> None:
    @event.listens_for(Engine, "before_cursor_execute", retval=True)
    def impatient(*arguments: Any) -> tuple[str, Any]:
        return ("PRAGMA busy_timeout = 50" if "busy_timeout" in arguments[2] else arguments[2]), arguments[3]

    said: list[str] = []
    tracker = start(uri, said.append)
    tracker.begun(reported(1), ORIGIN)
    until(lambda: count(uri, "params"))
    locked = sqlite3.connect(uri.removeprefix("sqlite:///"), isolation_level=None)
    locked.execute("BEGIN EXCLUSIVE")
    settle(tracker, settled(reported(1)))
    settle(tracker, settled(reported(2)))
    until(lambda: said)
    locked.execute("COMMIT")
    locked.close()
    assert tracker.close("FINISHED") == 0
    event.remove(Engine, "before_cursor_execute", impatient)
    assert points(uri) == 2 * (3 * len(schema.EPOCH_METRICS) + OF_TRIAL)
    assert len(said) == 1
    assert "database is locked" in said[0]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("whole", [False, True], ids=["a run", "the experiment"])
def test_deleted_by_somebody_while_the_study_runs(uri: str, whole: bool) -> None:
    said: list[str] = []
    tracker = start(uri, said.append)
    tracker.begun(reported(1), ORIGIN)
    until(lambda: count(uri, "params"))
    client = MlflowClient(uri)
    if whole:
        client.delete_experiment(experiment_of(client))
    else:
        client.delete_run(trial_run(uri).info.run_id)
    settle(tracker, settled(reported(1)))
    settle(tracker, settled(reported(2)))
    assert tracker.close("FINISHED") == 0
    assert [run.info.status for run in runs(uri, "study")] == ["FINISHED"]
    assert sorted(run.data.tags["seed"] for run in runs(uri, "trial")) == (["1", "2"] if whole else ["2"])
    assert len(said) == 1
    assert "deleted" in said[0]


@pytest.mark.usefixtures("impatient")
def test_wiped_out_by_somebody_while_the_study_runs(uri: str) -> None:
    """As `mlflow gc` does with what was deleted."""
    said: list[str] = []
    tracker = start(uri, said.append)
    tracker.begun(reported(1), ORIGIN)
    until(lambda: count(uri, "params"))
    with sqlite3.connect(uri.removeprefix("sqlite:///")) as connection:
        for table in ("params", "tags", "metrics", "latest_metrics", "runs"):
            connection.execute(f"DELETE FROM {table} WHERE run_uuid = ?", [trial_run(uri).info.run_id])
    connection.close()
    settle(tracker, settled(reported(1)))
    assert tracker.close("FINISHED") == 0
    assert trial_run(uri).info.status == "FINISHED"
    assert points(uri) == 3 * len(schema.EPOCH_METRICS) + OF_TRIAL
    assert said == []


@pytest.mark.usefixtures("impatient")
def test_a_database_of_another_version_of_mlflow(empty: Path, tmp_path: Path) -> None:
    uri = f"sqlite:///{shutil.copy(empty, tmp_path / 'mlflow.db')}"
    (version,) = rows(uri, "SELECT version_num FROM alembic_version")[0]
    set_version(uri, "0123456789ab")
    said: list[str] = []
    tracker = start(uri, said.append)
    settle(tracker, settled(reported(1)))
    assert tracker.close("FINISHED") == 2
    assert len(said) == 1
    assert "0123456789ab" in said[0]
    assert "goes on" in said[0]
    set_version(uri, version)
    track(uri, settled(reported(1)))
    assert trial_run(uri).info.status == "FINISHED"


def set_version(uri: str, version: str) -> None:
    with sqlite3.connect(uri.removeprefix("sqlite:///")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", [version])
    connection.close()


@pytest.mark.parametrize("method", ["create_run", "log_batch", "set_terminated"])
@pytest.mark.parametrize("arrives", [False, True], ids=["lost", "answer lost"])
def test_a_client_that_fails_now_and_then(
    uri: str, monkeypatch: pytest.MonkeyPatch, method: str, arrives: bool
) -> None:
    """Whichever call fails, and whether or not the server had done it by then."""
    monkeypatch.setattr(tracking, "LONGEST_WAIT_SECONDS", 0.02)
    works, calls = getattr(MlflowClient, method), [0]
    said: list[str] = []

    def flaky(self: MlflowClient, *arguments: Any, **named: Any) -> Any:
        calls[0] += 1
        answer = works(self, *arguments, **named) if arrives or calls[0] % 3 else None
        if calls[0] % 3 == 0:
            raise ConnectionError("the server hung up")
        return answer

    monkeypatch.setattr(MlflowClient, method, flaky)
    track(uri, *(settled(reported(seed)) for seed in range(1, 5)), say=said.append)
    monkeypatch.undo()
    assert sorted(run.data.tags["seed"] for run in runs(uri, "trial", ViewType.ALL)) == ["1", "2", "3", "4"]
    assert {run.info.status for run in (*runs(uri, "trial"), *runs(uri, "study"))} == {"FINISHED"}
    assert points(uri) == 4 * (3 * len(schema.EPOCH_METRICS) + OF_TRIAL)
    assert len([line for line in said if not line.startswith("Sending")]) <= 1  # that is said where the machine is slow


@pytest.mark.usefixtures("impatient")
def test_one_trial_that_cannot_be_sent_holds_up_no_other(uri: str, tmp_path: Path) -> None:
    said: list[str] = []
    tracker = start(uri, said.append)
    tracker._add(Note(reported(1), model=tmp_path / "gone.safetensors"))
    for seed in (1, 2, 3):
        settle(tracker, settled(reported(seed)))
    assert tracker.close("FINISHED") == 2  # the first trial's model, and so the end of the study
    assert [run.info.status for run in runs(uri, "trial")] == ["FINISHED"] * 3
    assert len(said) == 1


@pytest.mark.usefixtures("impatient")
def test_a_server_that_is_down_is_told_once_and_stops_nothing(uri: str) -> None:
    said: list[str] = []
    port = free_port()
    tracker = start(f"http://bob:secret@127.0.0.1:{port}", said.append)
    tracker.begun(reported(1), ORIGIN)
    settle(tracker, settled(reported(2)))
    until(lambda: said)
    assert tracker.close("FINISHED") == 3  # two trials, and the end
    assert len(said) == 1
    assert "secret" not in said[0]
    assert "goes on" in said[0]
    track(uri, settled(reported(1)), settled(reported(2)))  # the next start says it all again
    assert len(runs(uri, "trial")) == 2


def test_a_server_that_is_down_for_a_whole_night(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of tries, each of which came to nothing."""
    monkeypatch.setattr(tracking, "LONGEST_WAIT_SECONDS", 0.0)
    tries = [0]
    opened = mlflow_runs.Runs

    def down(*arguments: Any) -> mlflow_runs.Runs:
        tries[0] += 1
        if tries[0] < 3000:
            raise ConnectionError("nobody answers")
        return opened(*arguments)

    monkeypatch.setattr(mlflow_runs, "Runs", down)
    tracker = start(uri)
    settle(tracker, settled(reported(1)))
    until(lambda: points(uri))
    assert tracker.close("FINISHED") == 0


@pytest.mark.slow
def test_a_server_that_goes_and_comes_back(
    server: tuple[str, Callable[[], subprocess.Popen[bytes]]], uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking, "LONGEST_WAIT_SECONDS", 0.2)
    monkeypatch.setattr(tracking, "SILENT_SECONDS", 60)  # as above: the server's first answers take seconds
    said: list[str] = []
    model = tmp_path / "model.safetensors"
    model.write_bytes(b"weights")
    address, begin = server
    first = begin()
    tracker = start(address, said.append)
    tracker.begun(reported(1), ORIGIN)
    until(lambda: count(uri, "params"))
    stop(first)
    settle(tracker, settled(reported(1)))
    settle(tracker, settled(reported(2)))
    tracker._add(Note(reported(2), model=model))
    until(lambda: said)
    begin()
    assert tracker.close("FINISHED") == 0
    assert {run.data.tags["seed"]: run.info.status for run in runs(uri, "trial")} == {"1": "FINISHED", "2": "FINISHED"}
    assert points(uri) == 2 * (3 * len(schema.EPOCH_METRICS) + OF_TRIAL)
    assert len(said) == 1
    ran = next(run for run in runs(uri, "trial") if run.data.tags["seed"] == "2")
    kept = MlflowClient(address).list_artifacts(ran.info.run_id, "model")
    assert [file.path for file in kept] == ["model/model.safetensors"]


def test_the_outbox_keeps_what_was_not_sent_and_the_latest_of_it() -> None:
    outbox = Outbox()
    outbox.add(Note(reported(1)))
    outbox.add(Note(reported(2)))
    assert outbox.first(3) == [Note(reported(1)), Note(reported(2))]
    (first,) = outbox.first(1)
    outbox.add(Note(reported(1), row=settled(reported(1)).row))  # news while the first note is on its way
    outbox.sent(first)
    assert len(outbox) == 2
    (latest,) = outbox.first(1)
    assert latest.row is not None
    outbox.failed(latest)
    assert outbox.first(1) == [Note(reported(2))]


@pytest.mark.usefixtures("impatient")
def test_a_server_is_told_of_several_trials_at_once_and_one_that_fails_holds_up_no_other(
    uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    told: list[int] = []
    refused: list[int] = []
    all_wait, both = threading.Event(), threading.Barrier(2)

    class Server:
        """Answers nobody until two trials are being told, and never takes that of seed 1."""

        experiment = "0"

        def __init__(self, *opened: object) -> None:
            all_wait.wait()

        def write(self, note: Note) -> None:
            seed = note.trial.recipe.seed
            if not refused or seed > 1:
                both.wait(timeout=10)
            (told if seed > 1 else refused).append(seed)
            if seed == 1:
                raise ConnectionError("too large")

    monkeypatch.setattr(tracking, "AT_ONCE", 2)
    monkeypatch.setattr(mlflow_runs, "Runs", Server)
    tracker = start("http://127.0.0.1:5000", said.append)
    for seed in range(1, 5):
        settle(tracker, settled(reported(seed)))
    all_wait.set()
    until(lambda: said)
    assert sorted(told) == [2, 3, 4]
    assert tracker.close("FINISHED") == 2  # the first trial, and the end
    assert len(said) == 1
    assert "too large" in said[0]

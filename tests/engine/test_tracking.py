"""What MLflow holds of a study: all of it, once, whatever happened to MLflow or to the study in between."""

import json
import math
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Dataset, Run, ViewType

from studies.engine import mlflow_runs, schema, tracking
from studies.engine.mlflow_runs import Runs, create_database
from studies.engine.outbox import Outbox
from studies.engine.plan import Trial
from studies.engine.tracking import Settled, Tracker
from tests.engine.simulated import plan, study

pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")  # within MLflow
PLAN = plan(study())
COUNTS = {"train": 7, "validation": 2, "test": 3}
DATASET = {"name": "mnist5k", "digest": "0123abcd", "classes": 10, "shape": [1, 28, 28], **COUNTS}
SPEC: dict[str, Any] = {
    "name": "activations", "question": "Which is best?", "scale": "demo", "dataset": DATASET,
    "arms": {"relu": {}}, "tuned_arms": {}, "baseline": "relu",
}  # fmt: skip


def reported(seed: int) -> Trial:
    return PLAN.trial("relu", "reported", PLAN.arms["relu"].replace(seed=seed))


def settled(trial: Trial, outcome: str = "completed", epochs: int = 3, **odd: float) -> Settled:
    curves = [
        {**{name: k + epoch / 8 for k, name in enumerate(schema.EPOCH_METRICS)}, "epoch": epoch, **odd}
        for epoch in range(1, epochs + 1)
    ]
    whole = {schema.EPOCHS_DONE: float(epochs), schema.TEST_ACC1: 90.0}
    return Settled(trial, outcome, curves, whole, "cpu", 2, "it broke" if outcome == "failed" else "")


@pytest.fixture(scope="module")
def making(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A new database, and what files there were while it got its tables. Made once, as that takes a second or two."""
    path = tmp_path_factory.mktemp("empty") / "mlflow.db"
    path.with_name("mlflow.db.77.tmp").write_bytes(b"SQLite format 3\0 and then a power cut")
    seen: list[Path] = []
    search = MlflowClient.search_experiments

    def watched(self: MlflowClient, **arguments: Any) -> Any:
        found = search(self, **arguments)
        seen.extend(path.parent.iterdir())
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MlflowClient, "search_experiments", watched)
        create_database(f"sqlite:///{path}")
    return [path, *seen]


@pytest.fixture
def empty(making: list[Path]) -> Path:
    return making[0]


@pytest.fixture
def uri(empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tracking, "MOMENT", 0.0)
    monkeypatch.setattr("mlflow.store.db.utils._verify_schema", lambda engine: None)  # reads 68 files, each time
    shutil.copy(empty, tmp_path / "mlflow.db")
    return f"sqlite:///{tmp_path}/mlflow.db"


@pytest.fixture(params=["tables", "client"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of writing: into the tables, and through the client as to a server."""
    if request.param == "client":
        monkeypatch.setattr(mlflow_runs, "is_database", lambda uri: False)
    return str(request.param)


def start(uri: str, say: Callable[[str], None] = print, **spec: Any) -> Tracker:
    whole = {**SPEC, **spec}
    return Tracker(uri, whole["name"], whole["scale"], whole, DATASET, say)


def track(uri: str, *ends: Settled, status: str = "FINISHED", say: Callable[[str], None] = print, **spec: Any) -> None:
    """A whole start of a study in which these trials end."""
    tracker = start(uri, say, **spec)
    for end in ends:
        tracker.begin(end.trial)
        tracker.settle(end)
    assert tracker.close(status) == 0


def runs(uri: str, kind: str, view: int = ViewType.ACTIVE_ONLY) -> list[Run]:
    client = MlflowClient(uri)
    return list(client.search_runs([experiment_of(client)], f"tags.kind = '{kind}'", view, 1000))


def experiment_of(client: MlflowClient) -> str:
    experiment = client.get_experiment_by_name("activations")
    assert experiment is not None
    return str(experiment.experiment_id)


def dataset_of(run: Run) -> Dataset:
    assert run.inputs is not None
    (given,) = run.inputs.dataset_inputs
    return given.dataset


def trial_run(uri: str) -> Run:
    (run,) = runs(uri, "trial", ViewType.ALL)
    return run


def rows(uri: str, query: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(uri.removeprefix("sqlite:///")) as connection:
        found = connection.execute(query).fetchall()
    connection.close()
    return found


def count(uri: str, table: str) -> int:
    return int(rows(uri, f"SELECT COUNT(*) FROM {table}")[0][0])


def until(holds: Callable[[], Any], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)


def test_a_trial_as_a_person_finds_it(uri: str, way: str) -> None:
    candidate = PLAN.candidate("relu", 4, {"lr": 0.003})
    track(uri, settled(candidate))
    run, (parent,) = trial_run(uri), runs(uri, "study")
    assert (run.info.run_name, run.info.status) == ("relu · search 4 · lr 3e-3", "FINISHED")
    expected = {
        "kind": "trial", "study": "activations", "scale": "demo", "arm": "relu", "stage": "search", "seed": "0",
        "number": "4", "signature": candidate.signature, "dataset_digest": "0123abcd",
        "outcome": "completed", "device": "cpu", "trials_on_device": "2", "mlflow.parentRunId": parent.info.run_id,
    }  # fmt: skip
    assert {name: run.data.tags.get(name) for name in expected} == expected
    assert {"mlflow.user", "mlflow.source.name", "versions", "host"} <= run.data.tags.keys()
    assert (run.data.params["lr"], run.data.params["activation"], run.data.params["seed"]) == ("0.003", "relu", "0")
    assert "width" not in run.data.params  # the network has no such option
    history = MlflowClient(uri).get_metric_history(run.info.run_id, schema.VAL_ACC1)
    assert [(metric.step, metric.value) for metric in history] == [(1, 4.125), (2, 4.25), (3, 4.375)]
    assert run.data.metrics[schema.TEST_ACC1] == 90.0
    dataset = dataset_of(run)
    assert (dataset.name, dataset.digest) == ("mnist5k", "0123abcd")
    assert json.loads(dataset.profile or "")["test"] == 3


def test_the_study_as_a_person_finds_it(uri: str) -> None:
    track(uri)
    (parent,) = runs(uri, "study")
    assert (parent.info.run_name, parent.info.status) == ("activations · demo", "FINISHED")
    assert schema.spec_from_tags(parent.data.tags) == SPEC
    assert "Which is best?" in parent.data.tags["mlflow.note.content"]
    assert dataset_of(parent).name == "mnist5k"


def test_the_tables_get_what_the_client_would_write(
    uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty: Path
) -> None:
    other = f"sqlite:///{shutil.copy(empty, tmp_path / 'other.db')}"
    ends = [settled(reported(1)), settled(reported(2), "failed"), settled(reported(3), "diverged", epochs=0)]
    track(uri, *ends)
    monkeypatch.setattr(mlflow_runs, "is_database", lambda uri: False)
    track(other, *ends)
    of_run = "(SELECT t.value FROM tags t WHERE t.run_uuid = x.run_uuid AND t.key = 'signature')"
    for query in (
        f"""SELECT {of_run}, name, source_type, source_name, entry_point_name, user_id, status, source_version,
            lifecycle_stage, experiment_id, deleted_time, end_time >= start_time,
            artifact_uri LIKE '%/' || run_uuid || '/artifacts' FROM runs x""",
        f"SELECT {of_run}, key, value FROM tags x WHERE key != 'mlflow.parentRunId'",
        f"SELECT {of_run}, key, value FROM params x",
        f"SELECT {of_run}, key, value, step, is_nan FROM metrics x",
        f"SELECT {of_run}, key, value, step, is_nan FROM latest_metrics x",
        """SELECT i.source_type, i.destination_type, i.step, d.name, t.name, t.value
            FROM inputs i JOIN input_tags t USING (input_uuid)
            JOIN datasets d ON d.dataset_uuid = i.source_id JOIN runs r ON r.run_uuid = i.destination_id""",
    ):
        assert sorted(rows(uri, query), key=str) == sorted(rows(other, query), key=str)


def test_said_three_times_and_there_once(uri: str, way: str) -> None:
    ends = [settled(reported(seed)) for seed in (1, 2)]
    track(uri, *ends)
    before = {table: count(uri, table) for table in ("runs", "metrics", "params", "tags", "inputs")}
    track(uri, *ends)
    for run in runs(uri, "trial"):  # as if the end had been cut short
        MlflowClient(uri).update_run(run.info.run_id, "RUNNING")
    track(uri, *ends)
    assert {table: count(uri, table) for table in before} == before
    assert {run.info.status for run in runs(uri, "trial")} == {"FINISHED"}


def test_a_broken_off_trial_goes_on_in_its_run(uri: str, way: str) -> None:
    trial = reported(1)
    tracker = start(uri)
    tracker.begin(trial)
    assert tracker.close("KILLED") == 0
    broken_off = trial_run(uri)
    assert broken_off.info.status == runs(uri, "study")[0].info.status == "KILLED"
    assert broken_off.data.params["lr"] == "0.01"
    tracker = start(uri)
    tracker.begin(trial)
    until(lambda: trial_run(uri).info.status == "RUNNING")
    assert runs(uri, "study")[0].info.status == "RUNNING"
    tracker.settle(settled(trial))
    assert tracker.close("FINISHED") == 0
    done = trial_run(uri)
    assert done.info.run_id == broken_off.info.run_id
    assert (done.info.status, done.data.tags["outcome"]) == ("FINISHED", "completed")


def test_a_run_left_running_by_a_killed_driver_goes_on_or_is_killed(uri: str) -> None:
    trials = [reported(1), reported(2)]
    left = Runs(uri, SPEC, lambda topic, text: None)
    for trial in trials:
        outbox = Outbox()
        outbox.add(trial)
        note = outbox.first()
        assert note is not None
        left.write(note)
    track(uri, settled(trials[0]))
    assert {run.data.tags["seed"]: run.info.status for run in runs(uri, "trial")} == {"1": "FINISHED", "2": "KILLED"}


def test_a_failed_trial_is_tried_again_in_its_run(uri: str, way: str) -> None:
    trial = reported(1)
    track(uri, settled(trial, "failed", epochs=1))
    failed = trial_run(uri)
    assert (failed.info.status, failed.data.tags["outcome"]) == ("FAILED", "failed")
    assert failed.data.tags["reason"] == "it broke"
    tracker = start(uri)
    tracker.begin(trial)
    until(lambda: trial_run(uri).info.status == "RUNNING" and "reason" not in trial_run(uri).data.tags)
    assert "outcome" not in trial_run(uri).data.tags
    tracker.settle(settled(trial, epochs=3))
    assert tracker.close("FINISHED") == 0
    done = trial_run(uri)
    assert done.info.run_id == failed.info.run_id
    assert (done.info.status, done.data.tags["outcome"]) == ("FINISHED", "completed")
    assert done.data.metrics[schema.EPOCHS_DONE] == 3
    assert len(MlflowClient(uri).get_metric_history(done.info.run_id, schema.TRAIN_LOSS)) == 3


def test_a_trial_that_is_done_is_not_begun_again(uri: str) -> None:
    track(uri, settled(reported(1)))
    tracker = start(uri)
    tracker.begin(reported(1))
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


def test_numbers_that_are_none_are_left_out(uri: str) -> None:
    none: Mapping[str, Any] = {schema.TRAIN_LOSS: math.nan, schema.VAL_LOSS: math.inf, schema.SECONDS: math.nan}
    track(uri, settled(reported(1), "diverged", **none))
    metrics = trial_run(uri).data.metrics
    assert not metrics.keys() & {schema.TRAIN_LOSS, schema.VAL_LOSS, schema.SECONDS}
    assert metrics[schema.VAL_ACC1] == 4.375


def test_scales_are_apart(uri: str) -> None:
    track(uri, settled(reported(1)))
    track(uri, settled(reported(1)), scale="report")
    assert sorted(run.data.tags["scale"] for run in runs(uri, "trial")) == ["demo", "report"]
    assert len(runs(uri, "study")) == 2


def test_a_spec_that_became_shorter(uri: str) -> None:
    track(uri, question="Why?" * 3000)
    track(uri, question="Why?")
    (parent,) = runs(uri, "study")
    assert schema.spec_from_tags(parent.data.tags)["question"] == "Why?"


def test_the_best_model_of_an_arm_is_kept_once(uri: str, tmp_path: Path) -> None:
    model = tmp_path / "model.safetensors"
    model.write_bytes(b"weights")
    for _ in range(2):
        tracker = start(uri)
        tracker.settle(settled(reported(1)))
        tracker.keep_model(reported(1), model)
        assert tracker.close("FINISHED") == 0
    client = MlflowClient(uri)
    kept = Path(client.download_artifacts(trial_run(uri).info.run_id, "model/model.safetensors"))
    assert kept.read_bytes() == b"weights"


def test_more_epochs_than_one_batch_holds(uri: str, way: str) -> None:
    track(uri, settled(reported(1), epochs=100))
    assert count(uri, "metrics") == 100 * len(schema.EPOCH_METRICS) + 2


def test_a_relative_address_means_where_the_study_began(
    uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker = start("sqlite:///mlflow.db")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    tracker.settle(settled(reported(1)))
    assert tracker.close("FINISHED") == 0
    assert trial_run(uri).info.status == "FINISHED"
    assert list(tmp_path.rglob("*.db")) == [tmp_path / "mlflow.db"]


def test_a_new_database_is_whole_or_not_there(making: list[Path]) -> None:
    path, *while_made = making
    assert path not in while_made
    assert list(path.parent.iterdir()) == [path]
    assert count(f"sqlite:///{path}", "experiments") == 1


def test_a_locked_database_holds_up_nothing_and_loses_nothing(uri: str) -> None:
    said: list[str] = []
    locked = sqlite3.connect(uri.removeprefix("sqlite:///"), isolation_level=None)
    locked.execute("BEGIN EXCLUSIVE")
    tracker = start(uri, said.append)
    for seed in range(1, 4):
        tracker.begin(reported(seed))
        tracker.settle(settled(reported(seed)))
    time.sleep(0.5)
    locked.execute("COMMIT")
    locked.close()
    assert tracker.close("FINISHED") == 0
    assert [run.info.status for run in runs(uri, "trial")] == ["FINISHED"] * 3
    assert said == []


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking, "LONGEST_WAIT", 0.02)
    monkeypatch.setattr(tracking, "PATIENCE_IN_TROUBLE", 2.0)


@pytest.mark.parametrize("method", ["create_run", "log_batch", "set_terminated"])
@pytest.mark.parametrize("arrives", [False, True], ids=["lost", "answer lost"])
def test_a_client_that_fails_now_and_then(
    uri: str, monkeypatch: pytest.MonkeyPatch, method: str, arrives: bool
) -> None:
    """Whichever call fails, and whether or not the server had done it by then."""
    monkeypatch.setattr(tracking, "LONGEST_WAIT", 0.02)
    monkeypatch.setattr(mlflow_runs, "is_database", lambda uri: False)
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
    assert count(uri, "metrics") == 4 * (3 * len(schema.EPOCH_METRICS) + 2)
    assert len(said) <= 1


@pytest.mark.usefixtures("impatient")
def test_one_trial_that_cannot_be_sent_holds_up_no_other(uri: str, tmp_path: Path) -> None:
    said: list[str] = []
    tracker = start(uri, said.append)
    tracker.keep_model(reported(1), tmp_path / "gone.safetensors")
    for seed in (1, 2, 3):
        tracker.settle(settled(reported(seed)))
    assert tracker.close("FINISHED") == 2  # the first trial's model, and so the end of the study
    assert [run.info.status for run in runs(uri, "trial")] == ["FINISHED"] * 3
    assert len(said) == 1


@pytest.mark.usefixtures("impatient")
def test_a_server_that_is_down_is_told_once_and_stops_nothing(uri: str) -> None:
    said: list[str] = []
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    tracker = start(f"http://bob:secret@127.0.0.1:{port}", said.append)
    tracker.begin(reported(1))
    tracker.settle(settled(reported(2)))
    until(lambda: said)
    assert tracker.close("FINISHED") == 3  # two trials, and the end
    assert len(said) == 1
    assert "secret" not in said[0]
    assert "goes on" in said[0]
    track(uri, settled(reported(1)), settled(reported(2)))  # the next start says it all again
    assert len(runs(uri, "trial")) == 2


@pytest.fixture
def server(uri: str, tmp_path: Path) -> Iterator[tuple[str, Callable[[], subprocess.Popen[bytes]]]]:
    """The address of an MLflow server, and what starts it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    processes: list[subprocess.Popen[bytes]] = []
    command = [sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", uri]
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}

    def healthy() -> bool:
        try:
            return bool(urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1).status == 200)
        except OSError:
            return False

    def begin() -> subprocess.Popen[bytes]:
        with (tmp_path / "server.log").open("ab") as log:
            processes.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True))
        until(healthy, 60)
        return processes[-1]

    yield f"http://127.0.0.1:{port}", begin
    for process in processes:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, 15)
        process.wait(20)


@pytest.mark.slow
def test_a_server_that_goes_and_comes_back(
    server: tuple[str, Callable[[], subprocess.Popen[bytes]]], uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking, "LONGEST_WAIT", 0.2)
    said: list[str] = []
    model = tmp_path / "model.safetensors"
    model.write_bytes(b"weights")
    address, begin = server
    first = begin()
    tracker = start(address, said.append)
    tracker.begin(reported(1))
    until(lambda: count(uri, "params"))
    stop(first)
    tracker.settle(settled(reported(1)))
    tracker.settle(replace(settled(reported(2)), model=model))
    until(lambda: said)
    begin()
    assert tracker.close("FINISHED") == 0
    assert {run.data.tags["seed"]: run.info.status for run in runs(uri, "trial")} == {"1": "FINISHED", "2": "FINISHED"}
    assert count(uri, "metrics") == 2 * (3 * len(schema.EPOCH_METRICS) + 2)
    assert len(said) == 1
    ran = next(run for run in runs(uri, "trial") if run.data.tags["seed"] == "2")
    kept = MlflowClient(address).list_artifacts(ran.info.run_id, "model")
    assert [file.path for file in kept] == ["model/model.safetensors"]


def test_the_outbox_keeps_what_was_not_sent_and_the_latest_of_it() -> None:
    outbox = Outbox()
    outbox.add(reported(1))
    outbox.add(reported(2))
    first = outbox.first()
    assert first is not None
    assert first.trial == reported(1)
    outbox.add(reported(1), settled=settled(reported(1)))  # news while the first note is on its way
    outbox.sent(first)
    assert len(outbox) == 2
    latest = outbox.first()
    assert latest is not None
    assert latest.settled is not None
    outbox.failed(latest)
    assert (waiting := outbox.first()) is not None
    assert waiting.trial == reported(2)

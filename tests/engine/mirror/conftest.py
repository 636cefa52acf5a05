"""A store for each test, and an MLflow server before it."""

import os
import shutil
import subprocess
import sys
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from studies.engine.mirror import tracker
from studies.engine.mirror.mlflow_runs import create_database
from tests.engine.mirror.stores import stop, until
from tests.ports import free_port


@pytest.fixture(scope="session")
def making(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A new database, and what files there were while it got its tables. Made once, as that takes a second or two."""
    path = tmp_path_factory.mktemp("empty") / "mlflow.db"
    path.with_name("mlflow.db.new").write_bytes(b"SQLite format 3\0 and then a power cut")
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
    monkeypatch.setattr(tracker, "BATCH_SECONDS", 0.0)
    monkeypatch.setattr("mlflow.store.db.utils._verify_schema", lambda engine: None)  # reads 68 files, each time
    name = f"{uuid.uuid4().hex}.db"  # no test's before: pytest gives a folder twice, and MLflow keeps databases open by their path
    return f"sqlite:///{shutil.copy(empty, tmp_path / name)}"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracker, "LONGEST_WAIT_SECONDS", 0.02)
    monkeypatch.setattr(tracker, "CLOSE_TIMEOUT_SECONDS_IN_TROUBLE", 2.0)


@pytest.fixture
def server(uri: str, tmp_path: Path) -> Iterator[tuple[str, Callable[[], subprocess.Popen[bytes]]]]:
    """The address of an MLflow server, and what starts it."""
    port = free_port()
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

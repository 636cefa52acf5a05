"""The MLflow server of a group, as the page sets it up: PostgreSQL behind it, a login before it."""

import base64
import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.engine.conftest import warm
from tests.engine.runs import ROOT, Warm, until
from tests.engine.services.raylets import stop
from tests.ports import free_port

__all__ = ["warm"]
ADMIN, ANN = ("admin", "admin-password-1"), ("ann", "ann-password-1")
STRANGER = ("ann", "another-password")
WANTED = "it wants another login: set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
PAGE = (ROOT / "docs" / "how-to" / "cluster.md").read_text()
BIN = Path(sys.executable).parent
SHORT = ("--in-process", "--only", "reported", "--seeds", "1")
PATIENT = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "120"}  # on a machine that others use

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(2400),
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning"),  # within MLflow
]


def as_user(user: tuple[str, str]) -> dict[str, str]:
    return {"MLFLOW_TRACKING_USERNAME": user[0], "MLFLOW_TRACKING_PASSWORD": user[1]}


def of_the_page(database: str, port: int, folder: Path) -> str:
    """The lines that the page gives for the server, with this database, port and folder in them."""
    (lines,) = re.findall(r"```sh\n(cat > auth\.ini.*?)```", PAGE, re.DOTALL)
    address = "postgresql+psycopg://mlflow@db/mlflow"
    assert lines.count(address) == 2
    lines = lines.replace(address, database).replace("tracker:5000", f"127.0.0.1:{port}").replace("5000", str(port))
    return str(lines).replace("/shared/mlflow", str(folder / "artifacts")).replace("0.0.0.0", "127.0.0.1")


def ask(address: str, user: tuple[str, str], what: str, **content: str) -> None:
    login = base64.b64encode(":".join(user).encode()).decode()
    request = urllib.request.Request(
        f"{address}{what}",
        data=json.dumps(content).encode() if content else None,
        headers={"Authorization": f"Basic {login}", "Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=60).close()


@pytest.fixture
def server(postgres: str, tmp_path: Path) -> Iterator[str]:
    """Its address; ann is one of its users."""
    pytest.importorskip("flask_wtf", reason="mlflow[auth] is not installed (pip install -e '.[cluster]')")
    port = free_port()
    address, log = f"http://127.0.0.1:{port}", tmp_path / "server.log"
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "MLFLOW_AUTH_ADMIN_PASSWORD": ADMIN[1]}
    environment |= {
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_WORKERS": "1",
    }
    with log.open("wb") as file:
        process = subprocess.Popen(
            ["bash", "-ec", of_the_page(postgres, port, tmp_path)],
            cwd=tmp_path, env=environment, stdout=file, stderr=file, start_new_session=True,
        )  # fmt: skip

    def healthy() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            ask(address, ADMIN, "/health")
        except OSError:
            return False
        return True

    try:
        until(healthy, "an MLflow server")
        ask(address, ADMIN, "/api/2.0/mlflow/users/create", username=ANN[0], password=ANN[1])
        yield address
    finally:
        stop(process)


def tables(folder: Path, *options: str, user: tuple[str, str], code: int = 0) -> str:
    """What `cnn-studies tables` says."""
    done = subprocess.run(
        [sys.executable, "-m", "studies", "tables", "--study", "tiny", *options],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT), **PATIENT, **as_user(user)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout if code == 0 else done.stderr


def test_a_study_through_the_login(server: str, warm: Warm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a wrong password it goes on, and a line says what is missing; with the right one all arrives, and can be read back."""
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    here.mkdir()
    elsewhere.mkdir()
    wrong = warm.finish(here, *SHORT, MLFLOW_TRACKING_URI=server, COLUMNS="500", **as_user(STRANGER))
    assert f"MLflow at {server} cannot be written to ({WANTED}). The study goes on" in wrong
    assert wrong.count(WANTED) == 1
    assert "2 trials: 2 completed" in wrong
    assert "3 records are not in MLflow yet" in wrong

    right = warm.finish(here, *SHORT, MLFLOW_TRACKING_URI=server, **PATIENT, **as_user(ANN))
    assert "cannot be written to" not in right
    assert "not in MLflow yet" not in right

    for name, value in as_user(ANN).items():
        monkeypatch.setenv(name, value)
    client = MlflowClient(server)
    experiment = client.get_experiment_by_name("tiny")
    trials = client.search_runs([experiment.experiment_id], "tags.kind = 'trial'")
    assert sorted((run.data.tags["arm"], run.info.status) for run in trials) == [
        ("relu", "FINISHED"),
        ("tanh", "FINISHED"),
    ]
    assert {artifact.path for run in trials for artifact in client.list_artifacts(run.info.run_id)} == {"model"}

    assert tables(elsewhere, "--from-mlflow", server, user=ANN) == tables(here, user=ANN)
    refused = tables(elsewhere, "--from-mlflow", server, user=STRANGER, code=2)
    assert refused.splitlines()[-1].startswith(f"error: cannot read MLflow at {server}: {WANTED}")

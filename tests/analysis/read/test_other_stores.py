"""The same study through a server and from PostgreSQL reads the same as from SQLite."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from fake_study import activations, write_sql

from analysis.judge.results import results
from analysis.read.runs import load
from analysis.read.store import Run
from analysis.read.store_rest import ClientStore
from analysis.read.stores import open_store
from analysis.write.render import render
from studies.engine import schema

WRITE = (
    "import sys; sys.path.append({folder!r}); from fake_study import activations, write_client; "
    "write_client({uri!r}, *activations())"
)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def server(store: Path, tmp_path: Path) -> Iterator[str]:
    """An MLflow server over the test's own store; without its helpers, which take half a minute to start."""
    port = free_port()
    settings = {"_MLFLOW_SERVER_FILE_STORE": f"sqlite:///{store}", "_MLFLOW_SERVER_ARTIFACT_ROOT": str(tmp_path)}
    command = [sys.executable, "-c", f"from mlflow.server import app; app.run(port={port})"]
    with (tmp_path / "server.log").open("w") as log:
        process = subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log, env={**os.environ, **settings})
        try:
            _wait_for(f"http://127.0.0.1:{port}/health")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()
            process.wait(20)


def _wait_for(address: str) -> None:
    for _ in range(300):
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=1):
            return
        time.sleep(0.1)
    raise TimeoutError(address)


def comparable(frame: pd.DataFrame) -> pd.DataFrame:
    columns = sorted(set(frame.columns) - {"run", "started"})
    return frame[columns].sort_values(["stage", "arm", "seed", "number", "lr"], ignore_index=True)


def test_a_run_of_someone_else_is_no_trial_of_a_study(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, foreign = (Run("", "", "", 0.0, tags, {}, {}) for tags in ({schema.SCALE: "demo"}, {}))
    monkeypatch.setattr(ClientStore, "__init__", lambda self: None)
    monkeypatch.setattr(ClientStore, "_search", lambda *_: iter([("activations", ours), ("activations", foreign)]))
    assert ClientStore().counts() == [("activations", "demo", 1)]  # type: ignore[call-arg]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # those of MLflow itself
def test_through_a_server(store: Path, server: str) -> None:
    by_sql = load("activations", "demo", write_sql(store, *activations()))
    by_rest = load("activations", "demo", server)
    pd.testing.assert_frame_equal(comparable(by_rest.trials), comparable(by_sql.trials), check_dtype=False)
    wanted = (schema.VAL_ACC1, schema.SECONDS)
    histories = [runs.histories(runs.trials, wanted).drop(columns="run") for runs in (by_rest, by_sql)]
    assert histories[0]["value"].sum() == pytest.approx(histories[1]["value"].sum())
    assert len(histories[0]) == len(histories[1])
    assert render(results(by_rest), "md") == render(results(by_sql), "md")
    assert open_store(server).counts() == [("activations", "demo", 30)]
    with pytest.raises(ValueError, match=r"'nope' was never run in http.*\nhint: there are: activations"):
        load("nope", None, server)


@pytest.mark.slow
def test_what_mlflows_client_writes_is_read(store: Path, tmp_path: Path) -> None:
    """The other tests write rows; this one sees that MLflow writes such rows."""
    uri = f"sqlite:///{store}"
    code = WRITE.format(folder=str(Path(__file__).parent), uri=uri)
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, cwd=tmp_path)
    by_client = load("activations", "demo", uri)
    plan, trials = activations()
    other = tmp_path / "other.db"
    shutil.copy(store, other)
    by_rows = load("rows", "demo", write_sql(other, {**plan, "name": "rows"}, trials, study="rows"))
    pd.testing.assert_frame_equal(comparable(by_client.trials), comparable(by_rows.trials), check_dtype=False)


@pytest.mark.slow
def test_from_postgresql(postgres: str, store: Path, tmp_path: Path) -> None:
    code = WRITE.format(folder=str(Path(__file__).parent), uri=postgres)
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, cwd=tmp_path)
    by_postgres = load("activations", "demo", postgres)
    by_sqlite = load("activations", "demo", write_sql(store, *activations()))
    pd.testing.assert_frame_equal(comparable(by_postgres.trials), comparable(by_sqlite.trials), check_dtype=False)
    assert render(results(by_postgres), "md") == render(results(by_sqlite), "md")
    assert open_store(postgres).counts() == [("activations", "demo", 30)]
    wrong = postgres.replace("/postgres", "/nowhere")
    with pytest.raises(ValueError, match=r"postgresql\+psycopg://\*\*\*@.*does not exist.*\nhint"):
        load("activations", None, wrong)

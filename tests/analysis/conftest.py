"""Stores to read: made by MLflow itself once, then copied, as making one takes seconds."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parent))  # for fake_study

from fake_study import Trial, write_sql

from analysis.judge.results import Results, results
from analysis.read.runs import load

_MAKE = "import sys; from mlflow import MlflowClient; MlflowClient(sys.argv[1]).search_experiments()"


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mlflow") / "empty.db"
    subprocess.run([sys.executable, "-c", _MAKE, f"sqlite:///{path}"], check=True, capture_output=True)
    return path


@pytest.fixture
def store(empty_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty store of the test's own, which MLFLOW_TRACKING_URI names."""
    path = tmp_path / "mlflow.db"
    shutil.copy(empty_store, path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{path}")
    monkeypatch.chdir(tmp_path)
    return path


Read = Callable[[Mapping[str, Any], Sequence[Trial]], Results]


@pytest.fixture
def read(store: Path) -> Read:
    """Write a study and read it back as results."""

    def written(plan: Mapping[str, Any], trials: Sequence[Trial]) -> Results:
        uri = write_sql(store, plan, trials, str(plan["name"]))
        return results(load(str(plan["name"]), None, uri))

    return written

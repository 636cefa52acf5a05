"""Running a study as a user does, in a folder of its own, and reading back what MLflow holds of it."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import mlflow

ROOT = Path(__file__).parents[2]
TINY = ROOT / "tests" / "engine" / "tiny_study.py"
NOT_OF_THE_CLOCK = ("seconds", "images_per_second")


def start(folder: Path, *arguments: str, study: Path = TINY, **environment: str) -> subprocess.Popen[str]:
    """A study that is running; its output goes to a pipe."""
    return subprocess.Popen(
        [sys.executable, str(study), *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "140", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(folder: Path, *arguments: str, study: Path = TINY, code: int = 0, **environment: str) -> str:
    """Run a study to its end; returns what it printed."""
    process = start(folder, *arguments, study=study, **environment)
    output, _ = process.communicate(timeout=240)
    assert process.returncode == code, output
    return output


def trials(folder: Path, study: str = "tiny") -> dict[str, Mapping[str, object]]:
    """Every trial's run by signature, without what depends on the clock; fails where a signature has two runs."""
    client = mlflow.MlflowClient(f"sqlite:///{folder}/mlflow.db")
    experiment = client.get_experiment_by_name(study)
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id], "tags.kind = 'trial'", max_results=1000)
    found: dict[str, Mapping[str, object]] = {}
    for run in runs:
        tags, signature = run.data.tags, run.data.tags["signature"]
        assert signature not in found, f"two runs of {signature}"
        metrics = {name: value for name, value in run.data.metrics.items() if not name.startswith(NOT_OF_THE_CLOCK)}
        found[signature] = {
            "status": run.info.status,
            "metrics": metrics,
            **{tag: tags.get(tag) for tag in ("arm", "stage", "seed", "number", "outcome")},
        }
    return found

"""Running a study as a user does, in a folder of its own, and reading back what MLflow and the book hold of it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Run

ROOT = Path(__file__).parents[2]
TINY = ROOT / "tests" / "engine" / "tiny_study.py"
WARM = ROOT / "tests" / "engine" / "warm.py"
NOT_OF_THE_CLOCK = ("seconds", "images_per_second")
PATIENCE = 300  # seconds for an event that a machine under load may take long to come to


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


class Warm:
    """Starts studies as `start` does, without the seconds that their imports take: see warm.py."""

    def __init__(self, outputs: Path, *options: str) -> None:
        self._outputs = outputs
        self._started = 0
        self._server = subprocess.Popen(
            [sys.executable, str(WARM), *options],
            env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "140"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, folder: Path, *arguments: str, study: Path = TINY, **environment: str) -> "Started":
        self._started += 1
        output = self._outputs / str(self._started)
        request = {"script": str(study), "arguments": arguments, "environment": environment}
        return Started(self, self.ask(folder=str(folder), output=str(output), **request), output)

    def finish(self, folder: Path, *arguments: str, study: Path = TINY, code: int = 0, **environment: str) -> str:
        """Run a study to its end; returns what it printed."""
        started = self.start(folder, *arguments, study=study, **environment)
        assert started.wait() == code, started.printed() + started.complained()
        return started.printed()

    def ask(self, **request: object) -> int:
        assert self._server.stdin
        assert self._server.stdout
        self._server.stdin.write(json.dumps(request) + "\n")
        self._server.stdin.flush()
        return int(self._server.stdout.readline())

    def close(self) -> None:
        self._server.communicate()


class Started:
    """A study that a warm process has started."""

    def __init__(self, warm: Warm, pid: int, output: Path) -> None:
        self.pid = pid
        self._warm, self._output = warm, output
        self._code: int | None = None

    def signal(self, number: signal.Signals) -> None:
        """To the process and its group, as a terminal does it."""
        os.killpg(self.pid, number)

    def kill(self) -> None:
        """As the kernel does it when memory is short: the driver alone, with no chance to say goodbye."""
        os.kill(self.pid, signal.SIGKILL)
        assert self.wait() == -signal.SIGKILL, self.printed() + self.complained()

    def wait(self) -> int:
        """Its exit code; minus the signal's number where it was killed."""
        if self._code is None:
            self._code = self._warm.ask(wait=self.pid)
        return self._code

    def over(self) -> bool:
        return self._code is not None or Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"

    def printed(self) -> str:
        return self._output.with_suffix(".out").read_text()

    def complained(self) -> str:
        """What went to stderr."""
        return self._output.with_suffix(".err").read_text()


def until(event: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Wait for an event that the study brings about."""
    patience = time.monotonic() + seconds
    while not event():
        assert time.monotonic() < patience, f"waited {seconds} s in vain for {what}"
        time.sleep(0.005)


def processes_in(folder: Path) -> dict[int, str]:
    """The command lines of all processes that work in this folder, by id: a study, its Ray and its workers."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == folder:
                found[int(process.name)] = (process / "cmdline").read_text().replace("\0", " ").strip()
        except OSError:  # it is gone by now
            continue
    return {process: command for process, command in found.items() if command}


def trained_by(folder: Path) -> dict[int, str]:
    """By process, the signature of the trial that it trains at this moment: it holds the lock of the trial's entry.

    On the nodes of a cluster that is an entry of the worker's own; the one in the book is held by the keeper.
    """
    found = {}
    for process, command in processes_in(folder).items():
        try:
            files = [link.readlink() for link in Path(f"/proc/{process}/fd").iterdir()]
        except OSError:
            continue
        for file in files:
            if file.name == "lock" and file.parent.parent.name == "trials" and "Keeper" not in command:
                found[process] = file.parent.name
    return found


def booked(folder: Path) -> dict[tuple[str, int], float]:
    """The epochs in the book by signature and number, with the seconds each took: an epoch trained again took others."""
    lines = [
        (path.parent.name, json.loads(line))
        for path in folder.glob("results/trials/*/epochs.jsonl")
        for line in path.read_text().splitlines(keepends=True)
        if line.endswith("\n")
    ]
    return {(signature, epoch["epoch"]): epoch["seconds"] for signature, epoch in lines}


def epochs_booked(folder: Path) -> int:
    return len(booked(folder))


def curves(folder: Path) -> dict[str, list[dict[str, float]]]:
    """What counts of every trial, epoch by epoch, without what depends on the clock."""
    counted = {signature: int(run["metrics"]["epochs_done"]) for signature, run in trials(folder).items()}
    return {
        signature: [
            {name: value for name, value in json.loads(line).items() if not name.startswith(NOT_OF_THE_CLOCK)}
            for line in (folder / "results" / "trials" / signature / "epochs.jsonl").read_text().splitlines()[:epochs]
        ]
        for signature, epochs in counted.items()
    }


def results(folder: Path) -> dict[str, dict[str, Any]]:
    """How trials ended, by signature, without when."""
    found = {path.parent.name: json.loads(path.read_text()) for path in folder.glob("results/trials/*/result.json")}
    return {signature: {k: v for k, v in result.items() if k != "ended"} for signature, result in found.items()}


def runs(folder: Path, kind: str, study: str = "tiny") -> list[Run]:
    """The runs of a study in MLflow: those of trials, or its parents (kind `study`)."""
    client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
    experiment = client.get_experiment_by_name(study)
    assert experiment is not None
    return list(client.search_runs([experiment.experiment_id], f"tags.kind = '{kind}'", max_results=1000))


def trials(folder: Path, study: str = "tiny") -> dict[str, Mapping[str, Any]]:
    """Every trial's run by signature, without what depends on the clock; fails where a signature has two runs."""
    found: dict[str, Mapping[str, Any]] = {}
    for run in runs(folder, "trial", study):
        tags, signature = run.data.tags, run.data.tags["signature"]
        assert signature not in found, f"two runs of {signature}"
        metrics = {name: value for name, value in run.data.metrics.items() if not name.startswith(NOT_OF_THE_CLOCK)}
        found[signature] = {
            "status": run.info.status,
            "metrics": metrics,
            **{tag: tags.get(tag) for tag in ("arm", "stage", "seed", "number", "outcome")},
        }
    return found

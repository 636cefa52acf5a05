"""`ray job submit`, by the line of the page: all trials are trained and stay; submitted again, nothing is trained."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.engine.runs import ROOT
from tests.engine.services.raylets import QUIET, started, stop
from tests.ports import free_ports

PAGE = ROOT / "docs" / "how-to" / "cluster.md"
BIN = Path(sys.executable).parent
SMALLER = "--scale smoke --arms relu,mish --only reported --seeds 1"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(2400),
    pytest.mark.skipif(not (BIN / "ray").exists(), reason="the command `ray` is not beside this Python"),
]


@dataclass(frozen=True)
class Head:
    """A head of a core whose users have this folder as their home."""

    home: Path
    environment: dict[str, str]

    def run(self, line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            line, shell=True, cwd=self.home, env=self.environment, capture_output=True, text=True, errors="replace"
        )


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Head]:
    pytest.importorskip("aiohttp_cors", reason="ray[default] is not installed (pip install -e '.[cluster]')")
    home, logs = tmp_path_factory.mktemp("home"), Path("/tmp") / f"ray-{os.getpid()}"  # Ray's sockets want a short path
    (home / "my-studies").mkdir()
    dashboard, agent, client = free_ports(3)
    environment = {
        **os.environ,
        "HOME": str(home),
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "RAY_API_SERVER_ADDRESS": f"http://127.0.0.1:{dashboard}",
        **QUIET,
    }
    command = [str(BIN / "ray"), "start", "--head", "--num-cpus=1", "--block", f"--temp-dir={logs}", "--port=0"]
    command += [f"--dashboard-port={dashboard}", f"--dashboard-agent-listen-port={agent}"]
    command += [f"--ray-client-server-port={client}", "--min-worker-port=0", "--max-worker-port=0"]
    command += ["--object-store-memory=100000000"]
    process = started(command, environment, home / "head.log")
    try:
        yield Head(home, environment)
    finally:
        stop(process)
        shutil.rmtree(logs, ignore_errors=True)


def line_of_the_page() -> str:
    """What the page says, at a scale of seconds."""
    (line,) = re.findall(r"^ray job submit -- .*$", PAGE.read_text(), re.MULTILINE)
    assert "--scale report" in line
    return str(line).replace("--scale report", SMALLER)


def test_a_study_as_a_job(head: Head) -> None:
    """Its results lie in the user's folder; the second submission trains nothing."""
    first = head.run(line_of_the_page())
    assert first.returncode == 0, first.stdout + first.stderr
    trials = head.home / "my-studies" / "results" / "trials"
    results = [json.loads(path.read_text()) for path in trials.glob("*/result.json")]
    assert [result["outcome"] for result in results] == ["completed", "completed"]
    before = {path: path.stat().st_mtime_ns for path in trials.glob("*/*")}
    second = head.run(line_of_the_page())
    assert second.returncode == 0, second.stdout + second.stderr
    assert "2 of 2 trials already, which are not trained again" in second.stdout + second.stderr
    assert {path: path.stat().st_mtime_ns for path in trials.glob("*/*")} == before


def test_a_job_whose_results_ray_would_delete_is_refused(head: Head) -> None:
    sent = head.home / "sent"
    sent.mkdir()
    refused = head.run(f"ray job submit --working-dir {sent} -- cnn-studies run activations {SMALLER} --address auto")
    assert refused.returncode != 0
    said = refused.stdout + refused.stderr
    assert "which Ray deletes after the job: go to a folder that stays first" in said
    assert "failed with exit code 2" in said

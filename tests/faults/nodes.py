"""A Ray cluster of two nodes, as a test has it in hand."""

import os
import subprocess
import sys
from pathlib import Path

from tests.engine.runs import ROOT


class Nodes:
    """A cluster that another process runs; see cluster.py."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.cluster"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.address = self._answer()

    def lose(self, what: str) -> None:
        self._tell(f"lose {what}")

    def add(self) -> None:
        """Another node joins."""
        self._tell("add a node")

    def close(self) -> None:
        self._process.communicate()

    def _tell(self, what: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()
        assert self._answer() == "done"

    def _answer(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()

"""A folder of a test's own, and a way to write a study there and read it back."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parent))  # for fake_study

from fake_study import Trial, write_book

from analysis.judge.verdicts import Judged, judged
from analysis.read.book import Book
from analysis.read.runs import load

Read = Callable[[Mapping[str, Any], Sequence[Trial]], Judged]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to run a study in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def read() -> Read:
    """Write a study and read it back as results."""

    def written(plan: Mapping[str, Any], trials: Sequence[Trial]) -> Judged:
        return judged(load(Book(write_book(plan, trials)), str(plan["name"])))

    return written

"""What must hold after any fault: the trials and numbers of an undisturbed study, and nothing left running."""

import json
import re
from pathlib import Path
from typing import Any

from tests.engine.runs import NOT_OF_THE_CLOCK, Started, curves, results, runs, trials

AGAIN = re.compile(r"Interrupted: \d+ of \d+ trials are done, and kept\. To go on: python ")

OF_THE_RUN = ("started", "ended", "host", "trials_on_device", *NOT_OF_THE_CLOCK)


def statuses(folder: Path) -> set[str]:
    return {run.info.status for kind in ("study", "trial") for run in runs(folder, kind)}


def assert_as_if_undisturbed(folder: Path, undisturbed: Path) -> None:
    """The planned trials, a run each, all metrics and outcomes, nothing RUNNING, nothing left over."""
    assert trials(folder) == trials(undisturbed)
    assert curves(folder) == curves(undisturbed)
    completed = {signature for signature, run in trials(folder).items() if run["outcome"] == "completed"}
    assert {s: results(folder).get(s) for s in completed} == {s: results(undisturbed)[s] for s in completed}
    assert "failed" not in {result["outcome"] for result in results(folder).values()}, "what was stopped has no result"
    assert statuses(folder) == {"FINISHED"}
    assert len(runs(folder, "study")) == 1
    left_over = [path for path in (folder / "results").rglob("*") if path.suffix in (".unfinished", ".tmp")]
    assert not [*left_over, *folder.rglob("checkpoint.pt*")]


def assert_one_line(started: Started, code: int, *parts: str) -> None:
    """It ended with this code and a single line on stderr, which has these parts."""
    assert started.wait() == code, started.printed() + started.complained()
    complaint = started.complained()
    assert complaint.startswith("error: "), complaint
    assert complaint.count("\n") == 1, complaint
    for part in parts:
        assert part in complaint


def rows(folder: Path) -> dict[str, dict[str, Any]]:
    """The table of the study by signature, without what depends on the run."""
    lines = (folder / "results" / "studies" / "tiny.demo" / "trials.jsonl").read_text().splitlines()
    return {
        row["signature"]: {name: value for name, value in row.items() if not name.startswith(OF_THE_RUN)}
        for row in map(json.loads, lines)
    }

"""What must hold after any fault: the trials and numbers of an undisturbed study, and nothing left running."""

import re
from pathlib import Path

from tests.engine.runs import Started, curves, results, runs, trials

AGAIN = re.compile(r"Interrupted: \d+ of \d+ trials are done, and kept\. To go on: python ")


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

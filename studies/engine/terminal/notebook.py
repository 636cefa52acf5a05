"""A study run from a notebook or a script: what ``Study.run`` does."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studies.engine.plan.options import Options, check_values
from studies.engine.study.study import Study
from studies.engine.terminal.cli import Seat, run
from studies.engine.terminal.console import terminal


def run_here(study: Study, asked: Mapping[str, Any]) -> dict[str, int]:
    """Run it, or go on where it stopped; returns how many trials ended in which way.

    What is asked are options of the command line, by name. Signals stay as they are: the kernel's own interrupt breaks
    a study off in good order.
    """
    arms = None if asked["arms"] is None else tuple(asked["arms"])
    options = check_values(Options(**{**asked, "arms": arms, "data_dir": Path(asked["data_dir"])}))
    ended = run(study, options, Seat(terminal(), Path.cwd() / "notebook", catch_signals=lambda: None))
    assert ended is not None, "only a dry run ends without a run"
    if ended.interrupted:
        raise KeyboardInterrupt
    return dict(ended.conductor.outcomes())

"""A study run from a notebook or a script: what ``Study.run`` does."""

from collections.abc import Sequence
from pathlib import Path

from cnnzoo.mistake import Mistake
from cnnzoo.spelling import unknown
from studies.engine.plan.options import Options
from studies.engine.schema import SCALES
from studies.engine.study.study import Study
from studies.engine.terminal.cli import Seat, run
from studies.engine.terminal.console import terminal


def run_here(
    study: Study,
    scale: str | None,
    dataset: str | None,
    data_dir: str,
    arms: Sequence[str] | None,
    seeds: int | None,
    trials: int | None,
    only: str | None,
    in_process: bool,
) -> dict[str, int]:
    """Run it, or go on where it stopped; returns how many trials ended in which way.

    Signals stay as they are: the kernel's own interrupt breaks a study off in good order.
    """
    _check(scale, only, seeds=seeds, trials=trials)
    options = Options(
        scale=scale,
        dataset=dataset,
        data_dir=Path(data_dir),
        arms=None if arms is None else tuple(arms),
        seeds=seeds,
        trials=trials,
        only=only,
        in_process=in_process,
    )
    ended = run(study, options, Seat(terminal(), Path.cwd() / "notebook", catch_signals=lambda: None))
    assert ended is not None, "only a dry run ends without a run"
    if ended.interrupted:
        raise KeyboardInterrupt
    return dict(ended.conductor.outcomes())


def _check(scale: str | None, only: str | None, **counts: int | None) -> None:
    """What the command line refuses, refused here."""
    if scale is not None and scale not in SCALES:
        raise unknown("scale", scale, SCALES)
    if only not in (None, "reported", "tuned"):
        raise unknown("value of only", only, ("reported", "tuned"))
    for name, count in counts.items():
        if count is not None and (type(count) is not int or count < 1):
            raise Mistake(f"{name} must be a whole number of at least 1, but got {count!r}.")

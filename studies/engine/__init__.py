"""What a study file needs: ``from studies.engine import Arm, Budget, Scale, Study, claim, grid, main``.

Loaded when first asked for, so that ``studies.engine.schema``, which the analysis reads, comes without torch and ray.
"""

import importlib
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from cnnzoo.mistake import mistakes_in_a_line

if TYPE_CHECKING:
    from studies.engine.study.budget import Budget, EarlyStopping, Scale
    from studies.engine.study.claims import claim
    from studies.engine.study.grid import grid
    from studies.engine.study.study import Arm, Study

_HOMES = {
    "Arm": "study.study", "Study": "study.study", "grid": "study.grid", "Budget": "study.budget",
    "EarlyStopping": "study.budget", "Scale": "study.budget", "claim": "study.claims",
}  # fmt: skip

__all__ = ["Arm", "Budget", "EarlyStopping", "Scale", "Study", "claim", "grid", "main"]


def main(study: "Study") -> NoReturn:
    """Run the study as the command line asks. What that takes is loaded now: a study that is only looked at needs none of it.

    The command line is read first, so that a mistake in it, or --help, is answered at once.
    """
    from studies.engine.plan.options import parse

    with mistakes_in_a_line():
        options = parse(study, sys.argv[1:])
    if not options.quiet:
        libraries = "PyTorch" if options.in_process or options.dry_run else "PyTorch and Ray"
        print(f"Loading {libraries} ...", flush=True)
    from studies.engine.terminal import cli

    cli.main(study, options)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)

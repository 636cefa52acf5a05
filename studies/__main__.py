"""``python -m studies``: every study, what it costs and how far it is; with ``--run`` all of them, one after another."""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rich.table import Table

from studies.engine.cli import BAD_INPUT, INTERRUPTED, RESULTS
from studies.engine.ledger import Ledger
from studies.engine.overview import progress_of
from studies.engine.schema import SCALES
from studies.engine.study import Study

FOLDER = Path(__file__).parent


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m studies", description="All studies, and how far each of them is.")
    parser.add_argument("--run", action="store_true", help="run all of them, going on where they stopped")
    parser.add_argument("--scale", choices=SCALES, default="demo", help="at which scale to run them (default: demo)")
    options = parser.parse_args()
    studies = list(in_order(found()))
    return run(studies, options.scale) if options.run else show(studies)


def found() -> list[Study]:
    """The studies of the files beside this one."""
    names = sorted(file.stem for file in FOLDER.glob("*.py") if not file.stem.startswith("_"))
    studies = [getattr(import_module(f"studies.{name}"), "STUDY", None) for name in names]
    return [study for study in studies if isinstance(study, Study)]


def in_order(studies: list[Study]) -> Iterator[Study]:
    """Those that take over what others have chosen come after these."""
    yield from (study for study in studies if not study.sources())
    yield from (study for study in studies if study.sources())


def show(studies: list[Study]) -> int:
    table = Table(caption="a cell: trials done / trials x epochs each", caption_justify="left", show_lines=True)
    table.add_column("python studies/…")
    table.add_column("question, and arms", ratio=1)
    for scale in SCALES:
        table.add_column(scale, justify="right")
    ledger = Ledger(RESULTS.absolute())
    for study in studies:
        cells = (progress_of(study, scale, ledger) for scale in SCALES)
        table.add_row(f"{study.name}.py", f"{study.question}\n[dim]{', '.join(study.arms)}[/dim]", *cells)
    Console().print(table)
    print("\nnext  python studies/NAME.py --dry-run   what it would do, and how long that takes here")
    print("      python -m studies --run            all of them at demo scale, then the report pages")
    return 0


def run(studies: list[Study], scale: str) -> int:
    """Returns the worst exit code of any study; a study that could not run keeps no other from running."""
    worst = 0
    for number, study in enumerate(studies, 1):
        print(f"\n=== {number} of {len(studies)}: {study.name} ===\n", flush=True)
        code = subprocess.run([sys.executable, str(FOLDER / f"{study.name}.py"), "--scale", scale]).returncode
        if code in (INTERRUPTED, -2):
            return INTERRUPTED
        worst = max(worst, abs(code))
    report = subprocess.run([sys.executable, "-m", "analysis.report", "--all", "--scale", scale]).returncode
    return max(worst, report)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(BAD_INPUT)
    except KeyboardInterrupt:
        os._exit(INTERRUPTED)

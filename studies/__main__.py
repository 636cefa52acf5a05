"""``python -m studies``: every study, what it costs and how far it is; with ``--run`` all of them, one after another."""

import argparse
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from rich.text import Text

from cnnzoo.mistake import Mistake, mistakes_in_a_line
from studies.engine.book.book import Book
from studies.engine.plan.options import INTERRUPTED
from studies.engine.schema import SCALES
from studies.engine.study.study import Study
from studies.engine.terminal.cli import RESULTS
from studies.engine.terminal.console import terminal
from studies.engine.terminal.overview import progress_of

FOLDER = Path(__file__).parent


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m studies", description="All studies, and how far each of them is.")
    parser.add_argument("--run", action="store_true", help="run all of them, going on where they stopped")
    parser.add_argument("--scale", choices=SCALES, default="demo", help="at which scale to run them (default: demo)")
    options = parser.parse_args()
    studies = list(in_order(list(found())))
    return run(studies, options.scale) if options.run else show(studies)


def found() -> Iterator[Study]:
    """The studies of the files beside this one; a mistake in one of them hides no other."""
    for name in sorted(file.stem for file in FOLDER.glob("*.py") if not file.stem.startswith("_")):
        try:
            study = getattr(import_module(f"studies.{name}"), "STUDY", None)
        except Mistake as error:
            print(f"error: studies/{name}.py: {error}", file=sys.stderr)
        else:
            if isinstance(study, Study):
                yield study


def in_order(studies: list[Study]) -> Iterator[Study]:
    """Those that take over what others have chosen come after these."""
    yield from (study for study in studies if not study.sources())
    yield from (study for study in studies if study.sources())


def show(studies: list[Study]) -> int:
    console, book = terminal(), Book(RESULTS.absolute())
    for study in studies:
        console.print(Text.assemble((study.name, "bold"), f"  {study.question}"))
        console.print(f"  {len(study.arms)} arms: {', '.join(study.arms)}", no_wrap=True, overflow="ellipsis")
        costs = (f"{scale} {progress_of(study, scale, book)} epochs" for scale in SCALES)
        console.print(f"  trials: {'; '.join(costs)}\n")
    console.print("next  python studies/NAME.py --dry-run   what it would do, and how long that takes here")
    console.print("      python -m studies --run            all of them at demo scale, then the report pages")
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
    with mistakes_in_a_line():
        try:
            sys.exit(main())
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)

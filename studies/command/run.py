"""``cnn-studies run``: a study by its name or its file, or all of them, one after another."""

import runpy
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from traceback import extract_tb

from cnnzoo.mistake import BAD_INPUT, INTERRUPTED, Mistake, Parser
from studies.command.files import bundled, find, in_order, readable
from studies.engine import typed
from studies.engine.schema import SCALES


def run(arguments: Sequence[str]) -> int:
    if arguments and not arguments[0].startswith("-"):
        return _one(find(arguments[0]), arguments[1:])
    names = ", ".join(path.stem for path in bundled())
    parser = Parser(
        prog="cnn-studies run",
        usage="cnn-studies run NAME|FILE.py [options of the study]\n       cnn-studies run --all [--scale SCALE]",
        description="Run a study, or go on where it stopped. `cnn-studies run NAME --help` has the options of a study.",
        epilog=f"Studies: {names}.",
        allow_abbrev=False,
    )
    parser.add_argument("--all", action="store_true", help="every study of the platform, then the report pages")
    parser.add_argument("--scale", choices=SCALES, default="demo", help="with --all: at which scale (default: demo)")
    given, rest = parser.parse_known_args(arguments)
    if rest or not given.all:
        raise Mistake(f"say first which study, then its options: cnn-studies run NAME {' '.join(arguments)}".rstrip())
    return _all(given.scale)


def _one(path: Path, options: Sequence[str]) -> int:
    """As `python FILE options` does it."""
    sys.argv = [str(path), *options]
    sys.path.insert(0, str(path.resolve().parent))
    try:
        runpy.run_path(str(path), run_name="__main__")
    except Mistake as error:  # main() tells its own: this one is from stating the study
        raise Mistake(f"{_place(error, path)}: {error}") from error
    raise Mistake(f'{path} ends without `if __name__ == "__main__": main(STUDY)`, so it does nothing.')


def _place(error: Exception, path: Path) -> str:
    """The line of the file that the error comes from."""
    lines = [at.lineno for at in extract_tb(error.__traceback__) if at.filename == str(path)]
    return f"{path}:{lines[-1]}" if lines else str(path)


def _all(scale: str) -> int:
    """Returns the worst exit code of any study; a study that could not run keeps no other from running."""
    problems: list[str] = []
    studies = in_order(list(readable(bundled(), problems)))
    worst = BAD_INPUT if problems else 0
    for number, one in enumerate(studies, 1):
        print(f"\n=== {number} of {len(studies)}: {one.study.name} ===\n", flush=True)
        command = [sys.executable, "-m", "studies", "run", str(one.path), "--scale", scale]
        code = subprocess.run(command).returncode
        if code in (INTERRUPTED, -2):
            return INTERRUPTED
        worst = max(worst, abs(code))
    report = subprocess.run([sys.executable, "-m", "analysis.report", "--all", "--scale", scale]).returncode
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    print(f"\nnext  {typed.tool('claims', '--all', '--scale', scale)}   what the reports concluded, judged")
    return max(worst, report)

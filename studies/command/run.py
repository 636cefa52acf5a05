"""``cnn-studies run``: a study by its name or its file, or all of them, one after another."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from cnnzoo.mistake import BAD_INPUT, INTERRUPTED, Mistake, Parser
from studies.command.files import bundled, execute, find, readable
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
    execute(path, "__main__")
    raise Mistake(f'{path} ends without `if __name__ == "__main__": main(STUDY)`, so it does nothing.')


def _all(scale: str) -> int:
    """Returns the worst exit code of any study; a study that could not run keeps no other from running."""
    problems: list[str] = []
    # Those that take over what others have chosen come after these.
    studies = sorted(readable(bundled(), problems), key=lambda one: bool(one.study.sources()))
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

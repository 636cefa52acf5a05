"""What the command lines share: how a study is named, where output goes, and how a mistake is reported."""

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path

from analysis.judge.verdicts import Judged, judged
from analysis.read.book import Book
from analysis.read.from_mlflow import download
from analysis.read.runs import StudyRuns, load
from cnnzoo.mistake import BAD_INPUT, Mistake, Parser, exit_code
from cnnzoo.storage.files import write_atomically
from studies.engine import schema


def parser(description: str, out: str = "a file; default: the screen", every: str | None = None) -> Parser:
    """A parser with the options that every command on a study has; ``every`` says what it does with --all."""
    made = Parser(description=description)
    which = made.add_mutually_exclusive_group(required=True)
    which.add_argument("--study", help="the study's name, e.g. activations")
    if every:
        which.add_argument("--all", action="store_true", help=every)
    made.add_argument("--scale", choices=schema.SCALES, help="which of the scales it was run at; otherwise the largest")
    where = made.add_mutually_exclusive_group()
    here = "where it was run; default: results"
    where.add_argument("--results", type=Path, default=schema.RESULTS, metavar="DIR", help=here)
    where.add_argument("--from-mlflow", metavar="URI", help="read it from an MLflow server instead")
    made.add_argument("--out", type=Path, metavar="PATH", help=out)
    return made


def book(given: Namespace) -> Book:
    """Where the studies of a command line stand."""
    return download(given.from_mlflow, given.study, given.scale) if given.from_mlflow else Book(given.results)


def runs(given: Namespace) -> StudyRuns:
    """The study of a command line; an --out that cannot be a file is refused before anything is read."""
    if given.out and given.out.is_dir():
        raise Mistake(f"--out {given.out} is a folder; name a file in it, e.g. --out {given.out / 'result'}")
    return load(book(given), given.study, given.scale)


def read(given: Namespace) -> Judged:
    """The study of a command line with what it shows."""
    return judged(runs(given))


def everything(given: Namespace) -> tuple[list[Judged], int]:
    """Every study at each of its scales, or at the one that is given, and the exit code that this comes to.

    A study that cannot be read is reported in one line and does not hide the others.
    """
    found, code, where = [], 0, book(given)
    for name, scale in where.studies():
        try:
            found += [judged(load(where, name, scale))] if given.scale in (None, scale) else []
        except Mistake as mistake:
            print(f"error: {mistake}", file=sys.stderr)
            code = BAD_INPUT
    return found, code


def in_color(out: Path | None) -> bool:
    """Whether what is written there is read on a screen that shows colours."""
    return out is None and sys.stdout.isatty() and "NO_COLOR" not in os.environ


def write(what: str | bytes, out: Path | None) -> None:
    """Write to the file, whose folder is made where it is missing, or to the screen."""
    if out is None:
        print(what, end="")
        return
    try:
        write_atomically(out, what.encode() if isinstance(what, str) else what)
    except OSError as error:
        raise Mistake(f"cannot write {out}: {error.strerror}. Give another place with --out.") from None
    print(f"wrote {out}")


def command(main: Callable[[Sequence[str] | None], int]) -> None:
    """Run a command line: a mistake of the user is a line on stderr and exit code 2, a bug of ours a traceback."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal without a minus sign is no reason to fail
    sys.exit(exit_code(lambda: main(None)))

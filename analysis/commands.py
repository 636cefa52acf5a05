"""What the command lines share: how a study is named, where output goes, and how a mistake is told."""

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from pathlib import Path

from analysis.judge.results import Results, results
from analysis.read.runs import StudyRuns, load
from analysis.read.stores import open_store, tracking_uri
from studies.engine import schema

MISTAKE = 2  # the exit code of bad input, and where a study cannot be read


def parser(description: str, out: str = "a file; default: the screen", every: str | None = None) -> ArgumentParser:
    """A parser with the options that every command on a study has; ``every`` says what it does with --all."""
    epilog = "Reads MLFLOW_TRACKING_URI, or sqlite:///mlflow.db here."
    made = ArgumentParser(description=description, epilog=epilog)
    which = made.add_mutually_exclusive_group(required=True)
    which.add_argument("--study", help="the study's name, e.g. activations")
    if every:
        which.add_argument("--all", action="store_true", help=every)
    made.add_argument("--scale", choices=schema.SCALES, help="which of the scales it was run at; otherwise the largest")
    made.add_argument("--out", type=Path, metavar="PATH", help=out)
    return made


def runs(given: Namespace) -> StudyRuns:
    """The study of a command line; an --out that cannot be a file is told before anything is read."""
    if given.out and given.out.is_dir():
        raise ValueError(f"--out {given.out} is a folder.\nhint: name a file in it, e.g. --out {given.out / 'result'}")
    return load(given.study, given.scale, tracking_uri())


def read(given: Namespace) -> Results:
    return results(runs(given))


def everything(given: Namespace) -> tuple[list[Results], int]:
    """Every study in the store at each of its scales, or at the one that is given, but for what cannot be read: one
    that is broken does not hide the others. And the exit code that this comes to.
    """
    found, code = [], 0
    for name, scale, _ in open_store(tracking_uri()).counts():
        try:
            found += [results(load(name, scale, tracking_uri()))] if given.scale in (None, scale) else []
        except ValueError as error:
            print(f"error: {error}", file=sys.stderr)
            code = MISTAKE
    return found, code


def write(what: str | bytes, out: Path | None) -> None:
    """To the file, whose folder is made where it is missing, or to the screen."""
    if out is None:
        print(what, end="")
        return
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        draft = out.with_name(f"{out.name}.unfinished")  # a kill leaves the old file, or the new one
        draft.write_bytes(what.encode() if isinstance(what, str) else what)
        draft.replace(out)
    except OSError as error:
        raise ValueError(f"cannot write {out}: {error.strerror}.\nhint: give another place with --out.") from None
    print(f"wrote {out}")


def command(main: Callable[[Sequence[str] | None], int]) -> None:
    """Run a command line: a mistake of the user is a line on stderr and exit code 2, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal without a minus sign is no reason to fail
    try:
        code = main(None)
        sys.stdout.flush()
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        code = MISTAKE
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except KeyboardInterrupt:
        code = 130
    raise SystemExit(code)

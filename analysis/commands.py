"""What the command lines share: how a study is named, where output goes, and how a mistake is told."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from studies.engine import schema


def parser(description: str) -> argparse.ArgumentParser:
    """A parser with the options that every command on a study has."""
    made = argparse.ArgumentParser(
        description=description, epilog="Reads MLFLOW_TRACKING_URI, or sqlite:///mlflow.db here."
    )
    made.add_argument("--study", required=True, help="the study's name, e.g. activations")
    made.add_argument("--scale", choices=schema.SCALES, help="which of the scales it was run at; otherwise the largest")
    return made


def command(main: Callable[[Sequence[str] | None], int]) -> None:
    """Run a command line: a mistake of the user is a line on stderr and exit code 2, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal without a minus sign is no reason to fail
    try:
        code = main(None)
        sys.stdout.flush()
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        code = 2
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except KeyboardInterrupt:
        code = 130
    raise SystemExit(code)


def write(text: str, out: Path | None) -> None:
    """To the file, whose folder is made where it is missing, or to the screen."""
    if out is None:
        print(text, end="")
        return
    check_file(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ValueError(f"cannot write {out}: {error.strerror}.\nhint: give another place with --out.") from None
    print(f"wrote {out}")


def check_file(out: Path, suffixes: Sequence[str] = ()) -> None:
    """Refuse a place that cannot be written to before anything is computed."""
    name = f"result{suffixes[0] if suffixes else '.md'}"
    if out.is_dir():
        raise ValueError(f"--out {out} is a folder.\nhint: name a file in it, e.g. --out {out / name}")
    if suffixes and out.suffix not in suffixes:
        raise ValueError(
            f"--out {out} must end with {', '.join(suffixes)}.\nhint: --out {out.with_suffix(suffixes[0])}"
        )

"""The error for whatever the user can mend, and how the command lines tell it from a bug of ours."""

import functools
import os
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from traceback import walk_tb
from types import TracebackType
from typing import Any, NoReturn

BAD_INPUT, INTERRUPTED = 2, 130  # exit codes
BUG = "this is a bug of cnn-studies, not yours: the book is safe"
_OURS = ("cnnzoo", "search_spaces", "studies.engine", "analysis", "dataclasses")


class Mistake(ValueError):  # noqa: N818 -- the user's mistake, no error of ours
    """Something the user can mend: the message says what was given, what is allowed and what to do.

    A study file makes its values before it calls ``main``, so nothing of ours is there to catch what they raise.
    The first Mistake that is made therefore sets the hook that tells an uncaught one in a line. No import sets it.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        if getattr(sys.excepthook, "func", None) is not _tell_uncaught:
            sys.excepthook = functools.partial(_tell_uncaught, sys.excepthook)


class Parser(ArgumentParser):
    """Tells a mistake as everything else here does: one line, which `error: ` goes before."""

    def error(self, message: str) -> NoReturn:
        raise Mistake(f"{message} (see --help)")


@contextmanager
def mistakes_in_a_line() -> Iterator[None]:
    """Around a command: a mistake is one line and exit code 2; any other error is a bug, with traceback and exit code 1."""
    try:
        yield
    except Mistake as mistake:
        refuse(mistake, BAD_INPUT)
    except Exception as error:
        if BUG not in getattr(error, "__notes__", ()):  # of a command within a command
            error.add_note(BUG)
        raise


def exit_code(main: Callable[[], int]) -> int:
    """Run a command and return its exit code: a mistake is one line; a reader that stops early, such as head, is no error."""
    try:
        with mistakes_in_a_line():
            code = main()
            sys.stdout.flush()
        return code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return INTERRUPTED


def refuse(error: Exception, code: int) -> NoReturn:
    """Leave with this exit code; the error is told in one line, whoever wrote its message."""
    print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
    sys.exit(code)


def _tell_uncaught(
    before: Callable[..., Any], kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Tell a mistake in a script in a line that names its place; everything else is told as before."""
    script = getattr(sys.modules["__main__"], "__file__", None)  # None in a console
    if not isinstance(error, Mistake) or script is None:
        before(kind, error, trace)
        return
    place = script
    for frame, line in walk_tb(trace):
        if not frame.f_globals.get("__name__", "").startswith(_OURS):
            place = f"{frame.f_code.co_filename}:{line}"
    refuse(Mistake(f"{place}: {error}"), BAD_INPUT)

"""Errors that name the nearest spelling: the tail of every 'unknown ...' message."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(given: str, allowed: Iterable[str]) -> str:
    """`; did you mean 'x'?` where something is close, else a full stop."""
    close = get_close_matches(str(given), list(allowed), n=1)
    return f"; did you mean {close[0]!r}?" if close else "."


def unknown(what: str, given: str, allowed: Iterable[str]) -> ValueError:
    """The error for a name that is none of those allowed."""
    names = list(allowed)
    return ValueError(f"unknown {what} {given!r}{nearest(given, names)} Known: {', '.join(names)}.")

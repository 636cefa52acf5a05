"""Errors that name the nearest spelling: the tail of every 'unknown ...' message."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(given: str, allowed: Iterable[str]) -> str:
    """`; did you mean 'x'?` where something is close, whatever its capitals, else a full stop."""
    names = {_plain(name): name for name in allowed}
    close = get_close_matches(_plain(given), names, n=1)
    return f"; did you mean {names[close[0]]!r}?" if close else "."


def _plain(name: object) -> str:
    return str(name).lower().replace("-", "_")


def unknown(what: str, given: str, allowed: Iterable[str]) -> ValueError:
    """The error for a name that is none of those allowed."""
    names = list(allowed)
    return ValueError(f"unknown {what} {given!r}{nearest(given, names)} Known: {', '.join(names)}.")

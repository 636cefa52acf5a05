"""Errors that name the nearest spelling: the tail of every 'unknown ...' message."""

import functools
import inspect
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import ParamSpec, TypeVar

from cnnzoo.mistake import Mistake

P = ParamSpec("P")
T = TypeVar("T")

OTHER_WORDS = {"learning_rate": "lr", "accuracy": "acc1"}  # what others call it, and its name here


def nearest(given: str, allowed: Iterable[str]) -> str:
    """`; did you mean 'x'?` where something is close, whatever its capitals, else a full stop."""
    names, plain = {_plain(name): name for name in allowed}, _plain(given)
    translated = [plain.replace(word, ours) for word, ours in OTHER_WORDS.items() if word in plain]
    close = [word for word in translated if word in names] or get_close_matches(plain, names, n=1)
    return f"; did you mean {names[close[0]]!r}?" if close else "."


def _plain(name: object) -> str:
    return str(name).lower().replace("-", "_")


def unknown(what: str, given: str, allowed: Iterable[str]) -> Mistake:
    """The error for a name that is none of those allowed."""
    names = list(allowed)
    return Mistake(f"unknown {what} {given!r}{nearest(given, names)} Known: {', '.join(names)}.")


def says_what_it_takes(function: Callable[P, T]) -> Callable[P, T]:
    """The function; called with arguments that it does not take, it raises a Mistake that lists those it does."""
    signature = inspect.signature(function)
    name = function.__qualname__.removesuffix(".__init__")
    parameters = {known: each for known, each in signature.parameters.items() if known != "self"}
    open_ended = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    needed = {known for known, each in parameters.items() if each.default is each.empty}
    by_position = len(signature.parameters) - len(parameters)  # self, of a method

    @functools.wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> T:
        if len(args) > by_position or not needed <= kwargs.keys() <= parameters.keys():
            check(args, kwargs)
        return function(*args, **kwargs)

    def check(args: tuple[object, ...], kwargs: dict[str, object]) -> None:
        known = list(parameters)
        for given in kwargs:
            if given not in known and not open_ended:
                raise Mistake(f"{name} takes no {given!r}{nearest(given, known)} It takes: {', '.join(known)}.")
        try:
            signature.bind(*args, **kwargs)
        except TypeError as error:  # one is missing, or was given twice
            raise Mistake(f"{name}: {error}. It takes: {', '.join(known)}.") from None

    return checked

"""The options of a network of the user's own that are no fields of a recipe: ``options={"depth": 3}``."""

import inspect
import math
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from cnnzoo.mistake import Mistake
from cnnzoo.spelling import unknown
from cnnzoo.storage.own import is_own


class Options(Mapping[str, Any]):
    """Options by name, which nobody can change, so that a recipe that holds them can be compared and looked up."""

    def __init__(self, given: Any = ()) -> None:
        if given and not isinstance(given, Mapping):
            raise Mistake(f"options must be a mapping from names to values, such as {{'depth': 3}}, but got {given!r}.")
        self._values = {name: _value(name, given[name]) for name in sorted(given, key=str)} if given else {}

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __hash__(self) -> int:
        return hash(tuple(self._values.items()))

    def __repr__(self) -> str:
        return repr(self._values)

    def to_json(self) -> dict[str, Any]:
        return {name: list(value) if isinstance(value, tuple) else value for name, value in self.items()}


NO_OPTIONS = Options()


def _value(name: Any, value: Any) -> Any:
    """A value that a signature can hold: a number, a text, True or False, or a list of them, which becomes a tuple."""
    if isinstance(value, list | tuple):
        return tuple(_value(name, one) for one in value)
    if not isinstance(value, str | int | float) or (isinstance(value, float) and not math.isfinite(value)):
        raise Mistake(f"option {name!r} must be a number, a text, True or False, or a list of them, but got {value!r}.")
    return value


def keyword_only(builder: Callable[..., Any]) -> dict[str, Any]:
    """The keyword-only parameters of a builder, with their defaults, or ``Parameter.empty``."""
    return {name: p.default for name, p in inspect.signature(builder).parameters.items() if p.kind is p.KEYWORD_ONLY}


def check_options(model: str, builder: Callable[..., Any], options: Options, fields: Collection[str]) -> None:
    """Refuse an option that the network does not take, and a network without one that it needs."""
    if not is_own(model):
        if options:
            raise Mistake(
                f"options={options} are for networks of your own; model {model!r} is of the zoo: use its fields."
            )
        return
    parameters = keyword_only(builder)
    for name, default in parameters.items():
        if name in fields and default is inspect.Parameter.empty:
            raise Mistake(f"model {model!r}: give {name} a default in its function: it is a field of the recipe.")
    taken = {name: default for name, default in parameters.items() if name not in fields}
    for name, value in options.items():
        if name in fields:
            raise Mistake(f"options: {name!r} is a field of the recipe; write {name}={value!r} beside options.")
        if name not in taken:
            raise Mistake(f"{unknown(f'option of {model!r}', name, taken)} Options stand behind a * in its function.")
    missing = [name for name, default in taken.items() if default is inspect.Parameter.empty and name not in options]
    if missing:
        raise Mistake(f"model {model!r} needs options={{{missing[0]!r}: ...}}: its function has no default for it.")


def unless_default(builder: Callable[..., Any], options: Options) -> Options:
    """The options that are not as the builder has them by itself."""
    defaults = keyword_only(builder)
    return Options({name: value for name, value in options.items() if not _is(value, defaults[name])})


def _is(value: Any, default: Any) -> bool:
    """Whether a default is this value of an option, in which every list has become a tuple."""
    if isinstance(value, tuple):
        return isinstance(default, list | tuple) and len(default) == len(value) and all(map(_is, value, default))
    return isinstance(default, str | int | float) and bool(value == default)

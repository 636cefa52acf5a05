"""A grid of arms: every combination of a few factors, named by their values."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from cnnzoo.mistake import Mistake
from studies.engine.study.study import Arm

SEPARATOR = " · "


def grid(**factors: Sequence[Any] | Mapping[str, Any]) -> dict[str, Arm]:
    """Every combination of the factors as an arm: ``grid(norm={"bn": "batch", "no bn": "none"}, lr=[2e-3, 1e-4])``.

    A factor is a list of values, or a mapping from the name a value has in tables to the value.
    """
    labelled: dict[str, Mapping[str, Any]] = {}
    for field, values in factors.items():
        if isinstance(values, str) or not isinstance(values, Sequence | Mapping):
            raise Mistake(
                f"grid: factor {field!r} must be a list of values, or a mapping from names to values, but got {values!r}."
            )
        if isinstance(values, Mapping) and (odd := [name for name in values if not isinstance(name, str)]):
            raise Mistake(f"grid: the names of factor {field!r} must be texts, but one is {odd[0]!r}.")
        if not values:
            raise Mistake(f"grid: factor {field!r} has no values; give at least one.")
        labelled[field] = values if isinstance(values, Mapping) else _named(field, values)
    arms = {}
    for cell in product(*labelled.values()):
        labels = dict(zip(labelled, cell, strict=True))
        changes = {field: labelled[field][label] for field, label in labels.items()}
        arms[SEPARATOR.join(cell)] = Arm.of_a_grid(changes, labels)
    return arms


def _named(field: str, values: Sequence[Any]) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for value in values:
        name = value if isinstance(value, str) else f"{field} {short(value)}"
        if name in named:
            raise Mistake(
                f"grid: two values of {field!r}, {named[name]!r} and {value!r}, would both be called {name!r}; leave one out, "
                f"or give names: {field}={{'name': {value!r}, ...}}."
            )
        named[name] = value
    return named


def short(value: Any) -> str:
    """A value as short as a reader wants it: 0.002 is 2e-3, (3, 3) is 3x3+3x3."""
    if isinstance(value, tuple):
        return "+".join(f"{kernel}x{kernel}" for kernel in value)
    if isinstance(value, float) and value and not 0.01 <= abs(value) < 10_000:
        mantissa, exponent = f"{value:.2e}".split("e")
        return f"{float(mantissa):g}e{int(exponent)}"
    return f"{value:g}" if isinstance(value, float) else str(value)

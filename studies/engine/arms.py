"""Arms: the things compared. An arm is the set of recipe fields in which it differs from the study's base recipe."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

from cnnzoo.mistake import Mistake
from cnnzoo.recipe import reject_unknown
from search_spaces import Space

if TYPE_CHECKING:
    from studies.engine.study import Study

SEPARATOR = " · "


class Arm:
    """``Arm(activation="mish")``; with a tune space of its own: ``Arm(optimizer="adam", tune=adam.LEARNING_RATE)``.

    ``Arm(model="alexnet", chosen_in=OTHER_STUDY)`` takes over the setting of the arm that did best there on validation data.
    """

    def __init__(self, *, tune: Space | None = None, chosen_in: "Study | None" = None, **changes: Any) -> None:
        reject_unknown(changes)
        self.changes: Mapping[str, Any] = changes
        self.tune = tune
        self.chosen_in = chosen_in
        self.labels: Mapping[str, str] = {}  # by field, what a grid calls its value


def grid(**factors: Sequence[Any] | Mapping[str, Any]) -> dict[str, Arm]:
    """Every combination of the factors as an arm: ``grid(norm={"bn": "batch", "no bn": "none"}, lr=[2e-3, 1e-4])``.

    A factor is a list of values, or a mapping from the name a value has in tables to the value.
    """
    for field, values in factors.items():
        if not values:
            raise Mistake(f"grid: factor {field!r} has no values; give at least one.")
    labelled = [[(field, *pair) for pair in _labelled(field, values)] for field, values in factors.items()]
    arms = {}
    for cell in product(*labelled):
        arm = Arm(**{field: value for field, _, value in cell})
        arm.labels = {field: label for field, label, _ in cell}
        arms[SEPARATOR.join(arm.labels.values())] = arm
    return arms


def _labelled(field: str, values: Sequence[Any] | Mapping[str, Any]) -> list[tuple[str, Any]]:
    if isinstance(values, Mapping):
        return list(values.items())
    return [(value if isinstance(value, str) else f"{field} {short(value)}", value) for value in values]


def short(value: Any) -> str:
    """A value as short as a reader wants it: 0.002 is 2e-3, (3, 3) is 3x3."""
    if isinstance(value, tuple):
        return "+".join(f"{kernel}x{kernel}" for kernel in value)
    if isinstance(value, float) and value and not 0.01 <= abs(value) < 10_000:
        mantissa, exponent = f"{value:.2e}".split("e")
        return f"{float(mantissa):g}e{int(exponent)}"
    return f"{value:g}" if isinstance(value, float) else str(value)

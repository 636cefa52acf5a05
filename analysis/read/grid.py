"""Studies with two factors: their arms as a grid."""

from dataclasses import dataclass
from typing import Any

from analysis.read.spec import Spec, fixed
from analysis.words import short

SEPARATOR = " · "  # between the labels of a grid's arm


@dataclass(frozen=True)
class Grid:
    """The arms of a study by two factors; of what else they differ in, every combination has rows of its own."""

    factors: tuple[str, str]  # what the rows are, what the columns are
    rows: list[str]
    columns: list[str]
    arms: list[list[str | None]]  # by row, then column; None: there is no such arm


def grid(spec: Spec) -> Grid | None:
    """The grid of a study whose table has two factors; None where its table has a row an arm."""
    if spec.table is None:
        return None
    row, column = spec.table["rows"], spec.table["columns"]
    down, cells = [row], _cells(spec, [row], column)
    if len(cells) < len(spec.arms):  # there are more than two factors
        down += dict.fromkeys(f for fields in spec.arms.values() for f in fields if f not in (row, column))
        cells = _cells(spec, down, column)
    rows, columns = (list(dict.fromkeys(cell[which] for cell in cells)) for which in (0, 1))
    return Grid(
        factors=(", ".join(down), column),
        rows=[", ".join(label(spec, *pair) for pair in zip(down, values, strict=True)) for values in rows],
        columns=[label(spec, column, value) for value in columns],
        arms=[[cells.get((r, c)) for c in columns] for r in rows],
    )


def _cells(spec: Spec, rows: list[str], column: str) -> dict[tuple[tuple[Any, ...], Any], str]:
    """The arms by the values of their row's factors and by that of their column's."""
    values = {arm: {**spec.base, **fields} for arm, fields in spec.arms.items()}
    return {(tuple(fixed(own[f]) for f in rows), fixed(own[column])): arm for arm, own in values.items()}


def label(spec: Spec, factor: str, value: Any) -> str:
    """What the arms call a value of a factor: the part of their name that stands for it (`bn` of `bn · lr 2e-3`)."""
    for arm, fields in spec.arms.items():
        parts = arm.split(SEPARATOR)
        if factor in fields and fixed(fields[factor]) == value and len(parts) == len(fields):
            return parts[list(fields).index(factor)]
    return f"{factor} {short(value)}"

"""Studies with two factors: their grid of arms, and whether one factor's effect depends on the other."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from analysis import stats
from analysis.results import Results
from analysis.spec import Spec
from analysis.words import short
from studies.engine import schema

_SEPARATOR = " · "  # between the labels of a grid's arm


def grid(spec: Spec) -> dict[tuple[Any, Any], str] | None:
    """The arms of a study with two factors, by (row value, column value); None where its table has a row an arm."""
    if not spec.table:
        return None
    row, column = spec.table["rows"], spec.table["columns"]
    cells = {(fixed(fields.get(row)), fixed(fields.get(column))): arm for arm, fields in spec.arms.items()}
    return cells if len(cells) == len(spec.arms) else None


def interaction(results: Results, cells: Mapping[tuple[Any, Any], str]) -> stats.Interaction | None:
    """Do the two factors of the grid interact, as reported? None where cells or seeds are missing."""
    rows, columns = axis(cells, 0), axis(cells, 1)
    if len(rows) < 2 or len(columns) < 2 or len(cells) < len(rows) * len(columns):
        return None
    samples = [results.samples["reported"][cells[r, c]].values(schema.JUDGED_BY) for r in rows for c in columns]
    shared = pd.concat(samples, axis=1, join="inner").to_numpy()
    if len(shared) < 2:
        return None
    return stats.two_way_interaction(shared.T.reshape(len(rows), len(columns), -1))


def axis(cells: Iterable[tuple[Any, Any]], which: int) -> list[Any]:
    """The values of one factor, in the order of the arms."""
    return list(dict.fromkeys(cell[which] for cell in cells))


def label(spec: Spec, factor: str, value: Any) -> str:
    """What the arms call a value of a factor: the part of their name that stands for it (`bn` of `bn · lr 2e-3`)."""
    for arm, fields in spec.arms.items():
        parts = arm.split(_SEPARATOR)
        if factor in fields and fixed(fields[factor]) == value and len(parts) == len(fields):
            return parts[list(fields).index(factor)]
    return f"{factor} {short(value)}"


def fixed(value: Any) -> Any:
    """A value that can be a key: JSON made tuples lists."""
    return tuple(value) if isinstance(value, list) else value

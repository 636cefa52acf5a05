"""Studies with two factors: their grid of arms, and whether one factor's effect depends on the other."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.judge import stats
from analysis.judge.results import Results
from analysis.read.spec import Spec
from analysis.words import number, plus_minus, probability, short
from studies.engine import schema

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


def interaction_note(results: Results) -> str | None:
    """Whether the two factors of a grid act on one another; if so, the effect of one at each level of the other."""
    of = grid(results.spec)
    if of is None or min(len(of.rows), len(of.columns)) < 2 or None in (arm for row in of.arms for arm in row):
        return None
    cells = [[results.samples["reported"][str(arm)] for arm in row] for row in of.arms]
    if any(sample.diverged or results.half_learned(sample) for row in cells for sample in row):
        return None  # F takes the spread to be the same in every cell
    samples = [[sample.values(schema.JUDGED_BY) for sample in row] for row in cells]
    shared = pd.concat([sample for row in samples for sample in row], axis=1, join="inner").to_numpy()
    if len(shared) < 2:
        return None
    found = stats.two_way_interaction(shared.T.reshape(len(of.rows), len(of.columns), -1))
    row, column = of.factors
    figures = f"F({found.df[0]}, {found.df[1]}) = {number(found.f, 1)}, {probability(found.p)}"
    if found.p >= stats.LEVEL:
        return f"{row} and {column} do not show an interaction ({figures})."
    if len(of.columns) != 2:
        return f"{row} and {column} interact ({figures}): the effect of one depends on the other."
    levels = []
    for level, (a, b) in zip(of.rows, samples, strict=True):
        both = a.index.intersection(b.index)
        difference = stats.paired_difference(a[both], b[both], results.spec.resolution)
        levels.append(f"{plus_minus(difference.mean, difference.half, sign=True)} at {level}")
    effects = f"{of.columns[0]} minus {of.columns[1]} is {'; '.join(levels)}"
    return f"{row} and {column} interact ({figures}), so there is no one effect of {column}: {effects}."


def label(spec: Spec, factor: str, value: Any) -> str:
    """What the arms call a value of a factor: the part of their name that stands for it (`bn` of `bn · lr 2e-3`)."""
    for arm, fields in spec.arms.items():
        parts = arm.split(SEPARATOR)
        if factor in fields and fixed(fields[factor]) == value and len(parts) == len(fields):
            return parts[list(fields).index(factor)]
    return f"{factor} {short(value)}"


def fixed(value: Any) -> Any:
    """A value that can be a key: JSON made tuples lists."""
    return tuple(value) if isinstance(value, list) else value

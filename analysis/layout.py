"""The tables of a study, as cells: accuracy, fit and cost with a row an arm, and two factors against one another."""

import math
from collections.abc import Callable, Sequence

from analysis.factors import axis, grid, label
from analysis.formats import Column, Table
from analysis.results import GAP, NAMES, WAYS, Results, Sample
from analysis.words import NOTHING, between, number, plus_minus, setting
from studies.engine import schema

Drawn = tuple[Column, list[str]]  # a column with its cells, one an arm

_TEST, _VALIDATION = "test acc@1 % (n)", "validation %"


def tables(of: Results) -> list[Table]:
    """All tables of a study, the one that answers its question first."""
    return [*_pivot(of), *_by_way(of, _accuracy), *_by_way(of, _fit), _cost(of)]


def _accuracy(of: Results, ways: Sequence[str]) -> Table:
    arms = list(of.spec.arms_of(ways[0]))
    drawn = _said(of, arms, schema.TEST_ACC1, "") if "reported" in ways else []
    for way in ways:
        group = _group(way, ways)
        if way == "confirm":
            drawn.append(
                (Column("setting", group, figures=False), [setting(of.setting(arm)) or NOTHING for arm in arms])
            )
        drawn += [
            (Column(_TEST, group), [_test(of.samples[way][arm]) for arm in arms]),
            (Column(f"Δ to {of.spec.baseline_of(way)}", group), [_delta(of, way, arm) for arm in arms]),
            (Column("verdict", group, figures=False), [_verdict(of, way, arm) for arm in arms]),
        ]
    return _table("Accuracy", of, ways, drawn, mark=_TEST)


def _fit(of: Results, ways: Sequence[str]) -> Table:
    arms = list(of.spec.arms_of(ways[0]))
    drawn: list[Drawn] = []
    for way in ways:
        for title, metric in (("train acc@1 %", schema.TRAIN_ACC1), ("gap", GAP), (_VALIDATION, schema.CHOSEN_BY)):
            drawn.append((Column(title, _group(way, ways)), [_mean(of.samples[way][arm], metric) for arm in arms]))
            drawn += _said(of, arms, metric, _group(way, ways)) if way == "reported" else []
    return _table("Fit (gap: train minus test accuracy)", of, ways, drawn, mark=_VALIDATION)


def _cost(of: Results) -> Table:
    arms = list(dict.fromkeys([*of.spec.arms, *of.spec.tuned_arms]))
    costs = [of.cost(arm) for arm in arms]
    drawn = [
        (Column("parameters"), [number(_of_model(of, arm, schema.PARAMETERS), 0) for arm in arms]),
        *_said(of, arms, schema.PARAMETERS, ""),
        (Column("MB"), [number(_of_model(of, arm, schema.SIZE_MB)) for arm in arms]),
        *_said(of, arms, schema.SIZE_MB, ""),
        (Column("s/epoch"), [_seconds(of, arm) for arm in arms]),
        *_said(of, arms, schema.SECONDS, ""),
        (Column("trials"), [f"{cost.trials:,}" for cost in costs]),
        (Column("searched"), [f"{cost.searched:,}" for cost in costs]),
        (Column("stopped"), [f"{cost.stopped:,}" for cost in costs]),
        (Column("diverged"), [f"{cost.diverged:,}" for cost in costs]),
        (Column("epochs"), [f"{cost.epochs:,}" for cost in costs]),
    ]
    return _drawn("Cost, all stages together", arms, drawn, frozenset())


def _pivot(of: Results) -> list[Table]:
    """The study's two factors against one another; the cell that validation chose is marked."""
    cells, factors = grid(of.spec), of.spec.table
    if cells is None or factors is None or "reported" not in of.ways():
        return []
    row, column = factors["rows"], factors["columns"]
    said = any(schema.TEST_ACC1 in figures for figures in of.spec.reported.values())
    heads = [Column(row, figures=False)]
    body, marked = [[label(of.spec, row, r)] for r in axis(cells, 0)], set()
    for c in axis(cells, 1):
        for i, r in enumerate(axis(cells, 0)):
            arm = cells.get((r, c), "")
            if arm and arm == of.chosen_arm("reported"):
                marked.add((i, len(heads)))
            figure = of.spec.reported.get(arm, {}).get(schema.TEST_ACC1, math.nan)
            body[i] += [_test(of.samples["reported"][arm]) if arm else NOTHING, *([number(figure)] if said else [])]
        heads += [Column(label(of.spec, column, c)), *([Column("report")] if said else [])]
    return [Table(f"Test acc@1 % (n) by {row} and {column}, as reported", heads, body, frozenset(marked))]


def _by_way(of: Results, make: Callable[[Results, Sequence[str]], Table]) -> list[Table]:
    """Both ways side by side where they have the same arms, else one under the other."""
    ways = of.ways() or ["reported"]
    same = list(of.spec.arms) == list(of.spec.tuned_arms)
    return [make(of, ways)] if same else [make(of, [way]) for way in ways]


def _table(caption: str, of: Results, ways: Sequence[str], drawn: Sequence[Drawn], mark: str) -> Table:
    """A row an arm, with the arm marked that validation chose in each way."""
    arms = list(of.spec.arms_of(ways[0]))
    places = {column.group: at for at, (column, _) in enumerate(drawn, start=1) if column.title == mark}
    chosen = {_group(way, ways): arm for way in ways if (arm := of.chosen_arm(way)) is not None}
    marked = frozenset((arms.index(arm), places[group]) for group, arm in chosen.items())
    alone = f", {NAMES[ways[0]]}" if len(ways) == 1 else ""
    return _drawn(caption + alone, arms, drawn, marked)


def _group(way: str, ways: Sequence[str]) -> str:
    """The heading over the columns of a way; where a table has but one, its caption says which."""
    return NAMES[way] if len(ways) > 1 else ""


def _drawn(caption: str, arms: Sequence[str], drawn: Sequence[Drawn], marked: frozenset[tuple[int, int]]) -> Table:
    rows = [list(row) for row in zip(arms, *(cells for _, cells in drawn), strict=True)]
    return Table(caption, [Column("arm", figures=False), *(column for column, _ in drawn)], rows, marked)


def _said(of: Results, arms: Sequence[str], metric: str, group: str) -> list[Drawn]:
    """The column of what the report said of a metric, where it said anything."""
    figures = [of.spec.reported.get(arm, {}).get(metric, math.nan) for arm in arms]
    return [] if all(map(math.isnan, figures)) else [(Column("report", group), [number(figure) for figure in figures])]


def _test(sample: Sample) -> str:
    mean = sample.mean(schema.JUDGED_BY)
    if mean is None:
        return f"diverged ({len(sample.diverged)} of {len(sample.planned)})" if sample.diverged else NOTHING
    n = f"{mean.n}" if mean.n == len(sample.planned) else f"{mean.n} of {len(sample.planned)}"
    return f"{plus_minus(mean.mean, mean.half)} ({n})"


def _mean(sample: Sample, metric: str) -> str:
    mean = sample.mean(metric)
    return plus_minus(mean.mean, mean.half) if mean else NOTHING


def _delta(of: Results, way: str, arm: str) -> str:
    contrast = of.contrasts[way].get(arm)
    if contrast is None or contrast.difference is None:
        return "baseline" if arm == of.spec.baseline_of(way) else NOTHING
    return plus_minus(contrast.difference.mean, contrast.difference.half, sign=True)


def _verdict(of: Results, way: str, arm: str) -> str:
    contrast = of.contrasts[way].get(arm)
    if contrast is None or contrast.difference is None:
        return ""
    needed = "" if math.isnan(contrast.needed) else f" (n* {between(contrast.likely, contrast.needed)})"
    return contrast.verdict + needed


def _seconds(of: Results, arm: str) -> str:
    """Of the arm as reported; of one that is only tuned, of that."""
    taken = [seconds for way in WAYS if arm in of.samples[way] and (seconds := of.seconds(of.samples[way][arm]))]
    return plus_minus(taken[0].mean, taken[0].half) if taken else NOTHING


def _of_model(of: Results, arm: str, metric: str) -> float:
    """Of the network itself, so the same in all trials of an arm."""
    values = of.runs.trials.loc[of.runs.trials[schema.ARM] == arm, metric].dropna()
    return float(values.iloc[0]) if len(values) else math.nan

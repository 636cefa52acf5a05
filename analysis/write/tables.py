"""The tables of a study, as cells: accuracy, fit and cost with a row an arm, and two factors against one another."""

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from analysis.judge import stats
from analysis.judge.page import INCOMPARABLE, OPEN
from analysis.judge.results import NAMES, Sample
from analysis.judge.verdicts import Judged
from analysis.read.grid import grid
from analysis.words import NOTHING, figure, needs, number, plus_minus, setting
from analysis.write.formats import Column, Table
from studies.engine import schema

TABLES = ("factors", "accuracy", "fit", "cost")
FEW_CLASSES = 20


def tables(of: Judged) -> list[Table]:
    """All tables of a study, the one that answers its question first."""
    fit = "Fit, over the same seeds (gap: train minus test accuracy)"
    return [*_pivot(of), *_by_way(of, "accuracy", "Accuracy", _accuracy), *_by_way(of, "fit", fit, _fit), _cost(of)]


def _by_way(of: Judged, name: str, caption: str, make: Callable[[Judged, str], list[Column]]) -> list[Table]:
    """Both ways side by side where they have the same arms, else one under the other."""
    ways = of.ways() or ["reported"]
    made = [(NAMES[way], Column("arm", list(of.spec.arms_of(way)), figures=False), make(of, way)) for way in ways]
    if len(ways) > 1 and made[0][1] == made[1][1]:
        columns = [replace(column, group=way) for way, _, columns in made for column in columns]
        return [Table(name, caption, [made[0][1], *columns])]
    return [Table(name, f"{caption}, {way}", [arms, *columns]) for way, arms, columns in made]


def _accuracy(of: Judged, way: str) -> list[Column]:
    arms = list(of.spec.arms_of(way))
    settings = [setting(of.setting(arm) if way == "confirm" else _taken_over(of, arm)) or NOTHING for arm in arms]
    shown = way == "confirm" or of.spec.chosen_in
    return [
        *([Column("setting", settings, figures=False)] if shown else []),
        *(_said(of, arms, schema.TEST_ACC1) if way == "reported" else []),
        Column("test acc@1 % (n)", [_test(of.samples[way][arm]) for arm in arms], chosen=_row(of, way)),
        *_trained(of, way),
        *([] if of.spec.is_smoke else _compared(of, way, arms)),
    ]


def _compared(of: Judged, way: str, arms: list[str]) -> list[Column]:
    return [
        Column(f"Δ to {of.spec.baseline_of(way)}", [_delta(of, way, arm) for arm in arms]),
        Column("verdict", [_verdict(of, way, arm) for arm in arms], figures=False),
    ]


def _taken_over(of: Judged, arm: str) -> dict[str, Any]:
    """Of a setting chosen in another study, what the arms do not share."""
    every = list(of.spec.arms.values())
    own = of.spec.arms[arm].items()
    return {name: v for name, v in own if name != "model" and any(fields.get(name) != v for fields in every)}


def _fit(of: Judged, way: str) -> list[Column]:
    columns: list[Column] = []
    for title, metric in (
        ("train acc@1 %", schema.TRAIN_ACC1),
        ("train acc@5 %", schema.TRAIN_ACC5),
        ("gap", schema.GAP),
        ("test acc@5 %", schema.TEST_ACC5),
        ("validation %", schema.CHOSEN_BY),
    ):
        said = _said(of, of.spec.arms, metric) if way == "reported" else []
        if said or _tells(of, metric):
            means = [sample.mean(metric) for sample in of.samples[way].values()]
            cells = [plus_minus(mean.mean, mean.half) for mean in means]
            columns.append(Column(title, cells, chosen=_row(of, way) if metric == schema.CHOSEN_BY else None))
        columns += said
    return columns


def _tells(of: Judged, metric: str) -> bool:
    """Whether the data make anything of it: of a few classes one of five guesses is nearly always right."""
    if metric == schema.CHOSEN_BY:
        return bool(of.spec.dataset["validation"])
    return metric not in (schema.TRAIN_ACC5, schema.TEST_ACC5) or of.spec.dataset["classes"] > FEW_CLASSES


def _cost(of: Judged) -> Table:
    arms = of.spec.every_arm()
    costs = [of.cost(arm) for arm in arms]
    columns = [
        Column("arm", arms, figures=False),
        Column("parameters", [number(_of_model(of, arm, schema.PARAMETERS), 0) for arm in arms]),
        *_said(of, arms, schema.PARAMETERS),
        Column("MB", [number(_of_model(of, arm, schema.SIZE_MB)) for arm in arms]),
        *_said(of, arms, schema.SIZE_MB),
        Column("s/epoch", [_seconds(of, arm) for arm in arms]),
        *_said(of, arms, schema.SECONDS),
        *(Column(what, [f"{cost[what]:,}" for cost in costs]) for what in costs[0]),
    ]
    return Table("cost", "Cost, all stages together", columns)


def _pivot(of: Judged) -> list[Table]:
    """The study's two factors against one another; the cell that validation chose is marked."""
    cells = grid(of.spec)
    if cells is None or "reported" not in of.ways():
        return []
    columns = [Column(cells.factors[0], cells.rows, figures=False)]
    for name, arms in zip(cells.columns, zip(*cells.arms, strict=True), strict=True):
        best = of.chosen_arm("reported")
        tests = [_test(of.samples["reported"][arm]) if arm else NOTHING for arm in arms]
        columns.append(Column(name, tests, chosen=arms.index(best) if best and best in arms else None))
        columns += _said(of, [arm or "" for arm in arms], schema.TEST_ACC1)
    return [Table("factors", f"Test acc@1 % (n) by {cells.factors[0]} and {cells.factors[1]}, as reported", columns)]


def _row(of: Judged, way: str) -> int | None:
    """Of the arm that validation chose."""
    chosen = of.chosen_arm(way)
    return None if chosen is None else list(of.spec.arms_of(way)).index(chosen)


def _said(of: Judged, arms: Iterable[str], metric: str) -> list[Column]:
    """The column of what the report said of a metric, where it said anything."""
    said = [of.spec.reported.get(arm, {}).get(metric) for arm in arms]
    return [] if said.count(None) == len(said) else [Column("report", list(map(figure, said)))]


def _test(sample: Sample) -> str:
    mean = sample.mean(schema.JUDGED_BY)
    if not mean.n:
        return f"diverged ({len(sample.diverged)} of {len(sample.planned)})" if sample.diverged else NOTHING
    n = f"{mean.n}" if mean.n == len(sample.planned) else f"{mean.n} of {len(sample.planned)}"
    return f"{plus_minus(mean.mean, mean.half)} ({n})"


def _trained(of: Judged, way: str) -> list[Column]:
    """The share of seeds that trained, with its interval, where some did not."""
    counts = [of.trained(sample) for sample in of.samples[way].values()]
    if all(k == n for k, n in counts):
        return []
    intervals = [(100 * share for share in stats.wilson(k, n)) if n else (0, 100) for k, n in counts]
    cells = [f"{k} of {n} ({low:.0f} to {high:.0f} %)" for (k, n), (low, high) in zip(counts, intervals, strict=True)]
    return [Column("trained", cells)]


def _delta(of: Judged, way: str, arm: str) -> str:
    if arm == of.spec.baseline_of(way):
        return "baseline"
    contrast = of.contrasts[way].get(arm)
    if contrast is None or not contrast.difference.n:
        return NOTHING
    return plus_minus(contrast.difference.mean, contrast.difference.half, sign=True)


def _verdict(of: Judged, way: str, arm: str) -> str:
    contrast = of.contrasts[way].get(arm)
    if contrast is None or (not contrast.difference.n and contrast.verdict in (OPEN, INCOMPARABLE)):
        return ""
    low, high = contrast.needed
    return contrast.verdict if math.isnan(low) else f"{contrast.verdict} ({needs(low, high)})"


def _seconds(of: Judged, arm: str) -> str:
    """Of the arm as reported; of one that is only tuned, of that."""
    taken = [seconds for by_arm in of.samples.values() if arm in by_arm and (seconds := of.seconds(by_arm[arm])).n]
    return plus_minus(taken[0].mean, taken[0].half) if taken else NOTHING


def _of_model(of: Judged, arm: str, metric: str) -> float:
    """Of the network itself, so the same in all trials of an arm."""
    values = of.runs.trials.loc[of.runs.trials[schema.ARM] == arm, metric].dropna()
    return float(values.iloc[0]) if len(values) else math.nan

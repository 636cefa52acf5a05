"""The tables of a study, as cells: accuracy, fit and cost with a row an arm, and two factors against one another."""

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd

from analysis.judge import stats
from analysis.judge.page import INCOMPARABLE, NO_CONTRAST, OPEN, Contrast
from analysis.judge.results import Sample
from analysis.judge.undecided import cost
from analysis.judge.verdicts import Judged
from analysis.read.grid import grid
from analysis.words import NOTHING, figure, number, percentage, plus_minus, probability, setting
from analysis.write.formats import Column, Table
from analysis.write.images import tables as images
from studies.engine import schema

TABLES = ("factors", "accuracy", "fit", "cost", *images.TABLES)
FEW_CLASSES = 20
_FIT = {
    schema.TRAIN_ACC1: "train acc@1 %", schema.TRAIN_ACC5: "train acc@5 %", schema.GAP: "gap",
    schema.TEST_ACC5: "test acc@5 %", schema.CHOSEN_BY: "validation %",
}  # fmt: skip


def tables(results: Judged, only: str | None = None) -> list[Table]:
    """The tables of a study, the one that answers its question first; with ``only``, those of that name.

    What is said image by image is long, and is there only where it is asked for.
    """
    if only in images.TABLES:
        return [table for stage in results.stages() for table in images.tables(results, stage) if table.name == only]
    accuracy = _by_stage(results, "accuracy", "Accuracy", _accuracy)
    fit = _by_stage(results, "fit", "Fit, over the same seeds (gap: train minus test accuracy)", _fit)
    every = [*_pivot(results), *accuracy, *fit, _cost(results)]
    return [table for table in every if only in (None, table.name)]


def _by_stage(results: Judged, name: str, caption: str, make: Callable[[Judged, str], list[Column]]) -> list[Table]:
    """One table with both stages side by side where they have the same arms, else one table for each."""
    made = [
        (results.spec.named_stage(stage), list(results.spec.arms_of(stage)), make(results, stage))
        for stage in results.stages() or ["reported"]
    ]
    (_, arms, _), *others = made
    if others and others[0][1] == arms:
        grouped = [replace(column, group=stage) for stage, _, columns in made for column in columns]
        return [Table(name, caption, [Column("arm", arms, figures=False), *grouped])]
    return [
        Table(name, f"{caption}, {stage}", [Column("arm", arms, figures=False), *columns])
        for stage, arms, columns in made
    ]


def _accuracy(results: Judged, stage: str) -> list[Column]:
    arms = list(results.spec.arms_of(stage))
    own = results.setting if stage == "confirm" else partial(_taken_over, results)
    settings = Column("setting", [setting(own(arm)) or NOTHING for arm in arms], figures=False)
    return [
        *([settings] if stage == "confirm" or results.spec.chosen_in else []),
        *(_reported(results, arms, schema.TEST_ACC1) if stage == "reported" else []),
        Column("test acc@1 % (n)", [_test(results.samples[stage][arm]) for arm in arms], chosen=_row(results, stage)),
        *_trained(results, stage),
        *([] if results.spec.is_smoke else _compared(results, stage, arms)),
    ]


def _compared(results: Judged, stage: str, arms: list[str]) -> list[Column]:
    baseline, contrasts = results.spec.baseline_of(stage), results.contrasts[stage]
    cells = [("baseline", "", "") if arm == baseline else _shown(contrasts.get(arm, NO_CONTRAST)) for arm in arms]
    by, verdicts, ps = zip(*cells, strict=True)
    columns = [Column(f"Δ to {baseline}", by), Column("verdict", verdicts, figures=False), Column("p (corrected)", ps)]
    luck = [images.of_difference(results, stage, arm) for arm in arms]
    of_test_sets = Column("Δ ± test set", [number(own.half) for own in luck])
    return [*columns, of_test_sets] if any(own.known for own in luck) else columns


def _shown(contrast: Contrast) -> tuple[str, str, str]:
    """The difference, its verdict, and its p by itself and, in brackets, corrected for all that the page asks."""
    if not contrast.difference.n and contrast.verdict in (OPEN, INCOMPARABLE):
        return NOTHING, "", ""
    d, ps = contrast.difference, (contrast.p, contrast.p_corrected)
    by = plus_minus(d.mean, d.half, sign=True) if d.n else NOTHING
    verdict = f"{contrast.verdict}{cost([contrast])}"
    alone, corrected = (probability(p).removeprefix("p").removeprefix(" = ").strip() for p in ps)
    return by, verdict, "" if math.isnan(contrast.p) else f"{alone} ({corrected})"


def _taken_over(results: Judged, arm: str) -> dict[str, Any]:
    """The fields of a setting chosen in another study that are not the same in all arms."""
    every, own = results.spec.arms.values(), results.spec.arms[arm].items()
    return {name: v for name, v in own if name != "model" and any(fields.get(name) != v for fields in every)}


def _fit(results: Judged, stage: str) -> list[Column]:
    columns: list[Column] = []
    for metric, title in _FIT.items():
        said = _reported(results, results.spec.arms, metric) if stage == "reported" else []
        if said or _tells(results, metric):
            means = [sample.mean(metric) for sample in results.samples[stage].values()]
            written = plus_minus if metric == schema.GAP else percentage
            cells = [written(mean.mean, mean.half) for mean in means]
            columns.append(Column(title, cells, chosen=_row(results, stage) if metric == schema.CHOSEN_BY else None))
        columns += said
    return columns


def _tells(results: Judged, metric: str) -> bool:
    """Whether the metric tells anything on these data: with few classes one of five guesses is nearly always right."""
    data = results.spec.dataset
    if metric == schema.CHOSEN_BY:
        return bool(data["validation"])
    return metric not in (schema.TRAIN_ACC5, schema.TEST_ACC5) or data["classes"] > FEW_CLASSES


def _cost(results: Judged) -> Table:
    costs = {arm: cost for arm in results.spec.every_arm() if (cost := results.cost(arm))["trials"]}
    of_the_model = [schema.PARAMETERS, schema.SIZE_MB]  # the same in all trials of an arm
    first = results.runs.trials.groupby(schema.ARM)[of_the_model].first()
    columns = [
        Column("arm", [*costs], figures=False),
        Column("parameters", [number(first[schema.PARAMETERS][arm], 0) for arm in costs]),
        *_reported(results, costs, schema.PARAMETERS),
        Column("MB", [number(first[schema.SIZE_MB][arm]) for arm in costs]),
        *_reported(results, costs, schema.SIZE_MB),
        Column("s/epoch", [_seconds(results, arm) for arm in costs]),
        *_reported(results, costs, schema.SECONDS),
    ]
    spent = pd.DataFrame(costs).T
    columns += [Column(str(what), [f"{n:,}" for n in ns]) for what, ns in spent.items() if ns.any()]
    return Table("cost", "Cost, all stages together", columns)


def _pivot(results: Judged) -> list[Table]:
    """The table of the study's two factors; the cell that validation chose is marked."""
    cells = grid(results.spec)
    if cells is None or "reported" not in results.stages():
        return []
    columns, best = [Column(cells.factors[0], cells.rows, figures=False)], results.chosen_arm("reported")
    for name, arms in zip(cells.columns, zip(*cells.arms, strict=True), strict=True):
        tests = [_test(results.samples["reported"][arm]) if arm else NOTHING for arm in arms]
        columns.append(Column(name, tests, chosen=arms.index(best) if best and best in arms else None))
        columns += _reported(results, [arm or "" for arm in arms], schema.TEST_ACC1)
    stage = results.spec.named_stage("reported")
    caption = f"Test acc@1 % (n) by {cells.factors[0]} and {cells.factors[1]}, {stage}, {results.spec.dataset['name']}"
    return [Table("factors", caption, columns)]


def _row(results: Judged, stage: str) -> int | None:
    """The row of the arm that validation chose; None where none is chosen."""
    chosen = results.chosen_arm(stage)
    return None if chosen is None else list(results.spec.arms_of(stage)).index(chosen)


def _reported(results: Judged, arms: Iterable[str], metric: str) -> list[Column]:
    """The column of what the report said about a metric; no column where it said nothing."""
    said = [results.spec.reported.get(arm, {}).get(metric) for arm in arms]
    return [] if said.count(None) == len(said) else [Column("report", list(map(figure, said)))]


def _test(sample: Sample) -> str:
    mean = sample.mean(schema.JUDGED_BY)
    if not mean.n:
        return f"diverged ({len(sample.diverged)} of {len(sample.planned)})" if sample.diverged else NOTHING
    n = f"{mean.n}" if mean.n == sample.units else f"{mean.n} of {sample.units}"
    return f"{percentage(mean.mean, mean.half)} ({n})"


def _trained(results: Judged, stage: str) -> list[Column]:
    """The column of how many seeds trained, with the interval of their share; no column where all did."""
    counts = [results.trained(sample) for sample in results.samples[stage].values()]
    if all(k == n for k, n in counts):
        return []
    intervals = [(100 * share for share in stats.wilson(k, n)) if n else (0, 100) for k, n in counts]
    cells = [f"{k} of {n} ({low:.0f} to {high:.0f} %)" for (k, n), (low, high) in zip(counts, intervals, strict=True)]
    return [Column("trained", cells)]


def _seconds(results: Judged, arm: str) -> str:
    """The seconds an epoch of the arm as reported; of the tuned arm where it is only tuned."""
    taken = (results.seconds(by_arm[arm]) for by_arm in results.samples.values() if arm in by_arm)
    return next((plus_minus(seconds.mean, seconds.half) for seconds in taken if seconds.n), NOTHING)

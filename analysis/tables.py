"""The table of a study, with what is needed to defend it.

    python analysis/tables.py --study activations
    python analysis/tables.py --study activations --scale report --format latex --out table.tex

One file a table: test accuracy with its interval, the paired difference to the baseline with its verdict, as reported
and tuned side by side, what the report said, what it cost; then the finding in words, what to beware of, and how every
number was made.
"""

import argparse
import math
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from analysis.commands import check_file, command, parser, write
from analysis.csv_table import csv_text
from analysis.formats import Column, Page, Table, html, latex, markdown, plain
from analysis.lints import lints, missing
from analysis.results import GAP, NAMES, Results, Sample, axis, grid, label, results
from analysis.runs import load
from analysis.store import tracking_uri
from analysis.verdict import interaction_note, verdict
from analysis.words import NOTHING, count, listed, number, plus_minus, seeds, setting, space
from studies.engine import schema

WIDTH = 110  # of a terminal that does not say how wide it is
FORMATS = ("plain", "md", "csv", "latex", "html")
_SUFFIXES = {".txt": "plain", ".md": "md", ".csv": "csv", ".tex": "latex", ".html": "html", ".htm": "html"}

Cell = Callable[[str], str]  # what stands in a column for an arm
Drawn = tuple[Column, Cell]


def page(of: Results) -> Page:
    """All that is said about a study, as texts."""
    tables = [*_pivot(of), *(table for make in (_accuracy, _fit) for table in _by_way(of, make)), _cost(of)]
    interacting = interaction_note(of)
    found = verdict(of) + (f" {interacting}" if interacting else "")
    title = f"{of.spec.name}, scale {of.spec.scale}"
    return Page(title, of.spec.question, tables, found, notes(of), [*missing(of), *lints(of)])


def notes(of: Results) -> list[str]:
    """What every number rests on."""
    spec, data = of.spec, of.spec.dataset
    images = f"{data['train']:,} training, {data['validation']:,} validation and {data['test']:,} test images"
    said = [
        f"Data: {data['name']} ({images}); {count(int(spec.base['epochs']), 'epoch')}, {_precision(of)}.",
        f"± is half the 95 % Student-t interval over seeds (n in brackets), on this one test set: one image is worth {spec.resolution:.2g} points.",
        f"Δ: paired difference to {spec.baseline} over shared seeds, with its interval; verdict by Holm over {_families(of)}; "
        f"practically equal: shown to lie within ±{spec.margin:g} points; n*: seeds that would find a difference of that size (80 % power).",
        f"* chosen by validation accuracy{_how(of)}; the test set takes no part in any choice.",
    ]
    if "reported" in of.ways():
        said.append(f"As reported: the report's setting, {seeds(spec.seeds)}.")
    if spec.tuned_arms:
        spaces = {
            arm: "; ".join(f"{name} {space(one)}" for name, one in fields.items()) for arm, fields in spec.tune.items()
        }
        same = len(set(spaces.values())) == 1
        what = next(iter(spaces.values())) if same else " | ".join(f"{arm}: {text}" for arm, text in spaces.items())
        said.append(
            f"Tuned: {what}; {count(spec.trials_per_arm, 'search trial')} an arm, chosen on validation data, then trained anew on {seeds(spec.confirm_seeds)}."
        )
    if spec.reported:
        apart = (
            ""
            if spec.scale == "report"
            else f"; measured at its own scale, so only the order of arms compares with scale {spec.scale}"
        )
        said.append(f"Report: as printed there{apart}.")
    return [*said, *of.runs.notes]


def _accuracy(of: Results, ways: Sequence[str]) -> Table:
    drawn: list[Drawn] = []
    if "reported" in ways:
        drawn += _said(of, schema.TEST_ACC1, "")
    for way in ways:
        group, baseline = NAMES[way], of.spec.baseline_of(way)
        if way == "confirm":
            drawn.append((Column("setting", group, figures=False), lambda arm: setting(of.setting(arm)) or NOTHING))
        drawn += [
            (Column("test acc@1 % (n)", group), _per_sample(of, way, _test)),
            (Column(f"Δ to {baseline}", group), lambda arm, way=way: _delta(of, way, arm)),
            (Column("verdict", group, figures=False), lambda arm, way=way: _verdict(of, way, arm)),
        ]
    return _table("Accuracy", of, ways, drawn, mark="test acc@1 % (n)")


def _fit(of: Results, ways: Sequence[str]) -> Table:
    drawn: list[Drawn] = []
    for way in ways:
        for title, metric in (("train acc@1 %", schema.TRAIN_ACC1), ("gap", GAP), ("validation %", schema.CHOSEN_BY)):
            drawn.append(
                (Column(title, NAMES[way]), _per_sample(of, way, lambda sample, metric=metric: _mean(sample, metric)))
            )
            drawn += _said(of, metric, NAMES[way]) if way == "reported" else []
    return _table("Fit (gap: train minus test accuracy)", of, ways, drawn, mark="validation %")


def _cost(of: Results) -> Table:
    arms = list(dict.fromkeys([*of.spec.arms, *of.spec.tuned_arms]))
    way = "confirm" if of.ways() == ["confirm"] else "reported"
    drawn: list[Drawn] = [
        (Column("parameters"), lambda arm: number(_of_model(of, arm, schema.PARAMETERS), 0)),
        *_said(of, schema.PARAMETERS, ""),
        (Column("MB"), lambda arm: number(_of_model(of, arm, schema.SIZE_MB))),
        *_said(of, schema.SIZE_MB, ""),
        (Column("s/epoch"), lambda arm: _seconds(of, of.samples[way].get(arm))),
        *_said(of, schema.SECONDS, ""),
    ]
    for title in ("trials", "searched", "epochs", "stopped", "diverged"):
        drawn.append((Column(title), lambda arm, title=title: f"{getattr(of.cost(arm), title):,}"))
    return _drawn("Cost (all stages; stopped: ended early in the search)", arms, drawn, frozenset())


def _pivot(of: Results) -> list[Table]:
    """The study's two factors against one another; the cell that validation chose is marked."""
    cells = grid(of.spec)
    if not cells or of.spec.table is None or "reported" not in of.ways():
        return []
    row, column = of.spec.table["rows"], of.spec.table["columns"]
    chosen = of.chosen_arm("reported")
    rows, columns = axis(cells, 0), axis(cells, 1)
    said = any(schema.TEST_ACC1 in figures for figures in of.spec.reported.values())
    step = 2 if said else 1
    heads = [Column(row, figures=False)]
    body, marked = [[label(of.spec, row, r)] for r in rows], set()
    for j, c in enumerate(columns):
        heads += [Column(label(of.spec, column, c)), *([Column("report")] if said else [])]
        for i, r in enumerate(rows):
            arm = cells.get((r, c))
            body[i] += [_test(of.samples["reported"][arm]) if arm else NOTHING]
            body[i] += [number(of.spec.reported.get(arm or "", {}).get(schema.TEST_ACC1, math.nan))] if said else []
            if arm is not None and arm == chosen:
                marked.add((i, 1 + step * j))
    return [Table(f"Test acc@1 % (n) by {row} and {column}, as reported", heads, body, frozenset(marked))]


def _by_way(of: Results, make: Callable[[Results, Sequence[str]], Table]) -> list[Table]:
    """Both ways side by side where they have the same arms, else one under the other."""
    ways = of.ways() or ["reported"]
    if list(of.spec.arms) == list(of.spec.tuned_arms) or len(ways) == 1:
        return [make(of, ways)]
    return [make(of, [way]) for way in ways]


def _table(caption: str, of: Results, ways: Sequence[str], drawn: Sequence[Drawn], mark: str) -> Table:
    arms = list(of.spec.arms_of(ways[0]))
    marked = set()
    for at, (column, _) in enumerate(drawn, start=1):
        for way in ways:
            if column.title == mark and column.group == NAMES[way] and (chosen := of.chosen_arm(way)) is not None:
                marked.add((arms.index(chosen), at))
    alone = f", {NAMES[ways[0]]}" if len(ways) == 1 and len(of.ways()) > 1 else ""
    return _drawn(caption + alone, arms, drawn, frozenset(marked))


def _drawn(caption: str, arms: Sequence[str], drawn: Sequence[Drawn], marked: frozenset[tuple[int, int]]) -> Table:
    rows = [[arm, *(cell(arm) for _, cell in drawn)] for arm in arms]
    return Table(caption, [Column("arm", figures=False), *(column for column, _ in drawn)], rows, marked)


def _said(of: Results, metric: str, group: str) -> list[Drawn]:
    """The column of what the report said of a metric, where it said anything."""
    if not any(metric in figures for figures in of.spec.reported.values()):
        return []
    return [(Column("report", group), lambda arm: number(of.spec.reported.get(arm, {}).get(metric, math.nan), 2))]


def _per_sample(of: Results, way: str, text: Callable[[Sample], str]) -> Cell:
    return lambda arm: text(of.samples[way][arm]) if arm in of.samples[way] else NOTHING


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
    needed = "" if math.isnan(contrast.needed) else f" (n* {contrast.needed:,.0f})"
    return contrast.verdict + needed


def _seconds(of: Results, sample: Sample | None) -> str:
    taken = of.seconds(sample) if sample else None
    return plus_minus(taken.mean, taken.half) if taken else NOTHING


def _of_model(of: Results, arm: str, metric: str) -> float:
    """Of the network itself, so the same in all trials of an arm."""
    values = of.runs.trials.loc[of.runs.trials[schema.ARM] == arm, metric].dropna()
    return float(values.iloc[0]) if len(values) else math.nan


def _precision(of: Results) -> str:
    column = of.runs.trials.get("precision")
    found = sorted(column.dropna().unique()) if column is not None else []
    return f"precision {listed(found)}" if found else "precision unknown"


def _families(of: Results) -> str:
    ks = [len(of.contrasts[way]) for way in of.ways() if of.contrasts[way]]
    return f"the {listed(dict.fromkeys(ks))} declared contrasts" if max(ks, default=0) > 1 else "the one contrast"


def _how(of: Results) -> str:
    lone = all(of.chosen_arm(way) is None for way in of.ways())
    return " (there was no validation set, so nothing was chosen)" if lone else ""


def render(of: Results, form: str) -> str:
    made = page(of)
    if form == "plain":
        return plain(made, max(60, min(200, shutil.get_terminal_size((WIDTH, 24)).columns)))
    if form == "csv":
        return csv_text(of)
    return {"md": markdown, "latex": latex, "html": html}[form](made)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser("The table of a study, with what is needed to defend it.")
    options.formatter_class = argparse.ArgumentDefaultsHelpFormatter
    options.add_argument(
        "--format", choices=FORMATS, help="otherwise as the name of --out ends; plain text on the screen"
    )
    options.add_argument("--out", type=Path, metavar="FILE", help="where to write it; otherwise the screen")
    given = options.parse_args(arguments)
    if given.out:
        check_file(given.out)
    form = given.format or (_SUFFIXES.get(given.out.suffix, "md") if given.out else "plain")
    write(render(results(load(given.study, given.scale, tracking_uri())), form), given.out)
    return 0


if __name__ == "__main__":
    command(main)

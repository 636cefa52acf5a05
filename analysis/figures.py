"""The figures of a study: its results laid out on axes. None is drawn where there is nothing to draw."""

import io
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis import plots
from analysis.commands import check_file, parser
from analysis.factors import axis, grid, label
from analysis.results import NAMES, Results, results
from analysis.runs import load
from analysis.store import tracking_uri
from analysis.words import LABELS
from studies.engine import schema

FORMATS = (".png", ".svg", ".pdf")
_ROWS = (
    (schema.TRAIN_LOSS, schema.TRAIN_ACC1, schema.TRAIN_ACC5),
    (schema.VAL_LOSS, schema.VAL_ACC1, schema.VAL_ACC5),
)
_LOOK: Any = {
    "font.size": 9, "axes.grid": True, "grid.alpha": 0.3, "axes.spines.top": False, "axes.spines.right": False,
    "figure.constrained_layout.use": True, "svg.hashsalt": "study", "figure.dpi": 150,
}  # fmt: skip

Make = Callable[[Results, str], Figure | None]


def look(of: Results) -> dict[str, plots.Style]:
    """The colours of a study's arms, in all its figures. A tuned arm that stands for several has its own."""
    return plots.styles(list(dict.fromkeys([*of.spec.arms, *of.spec.tuned_arms])))


def curves(of: Results, way: str) -> Figure | None:
    """Loss and accuracy by epoch, training above and validation below: the mean and the range over seeds."""
    metrics = [metric for row in _ROWS for metric in row]
    arms = {arm: sample for arm, sample in of.samples[way].items() if len(sample.trials)}
    if not arms:
        return None
    history = of.runs.histories(pd.concat([sample.trials for sample in arms.values()]), metrics)
    known = set(history["metric"])
    columns = [i for i in range(3) if any(row[i] in known for row in _ROWS)]
    rows = [row for row in _ROWS if any(metric in known for metric in row)]
    if not rows:
        return None
    figure = Figure(figsize=(3.6 * len(columns), 2.6 * len(rows) + 0.4 + 0.2 * math.ceil(len(arms) / 4)))
    grid_of = figure.subplots(len(rows), len(columns), squeeze=False)
    for line, row in zip(grid_of, rows, strict=True):
        for axes, metric in zip(line, [row[i] for i in columns], strict=True):
            _curves_of(axes, history[history["metric"] == metric], arms, of)
            axes.set(title=LABELS[metric], xlabel="epoch")
            axes.xaxis.get_major_locator().set_params(integer=True)
    names, labels = grid_of[0][0].get_legend_handles_labels()
    figure.legend(names, labels, loc="outside lower center", ncols=min(4, len(arms)))
    figure.suptitle(f"{of.spec.name}, scale {of.spec.scale}, {NAMES[way]}: mean and range over seeds")
    return figure


def _curves_of(axes: Any, history: pd.DataFrame, arms: dict[str, Any], of: Results) -> None:
    for arm, sample in arms.items():
        own = history[history["run"].isin(sample.trials["run"])]
        table = own.pivot_table("value", "epoch", "run", observed=True)
        if len(table):
            plots.curve(axes, table.index, table.to_numpy(), arm, look(of)[arm])


def heatmap(of: Results, way: str) -> Figure | None:
    """Two factors against one another in test accuracy, in colour and as lines."""
    cells = grid(of.spec)
    if cells is None or of.spec.table is None or way != "reported":
        return None
    row, column = of.spec.table["rows"], of.spec.table["columns"]
    rows, columns = axis(cells, 0), axis(cells, 1)
    found = {cell: of.samples[way][arm].mean(schema.JUDGED_BY) for cell, arm in cells.items()}
    if not any(found.values()):
        return None
    mean = np.array([[m.mean if (m := found.get((r, c))) else math.nan for c in columns] for r in rows])
    half = np.array([[m.half if (m := found.get((r, c))) else math.nan for c in columns] for r in rows])
    at = next((cell for cell, arm in cells.items() if arm == of.chosen_arm(way)), None)
    row_names, column_names = [label(of.spec, row, r) for r in rows], [label(of.spec, column, c) for c in columns]
    figure = Figure(figsize=(8.4, 1.6 + 0.5 * max(4, len(rows))))
    left, right = figure.subplots(1, 2)
    plots.heat(left, row_names, column_names, mean, (rows.index(at[0]), columns.index(at[1])) if at else None)
    left.grid(visible=False)
    left.set(title="test acc@1 %, * chosen on validation", xlabel=column, ylabel=row)
    series = {name: (mean[:, j], np.nan_to_num(half[:, j])) for j, name in enumerate(column_names)}
    plots.lines_by_level(right, row_names, series, plots.styles(column_names))
    right.set(title="parallel lines: no interaction", xlabel=row)
    right.legend()
    figure.suptitle(f"{of.spec.name}, scale {of.spec.scale}, {NAMES[way]}, with 95 % intervals")
    return figure


def tradeoff(of: Results, way: str) -> Figure | None:
    """Test accuracy against the size of the network and against its time, with the Pareto fronts."""
    panels: list[tuple[str, dict[str, tuple[float, float, float]]]] = [("size in MB", {}), ("seconds an epoch", {})]
    for arm, sample in of.samples[way].items():
        test, size, seconds = sample.mean(schema.JUDGED_BY), sample.mean(schema.SIZE_MB), of.seconds(sample)
        for (_, points), cost in zip(panels, (size, seconds), strict=True):
            if test and cost:
                points[arm] = (cost.mean, test.mean, test.half)
    if not all(points for _, points in panels):
        return None
    figure = Figure(figsize=(8.4, 3.6))
    for axes, (title, points) in zip(figure.subplots(1, 2, sharey=True), panels, strict=True):
        plots.tradeoff(axes, points, look(of)).set(xlabel=title, ylabel="test acc@1 %")
        axes.label_outer()
    names, labels = axes.get_legend_handles_labels()
    figure.legend(names, labels, loc="outside lower center", ncols=min(4, len(labels)))
    figure.suptitle(f"{of.spec.name}, scale {of.spec.scale}, {NAMES[way]}: accuracy and what it costs")
    return figure


def isolation(of: Results, _way: str) -> Figure | None:
    """Each tuned parameter against validation accuracy, one search trial a point; a line stands at the best one."""
    names = list(dict.fromkeys(name for spaces in of.spec.tune.values() for name in spaces))
    searches = {arm: of.search(arm).dropna(subset=[schema.CHOSEN_BY]) for arm in of.spec.tuned_arms}
    searches = {arm: trials for arm, trials in searches.items() if len(trials)}
    names = [n for n in names if all(pd.api.types.is_numeric_dtype(t[n]) for t in searches.values() if n in t)]
    if not searches or not names:
        return None
    figure = Figure(figsize=(4.2 * len(names) + 3, 3.8))
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False, sharey=True)[0], names, strict=True):
        for arm, trials in searches.items():
            if name in of.spec.tune[arm]:
                whole = trials[schema.OUTCOME] == "completed"
                plots.isolation(axes, trials[name], trials[schema.CHOSEN_BY], whole, arm, look(of)[arm])
        if any(of.spec.tune[arm].get(name, {}).get("log") for arm in searches):
            axes.set_xscale("log")
        axes.set(xlabel=name, ylabel="validation acc@1 %")
        axes.label_outer()
    labels = axes.get_legend_handles_labels()
    figure.legend(*labels, loc="outside lower center", ncols=min(4, len(searches)))
    figure.suptitle(f"{of.spec.name}, scale {of.spec.scale}, search (hollow: stopped early)")
    return figure


def draw(make: Make, of: Results, way: str) -> Figure | None:
    """The figure in the house's style; matplotlib's own settings stay as they are."""
    with mpl.rc_context(_LOOK):
        figure = make(of, way)
        if figure is not None:
            figure.canvas.draw()  # lays it out while the style holds
        return figure


def svg(figure: Figure) -> bytes:
    """The figure for a page; the same numbers give the same bytes."""
    out = io.BytesIO()
    with mpl.rc_context(_LOOK):
        figure.savefig(out, format="svg", metadata={"Date": None})
    return out.getvalue()


def figure_command(what: str, make: Make, arguments: Sequence[str] | None) -> int:
    """A command line that draws one figure of a study into a file."""
    options = parser(f"Draw {what}.")
    options.add_argument("--tuned", action="store_true", help="of the tuned arms instead of those as reported")
    options.add_argument(
        "--out", type=Path, metavar="FILE", help=f"{', '.join(FORMATS)}; default: in this folder, as PNG"
    )
    given = options.parse_args(arguments)
    way = "confirm" if given.tuned else "reported"
    out = given.out or Path(f"{given.study}-{make.__name__}{'-tuned' if given.tuned else ''}.png")
    check_file(out, FORMATS)
    figure = draw(make, results(load(given.study, given.scale, tracking_uri())), way)
    if figure is None:
        raise ValueError(
            f"study {given.study!r} has nothing to draw here {NAMES[way]}.\n"
            f"hint: see what is there with python analysis/tables.py --study {given.study}"
        )
    save(figure, out)
    return 0


def save(figure: Figure, out: Path) -> None:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with mpl.rc_context(_LOOK):
            figure.savefig(out)
    except OSError as error:
        raise ValueError(f"cannot write {out}: {error.strerror}.\nhint: give another place with --out.") from None
    print(f"wrote {out}")

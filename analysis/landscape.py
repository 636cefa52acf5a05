"""The loss landscape along a training, after arXiv 1805.11604: bands over learning rates, with and without a factor.

    python analysis/landscape.py --study vgg_landscape --by norm --out landscape.pdf

Four panels: the loss at every step; and, along the gradient at that step, the range of the loss, the range of the change
of the gradient (its predictiveness) and the largest change of the gradient by distance (the effective smoothness). A band
runs from the lowest to the highest of the arms that share a value of ``--by``. A panel is left out where nothing was
recorded for it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from analysis import plots
from analysis.commands import check_file, command, parser
from analysis.factors import fixed, label
from analysis.figures import FORMATS, draw, save
from analysis.results import Results, results
from analysis.runs import load
from analysis.store import tracking_uri

# By panel: the metrics whose step is the training step, from whose lowest to whose highest the band runs.
PANELS: Mapping[str, tuple[str, ...]] = {
    "training loss": ("step/loss",),
    "loss along the gradient": ("landscape/loss_min", "landscape/loss_max"),
    "gradient change (l2)": ("landscape/gradient_min", "landscape/gradient_max"),
    "effective smoothness": ("landscape/smoothness",),
}
_HATCHES = ("///", "...", "\\\\\\", "xxx")
Band = tuple[NDArray[np.float64], NDArray[np.float64]]


def bands(of: Results, by: str) -> dict[str, dict[str, Band]]:
    """By panel, then by the value of the factor: lowest and highest at each step over arms and seeds."""
    groups: dict[str, list[str]] = {}
    for arm, fields in of.spec.arms.items():
        groups.setdefault(label(of.spec, by, fixed(fields.get(by, of.spec.base.get(by)))), []).append(arm)
    trials = {name: pd.concat([of.samples["reported"][arm].trials for arm in arms]) for name, arms in groups.items()}
    found: dict[str, dict[str, Band]] = {}
    for panel, metrics in PANELS.items():
        for name, own in trials.items():
            history = of.runs.histories(own, metrics)
            curves = [curve["value"].to_numpy() for _, curve in history.groupby(["run", "metric"], observed=True)]
            if curves:
                found.setdefault(panel, {})[name] = plots.extremes(curves)
    return found


def landscape(of: Results, by: str) -> Figure | None:
    panels = bands(of, by)
    if not panels:
        return None
    look = plots.styles(list(dict.fromkeys(name for panel in panels.values() for name in panel)))
    figure = Figure(figsize=(4.2 * len(panels), 3.6))
    for axes, (title, groups) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True):
        for (name, (low, high)), hatch in zip(groups.items(), _HATCHES, strict=False):
            plots.band(axes, low, high, name, look[name], hatch)
        axes.set(title=title, xlabel="step")
    axes.legend()
    figure.suptitle(f"{of.spec.name}, scale {of.spec.scale}: lowest to highest over arms and seeds, by {by}")
    return figure


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser("Draw the loss landscape along the training, as bands over arms.")
    options.add_argument(
        "--by", default="norm", metavar="FIELD", help="the recipe field whose values get a band each; default: norm"
    )
    options.add_argument(
        "--out", type=Path, metavar="FILE", help=f"{', '.join(FORMATS)}; default: in this folder, as PNG"
    )
    given = options.parse_args(arguments)
    out = given.out or Path(f"{given.study}-landscape.png")
    check_file(out, FORMATS)
    of = results(load(given.study, given.scale, tracking_uri()))
    if given.by not in of.spec.base:
        raise ValueError(f"--by {given.by!r} is no recipe field.\nhint: one of {', '.join(of.spec.base)}.")
    figure = draw(landscape, of, given.by)
    if figure is None:
        raise ValueError(
            f"no trial of study {given.study!r} recorded its losses step by step.\n"
            f"hint: trials of a landscape study do, as the metric {PANELS['training loss'][0]}."
        )
    save(figure, out)
    return 0


if __name__ == "__main__":
    command(main)

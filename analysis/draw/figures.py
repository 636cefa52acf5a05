"""What all figures share: the colours and markers of the arms, title and legend, and how a figure becomes a file.

The colours are those of Okabe and Ito, which colour-blind readers can tell apart. Each arm also has its own marker, line
and hatch, so up to sixteen arms can be told apart in black and white. An arm looks the same in every figure.
"""

import io
import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from analysis.judge.verdicts import Judged
from analysis.read.spec import JUDGED_STAGES
from analysis.words import PERFECT

_LOOK: Any = {
    "font.size": 9, "axes.grid": True, "grid.alpha": 0.3, "axes.spines.top": False, "axes.spines.right": False,
    "figure.constrained_layout.use": True, "svg.hashsalt": "study", "figure.dpi": 150, "axes.formatter.useoffset": False,
}  # fmt: skip
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#E69F00", "#56B4E9", "#8C564B")
# All of these can be drawn hollow: in some figures a hollow marker has a meaning.
_MARKERS: Any = ("o", "s", "^", "D", "v", "P", "X", "*", ">", "d", "<", (4, 1, 0), (3, 1, 0), "p", (4, 1, 45), (3, 1, 180))  # fmt: skip
_LINES: Any = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (1, 2)), (0, (3, 1)))
_HATCHES = ("///", "...", "\\\\\\", "xxx", "+++", "ooo", "|||", "---")
_LETTERS_PER_INCH, _HANDLE_LETTERS = 12, 8  # in a legend; the handle before a name takes the space of 8 letters
_LEGEND_ROW_INCHES = 0.2

Make = Callable[[Judged, str], Figure | None]  # for a stage, reported or confirm; None: nothing to draw


class Style(NamedTuple):
    color: str
    marker: Any
    line: Any
    hatch: str


def styles(names: Iterable[str]) -> dict[str, Style]:
    """A style for each name. From the ninth name on the colours repeat, with other markers and lines."""
    size, found = len(_COLORS), {}
    for i, name in enumerate(dict.fromkeys(names)):
        turned, marker = (i + i // size) % size, _MARKERS[(i + i // len(_MARKERS)) % len(_MARKERS)]
        found[name] = Style(_COLORS[i % size], marker, _LINES[turned], _HATCHES[turned])
    return found


def within(mean: ArrayLike, half: ArrayLike) -> NDArray[np.float64]:
    """How far error bars of accuracies in percent reach, below and above: none beyond 0 or 100. Shape (2, bars)."""
    m, h = np.atleast_1d(mean), np.atleast_1d(half)
    return np.array([np.minimum(h, m), np.minimum(h, PERFECT - m)])


def look(results: Judged, others: Iterable[str] = ()) -> dict[str, Style]:
    """The styles of the study's arms, the same in all its figures, and of ``others``, which only one figure shows."""
    return styles([*results.spec.every_arm(), *others])


def gallery(count: int, wide: int, size: tuple[float, float], *, shared: bool = False) -> tuple[Figure, list[Axes]]:
    """A figure of so many panels, at most ``wide`` in a row, each of this size in inches; labels of ``shared`` axes at the edge."""
    high = math.ceil(count / wide)
    wide = min(wide, count)
    figure = Figure(figsize=(size[0] * wide + 0.4, size[1] * high + 0.7))
    panels = list(figure.subplots(high, wide, squeeze=False, sharex=shared, sharey=shared).flat)
    for axes in panels[count:]:
        axes.set_axis_off()
    return figure, panels[:count]


def finish(figure: Figure, results: Judged, stage: str, said: str) -> Figure:
    """Add a title above all panels, which ends with what is ``said``, and one legend below them; returns the figure."""
    spec = results.spec
    stamp = "SMOKE: these numbers mean nothing\n" if spec.is_smoke else ""
    looked_at = spec.named_stage(stage) if stage in JUDGED_STAGES else stage
    figure.suptitle(f"{stamp}{spec.name}, scale {spec.scale}, {spec.dataset['name']}, {looked_at}\n{said}")
    found = [axes.get_legend_handles_labels() for axes in figure.axes]
    shown = {label: handle for panel in found for handle, label in zip(*panel, strict=True)}
    if not shown:
        return figure
    fit = int(figure.get_figwidth() * _LETTERS_PER_INCH / (_HANDLE_LETTERS + max(map(len, shown))))
    columns = max(1, min(fit, len(shown)))
    figure.set_figheight(figure.get_figheight() + _LEGEND_ROW_INCHES * math.ceil(len(shown) / columns))
    figure.legend([*shown.values()], [*shown], loc="outside lower center", ncols=columns, handlelength=3)
    return figure


def draw(make: Make, results: Judged, stage: str) -> Figure | None:
    """The figure in this project's style, or None; matplotlib's global settings do not change."""
    with mpl.rc_context(_LOOK):
        return make(results, stage)


def encoded(figure: Figure, form: str) -> bytes:
    """The bytes of the figure as png, svg or pdf; the same numbers give the same bytes."""
    out = io.BytesIO()
    with mpl.rc_context(_LOOK):
        figure.savefig(out, format=form, metadata={"Date": None} if form == "svg" else None)
    return out.getvalue()

"""What the figures of a study share: the look of its arms, title and legend, the way into a file.

Colours are Okabe and Ito's, which the colour-blind can tell apart; each goes with a line, a marker and a hatch of its
own, so that a black-and-white print can be read too: up to sixteen arms. An arm has the same ones in every figure.
"""

import io
import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import matplotlib as mpl
from matplotlib.figure import Figure

from analysis.judge.verdicts import Judged

_LOOK: Any = {
    "font.size": 9, "axes.grid": True, "grid.alpha": 0.3, "axes.spines.top": False, "axes.spines.right": False,
    "figure.constrained_layout.use": True, "svg.hashsalt": "study", "figure.dpi": 150, "axes.formatter.useoffset": False,
}  # fmt: skip
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#E69F00", "#56B4E9", "#8C564B")
# All can be drawn hollow, which in some figures has a meaning of its own.
_MARKERS: Any = ("o", "s", "^", "D", "v", "P", "X", "*", ">", "d", "<", (4, 1, 0), (3, 1, 0), "p", (4, 1, 45), (3, 1, 180))  # fmt: skip
_LINES: Any = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (1, 2)), (0, (3, 1)))
_HATCHES = ("///", "...", "\\\\\\", "xxx", "+++", "ooo", "|||", "---")
_LETTERS, _HANDLE = 12, 8  # letters of a legend in an inch; and those that the line before a name takes
_LINE = 0.2  # inches

Make = Callable[[Judged, str], Figure | None]  # of a way; None: there is nothing to draw


class Style(NamedTuple):
    color: str
    marker: Any
    line: Any
    hatch: str


def styles(names: Iterable[str]) -> dict[str, Style]:
    """By name, in order; from the ninth on the colours come again, with other markers and lines."""
    size, found = len(_COLORS), {}
    for i, name in enumerate(dict.fromkeys(names)):
        turned, marker = (i + i // size) % size, _MARKERS[(i + i // len(_MARKERS)) % len(_MARKERS)]
        found[name] = Style(_COLORS[i % size], marker, _LINES[turned], _HATCHES[turned])
    return found


def look(of: Judged, others: Iterable[str] = ()) -> dict[str, Style]:
    """Of a study's arms, in all its figures, and of what else one shows; a tuned arm that stands for several has its own."""
    return styles([*of.spec.every_arm(), *others])


def finish(figure: Figure, of: Judged, said: str) -> Figure:
    """A title over all panels, and under them one legend of what any of them shows."""
    stamp = "SMOKE: these numbers mean nothing\n" if of.spec.is_smoke else ""
    figure.suptitle(f"{stamp}{of.spec.name}, scale {of.spec.scale}, {said}")
    found = [axes.get_legend_handles_labels() for axes in figure.axes]
    shown = {label: handle for panel in found for handle, label in zip(*panel, strict=True)}
    if not shown:
        return figure
    fit = int(figure.get_figwidth() * _LETTERS / (_HANDLE + max(map(len, shown))))
    columns = max(1, min(fit, len(shown)))
    figure.set_figheight(figure.get_figheight() + _LINE * math.ceil(len(shown) / columns))
    figure.legend([*shown.values()], [*shown], loc="outside lower center", ncols=columns, handlelength=3)
    return figure


def draw(make: Make, of: Judged, way: str) -> Figure | None:
    """The figure in the house's style; matplotlib's own settings stay as they are."""
    with mpl.rc_context(_LOOK):
        return make(of, way)


def encoded(figure: Figure, form: str) -> bytes:
    """The figure as a file; the same numbers give the same bytes."""
    out = io.BytesIO()
    with mpl.rc_context(_LOOK):
        figure.savefig(out, format=form, metadata={"Date": None} if form == "svg" else None)
    return out.getvalue()

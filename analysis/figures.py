"""What the figures of a study share: the look of its arms, title and legend, the way into a file, the command line.

Colours are Okabe and Ito's, which the colour-blind can tell apart; each goes with a line, a marker and a hatch of its
own, so that a black-and-white print can be read too. An arm has the same ones in every figure of a study.
"""

import io
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.commands import parser, read, write
from analysis.results import NAMES, Results

FORMATS = (".png", ".svg", ".pdf")
_LOOK: Any = {
    "font.size": 9, "axes.grid": True, "grid.alpha": 0.3, "axes.spines.top": False, "axes.spines.right": False,
    "figure.constrained_layout.use": True, "svg.hashsalt": "study", "figure.dpi": 150,
}  # fmt: skip
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#E69F00", "#56B4E9", "#8C564B")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
_LINES: Any = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (1, 2)), (0, (3, 1)))
_HATCHES = ("///", "...", "\\\\\\", "xxx", "+++", "ooo", "|||", "---")
_LETTERS, _HANDLE = 12, 7  # letters of a legend in an inch; and those that the line before a name takes
_LINE = 0.2  # inches

Make = Callable[[Results, str], Figure | None]  # of a way; None: there is nothing to draw


class Style(NamedTuple):
    color: str
    marker: str
    line: Any
    hatch: str


def styles(names: Sequence[str]) -> dict[str, Style]:
    """By name, in order; from the ninth on the colours come again, with other lines and markers."""
    size = len(_COLORS)
    turns = {name: (i % size, (i + i // size) % size) for i, name in enumerate(names)}
    return {name: Style(_COLORS[i], _MARKERS[j], _LINES[j], _HATCHES[j]) for name, (i, j) in turns.items()}


def look(of: Results) -> dict[str, Style]:
    """Of a study's arms, in all its figures. A tuned arm that stands for several has its own."""
    return styles(of.spec.every_arm())


def finish(figure: Figure, of: Results, said: str, axes: Axes | None = None) -> Figure:
    """A title over all panels, and under them the legend of one."""
    figure.suptitle(f"{of.spec.name}, scale {of.spec.scale}, {said}")
    if axes is not None:
        handles, labels = axes.get_legend_handles_labels()
        fit = int(figure.get_figwidth() * _LETTERS / (_HANDLE + max(map(len, labels))))
        columns = max(1, min(fit, len(labels)))
        figure.set_figheight(figure.get_figheight() + _LINE * math.ceil(len(labels) / columns))
        figure.legend(handles, labels, loc="outside lower center", ncols=columns)
    return figure


def draw(make: Make, of: Results, way: str) -> Figure | None:
    """The figure in the house's style; matplotlib's own settings stay as they are."""
    with mpl.rc_context(_LOOK):
        return make(of, way)


def encoded(figure: Figure, form: str) -> bytes:
    """The figure as a file; the same numbers give the same bytes."""
    out = io.BytesIO()
    with mpl.rc_context(_LOOK):
        figure.savefig(out, format=form, metadata={"Date": None} if form == "svg" else None)
    return out.getvalue()


def figure_main(make: Make, arguments: Sequence[str] | None = None) -> int:
    """The command line of one figure: draws it into a file."""
    what = (make.__doc__ or "").partition("\n")[0]
    options = parser(f"Draw: {what}", f"{', '.join(FORMATS)}; default: in this folder, as PNG")
    options.add_argument("--tuned", action="store_true", help="of the tuned arms instead of those as reported")
    given = options.parse_args(arguments)
    way = "confirm" if given.tuned else "reported"
    out = given.out or Path(f"{given.study}-{make.__name__}{'-tuned' if given.tuned else ''}.png")
    if out.suffix not in FORMATS and not out.is_dir():
        raise ValueError(f"--out {out} must end with {', '.join(FORMATS)}.\nhint: --out {out.with_suffix(FORMATS[0])}")
    figure = draw(make, read(given), way)
    if figure is None:
        raise ValueError(
            f"study {given.study!r} has nothing to draw here {NAMES[way]}.\n"
            f"hint: see what is there with python analysis/tables.py --study {given.study}"
        )
    write(encoded(figure, out.suffix[1:]), out)
    return 0

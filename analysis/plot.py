"""A figure of a study, in a file: forest (the result itself), curves, heatmap, isolation, landscape or tradeoff.

python analysis/plot.py curves --study activations --out curves.pdf
python analysis/plot.py curves --study activations --tuned     # of the tuned arms
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from analysis.commands import command, parser, read, write
from analysis.draw.curves import curves
from analysis.draw.figures import Make, draw, encoded
from analysis.draw.forest import forest
from analysis.draw.heatmap import heatmap
from analysis.draw.isolation import isolation
from analysis.draw.landscape import landscape
from analysis.draw.tradeoff import tradeoff
from analysis.judge.results import NAMES
from cnnzoo.mistake import Mistake
from studies.engine import typed

FIGURES: Mapping[str, Make] = {
    make.__name__: make for make in (forest, curves, heatmap, isolation, landscape, tradeoff)
}
FORMATS = (".png", ".svg", ".pdf")


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser("A figure of a study, in a file.", f"{', '.join(FORMATS)}; default: in this folder, as PNG")
    options.add_argument("figure", choices=FIGURES, help="which one")
    options.add_argument("--tuned", action="store_true", help="of the tuned arms instead of those as reported")
    given = options.parse_args(arguments)
    way = "confirm" if given.tuned else "reported"
    out = given.out or Path(f"{given.study}-{given.figure}{'-tuned' if given.tuned else ''}.png")
    if out.suffix not in FORMATS and not out.is_dir():
        raise Mistake(f"--out {out} must end with {', '.join(FORMATS)}; try --out {out.with_suffix(FORMATS[0])}")
    figure = draw(FIGURES[given.figure], read(given), way)
    if figure is None:
        hint = f"See what is there with {typed.tool('tables', '--study', given.study)}"
        raise Mistake(f"study {given.study!r} has no {given.figure} to draw {NAMES[way]}. {hint}")
    write(encoded(figure, out.suffix[1:]), out)
    return 0


if __name__ == "__main__":
    command(main)

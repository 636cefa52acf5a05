"""A figure of a study, in a file: forest (the result itself), pairs (seed by seed), curves, learning, heatmap, isolation,
landscape or tradeoff; or, from what the networks say of each test image, confusion, classes (accuracy by class) or
hardest (what most get wrong).

python analysis/plot.py curves --study activations --out curves.pdf
python analysis/plot.py curves --study activations --tuned     # of the tuned arms
python analysis/plot.py learning --study activations           # loss, train and test accuracy, as report D draws them
"""

from collections.abc import Sequence
from pathlib import Path

from analysis.draw.figures import encoded
from analysis.front.commands import command, parser, read, write
from analysis.front.plots import FIGURES, Plots
from cnnzoo.mistake import Mistake

FORMATS = (".png", ".svg", ".pdf")


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser("A figure of a study, in a file.", f"{', '.join(FORMATS)}; default: in this folder, as PNG")
    options.add_argument("figure", choices=FIGURES, help="which one")
    options.add_argument("--tuned", action="store_true", help="of the tuned arms instead of those as reported")
    given = options.parse_args(arguments)
    out = given.out or Path(f"{given.study}-{given.figure}{'-tuned' if given.tuned else ''}.png")
    if out.suffix not in FORMATS and not out.is_dir():
        raise Mistake(f"--out {out} must end with {', '.join(FORMATS)}; try --out {out.with_suffix(FORMATS[0])}")
    write(encoded(Plots(read(given)).figure(given.figure, given.tuned), out.suffix[1:]), out)
    return 0


if __name__ == "__main__":
    command(main)

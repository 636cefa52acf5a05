"""A figure of a study, in a file: forest (the result itself), pairs (seed by seed), curves, learning, heatmap, isolation,
landscape or tradeoff; or, from what the networks say of each test image, confusion, classes (accuracy by class) or
hardest (what most get wrong); or, from the networks that are kept, filters (the first layer), maps (what layers make of
a test image) or network (layer by layer).

python analysis/plot.py curves --study activations --out curves.pdf
python analysis/plot.py curves --study activations --tuned     # of the tuned arms
python analysis/plot.py learning --study activations           # loss, train and test accuracy, as report D draws them
python analysis/plot.py maps --study mine --trust my_net        # of a network of your own, in my_net.py
"""

from collections.abc import Sequence
from pathlib import Path

from analysis.draw.figures import encoded
from analysis.front.commands import command, parser, read, write
from analysis.front.plots import FIGURES, Plots
from cnnzoo.mistake import Mistake
from cnnzoo.storage.own import trust

FORMATS = (".png", ".svg", ".pdf")


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser("A figure of a study, in a file.", f"{', '.join(FORMATS)}; default: in this folder, as PNG")
    options.add_argument("figure", choices=FIGURES, help="which one")
    options.add_argument("--tuned", action="store_true", help="of the tuned arms instead of those as reported")
    trusted = "a file of your own that the networks, losses or augmentations stand in, e.g. my_net; filters, maps and network need it"
    options.add_argument("--trust", action="append", default=[], metavar="MODULE", help=trusted)
    given = options.parse_args(arguments)
    trust(given.trust)
    out = given.out or Path(f"{given.study}-{given.figure}{'-tuned' if given.tuned else ''}.png")
    if out.suffix not in FORMATS and not out.is_dir():
        raise Mistake(f"--out {out} must end with {', '.join(FORMATS)}; try --out {out.with_suffix(FORMATS[0])}")
    write(encoded(Plots(read(given)).figure(given.figure, tuned=given.tuned), out.suffix[1:]), out)
    return 0


if __name__ == "__main__":
    command(main)

"""Loss, acc@1 and acc@5 by epoch, training and validation, with a band over seeds.

python analysis/curves.py --study activations --out curves.pdf
"""

from collections.abc import Sequence

from analysis.commands import command
from analysis.figures import curves, figure_command


def main(arguments: Sequence[str] | None = None) -> int:
    return figure_command("loss and accuracy by epoch, with a band over seeds", curves, arguments)


if __name__ == "__main__":
    command(main)

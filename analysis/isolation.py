"""Each tuned parameter against validation accuracy, by arm: one point a search trial.

python analysis/isolation.py --study activations --out isolation.pdf
"""

from collections.abc import Sequence

from analysis.commands import command
from analysis.figures import figure_command, isolation


def main(arguments: Sequence[str] | None = None) -> int:
    return figure_command("each tuned parameter against validation accuracy", isolation, arguments)


if __name__ == "__main__":
    command(main)

"""Accuracy against the size of the network and its time, with what nothing beats in both.

python analysis/tradeoff.py --study activations --out tradeoff.pdf
"""

from collections.abc import Sequence

from analysis.commands import command
from analysis.figures import figure_command, tradeoff


def main(arguments: Sequence[str] | None = None) -> int:
    return figure_command("accuracy against size and time, with the Pareto fronts", tradeoff, arguments)


if __name__ == "__main__":
    command(main)

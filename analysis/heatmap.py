"""Two factors against one another: as a table in colour, and as lines that show whether they interact.

python analysis/heatmap.py --study activations --out heatmap.pdf
"""

from collections.abc import Sequence

from analysis.commands import command
from analysis.figures import figure_command, heatmap


def main(arguments: Sequence[str] | None = None) -> int:
    return figure_command("two factors against one another, in colour and as lines", heatmap, arguments)


if __name__ == "__main__":
    command(main)

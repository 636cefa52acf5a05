"""The networks at a glance, and one network trained, tested and asked from the command line.

python -m cnnzoo                        the table of all networks
python -m cnnzoo NAME                   one network, layer by layer
python -m cnnzoo train NAME [...]       train it and save it to one file; the options are the recipe's fields
python -m cnnzoo test FILE [...]        a saved network's accuracy on each class, and which classes it confuses
python -m cnnzoo predict FILE IMAGE...  the class it predicts for each image
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence

from rich.console import Console

from cnnzoo.mistake import Parser, exit_code, mistakes_in_a_line
from cnnzoo.nets import ZOO
from cnnzoo.spelling import unknown
from cnnzoo.terminal.commands import predict_command, test_command, train_command
from cnnzoo.terminal.overview import SECTION_OF, as_json, layers_of, overview

COMMANDS: Mapping[str, Callable[[Sequence[str], Console], int]] = {
    "train": train_command,
    "test": test_command,
    "predict": predict_command,
}
TABLE_WIDTH = 120


def main(arguments: Sequence[str] | None = None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    width = max(TABLE_WIDTH, Console().width)  # rather wrapped than cut
    console = Console(markup=False, emoji=False, highlight=False, soft_wrap=True, width=width)
    with mistakes_in_a_line():
        if arguments and arguments[0] in COMMANDS:
            return COMMANDS[arguments[0]](arguments[1:], console)
        show(arguments, console)
    return 0


def show(arguments: Sequence[str], console: Console) -> None:
    parser = Parser(
        prog="python -m cnnzoo",
        description=__doc__,
        epilog=f"Networks: {', '.join(ZOO)}.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="show this network layer by layer")
    parser.add_argument("--json", action="store_true", help="print the table as a JSON list")
    options = parser.parse_args(arguments)
    if options.name is not None and options.name not in ZOO:
        raise unknown("network", options.name, (*ZOO, *COMMANDS))
    if options.json:
        console.print_json(data=as_json((options.name,) if options.name else tuple(SECTION_OF)))
    else:
        console.print(layers_of(options.name) if options.name else overview(Console().width))


if __name__ == "__main__":
    sys.exit(exit_code(main))

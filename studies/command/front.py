"""``cnn-studies COMMAND ...``: what stands behind a command is the business of that command."""

import runpy
import sys
from argparse import SUPPRESS, RawDescriptionHelpFormatter
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from cnnzoo.mistake import Parser, exit_code
from cnnzoo.spelling import unknown
from studies.engine import typed

TRAINING = {
    "list": "every study, what it costs and how far it is",
    "run": "a study, by its name or its file; or --all of them",
    "networks": "the networks, or one of them layer by layer",
    "train": "one network alone, by a recipe, kept in a file",
    "test": "a network that was kept: how well it does on each class",
    "predict": "the class it predicts for each image",
}
READING = {
    "tables": "the table of a study, with what is needed to defend it",
    "claims": "what the report concluded, judged",
    "report": "a study as one page, with plots",
    "trials": "every trial as a row, for a spreadsheet",
    "plot": "one figure: the result, curves, confusions, filters, ...",
}
EXAMPLES = """
examples:
  cnn-studies run activations --dry-run      what would be done, and how long
  cnn-studies run activations --scale demo   minutes on a laptop
  cnn-studies run my_question.py             a study of your own, from its file
  cnn-studies tables --study activations     its table
  cnn-studies report --all                   a page a study, and an index

Each command has its own --help. Results are kept in the folder results/ here;
a study that is run again goes on where it was.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    typed.by(typed.FRONT if Path(sys.argv[0]).stem == typed.FRONT else "python -m studies")
    given = sys.argv[1:] if arguments is None else arguments
    return exit_code(lambda: _do(given))


def _do(given: Sequence[str]) -> int:
    """Each command is imported when it is asked for: torch alone takes seconds."""
    command, *rest = given or ("list",)
    if command in READING:
        sys.argv = [f"{typed.FRONT} {command}", *rest]
        # It leaves by an exit code of its own.
        runpy.run_module(f"analysis.{command}", run_name="__main__", alter_sys=True)
    if command == "list":
        from studies.command.listing import show

        return show(rest)
    if command == "run":
        from studies.command.run import run

        return run(rest)
    if command in TRAINING:
        from cnnzoo.__main__ import main as one_network

        return one_network(rest if command == "networks" else [command, *rest])
    _parser().parse_args([command])  # --help, --version, or an option that there is none of
    raise unknown("command", command, [*TRAINING, *READING])


def _parser() -> Parser:
    width = max(map(len, (*TRAINING, *READING)))
    lists = "\n\n".join(
        f"{title}:\n" + "\n".join(f"  {name:<{width}}  {what}" for name, what in commands.items())
        for title, commands in (("to run", TRAINING), ("to read what came out", READING))
    )
    parser = Parser(
        prog=typed.FRONT,
        usage="cnn-studies COMMAND ...",
        description=f"Controlled comparisons of CNNs: a question in, a table you can defend out.\n\n{lists}",
        epilog=EXAMPLES,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("command", nargs="?", help=SUPPRESS)
    parser.add_argument(
        "--version", action="version", help="say which version this is, and stop", version=f"cnn-studies {_version()}"
    )
    return parser


def _version() -> str:
    try:
        return version("cnn-studies")
    except PackageNotFoundError:  # a copy of the folder that was never installed
        return "(not installed)"

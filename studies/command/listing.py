"""``cnn-studies list``: the studies by report, with what each costs and how far it is."""

import sys
from collections.abc import Sequence
from itertools import groupby
from textwrap import fill

from rich.console import Console
from rich.text import Text

from cnnzoo.mistake import BAD_INPUT, Parser
from studies.command.files import StudyFile, bundled, find, readable
from studies.command.progress import progress
from studies.engine import typed
from studies.engine.book.book import Book
from studies.engine.schema import RESULTS

SCALES = ("demo", "report")  # smoke costs nothing and says nothing


def show(arguments: Sequence[str]) -> int:
    parser = Parser(
        prog="cnn-studies list",
        description="Every study of the platform, by report: what it asks, what it costs and how far it is.",
        allow_abbrev=False,
    )
    parser.add_argument("files", nargs="*", metavar="NAME|FILE.py", help="only these, which may be your own")
    paths = [find(name) for name in parser.parse_args(arguments).files] or bundled()
    problems: list[str] = []
    studies = sorted(readable(paths, problems), key=lambda one: one.report)
    console = Console(markup=False, emoji=False, highlight=False)
    for report, of_it in groupby(studies, key=lambda one: one.report):
        console.print(Text(report, style="bold underline"))
        for one in of_it:
            _tell(one, console)
        console.print()
    _say_next(console)
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    return BAD_INPUT if problems else 0


def _tell(one: StudyFile, console: Console) -> None:
    study, book = one.study, Book(RESULTS.absolute())
    console.print(Text.assemble("  ", (study.name, "bold")))
    _print_indented(study.question, console)
    costs = (f"{scale}: {progress(study, scale, book.table(study.name, scale))}" for scale in SCALES)
    _print_indented(f"{len(study.arms)} arms · {' · '.join(costs)}", console, style="dim")


def _print_indented(text: str, console: Console, style: str = "") -> None:
    indent = " " * 4
    console.print(fill(text, console.width, initial_indent=indent, subsequent_indent=indent), style=style)


def _say_next(console: Console) -> None:
    commands = {
        typed.study("activations", "--dry-run"): "what it does, and how long",
        "cnn-studies run --all": "all at demo scale, then pages",
        "cnn-studies --help": "the other commands",
    }
    width = max(map(len, commands))
    for place, (command, what) in enumerate(commands.items()):
        console.print(f"{'' if place else 'next':<4}  {command:<{width}}   {what}", soft_wrap=True)

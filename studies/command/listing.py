"""``cnn-studies list``: the studies by report, with what each costs and how far it is.

That is told from the study and its table, without opening data or networks.
"""

import sys
from collections.abc import Sequence
from itertools import groupby
from textwrap import fill

from rich.console import Console
from rich.text import Text

from cnnzoo.mistake import BAD_INPUT, Parser
from studies.command.files import StudyFile, bundled, find, readable
from studies.engine import schema, typed
from studies.engine.book.book import Book
from studies.engine.book.table import Table
from studies.engine.plan.plan import tuned_arms
from studies.engine.study.study import Study

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
    study, book = one.study, Book(schema.RESULTS.absolute())
    console.print(Text.assemble("  ", (study.name, "bold")))
    _print_indented(study.question, console)
    costs = (f"{scale}: {progress(study, scale, book.table(study.name, scale))}" for scale in SCALES)
    _print_indented(f"{len(study.arms)} arms · {' · '.join(costs)}", console, style="dim")


def progress(study: Study, scale: str, table: Table) -> str:
    """`52 trials of 3 epochs`, or `12 of 52 trials of 3 epochs done, in 4 min of training`; one that failed is not done."""
    rows = [row for row in table.rows() if row["outcome"] != "failed"]
    every, epochs = planned(study, scale), sorted({study.recipe(arm, scale).epochs for arm in study.arms})
    trials = f"trials of {' or '.join(map(str, epochs))} epochs"
    if not rows:
        return f"{every} {trials}"
    seconds = sum((row.get(schema.SECONDS) or 0) * (row.get(schema.EPOCHS_DONE) or 0) for row in rows)
    took = f"{seconds / 60:.0f} min" if seconds >= 60 else f"{seconds:.0f} s"
    of_all = f" of {every}" if len(rows) <= every else ""  # more seeds may have been asked for
    return f"{len(rows)}{of_all} {trials} done, in {took} of training"


def planned(study: Study, scale: str) -> int:
    """How many trials the study has, if none of its searches fails."""
    recipes = {arm: study.recipe(arm, scale) for arm in study.arms}
    budget = study.budget_at(scale)
    a_search = budget.trials_per_arm + budget.runoff_trials + budget.seeds
    return len(recipes) * budget.seeds + len(tuned_arms(study, recipes)) * budget.searches * a_search


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

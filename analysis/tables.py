"""The table of a study, with what is needed to defend it.

    python analysis/tables.py --study activations
    python analysis/tables.py --study activations --scale report --format latex --out table.tex

Test accuracy with its interval, the paired difference to the baseline with its verdict, as reported and tuned side by
side, what the report said, what it cost; then the finding in words, what to beware of, and how every number was made.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

from analysis.commands import check_file, command, parser, write
from analysis.csv_table import csv_text
from analysis.formats import Page, markdown, plain
from analysis.layout import tables
from analysis.lints import lints, missing
from analysis.markup import html, latex
from analysis.notes import notes
from analysis.results import Results, results
from analysis.runs import load
from analysis.store import tracking_uri
from analysis.verdict import interaction_note, verdict

WIDTH, NARROWEST, WIDEST = 110, 60, 160  # of a terminal: where it does not say, and what is still readable
FORMATS = ("plain", "md", "csv", "latex", "html")
_SUFFIXES = {".txt": "plain", ".md": "md", ".csv": "csv", ".tex": "latex", ".html": "html", ".htm": "html"}


def page(of: Results) -> Page:
    """All that is said about a study, as texts."""
    found = [verdict(of), interaction_note(of)]
    return Page(
        title=f"{of.spec.name}, scale {of.spec.scale}",
        question=of.spec.question,
        tables=tables(of),
        verdict=" ".join(sentence for sentence in found if sentence),
        warnings=[*missing(of), *lints(of)],
        notes=notes(of),
    )


def render(of: Results, form: str) -> str:
    if form == "csv":
        return csv_text(of)
    if form == "plain":
        columns = shutil.get_terminal_size((WIDTH, 24)).columns
        return plain(page(of), min(max(columns, NARROWEST), WIDEST))
    return {"md": markdown, "latex": latex, "html": html}[form](page(of))


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser("The table of a study, with what is needed to defend it.")
    options.add_argument("--format", choices=FORMATS, help="default: as the name of --out ends; on the screen, plain")
    options.add_argument("--out", type=Path, metavar="FILE", help="where to write it; default: the screen")
    given = options.parse_args(arguments)
    if given.out:
        check_file(given.out)
    form = given.format or (_SUFFIXES.get(given.out.suffix, "md") if given.out else "plain")
    write(render(results(load(given.study, given.scale, tracking_uri())), form), given.out)
    return 0


if __name__ == "__main__":
    command(main)

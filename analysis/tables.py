"""The table of a study, with what is needed to defend it.

python analysis/tables.py --study activations
python analysis/tables.py --study activations --scale report --table accuracy --out table.tex
"""

import json
from collections.abc import Sequence
from itertools import product
from pathlib import Path

from analysis.front.commands import command, in_color, parser, read, write
from analysis.judge.undecided import undecided
from analysis.judge.verdicts import Judged
from analysis.write.formats import screen, wrapped
from analysis.write.render import FORMATS, methods, render
from analysis.write.tables import TABLES
from cnnzoo.mistake import Mistake
from cnnzoo.storage.files import write_atomically
from studies.engine import typed

_SUFFIXES = {".txt": "plain", ".md": "md", ".csv": "csv", ".tex": "latex", ".html": "html", ".htm": "html"}


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser("The table of a study, with what is needed to defend it.")
    options.add_argument("--format", choices=FORMATS, help="default: as the name of --out ends; on the screen, plain")
    options.add_argument("--keep", type=Path, metavar="DIR", help="also write it there as a page, with its figures")
    open_ones = "print only, as JSON, which questions are open and how many seeds they need (--decide uses it)"
    options.add_argument("--undecided", action="store_true", help=open_ones)
    methods_only = "print only a paragraph for the methods section of a report"
    options.add_argument("--methods", action="store_true", help=methods_only)
    options.add_argument("--table", choices=TABLES, help="this one alone; default: all")
    given = options.parse_args(arguments)
    if given.undecided:
        write(json.dumps(undecided(read(given)), ensure_ascii=False) + "\n", given.out)
        return 0
    if given.methods:
        write("\n".join(wrapped(methods(read(given)), screen())) + "\n", given.out)
        return 0
    form: str = given.format or _SUFFIXES.get(given.out.suffix if given.out else ".txt", "")
    if not form and not given.out.is_dir():
        other = f"try --out {given.out.with_suffix('.md')}, or say with --format what to write there"
        raise Mistake(f"--out {given.out} must end with {', '.join(_SUFFIXES)}; {other}")
    if given.keep and given.keep.exists() and not given.keep.is_dir():
        raise Mistake(f"--keep {given.keep} must be a folder, but it is a file.")
    results = read(given)
    write(render(results, form, given.table, in_color(given.out)), given.out)
    if given.keep:
        keep(results, given.keep)
    if form == "plain" and not given.out:
        print(_next(results))
    return 0


def keep(results: Judged, folder: Path) -> None:
    """The table as a page and in Markdown, the result and the curves as figures: files of a folder."""
    from analysis.draw.curves import curves  # with matplotlib, which the table does not need
    from analysis.draw.figures import draw, encoded
    from analysis.draw.forest import forest

    for form, name in (("html", "table.html"), ("md", "table.md")):
        write_atomically(folder / name, render(results, form).encode())
    for make, stage in product((forest, curves), results.stages()):
        if (figure := draw(make, results, stage)) is not None:
            write_atomically(folder / f"{make.__name__}-{stage}.png", encoded(figure, "png"))


def _next(results: Judged) -> str:
    study = ("--study", results.spec.name, "--scale", results.spec.scale)
    claims = [f"{typed.tool('claims', *study)}   the claims, judged"] if results.spec.claims else []
    page = f"{typed.tool('report', *study)}   a page, with plots"
    return "\nnext  " + "\n      ".join([*claims, page])


if __name__ == "__main__":
    command(main)

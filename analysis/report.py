"""A study as one page that stands alone: the question, what was found, how far it can be believed, and how to repeat it.

python analysis/report.py --study activations
python analysis/report.py --all --out reports        # every study in results, and an index over them
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from analysis.front.commands import book, command, everything, parser, write
from analysis.judge.verdicts import Judged, judged
from analysis.read.runs import load
from analysis.write.formats import template
from analysis.write.page import report
from analysis.write.render import page


def _write(results: Judged, folder: Path) -> dict[str, Any]:
    """Write one page; returns what the index says about it."""
    said, name = page(results), f"{results.spec.name}-{results.spec.scale}.html"
    write(report(results, said), folder / name)
    return {"file": name, "page": said}


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser("A study as a page that stands alone.", "folder; default: reports", "all studies, with an index")
    options.set_defaults(out=Path("reports"))
    given = options.parse_args(arguments)
    every, code = everything(given) if given.all else ([judged(load(book(given), given.study, given.scale))], 0)
    pages = [_write(results, given.out) for results in every]
    if given.all:
        write(template("index.html", studies=pages), given.out / "index.html")
    return code


if __name__ == "__main__":
    command(main)

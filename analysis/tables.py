"""The table of a study, with what is needed to defend it.

    python analysis/tables.py --study activations
    python analysis/tables.py --study activations --scale report --format latex --out table.tex

Test accuracy with its interval, the paired difference to the baseline with its verdict, as reported and tuned side by
side, what the report said, what it cost; then the finding in words, what to beware of, and how every number was made.
"""

from collections.abc import Sequence

from analysis.commands import command, parser, read, write
from analysis.judge.verdicts import Judged
from analysis.write.render import FORMATS, render
from cnnzoo.mistake import Mistake

_SUFFIXES = {".txt": "plain", ".md": "md", ".csv": "csv", ".tex": "latex", ".html": "html", ".htm": "html"}


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser("The table of a study, with what is needed to defend it.")
    options.add_argument("--format", choices=FORMATS, help="default: as the name of --out ends; on the screen, plain")
    given = options.parse_args(arguments)
    form: str = given.format or _SUFFIXES.get(given.out.suffix if given.out else ".txt", "")
    if not form and not given.out.is_dir():
        other = f"try --out {given.out.with_suffix('.md')}, or say with --format what to write there"
        raise Mistake(f"--out {given.out} must end with {', '.join(_SUFFIXES)}; {other}")
    of = read(given)
    write(render(of, form), given.out)
    if form == "plain" and not given.out:
        print(_next(of))
    return 0


def _next(of: Judged) -> str:
    study = f"--study {of.spec.name} --scale {of.spec.scale}"
    claims = [f"python analysis/claims.py {study}   what the report concluded, judged"] if of.spec.claims else []
    page = f"python analysis/report.py {study}   all of this with plots, as a page"
    return "\nnext  " + "\n      ".join([*claims, page])


if __name__ == "__main__":
    command(main)

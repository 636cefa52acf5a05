"""A page of tables as LaTeX, HTML and CSV; whatever a name holds is escaped here."""

import textwrap
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.formats import Column, Page, Table
from analysis.words import MINUS

_LINE = 84  # characters of a table on a line of an ordinary page
_CHOSEN = "\x02{}\x03"  # around a cell that is bold; no name holds these characters
_TEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    '"': r"\textquotedbl{}", "|": r"\textbar{}", "*": r"$^{\ast}$", MINUS: "$-$", "±": r"$\pm$", "×": r"$\times$",
    "Δ": r"$\Delta$", "·": r"$\cdot$", "–": "--", "→": r"$\rightarrow$", "≤": r"$\leq$", "≥": r"$\geq$", "\x02": r"\textbf{", "\x03": "}*",
}  # fmt: skip


def latex(page: Page) -> str:
    """Tables to ``\\input`` into a document, a float each; the first carries the notes. Booktabs is all that they need."""
    lines = ["% Needs \\usepackage{booktabs} and \\usepackage[T1]{fontenc}."]
    lines += ["% For letters pdflatex lacks (say Chinese): xelatex, and fontspec with a font of theirs, not fontenc."]
    under = [
        r"  \par\vspace{4pt}\begin{minipage}{\linewidth}\scriptsize\setlength{\parskip}{2pt}",
        *(rf"    \par {_tex(line)}" for line in (page.verdict, *page.warnings, *page.notes)),
        r"  \end{minipage}",
    ]
    for table in (part for whole in page.tables for part in whole.narrowed(_LINE)):
        lines += [
            r"\begin{table}[htbp]",
            r"  \centering\footnotesize\setlength{\tabcolsep}{3.5pt}\setlength{\belowcaptionskip}{4pt}",
            rf"  \caption{{{_tex(f'{page.title}. {page.question} {table.caption}.')}}}",
            *_latex_table(table),
            *under,
            r"\end{table}",
        ]
        under = []
    return "\n".join(lines) + "\n"


def html(page: Page) -> str:
    """A page that stands alone."""
    return template("tables.html", page=page)


def template(name: str, **values: Any) -> str:
    """A page from ``templates/``; every value in it is escaped."""
    import jinja2  # only for pages: every other format starts faster without

    pages = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    return pages.get_template(name).render(**values) + "\n"


def csv(table: pd.DataFrame) -> str:
    """With a quote before every text that a spreadsheet would take for a formula."""
    texts = table.select_dtypes(include=["object", "str"])
    safe = table.assign(**{str(name): column.map(_guarded) for name, column in texts.items()})
    return safe.to_csv(index=False, float_format="%.8g")


def _guarded(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def _latex_table(table: Table) -> list[str]:
    aligned = "".join("r" if column.figures else "l" for column in table.columns)
    # What is too wide all the same runs into both margins alike.
    lines = [rf"  \makebox[\linewidth][c]{{\begin{{tabular}}{{@{{}}{aligned}@{{}}}}", r"    \toprule"]
    if len(table.groups()) > 1:
        heads, rules, at = [], [], 1
        for group, span in table.groups():
            heads.append(rf"\multicolumn{{{span}}}{{c}}{{{_tex(group)}}}")
            rules += [rf"\cmidrule(lr){{{at}-{at + span - 1}}}"] if group else []
            at += span
        lines += [f"    {' & '.join(heads)} \\\\", f"    {''.join(rules)}"]
    # A row that begins with a bracket would be read as an option of the line break before it, if not for the braces.
    rows = [[*map(_head, table.columns)], *([*map(_tex, row)] for row in table.rows(_CHOSEN))]
    head, *body = [f"    {{}}{' & '.join(row)} \\\\" for row in rows]
    return [*lines, head, r"    \midrule", *body, r"    \bottomrule", r"  \end{tabular}}"]


def _head(column: Column) -> str:
    """The title of a column, in lines no longer than its longest cell; a short one (14 letters) stays whole."""
    lines = textwrap.wrap(column.title, max([14, *map(len, column.cells)]), break_long_words=False)
    stacked, side = r" \\ ".join(map(_tex, lines)), "r" if column.figures else "l"
    return stacked if len(lines) < 2 else rf"\begin{{tabular}}[b]{{@{{}}{side}@{{}}}}{stacked}\end{{tabular}}"


def _tex(text: str) -> str:
    return "".join(_TEX.get(letter, letter) for letter in text)

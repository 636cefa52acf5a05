"""A page of tables, and how it is written: as plain text, Markdown, LaTeX, HTML and CSV. Cells are texts.

Whatever a name holds is escaped here.
"""

import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd
from pandas.api.types import is_numeric_dtype

from analysis.words import MINUS

WIDTH = 110  # of a screen that does not say
_LINE = 84  # characters of a table on a line of an ordinary page
_CHOSEN = "\x02{}\x03"  # around a cell that is bold; no name holds these characters
_TEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    '"': r"\textquotedbl{}", "|": r"\textbar{}", "*": r"$^{\ast}$", MINUS: "$-$", "±": r"$\pm$", "×": r"$\times$",
    "Δ": r"$\Delta$", "·": r"$\cdot$", "–": "--", "→": r"$\rightarrow$", "≤": r"$\leq$", "≥": r"$\geq$", "\x02": r"\textbf{", "\x03": "}*",
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    title: str
    cells: Sequence[str]
    figures: bool = True  # aligned right
    chosen: int | None = None  # the row whose cell was chosen
    group: str = ""  # columns that follow one another with the same one stand under it as their heading


@dataclass(frozen=True)
class Table:
    caption: str
    columns: Sequence[Column]

    def rows(self, chosen: str) -> list[list[str]]:
        """Row by row, with the cells that were chosen written as ``chosen`` has it."""
        written = [
            [chosen.format(cell) if i == column.chosen else cell for i, cell in enumerate(column.cells)]
            for column in self.columns
        ]
        return [list(row) for row in zip(*written, strict=True)]

    def groups(self) -> list[tuple[str, int]]:
        """The headings over the columns, each with the number of columns that it stands over."""
        return [(group, len(list(run))) for group, run in groupby(self.columns, key=lambda column: column.group)]

    def narrowed(self, width: int) -> "list[Table]":
        """The table, or one table a group, each with the first column, where the whole is too wide."""
        names = [group for group, _ in self.groups() if group]
        rows = [[column.title for column in self.columns], *self.rows("{} *")]
        if not names or sum(_widths(rows)) + 2 * len(self.columns) <= width:
            return [self]
        first, *others = self.columns
        columns = [[replace(column, group="") for column in others if column.group == name] for name in names]
        return [Table(f"{self.caption}, {name}", [first, *own]) for name, own in zip(names, columns, strict=True)]


@dataclass(frozen=True)
class Page:
    title: str
    question: str
    tables: Sequence[Table]
    verdict: str
    notes: Sequence[str]
    warnings: Sequence[str]


def plain(page: Page, width: int) -> str:
    """For a terminal: a table that is wider than it is shown group under group."""
    parts = [f"{page.title}: {page.question}"]
    parts += [_plain_table(part, width) for table in page.tables for part in table.narrowed(width)]
    for mark, texts in (("→ ", [page.verdict]), ("! ", page.warnings), ("  ", page.notes)):
        parts.append("\n".join(line for text in texts for line in wrapped(mark + text, width)))
    return "\n\n".join(part for part in parts if part) + "\n"


def markdown(page: Page) -> str:
    parts = [f"## {page.title}", page.question]
    for table in page.tables:
        heads = [f"{column.group}: {column.title}" if column.group else column.title for column in table.columns]
        rows = [[cell.replace("|", "\\|") for cell in row] for row in (heads, *table.rows("**{}** *"))]
        widths = _widths(rows)
        rule = ["-" * (w - 1) + (":" if c.figures else "-") for w, c in zip(widths, table.columns, strict=True)]
        lines = ["| " + " | ".join(_padded(row, widths, table)) + " |" for row in (rows[0], rule, *rows[1:])]
        parts += [f"**{table.caption}**", "\n".join(lines)]
    warnings = [f"- **Beware:** {line}" for line in page.warnings]
    notes = [f"- \\{line}" if line.startswith("*") else f"- {line}" for line in page.notes]  # no list within the list
    return "\n\n".join(part for part in (*parts, page.verdict, "\n".join(warnings), "\n".join(notes)) if part) + "\n"


def _plain_table(table: Table, width: int) -> str:
    rows = [[column.title for column in table.columns], *table.rows("{} *")]
    widths = _widths(rows)
    head, *body = ["  ".join(_padded(row, widths, table)).rstrip() for row in rows]
    over, at = [], 0
    for group, span in table.groups():
        wide = sum(widths[at : at + span]) + 2 * (span - 1)
        over.append(f" {group} ".center(wide, "╌") if group else " " * wide)
        at += span
    groups = ["  ".join(over)] if len(over) > 1 else []
    return "\n".join([f"{table.caption}:", *groups, head, "─" * min(width, sum(widths) + 2 * len(widths) - 2), *body])


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(3, *map(_width, column)) for column in zip(*rows, strict=True)]


def _width(text: str) -> int:
    """Columns that a text takes on a screen: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _padded(row: Sequence[str], widths: Sequence[int], table: Table) -> list[str]:
    pads = [" " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)]
    return [pad + cell if c.figures else cell + pad for cell, pad, c in zip(row, pads, table.columns, strict=True)]


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most ``width``, the later ones set in by two more, so that what a line belongs to can be seen."""
    indent = text[: len(text) - len(text.lstrip())] + "  "
    return textwrap.wrap(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


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
    texts = {str(name): column for name, column in table.items() if not is_numeric_dtype(column)}
    safe = table.assign(**{name: column.map(_guarded) for name, column in texts.items()})
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

"""A page of tables, and how it is written: for the terminal, as Markdown, LaTeX, HTML and CSV. Cells are texts.

Whatever a name holds is escaped here.
"""

import io
import shutil
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from analysis.words import MINUS

WIDTH, _NARROWEST, _WIDEST = 80, 60, 160  # columns: of an unknown screen, and the limits of what reads well
PRINTED = 84  # characters of a table on a line of an ordinary page
_NAME = 30  # characters of a first column that is not wrapped
_TITLE = 14  # characters of a title that is not wrapped
_GAP = 2  # between two columns of a terminal
_COLORS = {
    "better": "green", "worse": "red", "undecided": "yellow", "SUPPORTED": "bold green", "CONTRADICTED": "bold red",
    "UNDECIDED": "yellow", "NEGLIGIBLE": "cyan", "INVALID": "magenta", "diverged": "red",
}  # fmt: skip
# A brace means something to LaTeX.
_IN_TEX: Any = {
    "variable_start_string": "<<", "variable_end_string": ">>", "block_start_string": "<%", "block_end_string": "%>",
    "comment_start_string": "<#", "comment_end_string": "#>",
}  # fmt: skip
_TEX = str.maketrans({
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    '"': r"\textquotedbl{}", "|": r"\textbar{}", "*": r"$^{\ast}$", MINUS: "$-$", "±": r"$\pm$", "×": r"$\times$",
    "Δ": r"$\Delta$", "·": r"$\cdot$", "–": "--", "→": r"$\rightarrow$", "≤": r"$\leq$", "≥": r"$\geq$",
})  # fmt: skip


@dataclass(frozen=True)
class Column:
    title: str
    cells: Sequence[str]
    figures: bool = True  # aligned right
    chosen: int | None = None  # the row whose cell was chosen
    group: str = ""  # neighbours with the same group share it as a heading

    @property
    def width(self) -> int:
        """The characters of its longest line; a long title is wrapped."""
        return max(map(len, [self.group, *textwrap.wrap(self.title, _TITLE), *self.starred()]))

    def starred(self) -> list[str]:
        return [f"{cell} *" if i == self.chosen else cell for i, cell in enumerate(self.cells)]


@dataclass(frozen=True)
class Table:
    name: str  # short, to ask for it by
    caption: str
    columns: Sequence[Column]
    notes: Sequence[str] = ()

    def rows(self) -> list[list[str]]:
        return [list(row) for row in zip(*(column.starred() for column in self.columns), strict=True)]

    def groups(self) -> list[tuple[str, int]]:
        """The headings over the columns, each with the number of columns that it stands over."""
        return [(group, len(list(run))) for group, run in groupby(self.columns, key=lambda column: column.group)]

    def narrowed(self, width: int) -> "list[Table]":
        """The table; or where it is too wide several, each with the first column: one a group, or as many columns as fit."""
        first, *others = self.columns
        least = min(first.width, _NAME)  # it may be wrapped
        if least + sum(_GAP + column.width for column in others) <= width:
            return [self]
        names = [name for name, _ in self.groups() if name]
        if names:
            own = {name: [replace(column, group="") for column in others if column.group == name] for name in names}
            parts = [Table(self.name, f"{self.caption}, {name}", [first, *columns]) for name, columns in own.items()]
            return [narrow for part in parts for narrow in part.narrowed(width)]
        return [Table(self.name, self.caption, [first, *part]) for part in _fitting(others, width - least)]


@dataclass(frozen=True)
class Page:
    title: str
    question: str
    tables: Sequence[Table]
    verdict: str
    notes: Sequence[str]
    warnings: Sequence[str]
    label: str = ""  # for references


def _fitting(columns: Sequence[Column], width: int) -> Iterator[list[Column]]:
    """The columns in parts of at most this width."""
    part: list[Column] = []
    for column in columns:
        if part and sum(one.width + _GAP for one in [*part, column]) > width:
            yield part
            part = []
        part.append(column)
    yield part


def plain(page: Page, width: int, color: bool = False) -> str:
    """The page for a terminal; a table wider than the terminal is split into parts, one under the other."""
    parts = [": ".join(filter(None, (page.title, page.question)))]
    parts += [_in_terminal(part, width, color) for table in page.tables for part in table.narrowed(width)]
    for mark, texts in (("→ ", filter(None, [page.verdict])), ("! ", page.warnings), ("  ", page.notes)):
        parts.append("\n".join(line for text in texts for line in wrapped(mark + text, width)))
    return "\n\n".join(part for part in parts if part) + "\n"


def _in_terminal(table: Table, width: int, color: bool) -> str:
    """The table with its caption: figures to the right, and none of them broken."""
    grid = Grid(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for column in table.columns:
        head = Text(f"{column.group}\n" * bool(column.group) + textwrap.fill(column.title, max(_TITLE, column.width)))
        if column.figures:
            grid.add_column(head, justify="right", no_wrap=True, overflow="fold", vertical="bottom")
        else:
            grid.add_column(head, min_width=min(column.width, _NAME), overflow="fold", vertical="bottom")
    for row in table.rows():
        grid.add_row(*(Text(cell, _color(cell)) for cell in row))
    lines = [line.rstrip() for line in _printed(grid, width, color).splitlines() if line.strip()]
    return "\n".join([f"{table.caption}:", *lines])


def tinted(text: str) -> str:
    """The text with its verdicts in the colours that the tables have for them."""
    shown = Text(text)
    for word in filter(str.isupper, _COLORS):
        shown.highlight_regex(rf"\b{word}\b", _COLORS[word])
    return _printed(shown, None, color=True)


def _printed(shown: Grid | Text, width: int | None, color: bool) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=color, color_system="standard" if color else None)
    console.print(shown, end="", soft_wrap=isinstance(shown, Text))
    return out.getvalue()


def _color(cell: str) -> str:
    colors = (color for word, color in _COLORS.items() if cell.startswith(word))
    return next(colors, "bold" if cell.endswith(" *") else "")


def markdown(page: Page) -> str:
    parts = [f"## {page.title}", page.question]
    for table in page.tables:
        lines = zip(*map(_in_markdown, table.columns), strict=True)
        parts += [f"**{table.caption}**", "\n".join(f"| {' | '.join(line)} |" for line in lines)]
    warnings = [f"- **Beware:** {line}" for line in page.warnings]
    notes = [f"- \\{line}" if line.startswith("*") else f"- {line}" for line in page.notes]  # no list within the list
    return "\n\n".join(part for part in (*parts, page.verdict, "\n".join(warnings), "\n".join(notes)) if part) + "\n"


def _in_markdown(column: Column) -> list[str]:
    """The head of the column, the rule under it and its cells, all equally wide, so that it can be read raw."""
    head = f"{column.group}: {column.title}" if column.group else column.title
    cells = [f"**{cell}** *" if i == column.chosen else cell for i, cell in enumerate(column.cells)]
    texts = [text.replace("|", "\\|") for text in (head, *cells)]
    width = max(map(cell_len, texts))
    blanks = [" " * (width - cell_len(text)) for text in texts]
    head, *cells = (b + t if column.figures else t + b for b, t in zip(blanks, texts, strict=True))
    return [head, "-" * (width - 1) + (":" if column.figures else "-"), *cells]


def screen() -> int:
    """The width of the terminal in columns, within what reads well; WIDTH where there is no terminal."""
    return min(max(shutil.get_terminal_size((WIDTH, 24)).columns, _NARROWEST), _WIDEST)


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most ``width``; the later ones are indented by two more, to show what they belong to."""
    indent = text[: len(text) - len(text.lstrip())] + "  "
    return textwrap.wrap(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def latex(page: Page) -> str:
    r"""The tables to ``\input`` into a document, each a float with its label; they need only booktabs."""
    parts: dict[str, list[Table]] = {}
    for table in page.tables:
        *first, last = table.narrowed(PRINTED)
        parts.setdefault(table.name, []).extend([*first, replace(last, notes=table.notes)])
    labelled = [
        (f"{page.label}-{name}{f'-{place}' if len(own) > 1 else ''}", part)
        for name, own in parts.items()
        for place, part in enumerate(own, start=1)
    ]
    return template("tables.tex", page=page, tables=labelled)


def template(name: str, **values: Any) -> str:
    """A page from ``templates/``; every value in an HTML one is escaped, and in a LaTeX one by the filter ``tex``."""
    import jinja2  # only for pages: every other format starts faster without

    pages = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=name.endswith(".html"), trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined,
        **({} if name.endswith(".html") else _IN_TEX),
    )  # fmt: skip
    pages.filters |= {"tex": tex, "head": _head}
    return pages.get_template(name).render(**values) + "\n"


def csv(table: pd.DataFrame) -> str:
    """The table as CSV, with a quote before every text that a spreadsheet would take for a formula."""
    safe = table.replace(r"^(?=[=+\-@\t\r])", "'", regex=True)
    return safe.to_csv(index=False, float_format="%.8g")


def _head(column: Column) -> str:
    """The title of a column for LaTeX, in lines no longer than its longest cell; a short one stays whole."""
    lines = textwrap.wrap(column.title, max([_TITLE, *map(len, column.cells)]), break_long_words=False)
    stacked, side = r" \\ ".join(map(tex, lines)), "r" if column.figures else "l"
    return stacked if len(lines) < 2 else rf"\begin{{tabular}}[b]{{@{{}}{side}@{{}}}}{stacked}\end{{tabular}}"


def tex(text: str) -> str:
    return text.translate(_TEX)

"""A page of tables, and how it is written as plain text and as Markdown. Cells are texts."""

import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Column:
    """Columns that follow one another with the same ``group`` stand under one heading; figures are aligned right."""

    title: str
    group: str = ""
    figures: bool = True


@dataclass(frozen=True)
class Table:
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    marked: frozenset[tuple[int, int]] = field(default_factory=frozenset)  # (row, column) of the cells that were chosen


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
    for table in (part for whole in page.tables for part in narrowed(whole, width)):
        rows = [[column.title for column in table.columns], *_starred(table)]
        widths = _widths(rows)
        lines = ["  ".join(_padded(row, widths, table.columns)).rstrip() for row in rows]
        groups = [_group_line(table.columns, widths)] if len(_names(table)) > 1 else []
        parts.append(
            "\n".join(
                [
                    f"{table.caption}:",
                    *groups,
                    lines[0],
                    "─" * min(width, sum(widths) + 2 * len(widths) - 2),
                    *lines[1:],
                ]
            )
        )
    parts.append("\n".join(wrapped(f"→ {page.verdict}", width)))
    parts += (
        ["\n".join(line for warning in page.warnings for line in wrapped(f"! {warning}", width))]
        if page.warnings
        else []
    )
    parts.append("\n".join(line for note in page.notes for line in wrapped(f"  {note}", width)))
    return "\n\n".join(parts) + "\n"


def markdown(page: Page) -> str:
    parts = [f"## {page.title}", page.question]
    for table in page.tables:
        heads = [f"{column.group}: {column.title}" if column.group else column.title for column in table.columns]
        rows = [[cell.replace("|", "\\|") for cell in row] for row in ([*heads], *_starred(table, "**{}**"))]
        widths = _widths(rows)
        rule = [("-" * (w - 1) + ":") if c.figures else "-" * w for w, c in zip(widths, table.columns, strict=True)]
        lines = ["| " + " | ".join(_padded(row, widths, table.columns)) + " |" for row in (rows[0], rule, *rows[1:])]
        parts += [f"**{table.caption}**", "\n".join(lines)]
    parts += [
        page.verdict,
        "\n".join(f"- **Beware:** {line}" for line in page.warnings),
        "\n".join(f"- {line}" for line in page.notes),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def groups(columns: Sequence[Column]) -> list[tuple[str, int]]:
    """Runs of columns of one group, with their lengths; columns without a group stand each alone."""
    runs: list[tuple[str, int]] = []
    for column in columns:
        if runs and column.group and runs[-1][0] == column.group:
            runs[-1] = (column.group, runs[-1][1] + 1)
        else:
            runs.append((column.group, 1))
    return runs


def narrowed(table: Table, width: int) -> Iterable[Table]:
    """The table, or one table a group, each with the first column, where the whole is too wide."""
    groups = _names(table)
    if (
        len(groups) < 2
        or sum(_widths([[c.title for c in table.columns], *table.rows])) + 2 * len(table.columns) <= width
    ):
        return [table]
    return [_part(table, group, first=group == groups[0]) for group in groups]


def _names(table: Table) -> list[str]:
    return list(dict.fromkeys(column.group for column in table.columns if column.group))


def _group_line(columns: Sequence[Column], widths: Sequence[int]) -> str:
    """The headings of the groups, each in the middle over its columns."""
    parts, at = [], 0
    for group, span in groups(columns):
        wide = sum(widths[at : at + span]) + 2 * (span - 1)
        parts.append(f" {group} ".center(wide, "╌") if group else " " * wide)
        at += span
    return "  ".join(parts)


def _part(table: Table, group: str, *, first: bool) -> Table:
    kept = [i for i, c in enumerate(table.columns) if i == 0 or c.group == group or (first and not c.group)]
    marked = frozenset((row, kept.index(column)) for row, column in table.marked if column in kept)
    rows = [[row[i] for i in kept] for row in table.rows]
    columns = [replace(table.columns[i], group="") for i in kept]
    return Table(f"{table.caption}, {group}", columns, rows, marked)


def _starred(table: Table, around: str = "{}") -> list[list[str]]:
    """The rows, with an asterisk at the cells that were chosen."""
    return [
        [f"{around.format(cell)} *" if (r, i) in table.marked else cell for i, cell in enumerate(row)]
        for r, row in enumerate(table.rows)
    ]


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(3, *(_width(row[i]) for row in rows)) for i in range(len(rows[0]))]


def _width(text: str) -> int:
    """Columns that a text takes on a screen: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _padded(row: Sequence[str], widths: Sequence[int], columns: Sequence[Column]) -> list[str]:
    pads = [" " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)]
    return [pad + cell if column.figures else cell + pad for cell, pad, column in zip(row, pads, columns, strict=True)]


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most ``width``, the later ones set in by two more, so that what a line belongs to can be seen."""
    indent = text[: len(text) - len(text.lstrip())] + "  "
    return textwrap.wrap(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)

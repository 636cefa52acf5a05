"""A page of tables as LaTeX and as HTML; whatever a name holds is escaped here."""

from pathlib import Path
from typing import Any

from analysis.formats import Page, Table, groups, narrowed
from analysis.words import MINUS

_LINE = 84  # characters of a table on a line of an ordinary page


def latex(page: Page) -> str:
    """Tables to ``\\input`` into a document, a float each; the first carries the notes. Booktabs is all that they need."""
    narrow = [part for table in page.tables for part in narrowed(table, _LINE)]
    notes = [rf"    \par {_tex(line)}" for line in (page.verdict, *page.warnings, *page.notes)]
    small = [
        r"  \par\vspace{4pt}\begin{minipage}{\linewidth}\scriptsize\setlength{\parskip}{2pt}",
        *notes,
        r"  \end{minipage}",
    ]
    lines = ["% Needs \\usepackage{booktabs} and \\usepackage[T1]{fontenc}."]
    for table in narrow:
        lines += [
            r"\begin{table}[htbp]",
            r"  \centering\footnotesize\setlength{\tabcolsep}{3.5pt}",
            rf"  \caption{{{_tex(f'{page.title}. {page.question} {table.caption}.')}}}",
            _latex_table(table),
            *(small if table is narrow[0] else []),
            r"\end{table}",
        ]
    return "\n".join(lines) + "\n"


def html(page: Page) -> str:
    """A page that stands alone."""
    return template("tables.html", page=page)


def template(name: str, **values: Any) -> str:
    """A page from ``templates/``; every value in it is escaped."""
    import jinja2  # only for pages: every other format starts faster without

    folder = jinja2.FileSystemLoader(Path(__file__).parent / "templates")
    pages = jinja2.Environment(
        loader=folder, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    return pages.get_template(name).render(groups=groups, **values) + "\n"


def _latex_table(table: Table) -> str:
    aligned = "".join("r" if column.figures else "l" for column in table.columns)
    lines = [
        rf"  \begin{{tabular}}{{@{{}}{aligned}@{{}}}}",
        r"    \toprule",
    ]
    if any(column.group for column in table.columns):
        heads, rules, at = [], [], 1
        for group, span in groups(table.columns):
            heads.append(rf"\multicolumn{{{span}}}{{c}}{{{_tex(group)}}}")
            rules += [rf"\cmidrule(lr){{{at}-{at + span - 1}}}"] if group else []
            at += span
        lines += [f"    {' & '.join(heads)} \\\\", f"    {''.join(rules)}"]
    body = [[_tex(c.title) for c in table.columns]]
    body += [
        [rf"\textbf{{{_tex(cell)}}}*" if (r, i) in table.marked else _tex(cell) for i, cell in enumerate(row)]
        for r, row in enumerate(table.rows)
    ]
    # A row that begins with a bracket would be read as an option of the line break before it, if not for the braces.
    written = [f"    {{}}{' & '.join(row)} \\\\" for row in body]
    return "\n".join([*lines, written[0], r"    \midrule", *written[1:], r"    \bottomrule", r"  \end{tabular}"])


_TEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    '"': r"\textquotedbl{}", "|": r"\textbar{}", "*": r"$^{\ast}$", MINUS: "$-$", "±": r"$\pm$", "×": r"$\times$",
    "Δ": r"$\Delta$", "·": r"$\cdot$", "–": "--", "→": r"$\rightarrow$",
}  # fmt: skip


def _tex(text: str) -> str:
    return "".join(_TEX.get(letter, letter) for letter in text)

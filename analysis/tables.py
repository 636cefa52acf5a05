"""The table of a study, with what is needed to defend it.

    python analysis/tables.py --study activations
    python analysis/tables.py --study activations --scale report --format latex --out table.tex

Test accuracy with its interval, the paired difference to the baseline with its verdict, as reported and tuned side by
side, what the report said, what it cost; then the finding in words, what to beware of, and how every number was made.
"""

import math
import shutil
from collections.abc import Sequence
from typing import Any

import pandas as pd

from analysis import stats
from analysis.commands import command, parser, read, write
from analysis.formats import WIDTH, Page, csv, latex, markdown, plain, template
from analysis.layout import tables
from analysis.lints import lints, missing
from analysis.notes import notes, verdict
from analysis.results import Results
from analysis.words import between, setting
from studies.engine import schema, typed

NARROWEST, WIDEST = 60, 160  # terminals that can still be read
FORMATS = ("plain", "md", "csv", "latex", "html")
_SUFFIXES = {".txt": "plain", ".md": "md", ".csv": "csv", ".tex": "latex", ".html": "html", ".htm": "html"}
_SAID = (
    schema.TEST_ACC1, schema.TRAIN_ACC1, schema.TRAIN_ACC5, schema.GAP, schema.VAL_ACC1,
    schema.PARAMETERS, schema.SIZE_MB, schema.SECONDS,
)  # fmt: skip


def page(of: Results) -> Page:
    """All that is said about a study, as texts."""
    title = f"{of.spec.name}, scale {of.spec.scale}"
    return Page(title, of.spec.question, tables(of), verdict(of), notes(of), [*missing(of), *lints(of)])


def render(of: Results, form: str) -> str:
    if form == "csv":
        return csv(pd.DataFrame([_row(of, way, arm) for way in of.ways() for arm in of.samples[way]]))
    if form == "plain":
        columns = shutil.get_terminal_size((WIDTH, 24)).columns
        return plain(page(of), min(max(columns, NARROWEST), WIDEST))
    if form == "html":
        return template("tables.html", page=page(of))
    return {"md": markdown, "latex": latex}[form](page(of))


def _row(of: Results, way: str, arm: str) -> dict[str, Any]:
    """The numbers of an arm in one way, for pandas or a spreadsheet."""
    sample, contrast, cost = of.samples[way][arm], of.contrasts[way].get(arm), of.cost(arm)
    test, train, gap, val = map(sample.mean, (schema.JUDGED_BY, schema.TRAIN_ACC1, schema.GAP, schema.VAL_ACC1))
    difference = contrast.difference if contrast else stats.mean_interval([])
    reported = of.spec.reported.get(arm, {}) if way == "reported" else {}
    said = {name: between(*value) if isinstance(value, Sequence) else value for name, value in reported.items()}
    flips = improves = math.nan
    if contrast:
        own, base = (of.samples[way][name].values(schema.JUDGED_BY) for name in (arm, str(of.spec.baseline_of(way))))
        flips = stats.sign_flip_p((own - base).dropna())
        improves = stats.probability_of_improvement(own, base)
    return {
        "study": of.spec.name, "scale": of.spec.scale, "stage": way, "arm": arm,
        "setting": setting(of.setting(arm)) if way == "confirm" else "",
        **{f"report_{name.removeprefix('model/').replace('/', '_')}": said.get(name, math.nan) for name in _SAID},
        "test_acc1": test.mean, "test_acc1_low": test.low, "test_acc1_high": test.high,
        "n": test.n, "planned": len(sample.planned), "diverged": len(sample.diverged), "failed": len(sample.failed),
        "train_acc1": train.mean, "train_acc1_half": train.half, "gap": gap.mean, "gap_half": gap.half,
        "val_acc1": val.mean, "val_acc1_half": val.half, "chosen": of.chosen_arm(way) == arm,
        "difference": difference.mean, "difference_low": difference.low, "difference_high": difference.high,
        "p_holm": contrast.p if contrast else math.nan, "p_equal_holm": contrast.p_equal if contrast else math.nan,
        "p_sign_flip": flips, "probability_of_improvement": improves,
        "verdict": contrast.verdict if contrast else "",
        "seeds_to_decide": contrast.needed if contrast else math.nan,
        "parameters": sample.mean(schema.PARAMETERS).mean, "size_mb": sample.mean(schema.SIZE_MB).mean,
        "seconds_per_epoch": of.seconds(sample).mean,
        "trials": cost["trials"], "search_trials": cost["searched"], "epochs": cost["epochs"], "stopped": cost["stopped"],
    }  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser("The table of a study, with what is needed to defend it.")
    options.add_argument("--format", choices=FORMATS, help="default: as the name of --out ends; on the screen, plain")
    given = options.parse_args(arguments)
    form: str = given.format or _SUFFIXES.get(given.out.suffix if given.out else ".txt", "")
    if not form and not given.out.is_dir():
        hint = f"hint: --out {given.out.with_suffix('.md')}, or say with --format what to write there"
        raise ValueError(f"--out {given.out} must end with {', '.join(_SUFFIXES)}.\n{hint}")
    of = read(given)
    write(render(of, form), given.out)
    if form == "plain" and not given.out:
        print(_next(of))
    return 0


def _next(of: Results) -> str:
    study = ("--study", of.spec.name, "--scale", of.spec.scale)
    claims = [f"{typed.tool('claims', *study)}   what the report concluded, judged"] if of.spec.claims else []
    page = f"{typed.tool('report', *study)}   all of this with plots, as a page"
    return "\nnext  " + "\n      ".join([*claims, page])


if __name__ == "__main__":
    command(main)

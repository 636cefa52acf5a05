"""The numbers of a study's table as CSV: a row for each arm and way, for pandas or a spreadsheet."""

import math
from typing import Any

import pandas as pd

from analysis import stats
from analysis.results import GAP, Results
from analysis.words import setting
from studies.engine import schema

_NONE = stats.Interval(math.nan, math.nan, math.nan, 0)


def csv_text(of: Results) -> str:
    rows = [_row(of, way, arm) for way in of.ways() for arm in of.samples[way]]
    return guarded(pd.DataFrame(rows)).to_csv(index=False, float_format="%.6g")


def guarded(table: pd.DataFrame) -> pd.DataFrame:
    """Texts that a spreadsheet would take for a formula get a quote in front."""
    texts = table.select_dtypes(include=["object", "str"])
    return table.assign(**{str(name): column.map(_guard) for name, column in texts.items()})


def _guard(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def _row(of: Results, way: str, arm: str) -> dict[str, Any]:
    sample, contrast, cost = of.samples[way][arm], of.contrasts[way].get(arm), of.cost(arm)
    test = sample.mean(schema.JUDGED_BY) or _NONE
    difference = contrast.difference if contrast else None
    seconds = of.seconds(sample)
    said = of.spec.reported.get(arm, {}) if way == "reported" else {}
    return {
        "study": of.spec.name, "scale": of.spec.scale, "stage": way, "arm": arm,
        "setting": setting(of.setting(arm)) if way == "confirm" else "",
        "report_test_acc1": said.get(schema.TEST_ACC1, math.nan),
        "test_acc1": test.mean, "test_acc1_low": test.low, "test_acc1_high": test.high,
        "n": test.n, "planned": len(sample.planned), "diverged": len(sample.diverged), "failed": len(sample.failed),
        "train_acc1": (sample.mean(schema.TRAIN_ACC1) or _NONE).mean, "gap": (sample.mean(GAP) or _NONE).mean,
        "val_acc1": (sample.mean(schema.VAL_ACC1) or _NONE).mean, "chosen": of.chosen_arm(way) == arm,
        "difference": difference.mean if difference else math.nan,
        "difference_low": difference.low if difference else math.nan,
        "difference_high": difference.high if difference else math.nan,
        "p_holm": contrast.p if contrast else math.nan, "p_equal_holm": contrast.p_equal if contrast else math.nan,
        "verdict": contrast.verdict if contrast and difference else "",
        "seeds_to_decide": contrast.needed if contrast else math.nan,
        "seconds_per_epoch": seconds.mean if seconds else math.nan,
        "trials": cost.trials, "search_trials": cost.searched, "epochs": cost.epochs, "stopped": cost.stopped,
    }  # fmt: skip

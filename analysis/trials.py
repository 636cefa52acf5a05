"""Every trial of a study as one CSV, a row a trial: arm, seed, stage, setting, metrics, outcome, signature.

python analysis/trials.py --study activations --out trials.csv
"""

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.commands import check_file, command, parser, write
from analysis.csv_table import guarded
from analysis.runs import StudyRuns, load
from analysis.spec import Spec
from analysis.store import tracking_uri
from analysis.words import setting
from studies.engine import schema

_FIRST = [schema.ARM, schema.STAGE, schema.SEED, schema.NUMBER, "setting", schema.OUTCOME]
_LAST = [
    schema.SIGNATURE,
    schema.DEVICE,
    schema.SHARED_DEVICE,
    schema.DATASET_DIGEST,
    schema.REASON,
    "status",
    "name",
    "run",
]


def export(runs: StudyRuns) -> pd.DataFrame:
    """In the order of stages, arms and seeds; first what a trial is, then its metrics, then its recipe."""
    trials, spec = runs.trials, runs.spec
    metrics = [m for m in (*schema.TRIAL_METRICS, *schema.EPOCH_METRICS) if trials[m].notna().any()]
    known = {*_FIRST, *_LAST, *schema.TRIAL_METRICS, *schema.EPOCH_METRICS, schema.SCALE, "started"}
    recipe = [column for column in trials.columns if column not in known]
    table = trials.assign(
        study=spec.name, scale=spec.scale, setting=[_setting(row, spec) for row in trials.to_dict("records")]
    )
    whole = dict.fromkeys((schema.SEED, schema.NUMBER, schema.SHARED_DEVICE), "Int64")
    arms = list(dict.fromkeys([*spec.arms, *spec.tuned_arms]))
    ranks = pd.DataFrame(
        {"stage": table[schema.STAGE].map(schema.STAGES.index), "arm": table[schema.ARM].map(arms.index)}
    )
    order = (
        ranks.assign(number=table[schema.NUMBER], seed=table[schema.SEED])
        .sort_values(["stage", "arm", "number", "seed"])
        .index
    )
    return table.loc[order, ["study", "scale", *_FIRST, *metrics, *_LAST, *recipe]].astype(whole)


def _setting(trial: Mapping[Hashable, Any], spec: Spec) -> str:
    """What was set for this trial: the fields of its arm, and those that were searched."""
    stage, arm = str(trial[schema.STAGE]), str(trial[schema.ARM])
    names = dict.fromkeys([*spec.arms_of(stage)[arm], *(spec.tune.get(arm, {}) if stage != "reported" else {})])
    return setting({name: trial[name] for name in names if name in trial})


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser("Every trial of a study as one CSV, a row a trial.")
    options.add_argument("--out", type=Path, metavar="FILE", help="where to write it; otherwise the screen")
    given = options.parse_args(arguments)
    if given.out:
        check_file(given.out)
    runs = load(given.study, given.scale, tracking_uri())
    write(guarded(export(runs)).to_csv(index=False, float_format="%.8g"), given.out)
    return 0


if __name__ == "__main__":
    command(main)

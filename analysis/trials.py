"""Every trial of a study as one CSV, one row per trial: arm, seed, stage, setting, metrics, outcome, signature.

python analysis/trials.py --study activations --out trials.csv
"""

from collections.abc import Hashable, Mapping, Sequence

import pandas as pd

from analysis.front.commands import command, parser, runs, write
from analysis.read.frames import METRICS
from analysis.read.runs import StudyRuns
from analysis.read.spec import Spec
from analysis.words import setting
from analysis.write.formats import csv
from studies.engine import schema

_FIRST = [schema.ARM, schema.STAGE, schema.SEED, schema.SEARCH, schema.NUMBER, "setting", schema.OUTCOME]
_LAST = [
    schema.SIGNATURE, schema.DEVICE, schema.SHARED_DEVICE, schema.DATASET_DIGEST, schema.REASON, "name", "started", "ended", "host",
]  # fmt: skip


def export(runs: StudyRuns) -> pd.DataFrame:
    """The trials as a table: first what each one is, then its metrics, then its recipe."""
    trials, spec = runs.trials, runs.spec
    metrics = [metric for metric in METRICS if trials[metric].notna().any()]
    recipe = [column for column in trials if column not in (*_FIRST, *METRICS, *_LAST)]
    last = [column for column in _LAST if column in trials]
    settings = [_setting(row, spec) for row in trials.to_dict("records")]
    table = trials.assign(study=spec.name, scale=spec.scale, setting=settings)
    whole = dict.fromkeys((schema.SEED, schema.SEARCH, schema.NUMBER, schema.SHARED_DEVICE), "Int64")
    return table[["study", "scale", *_FIRST, *metrics, *last, *recipe]].astype(whole)


def _setting(trial: Mapping[Hashable, object], spec: Spec) -> str:
    stage, arm = str(trial[schema.STAGE]), str(trial[schema.ARM])
    own = spec.arms_of(stage)[arm]
    names = dict.fromkeys([*own, *(spec.tune[arm] if stage != "reported" else ())])
    options = own.get("options", {})  # of a network of one's own
    return setting({**{name: trial[name] for name in names if name in trial}, **options})


def main(arguments: Sequence[str] | None = None) -> int:
    given = parser("Every trial of a study as one CSV, one row per trial.").parse_args(arguments)
    write(csv(export(runs(given))), given.out)
    return 0


if __name__ == "__main__":
    command(main)

"""What a study costs at a scale, and how far it is: told from the study and its table, without opening data or networks."""

from dataclasses import dataclass
from typing import Any

from studies.engine import schema
from studies.engine.book.table import Table
from studies.engine.plan.plan import tuned_arms
from studies.engine.study.study import Study


@dataclass(frozen=True)
class Progress:
    done: int
    total: int
    epochs: tuple[int, ...]  # of a trial; more than one where arms differ
    seconds: float  # of training, over all trials

    def __str__(self) -> str:
        """`52 trials of 3 epochs`, or `12 of 52 trials of 3 epochs done in 4 min`."""
        trials = f"trials of {' or '.join(map(str, self.epochs))} epochs"
        if not self.done:
            return f"{self.total} {trials}"
        took = f"{self.seconds / 60:.0f} min" if self.seconds >= 60 else f"{self.seconds:.0f} s"
        return f"{self.done} of {self.total} {trials} done, in {took} of training"


def progress(study: Study, scale: str, table: Table) -> Progress:
    """How far the study is, as its last start asked for it; where there was none, as it is planned."""
    rows = [row for row in table.rows() if row["outcome"] != "failed"]
    seconds = sum((row.get(schema.SECONDS) or 0) * (row.get(schema.EPOCHS_DONE) or 0) for row in rows)
    epochs = {study.recipe(arm, scale).epochs for arm in study.arms}
    total = asked_for(spec) if (spec := table.spec()) else planned(study, scale)
    return Progress(len(rows), max(total, len(rows)), tuple(sorted(epochs)), seconds)


def planned(study: Study, scale: str) -> int:
    """How many trials the study has, if none of its searches fails."""
    recipes = {arm: study.recipe(arm, scale) for arm in study.arms}
    budget = study.scale(scale).budget
    return _total(len(recipes), len(tuned_arms(study, recipes)), budget.seeds, budget.trials_per_arm)


def asked_for(spec: dict[str, Any]) -> int:
    """The same of a spec: more seeds, or fewer candidates, may have been asked for on the command line."""
    budget = spec["budget"]
    return _total(len(spec["arms"]), len(spec["tuned_arms"]), len(budget["seeds"]), budget["trials_per_arm"])


def _total(arms: int, tuned: int, seeds: int, candidates: int) -> int:
    return arms * seeds + tuned * (candidates + seeds)

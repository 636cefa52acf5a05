"""What a study costs at a scale, and how far it is: told from the study and its table, without opening data or networks."""

from dataclasses import dataclass

from studies.engine import schema
from studies.engine.book.table import Table
from studies.engine.plan.plan import tuned_arms
from studies.engine.study.study import Study


@dataclass(frozen=True)
class Progress:
    done: int
    planned: int
    epochs: tuple[int, ...]  # of a trial; more than one where arms differ
    seconds: float  # of training, over all trials

    def __str__(self) -> str:
        """`52 trials of 3 epochs`, or `12 of 52 trials of 3 epochs done, in 4 min of training`."""
        trials = f"trials of {' or '.join(map(str, self.epochs))} epochs"
        if not self.done:
            return f"{self.planned} {trials}"
        took = f"{self.seconds / 60:.0f} min" if self.seconds >= 60 else f"{self.seconds:.0f} s"
        of_all = f" of {self.planned}" if self.done <= self.planned else ""  # more seeds may have been asked for
        return f"{self.done}{of_all} {trials} done, in {took} of training"


def progress(study: Study, scale: str, table: Table) -> Progress:
    """How far the study is; a trial that failed is not done."""
    rows = [row for row in table.rows() if row["outcome"] != "failed"]
    seconds = sum((row.get(schema.SECONDS) or 0) * (row.get(schema.EPOCHS_DONE) or 0) for row in rows)
    epochs = {study.recipe(arm, scale).epochs for arm in study.arms}
    return Progress(len(rows), planned(study, scale), tuple(sorted(epochs)), seconds)


def planned(study: Study, scale: str) -> int:
    """How many trials the study has, if none of its searches fails."""
    recipes = {arm: study.recipe(arm, scale) for arm in study.arms}
    budget = study.budget_at(scale)
    a_search = budget.trials_per_arm + budget.runoff_trials + budget.seeds
    return len(recipes) * budget.seeds + len(tuned_arms(study, recipes)) * budget.searches * a_search

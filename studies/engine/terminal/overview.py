"""How far a study is at a scale, from the book alone: nothing is trained, downloaded or sent."""

from cnnzoo.mistake import Mistake
from studies.engine.book.book import Book
from studies.engine.plan.options import Options
from studies.engine.plan.plan import Plan, tuned_arms
from studies.engine.plan.prepare import Machine, prepare
from studies.engine.run import rows
from studies.engine.study.study import Study
from studies.engine.terminal.estimate import spelled_epochs


def progress_of(study: Study, scale: str, book: Book) -> str:
    """`12 of 46 done, x 3`; of data that are not here, or settings not chosen yet, only what is planned: `46 x 50`."""
    epochs = spelled_epochs([study.recipe(arm, scale) for arm in study.arms])
    nothing = f"{planned(study, scale)} x {epochs}"
    if not book.root.exists():
        return nothing
    try:
        plan = prepare(study, Options(scale=scale), Machine.here(), book, download=False).plan
    except (Mistake, OSError):
        return nothing
    done, total = standing(plan, book)
    return f"{done} of {total} done, x {epochs}"


def standing(plan: Plan, book: Book) -> tuple[int, int]:
    """How many trials are done, and of how many; one that failed is not."""
    agenda = rows.standing(plan, book)
    return sum(outcome.ended != "failed" for outcome in agenda.settled.values()), agenda.total()


def planned(study: Study, scale: str) -> int:
    """How many trials the study has, if none of its searches fails."""
    recipes = {arm: study.recipe(arm, scale) for arm in study.arms}
    budget = study.budget_at(scale)
    tuned = len(tuned_arms(study, recipes))
    a_search = budget.trials_per_arm + budget.runoff_trials + budget.seeds
    return len(recipes) * budget.seeds + tuned * budget.searches * a_search

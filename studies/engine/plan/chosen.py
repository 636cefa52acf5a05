"""Settings that another study has chosen: read from its results, never typed in."""

import math
from collections.abc import Callable
from dataclasses import replace
from statistics import fmean

from cnnzoo.mistake import Mistake
from cnnzoo.nets.own_options import Options
from studies.engine import typed
from studies.engine.book.book import Book
from studies.engine.plan.plan import Plan
from studies.engine.study.spaces import FIXED
from studies.engine.study.study import Arm, Study


def with_chosen_settings(study: Study, scale: str, plan_of: Callable[[Study], Plan], book: Book) -> Study:
    """The study, each arm that another study chooses for with that study's choice; all of them are planned alike."""
    arms = dict(study.arms)
    for name, arm in study.arms.items():
        if (source := arm.chosen_in) is None:
            continue
        plan = plan_of(source)
        if (best := _best_arm(plan, book)) is None:
            raise Mistake(
                f"arm {name!r} takes the setting chosen in study {source.name!r}, which is not done at scale {scale} on "
                f"{plan.base.dataset} with {plan.budget.seeds} seeds; run first: "
                + typed.study(source.name, "--scale", scale, "--seeds", str(plan.budget.seeds))
            )
        always = study.changes_at(scale).keys() | {"model"}
        chosen = {
            field: value
            for field, value in vars(source.recipe(best, scale)).items()
            if field not in FIXED and (value != getattr(study.base, field) or field in always)
        }
        options = Options({**source.recipe(best, scale).options, **arm.changes.get("options", {})})
        own = {"options": options.to_json()} if options else {}
        arms[name] = Arm(tune=arm.tune, chosen_in=source, **{**chosen, **arm.changes, **own})
    return replace(study, arms=arms)


def _best_arm(plan: Plan, book: Book) -> str | None:
    """By mean validation accuracy over the seeds; None while a trial is missing, or has yet to be tried again."""
    scores: dict[str, list[float]] = {}
    for trial in plan.reported():
        outcome = book.outcome(trial.signature)
        if outcome is None or outcome.ended == "failed":
            return None
        completed = outcome.ended == "completed"  # no other seed makes up for one that diverged
        scores.setdefault(trial.arm, []).append(outcome.score if completed else -math.inf)
    best = max(scores, key=lambda arm: fmean(scores[arm]))
    if -math.inf in scores[best]:
        raise Mistake(f"study {plan.study.name!r} can choose no arm: each diverged on a seed; add one that trains.")
    return best

"""Settings that another study has chosen: read from its results, never typed in."""

import math
from collections.abc import Callable
from dataclasses import replace
from statistics import fmean
from typing import Any

from cnnzoo import Recipe
from cnnzoo.mistake import Mistake
from studies.engine import typed
from studies.engine.book.book import Book
from studies.engine.plan.plan import Plan
from studies.engine.study.spaces import FIXED
from studies.engine.study.study import Arm, Study

PlanOf = Callable[[Study], Plan]  # at the scale and on the data of the study that asks


def with_chosen_settings(study: Study, scale: str, plan_of: PlanOf, book: Book) -> Study:
    """The study, each arm that another study chooses for with that study's choice."""
    arms = {name: _settled(name, arm, study, scale, plan_of, book) for name, arm in study.arms.items()}
    return replace(study, arms=arms)


def _settled(name: str, arm: Arm, study: Study, scale: str, plan_of: PlanOf, book: Book) -> Arm:
    source = arm.chosen_in
    if source is None:
        return arm
    plan = plan_of(source)
    best = _best_arm(plan, book)
    if best is None:
        raise Mistake(
            f"arm {name!r} takes the setting chosen in study {source.name!r}, which is not done at scale {scale} on "
            f"{plan.base.dataset} with {plan.budget.seeds} seeds; run first: "
            + typed.study(source.name, "--scale", scale, "--seeds", str(plan.budget.seeds))
        )
    smaller = study.smaller(scale)
    changes = _differences(source.recipe(best, scale), study.base, always=smaller.keys() | {"model"})
    return Arm(tune=arm.tune, chosen_in=source, **{**changes, **arm.changes})


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


def _differences(recipe: Recipe, base: Recipe, always: set[str]) -> dict[str, Any]:
    """What makes the one recipe of the other; data, epochs and seed are not a setting."""
    fields, of_base = vars(recipe), vars(base)
    return {
        field: value
        for field, value in fields.items()
        if field not in FIXED and (value != of_base[field] or field in always)
    }

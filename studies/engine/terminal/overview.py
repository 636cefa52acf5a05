"""How far a plan is, and what it will be able to show, from the book alone: nothing is trained, downloaded or sent."""

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from statistics import fmean, median, stdev

from studies.engine.book.book import Book
from studies.engine.plan import power
from studies.engine.plan.plan import Plan, Trial
from studies.engine.schema import JUDGED_BY
from studies.engine.search.agenda import Agenda
from studies.engine.study.error_budget import LEVEL, shares, weights
from studies.engine.terminal.estimate import duration

Tested = Sequence[tuple[Trial, float]]
_ENOUGH = 3  # seeds for a spread to be told


def done_of_total(agenda: Agenda) -> tuple[int, int]:
    """How many trials are done, and of how many; one that failed is not."""
    return sum(outcome.ended != "failed" for outcome in agenda.settled.values()), agenda.total()


def tested(agenda: Agenda, book: Book) -> list[tuple[Trial, float]]:
    """The trials that were tested, with their accuracies."""
    ended = [(trial, book.outcome(trial.signature)) for trial in agenda.trials.values() if trial.tested]
    return [(t, out.metrics[JUDGED_BY]) for t, out in ended if out is not None and JUDGED_BY in out.metrics]


def outlook(plan: Plan, known: Tested, seconds: Callable[[Plan], float]) -> list[str]:
    """What difference to the baseline the planned seeds can show, and what the margin would take; ``known`` are the trials
    that were tested. Empty where nothing is compared."""
    stage = "reported" if plan.compared() else "confirm"
    arms = [*plan.compared()] if plan.compared() else [arm.name for arm in plan.searched()]
    units = plan.budget.searches if stage == "confirm" and plan.budget.searches > 1 else plan.budget.seeds
    baseline = plan.study.baseline if stage == "reported" else plan.tuned_of.get(plan.study.baseline)
    if plan.scale == "smoke" or len(arms) < 2 or units < 2 or baseline is None:
        return []
    in_all, now = _levels(plan, stage)
    noise, least = _noise(known, stage, baseline), power.smallest_difference(1.0, units, now)
    seen = f"or more from {baseline}, in four of five studies"
    if math.isnan(noise):
        what = "how much such a difference varies from seed to seed; the first trials tell"
        return [f"differences of {least:.1f} sd {seen} (sd: {what})"]
    margin = plan.study.margin
    needed = power.seeds_for(lambda n: power.chance_to_differ(margin, noise, n, in_all))
    return [
        f"differences of {least * noise:.2g} points {seen} (by the seed noise of the trials so far)",
        f"one of {margin:g} points, the margin, would take {_seeds_and_time(plan, stage, arms, needed, seconds)}",
    ]


def _levels(plan: Plan, stage: str) -> tuple[float, float]:
    """The one-sided level of an arm against the baseline: in all, and at the last look that the planned seeds reach."""
    study, seeds = plan.study, plan.budget.seeds
    tuned = len(plan.tuned) - 1 if study.baseline in plan.tuned_of else 0
    contrasts = {"reported": len(plan.arms) - 1 + bool(study.rows), "confirm": tuned}
    in_all = LEVEL / 2 * weights(contrasts, {"reported": len(study.claims)})[0][stage]
    share = shares(min(study.budget_at(plan.scale).seeds, seeds), plan.budget.at_most)
    return in_all, in_all * share[max(look for look in share if look <= seeds)]


def _noise(known: Tested, stage: str, baseline: str) -> float:
    """The sd of a difference to the baseline over shared seeds (or searches), that of the median arm; NaN: not known."""
    found: dict[str, dict[int | None, list[float]]] = defaultdict(lambda: defaultdict(list))
    repeated = len({trial.search for trial, _ in known if trial.stage == stage}) > 1
    for trial, accuracy in known:
        if trial.stage == stage:
            found[trial.arm][trial.search if repeated else trial.recipe.seed].append(accuracy)
    by_arm = {arm: {unit: fmean(values) for unit, values in own.items()} for arm, own in found.items()}
    beside = by_arm.pop(baseline, {})
    paired = [[value - beside[unit] for unit, value in own.items() if unit in beside] for own in by_arm.values()]
    spreads = [stdev(own) for own in paired if len(own) >= _ENOUGH]
    return (median(spreads) if spreads else 0.0) or math.nan


def _seeds_and_time(
    plan: Plan, stage: str, arms: Sequence[str], needed: float, seconds: Callable[[Plan], float]
) -> str:
    """`about 40 seeds, 3 h 20 min`; of repeated searches, so many of these."""
    if math.isinf(needed):
        return "over a million seeds"
    if stage == "confirm" and plan.budget.searches > 1:
        return f"about {needed:,.0f} searches"
    took = seconds(plan.with_seeds({(stage, arm): int(needed) for arm in arms}))
    return f"about {needed:,.0f} seeds" + (f", {duration(took)}" if math.isfinite(took) else "")

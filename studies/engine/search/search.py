"""One search of one arm: which settings are tried, which are stopped early, and which one is chosen.

Suggestion k rests on the outcomes of the first three quarters of candidates 0 .. k-1, never on the clock, so the same
search gives the same trials on one slot or on many. Where a choice rests on one search, the best candidates run off:
each is scored on further seeds before one of them is chosen, for the best of many by one seed is mostly a lucky one.
"""

import math
from functools import partial
from statistics import fmean
from typing import Any

from optuna.trial import FrozenTrial, TrialState, create_trial

from cnnzoo import Recipe
from search_spaces import Space
from studies.engine.course import Course, Outcome
from studies.engine.schema import OUTCOME
from studies.engine.search.rungs import Jury, end
from studies.engine.search.sampler import Memo, Sampler, outcomes_needed_before
from studies.engine.study.budget import RUNNERS, Budget

STATES = {"completed": TrialState.COMPLETE, "stopped": TrialState.PRUNED}  # what diverged or failed is FAIL


class Search:
    """The candidates of one search, by number, and their run-off."""

    def __init__(self, base: Recipe, space: Space, budget: Budget, repetition: int, memo: Memo) -> None:
        self.space = space
        self.trials = budget.trials_per_arm
        self.settings: list[dict[str, Any]] = []
        self.courses: list[Course] = []
        self.runoff: dict[tuple[int, int], Course] | None = None  # by candidate and seed; None before it
        self._seeds = budget.runoff_seeds
        self._jury = Jury(budget.early_stopping, base.epochs)
        self._sampler = Sampler(base, space, repetition, memo)
        self._taught = 0  # so many candidates have been shown to the sampler

    def outcome(self, number: int) -> Outcome:
        """That of a candidate which has one."""
        outcome = self._jury.outcomes[number]
        assert outcome is not None
        return outcome

    def suggest(self) -> dict[str, Any] | None:
        """The setting of the next candidate; None when all are given out, or when it has to wait for an outcome."""
        number = len(self.settings)
        known = outcomes_needed_before(number)
        if number == self.trials or self._jury.first_open < known:
            return None
        for k in range(self._taught, known):
            outcome = self.outcome(k)
            scores = self.courses[k].scores[: outcome.epochs]
            self._sampler.learn((outcome.ended, outcome.score, *scores), partial(self.frozen, k))
        self._taught = max(self._taught, known)
        setting = self._sampler.suggest(number)
        if setting is None:
            self.trials = number  # the space has no more settings than these
            return None
        self.settings.append(setting)
        self.courses.append(Course())
        self._jury.judge(self.courses)
        return setting

    def know(self, number: int, course: Course) -> list[int]:
        """Take in how far a candidate is; returns the numbers of those that have their outcomes now."""
        self.courses[number] = course
        return self._jury.judge(self.courses)

    def counted(self, number: int) -> int:
        return self._jury.counted(number, self.courses)

    def complete(self) -> bool:
        """Whether every candidate has been given out."""
        return len(self.settings) == self.trials

    def all_have_outcomes(self) -> bool:
        """Whether every candidate has been tried and has its outcome."""
        return self.complete() and self._jury.first_open == self.trials

    def begin_runoff(self) -> list[tuple[int, int]]:
        """The trials of the run-off, a candidate and a seed each; none where there is nothing to decide."""
        best = sorted(self._completed(), key=lambda number: (-self.outcome(number).score, number))[:RUNNERS]
        runners = best if len(best) > 1 else []
        self.runoff = {(number, seed): Course() for seed in self._seeds for number in runners}
        return list(self.runoff)

    def planned(self) -> int:
        runoff = min(RUNNERS, self.trials) * len(self._seeds) if self.trials > 1 else 0
        return self.trials + (runoff if self.runoff is None else len(self.runoff))

    def know_runner(self, runner: tuple[int, int], course: Course) -> None:
        assert self.runoff is not None
        self.runoff[runner] = course

    def has_chosen(self) -> bool:
        """Whether the search has chosen."""
        return self.runoff is not None and all(course.ended for course in self.runoff.values())

    def best(self) -> int | None:
        """The number of the candidate that is chosen: the best on average of those that ran off, or else of all."""
        if self.runoff:
            runners = sorted({number for number, _ in self.runoff})
            return max(runners, key=lambda number: (self._mean(number), self.outcome(number).score, -number))
        return max(self._completed(), key=lambda number: (self.outcome(number).score, -number), default=None)

    def frozen(self, number: int) -> FrozenTrial:
        """A candidate that has its outcome, as Optuna knows it: stopped is PRUNED, diverged is FAIL."""
        outcome = self.outcome(number)
        scores = self.courses[number].scores[: outcome.epochs]
        return create_trial(
            state=STATES.get(outcome.ended, TrialState.FAIL),
            value=outcome.score if outcome.ended == "completed" else None,
            params=self.settings[number],
            distributions=dict(self.space),
            intermediate_values=dict(enumerate(scores, start=1)),
            user_attrs={OUTCOME: outcome.ended},
        )

    def _completed(self) -> list[int]:
        return [k for k, outcome in enumerate(self._jury.outcomes) if outcome and outcome.ended == "completed"]

    def _mean(self, number: int) -> float:
        """Over all seeds; a setting that did not train on one of them comes after every setting that did."""
        assert self.runoff is not None
        ends = [end(course) for (runner, _), course in self.runoff.items() if runner == number]
        trained = [outcome.score for outcome in ends if outcome and outcome.ended == "completed"]
        return fmean([self.outcome(number).score, *trained]) if len(trained) == len(ends) else -math.inf

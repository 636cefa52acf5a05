"""The agenda of a study: one queue over all arms and stages. It knows which trial comes next and which one has to stop.

It neither trains nor writes: who drives it (Ray, or a plain loop) asks for trials, tells what they scored, and obeys.
All that it decides rests on the scores alone, so a study that was broken off goes on by telling it what the books hold.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

from studies.engine.course import Course, Outcome
from studies.engine.plan.plan import Plan, Trial
from studies.engine.search.rungs import end
from studies.engine.search.search import Search

Recall = Callable[[Trial], Course]  # what the books hold of a trial


class Agenda:
    def __init__(self, plan: Plan, recall: Recall) -> None:
        self.plan = plan
        self.recall = recall
        self.searches = {arm.name: Search(arm.base, arm.space, plan.budget.trials_per_arm) for arm in plan.searched()}
        self.trials: dict[str, Trial] = {}  # everything given out so far, by signature
        self.courses: dict[str, Course] = {}
        self.running: set[str] = set()
        self.settled: dict[str, Outcome] = {}
        self._numbered: dict[str, list[str]] = {arm: [] for arm in self.searches}  # signatures of an arm's candidates
        self._reported = plan.reported()
        self._confirm: list[Trial] = []
        self._unchosen = set(self.searches)

    def next(self) -> Trial | None:
        """The next trial that has to be trained; None when there is none now, for good (``finished``) or until others are further."""
        while (trial := self._draw()) is not None:
            self.trials[trial.signature] = trial
            self._know(trial, self.recall(trial))
            if trial.signature not in self.settled and self.courses[trial.signature].ended is None:
                self.running.add(trial.signature)
                return trial
        return None

    def finished(self) -> bool:
        left = self.running or self._reported or self._confirm or self._unchosen
        return not left and len(self.settled) == len(self.trials)

    def heard(self, trial: Trial, epoch: int, score: float) -> bool:
        """Take in the score after an epoch; True says that the trial has to stop. An epoch heard of before changes nothing."""
        course = self.courses[trial.signature]
        if epoch == len(course.scores) + 1 and math.isfinite(score):
            self._know(trial, replace(course, scores=(*course.scores, score)))
        return trial.signature in self.settled

    def ended(self, trial: Trial, how: str) -> None:
        """The trial ended by itself, or had to stop."""
        self.running.discard(trial.signature)
        if how != "stopped":
            self._know(trial, replace(self.courses[trial.signature], ended=how))

    def chosen(self, arm: str) -> Trial | None:
        """The candidate an arm's search has chosen; None where none was trained in full."""
        search = self.searches[arm]
        number = search.best()
        return None if number is None else self.plan.candidate(arm, number, search.settings[number])

    def total(self) -> int:
        """How many trials there are, as far as is known: a search whose arm never trained through is not confirmed."""
        seeds = self.plan.budget.seeds
        confirmed = sum(not search.done() or search.best() is not None for search in self.searches.values())
        searched = sum(search.trials for search in self.searches.values())
        return seeds * (len(self.plan.compared()) + confirmed) + searched

    def _draw(self) -> Trial | None:
        """Searches first, as they take longest to come to an end; what is fixed from the beginning fills the gaps."""
        first = next(self._candidates(), None) or self._next_confirmation()
        return first or (self._reported.pop(0) if self._reported else None)

    def _candidates(self) -> Iterator[Trial]:
        for arm, search in sorted(self.searches.items(), key=lambda item: len(item[1].settings)):
            setting = search.suggest()
            if setting is not None:
                trial = self.plan.candidate(arm, len(search.settings) - 1, setting)
                self._numbered[arm].append(trial.signature)
                yield trial

    def _next_confirmation(self) -> Trial | None:
        for arm in sorted(self._unchosen):
            if self.searches[arm].done():
                self._unchosen.discard(arm)
                best = self.chosen(arm)
                self._confirm += self.plan.confirm(best) if best else []
        return self._confirm.pop(0) if self._confirm else None

    def _know(self, trial: Trial, course: Course) -> None:
        """Take in all that is known of a trial, and settle whatever that decides."""
        self.courses[trial.signature] = course
        if trial.number is None:
            if (outcome := end(course)) is not None:
                self.settled[trial.signature] = outcome
            return
        search = self.searches[trial.arm]
        search.courses[trial.number] = course
        numbered = self._numbered[trial.arm]
        for signature, outcome in zip(numbered[trial.number :], search.outcomes()[trial.number :], strict=True):
            if outcome is not None:  # what is known of this one decides over it and over those after it
                self.settled.setdefault(signature, outcome)

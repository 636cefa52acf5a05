"""Early stopping: successive halving within one search, decided as if its trials had been run one after another.

Trials of a search are numbered in the order they are begun. Whether trial k goes on past a rung depends on what trials
0 .. k-1 scored there, and on nothing else. So the decision is the same whatever the number of slots, whichever trial
finishes first, and however often the study was killed in between. While an earlier trial is not that far yet, a trial
goes on; if it turns out that it should have stopped, what it did past the rung is not counted.
The rule at a rung is that of ASHA (Li et al., arXiv 1810.05934) as Ray's AsyncHyperBandScheduler has it.
"""

import math
from bisect import insort
from collections.abc import Sequence

from studies.engine.course import Course, Outcome
from studies.engine.study.budget import EarlyStopping


class Jury:
    """Judges the candidates of a search, again and again, as they get on. An outcome once given never changes."""

    def __init__(self, stopping: EarlyStopping | None, epochs: int) -> None:
        self.levels = stopping.rungs(epochs) if stopping else ()
        self.outcomes: list[Outcome | None] = []  # by number
        self.first_open = 0  # all candidates before this number have their outcomes
        self._passed = 1 - 1 / stopping.reduction if stopping else 0.0
        self._reached: dict[int, list[float]] = {level: [] for level in self.levels}  # by those, at each rung; sorted

    def judge(self, courses: Sequence[Course]) -> list[int]:
        """Give every outcome that nothing can change any more; returns the numbers of those that have theirs now."""
        self.outcomes += [None] * (len(courses) - len(self.outcomes))
        reached = {level: scores.copy() for level, scores in self._reached.items()}
        open_from = math.inf  # the first rung at which the score of an earlier candidate is not known yet
        decided = []
        for number in range(self.first_open, len(courses)):
            outcome, unknown_from = self._judge_one(courses[number], reached, open_from)
            open_from = min(open_from, unknown_from)
            if outcome is None:
                continue
            if self.outcomes[number] is None:
                self.outcomes[number] = outcome
                decided.append(number)
            if number == self.first_open:
                self.first_open = number + 1
                self._reached = {level: scores.copy() for level, scores in reached.items()}
        return decided

    def counted(self, number: int, courses: Sequence[Course]) -> int:
        """How many epochs of a running candidate count, whatever becomes of the earlier candidates."""
        earlier = range(self.first_open, number)
        running = [courses[k] for k in earlier if self.outcomes[k] is None and courses[k].ended is None]
        undecided = [level for course in running for level in self.levels if level > len(course.scores)]
        return min([len(courses[number].scores), *undecided])

    def _judge_one(
        self, course: Course, reached: dict[int, list[float]], open_from: float
    ) -> tuple[Outcome | None, float]:
        """The outcome, and the first rung at which this candidate's own score is not known yet."""
        for level in self.levels:
            if len(course.scores) < level:
                return end(course), (math.inf if course.ended else level)
            score = course.scores[level - 1]
            if level >= open_from:
                return None, math.inf  # whatever comes after it waits for the same earlier candidate
            cutoff = quantile(reached[level], self._passed)
            insort(reached[level], score)
            if score < cutoff:
                return Outcome("stopped", level, score), math.inf
        return end(course), math.inf


def end(course: Course) -> Outcome | None:
    """What became of a trial that nobody stopped."""
    if course.ended is None:
        return None
    return Outcome(course.ended, len(course.scores), course.scores[-1] if course.scores else math.nan)


def quantile(ranked: Sequence[float], share: float) -> float:
    """The score below which this share of the sorted scores lies; minus infinity where there are none."""
    if not ranked:
        return -math.inf
    place = share * (len(ranked) - 1)
    below = math.floor(place)
    above = ranked[min(below + 1, len(ranked) - 1)]
    return ranked[below] + (place - below) * (above - ranked[below])

"""Early stopping: successive halving within one arm, decided as if its trials had been run one after another.

Trials of an arm are numbered in the order they are begun. Whether trial k goes on past a rung depends on what trials
0 .. k-1 scored there, and on nothing else. So the decision is the same whatever the number of slots, whichever trial
finishes first, and however often the study was killed in between. A trial whose elders are not that far yet goes on in
the meantime; if it turns out that it should have stopped, what it did past the rung is not counted.
The rule at a rung is that of ASHA (Li et al., arXiv 1810.05934) as Ray's AsyncHyperBandScheduler has it.
"""

import math
from collections.abc import Sequence

from studies.engine.course import Course, Outcome

REDUCTION = 3  # at each rung about the better third goes on


def rungs(epochs: int) -> tuple[int, ...]:
    """The epochs after which a trial may be stopped: epochs/3, epochs/9, ... down to 1, in rising order."""
    below = epochs // REDUCTION
    return (*rungs(below), below) if below else ()


class Jury:
    """Judges the same candidates again and again, as they get on; those whose outcome nothing can change are kept."""

    def __init__(self, levels: Sequence[int]) -> None:
        self._levels = levels
        self._final: list[Outcome] = []  # of the eldest
        self._reached: dict[int, list[float]] = {level: [] for level in levels}  # what they scored at each rung

    def outcomes(self, courses: Sequence[Course]) -> list[Outcome | None]:
        """In the order of the candidates' numbers; None while a outcome depends on what is still running."""
        reached = {level: scores.copy() for level, scores in self._reached.items()}
        open_from = math.inf  # the first rung at which some elder's score is not known yet
        outcomes: list[Outcome | None] = [*self._final]
        for course in courses[len(outcomes) :]:
            outcome, unknown_from = _judge_one(course, self._levels, reached, open_from)
            open_from = min(open_from, unknown_from)
            if outcome is not None and len(self._final) == len(outcomes):
                self._final.append(outcome)
                self._reached = {level: scores.copy() for level, scores in reached.items()}
            outcomes.append(outcome)
        return outcomes


def _judge_one(
    course: Course, levels: Sequence[int], reached: dict[int, list[float]], open_from: float
) -> tuple[Outcome | None, float]:
    """The outcome, and the first rung at which this candidate's own score is not known yet."""
    for level in levels:
        if len(course.scores) < level:
            return end(course), (math.inf if course.ended else level)
        score = course.scores[level - 1]
        if level >= open_from:
            return None, math.inf  # whatever comes after it waits for the same elder
        cutoff = threshold(reached[level])
        reached[level].append(score)
        if score < cutoff:
            return Outcome("stopped", level, score), math.inf
    return end(course), math.inf


def end(course: Course) -> Outcome | None:
    """What became of a trial that nobody stopped."""
    if course.ended is None:
        return None
    return Outcome(course.ended, len(course.scores), course.scores[-1] if course.scores else math.nan)


def threshold(scores: Sequence[float]) -> float:
    """The score below which a trial is stopped, given those that reached the rung before it: their upper tercile."""
    if not scores:
        return -math.inf
    ranked = sorted(scores)
    place = (1 - 1 / REDUCTION) * (len(ranked) - 1)
    below = math.floor(place)
    above = ranked[min(below + 1, len(ranked) - 1)]
    return ranked[below] + (place - below) * (above - ranked[below])

"""The agenda of a study: one queue over all arms and stages. It knows which trial comes next and which one has to stop.

It neither trains nor writes: who drives it (Ray, or a plain loop) asks for trials, tells what they scored, and obeys.
All that it decides rests on the scores alone, so a study that was broken off goes on by telling it what the books hold.
"""

import math
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from heapq import heappop, heappush

from studies.engine.course import Course, Outcome
from studies.engine.plan.plan import Plan, Trial
from studies.engine.search.rungs import end
from studies.engine.search.sampler import Memo
from studies.engine.search.search import Search

Recall = Callable[[Trial], Course]  # what the books hold of a trial
SearchOf = tuple[str, int]  # an arm, and which of its searches


@dataclass
class ArmCounts:
    """How far the trials of an arm are."""

    running: int = 0
    done: int = 0
    best: float = -math.inf  # of all scores


class Agenda:
    def __init__(self, plan: Plan, recall: Recall, memo: Memo | None = None) -> None:
        """`memo` holds what its searches suggested before; what they suggest now is added to it."""
        memo = {} if memo is None else memo
        self.plan = plan
        self.recall = recall
        self.searches: dict[SearchOf, Search] = {
            (arm.name, number): Search(arm.base, arm.space, plan.budget, number, memo)
            for number in plan.budget.repetitions
            for arm in plan.searched()
        }
        self.trials: dict[str, Trial] = {}  # everything given out so far, by signature
        self.courses: dict[str, Course] = {}
        self.running: set[str] = set()
        self.settled: dict[str, Outcome] = {}
        self.ends: list[str] = []  # the settled ones, in the order in which they were settled
        self.standings: defaultdict[str, ArmCounts] = defaultdict(ArmCounts)  # by arm
        self._candidates: dict[SearchOf, list[str]] = {key: [] for key in self.searches}  # signatures by number
        # A heap of how many candidates each search has given out, its place, and itself.
        self._searching = [(0, place, key) for place, key in enumerate(self.searches)]
        self._compared = frozenset(plan.compared())
        self.arms = list(dict.fromkeys([*plan.compared(), *(arm for arm, _ in self.searches)]))
        self._unchosen = list(self.searches)
        self._chosen: dict[SearchOf, Trial | None] = {}
        self._ready = deque(plan.reported())  # then of run-offs, and to confirm

    def next(self) -> Trial | None:
        """The next trial that has to be trained; None when there is none now, for good (``finished``) or until others are further."""
        while (trial := self._draw()) is not None:
            self.trials[trial.signature] = trial
            self._know(trial, self.recall(trial))
            if trial.signature not in self.settled and self.courses[trial.signature].ended is None:
                self.running.add(trial.signature)
                self.standings[trial.arm].running += 1
                return trial
        return None

    def finished(self) -> bool:
        left = self.running or self._ready or self._unchosen
        return not left and len(self.settled) == len(self.trials)

    def widen(self, plan: Plan) -> None:
        """Go on, once all is done, with the seeds that a wider plan has beside those of this one."""
        self.plan = plan
        confirming = (trial for chosen in self._chosen.values() if chosen for trial in plan.confirm(chosen))
        self._ready += [trial for trial in (*plan.reported(), *confirming) if trial.signature not in self.trials]

    def heard(self, trial: Trial, epoch: int, score: float) -> bool:
        """Take in the score after an epoch; True says that the trial has to stop. An epoch heard of before changes nothing."""
        course = self.courses[trial.signature]
        if epoch == len(course.scores) + 1 and math.isfinite(score):
            self._know(trial, replace(course, scores=(*course.scores, score)))
        return trial.signature in self.settled

    def ended(self, trial: Trial, how: str) -> None:
        """The trial ended by itself, or had to stop."""
        if trial.signature in self.running:
            self.running.remove(trial.signature)
            self.standings[trial.arm].running -= 1
        if how != "stopped":
            self._know(trial, replace(self.courses[trial.signature], ended=how))

    def chosen(self, arm: str, search: int = 1) -> Trial | None:
        """The candidate that a search has chosen; None where it has not yet, or none was trained in full."""
        return self._chosen.get((arm, search))

    def counted(self, trial: Trial) -> int:
        """How many of the epochs of a running candidate count, whatever becomes of the others."""
        assert trial.number is not None
        return self.searches[key_of(trial)].counted(trial.number)

    def total(self) -> int:
        """How many trials there are, as far as is known: a search whose arm never trained through is not confirmed."""
        return sum(self.planned(arm) for arm in self.arms)

    def planned(self, arm: str) -> int:
        """How many trials an arm has, as far as is known."""
        reported = self.plan.seeds("reported", arm) if arm in self._compared else 0
        searches = [(arm, number) for number in self.plan.budget.repetitions if (arm, number) in self.searches]
        confirmed = self.plan.seeds("confirm", arm) * sum(self._chosen.get(key, key) is not None for key in searches)
        return reported + sum(self.searches[key].planned() for key in searches) + confirmed

    def _draw(self) -> Trial | None:
        """The arms as reported first, as they are what a person waits for; then the searches, and what comes of them."""
        if not self._ready:
            if (candidate := self._next_candidate()) is not None:
                return candidate
            self._go_on_with_the_searches()
        return self._ready.popleft() if self._ready else None

    def _next_candidate(self) -> Trial | None:
        """Of the searches that can suggest something now, that of the one with the fewest candidates."""
        waiting, trial = [], None
        while self._searching and trial is None:
            given, place, key = heappop(self._searching)
            setting = self.searches[key].suggest()
            if setting is not None:
                trial = self.plan.candidate(*key, given, setting)
                self._candidates[key].append(trial.signature)
            if not self.searches[key].complete():
                waiting.append((given + (trial is not None), place, key))
        for search in waiting:
            heappush(self._searching, search)
        return trial

    def _go_on_with_the_searches(self) -> None:
        """From the candidates to the run-off, and from there to the choice and its confirmation."""
        for key in self._unchosen.copy():
            search, trials = self.searches[key], self._candidates[key]
            if search.all_have_outcomes() and search.runoff is None:
                for number, seed in search.begin_runoff():
                    self._ready.append(self.plan.runoff(self.trials[trials[number]], seed))
            if search.has_chosen():
                best = search.best()
                chosen = None if best is None else self.trials[trials[best]]
                self._chosen[key] = chosen
                self._unchosen.remove(key)
                self._ready += self.plan.confirm(chosen) if chosen else []

    def _know(self, trial: Trial, course: Course) -> None:
        """Take in all that is known of a trial, and settle whatever that decides."""
        standing = self.standings[trial.arm]
        standing.best = max([standing.best, *course.scores])
        self.courses[trial.signature] = course
        if trial.stage == "search":
            assert trial.number is not None
            key = key_of(trial)
            for number in self.searches[key].know(trial.number, course):
                self._settle(self._candidates[key][number], self.searches[key].outcome(number))
        elif (outcome := end(course)) is not None:
            self._settle(trial.signature, outcome)
        if trial.stage == "runoff":
            assert trial.number is not None
            self.searches[key_of(trial)].know_runner((trial.number, trial.recipe.seed), course)

    def _settle(self, signature: str, outcome: Outcome) -> None:
        if signature not in self.settled:
            self.settled[signature] = outcome
            self.ends.append(signature)
            self.standings[self.trials[signature].arm].done += 1


def key_of(trial: Trial) -> SearchOf:
    """The search that a trial belongs to."""
    assert trial.search is not None
    return trial.arm, trial.search

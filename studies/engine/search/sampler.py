"""The settings that a search tries: the arm's own, a few spread evenly by Optuna's QMC sampler, the rest from its TPE.

What is suggested depends on the number of the candidate and on the outcomes of those before it that it may know of, so
the same search gives the same settings again. Candidate k is the same whether the search has 6 candidates or 60.
"""

import hashlib
import warnings
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from itertools import islice
from typing import Any

import optuna
from numpy.random import SeedSequence
from optuna.distributions import FloatDistribution, distribution_to_json
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import QMCSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from cnnzoo import Recipe
from search_spaces import Distribution, Space
from studies.engine.schema import OUTCOME
from studies.engine.study.spaces import contains

EVEN_FIRST, EVEN_EVERY = 1, 4  # candidates 1, 7, 11, 15, ... are spread evenly: at most a quarter of four or more
AT_ONCE = 16  # so many candidates of one search may be under way at most
TPE_BEGINS = 2  # with fewer outcomes there is nothing to compare: TPE would try the neighbour of the only one
ATTEMPTS = 5  # of TPE to suggest a setting that was not tried yet; late in a long search it hardly leaves the best one
BLIND_ATTEMPTS = 500  # and then by chance, before the space counts as exhausted
EVEN_ATTEMPTS = 8
BEST, LATEST = 10, 90  # candidates that TPE learns from in a long search: what it costs grows with each
DIGITS = 3  # a suggested number is rounded to so many digits: readable, and the same on every machine

Setting = dict[str, Any]
Lesson = Callable[[], FrozenTrial]  # a candidate that has its outcome, made when TPE has to know it
# What was suggested, and how many even points were needed so far, by what that rests on.
Memo = MutableMapping[str, tuple[Setting | None, int]]

optuna.logging.set_verbosity(optuna.logging.WARNING)  # it tells of every study that is made in memory


def outcomes_needed_before(number: int) -> int:
    """How many candidates must have their outcomes before this one is suggested: three quarters of those before it."""
    return 0 if spread_evenly(number) else number - min(number // 4, AT_ONCE)


def spread_evenly(number: int) -> bool:
    """Whether a candidate belongs to those spread evenly over the space."""
    return number == EVEN_FIRST or (number % EVEN_EVERY == EVEN_EVERY - 1 and number > EVEN_EVERY)


class Sampler:
    """Suggests the settings of one search, one after another, each of them new.

    What was suggested once is looked up in the memo, by what it rests on: to ask TPE again for a long study, at each of
    its starts, takes minutes. Optuna's version is no part of that: a search that was begun keeps its settings when Optuna is updated.
    """

    def __init__(self, base: Recipe, space: Space, repetition: int, memo: Memo) -> None:
        self._space = space
        self.seed = _seed(repetition)
        self._repetition = repetition  # each one explores in its own way
        own = {name: getattr(base.resolved(), name) for name in space}
        self._own = [own] if self._fits(own) else []  # a search must never miss what the report used
        self._sobol = enumerate(even_settings(space, self.seed), 1)
        self._evens = 0  # so many of its points were suggested, here or at an earlier start
        self._tried: set[tuple[Any, ...]] = set()
        self._memo = memo
        described = {name: distribution_to_json(distribution) for name, distribution in space.items()}
        self._basis = hashlib.sha256(repr((described, self._own, repetition)).encode())
        self._lessons: list[Lesson] = []
        self._learned: list[FrozenTrial] = []  # of the lessons, those that TPE was needed for
        self._study = optuna.create_study(direction="maximize")
        self._begins = 0  # before this lesson the study has only those worth remembering

    def learn(self, rests_on: object, lesson: Lesson) -> None:
        """Take in the next candidate, in the order of their numbers; the lesson depends on what it `rests_on` alone."""
        self._basis.update(repr(rests_on).encode())
        self._lessons.append(lesson)

    def suggest(self, number: int) -> Setting | None:
        """A setting that was not tried yet; None when the space has no more of them."""
        key = self._basis.hexdigest()[:16]
        found = self._remembered(key)
        if found is None:
            new = (setting for setting in self._suggestions(number) if tuple(setting.values()) not in self._tried)
            found = next(new, None), self._evens
        setting, self._evens = self._memo[key] = found
        if setting is not None:
            self._tried.add(tuple(setting.values()))
            self._basis.update(repr(setting).encode())
        return setting

    def _remembered(self, key: str) -> tuple[Setting | None, int] | None:
        found = self._memo.get(key)
        return found if found and self._fits(found[0] or {}) else None

    def _fits(self, setting: Setting) -> bool:
        return all(contains(self._space[name], value) for name, value in setting.items())

    def _suggestions(self, number: int) -> Iterator[Setting]:
        if number == 0:
            yield from self._own
        if number == 0 or spread_evenly(number):
            yield from islice(self._even_ones(), EVEN_ATTEMPTS)
        self._study_lessons()
        for attempt in range(ATTEMPTS + BLIND_ATTEMPTS):
            seed = _seed(self._repetition, number, attempt)
            learns = attempt < ATTEMPTS
            self._study.sampler = TPESampler(seed=seed, n_startup_trials=TPE_BEGINS) if learns else RandomSampler(seed)
            asked = self._study.ask({**self._space})
            self._study.tell(asked, state=TrialState.FAIL)  # else it would be remembered as running for ever
            yield rounded(asked.params, self._space)

    def _even_ones(self) -> Iterator[Setting]:
        for number, point in self._sobol:
            if number > self._evens:
                self._evens = number
                yield point

    def _study_lessons(self) -> None:
        """Bring the study that TPE learns from to all lessons so far, the old ones only as far as they are worth it."""
        new = [_as_tpe_should_see(lesson()) for lesson in self._lessons[len(self._learned) :]]
        self._learned += new
        begins = len(self._learned) // LATEST * LATEST
        if begins != self._begins:
            self._begins, self._study = begins, optuna.create_study(direction="maximize")
            new = [*_worth_remembering(self._learned[:begins]), *self._learned[begins:]]
        self._study.add_trials(new)


def _worth_remembering(lessons: list[FrozenTrial]) -> list[FrozenTrial]:
    earlier, latest = lessons[:-LATEST], lessons[-LATEST:]
    completed = [trial for trial in earlier if trial.state == TrialState.COMPLETE]
    return [*sorted(completed, key=lambda trial: trial.value or 0.0)[-BEST:], *latest]


def _seed(*of: int) -> int:
    return int(SeedSequence(of).generate_state(1)[0])


def _as_tpe_should_see(trial: FrozenTrial) -> FrozenTrial:
    """TPE leaves out what failed; but a setting that diverged is one to stay away from, so TPE sees it as pruned."""
    if trial.user_attrs[OUTCOME] != "diverged":
        return trial
    return create_trial(state=TrialState.PRUNED, params=trial.params, distributions=trial.distributions)


def even_settings(space: Space, seed: int) -> Iterator[Setting]:
    """A scrambled Sobol sequence over the space, without end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # its interface may change; its points are Sobol's
        sampler = QMCSampler(scramble=True, seed=seed)
    study = optuna.create_study(sampler=sampler)
    study.ask({**space})  # the first one is drawn at random: from it the sampler learns what the space is
    while True:
        yield rounded(study.ask({**space}).params, space)


def rounded(setting: Mapping[str, Any], space: Space) -> Setting:
    """The setting with its numbers shortened, but never out of their range."""
    return {name: _short(setting[name], distribution) for name, distribution in space.items()}


def _short(value: Any, distribution: Distribution) -> Any:
    if not isinstance(distribution, FloatDistribution):
        return value
    digits = DIGITS if distribution.step is None else 12  # 0.3, where three steps of 0.1 make 0.30000000000000004
    return min(max(float(f"{value:.{digits}g}"), distribution.low), distribution.high)

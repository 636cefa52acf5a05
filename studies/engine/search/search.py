"""The search of one arm: which settings are tried, which are stopped early, and which one is chosen.

Suggestion k rests on the outcomes of candidates 0 .. k-1-LAG alone, never on the clock, so the same search gives the same
trials on one slot or on many. Candidate 0 is the arm's own setting, where it lies in the space; the next eight spread
evenly over it (Sobol), the same points for every arm with the same space; each later one is what Optuna's TPE suggests
after the outcomes it may see.
"""

from collections.abc import Mapping
from typing import Any

import optuna
from optuna.distributions import CategoricalDistribution
from optuna.samplers import RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState, create_trial
from scipy.stats import qmc

from cnnzoo import Recipe
from search_spaces import Distribution, Space
from studies.engine.course import Course, Outcome
from studies.engine.search.rungs import Jury, rungs
from studies.engine.study.spaces import contains

EVEN = 8  # candidates spread evenly before TPE begins; Sobol's points are even in powers of two
LAG = 4  # so many candidates of one arm may be under way without waiting for one another
SAMPLER_SEED = 20
ATTEMPTS = 5  # of TPE to suggest a setting that was not tried yet; late in a long search it hardly leaves the best one
RANDOM_ATTEMPTS = 500  # and then by chance, before the space counts as exhausted
DIGITS = 3  # a suggested number is rounded to so many digits: readable, and the same on every machine

STATES = {"completed": TrialState.COMPLETE, "stopped": TrialState.PRUNED}  # what diverged or failed is FAIL

optuna.logging.set_verbosity(optuna.logging.WARNING)  # it tells of every study that is made in memory


class Search:
    """The candidates of one arm, by number."""

    def __init__(self, base: Recipe, space: Space, trials: int) -> None:
        self.space = space
        self.trials = trials
        self._levels = rungs(base.epochs)
        self._jury = Jury(self._levels)
        self.settings: list[dict[str, Any]] = []
        self.courses: list[Course] = []
        fixed = [*own_setting(base, space), *even_settings(space)]
        self._fixed = [setting for k, setting in enumerate(fixed) if setting not in fixed[:k]]
        self._optuna = optuna.create_study(direction="maximize")
        self._seen = 0  # so many candidates have been told to it, in the order of their numbers

    def outcomes(self) -> list[Outcome | None]:
        return self._jury.outcomes(self.courses)

    def counted(self, number: int) -> int:
        """Of the epochs of a candidate that is running, those that count whatever becomes of its elders."""
        elders = zip(self.courses[:number], self.outcomes(), strict=False)
        running = [elder for elder, outcome in elders if outcome is None and elder.ended is None]
        undecided = [level for elder in running for level in self._levels if level > len(elder.scores)]
        return min([len(self.courses[number].scores), *undecided])

    def suggest(self) -> dict[str, Any] | None:
        """The setting of the next candidate; None when all are given out, or when it has to wait for a outcome."""
        number = len(self.settings)
        if number == self.trials:
            return None
        setting = self._fixed[number] if number < len(self._fixed) else self._learned(number)
        if setting is not None:
            self.settings.append(setting)
            self.courses.append(Course())
        return setting

    def done(self) -> bool:
        return len(self.settings) == self.trials and None not in self.outcomes()

    def best(self) -> int | None:
        """The number of the candidate that is chosen: the best at its last epoch of those trained in full."""
        completed = [(v.score, -k) for k, v in enumerate(self.outcomes()) if v and v.ended == "completed"]
        return -max(completed)[1] if completed else None

    def _learned(self, number: int) -> dict[str, Any] | None:
        """What TPE suggests from the candidates it is allowed to see."""
        visible = number - LAG
        outcomes = self.outcomes()[:visible]
        if None in outcomes:
            return None
        self._optuna.add_trials(self.frozen(k) for k in range(self._seen, visible))
        self._seen = max(self._seen, visible)
        for attempt in range(ATTEMPTS + RANDOM_ATTEMPTS):
            seed = SAMPLER_SEED + ATTEMPTS * number + attempt
            learns = TPESampler(seed=seed, n_startup_trials=1)  # by itself it would draw its first ten by chance
            self._optuna.sampler = learns if attempt < ATTEMPTS else RandomSampler(seed=seed)
            asked = self._optuna.ask(dict(self.space))
            self._optuna.tell(asked, state=TrialState.FAIL)  # else it would be remembered as running for ever
            setting = rounded(asked.params, self.space)
            if setting not in self.settings:
                return setting
        self.trials = number  # the space has no more settings than these
        return None

    def frozen(self, number: int, /, **notes: Any) -> FrozenTrial:
        """A candidate that has its outcome, as Optuna knows it: stopped is PRUNED, diverged is FAIL."""
        outcome = self.outcomes()[number]
        assert outcome is not None
        scores = self.courses[number].scores[: outcome.epochs]
        return create_trial(
            state=STATES.get(outcome.ended, TrialState.FAIL),
            value=outcome.score if outcome.ended == "completed" else None,
            params=self.settings[number],
            distributions=dict(self.space),
            intermediate_values=dict(enumerate(scores, start=1)),
            user_attrs={"outcome": outcome.ended, **notes},
        )


def own_setting(base: Recipe, space: Space) -> list[dict[str, Any]]:
    """The arm's own setting, where it lies in the space: a search must never miss what the report used."""
    own = {name: getattr(base.resolved(), name) for name in space}
    return [own] if all(contains(distribution, own[name]) for name, distribution in space.items()) else []


def even_settings(space: Space) -> list[dict[str, Any]]:
    """EVEN points of a scrambled Sobol sequence over the space."""
    unit = qmc.Sobol(len(space), scramble=True, rng=SAMPLER_SEED).random(EVEN)
    return [rounded({n: _at(share, space[n]) for n, share in zip(space, point, strict=True)}, space) for point in unit]


def _at(share: float, distribution: Distribution) -> Any:
    """The value at a share, from 0 to 1, of the way through a range or a list of choices."""
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices[int(share * len(distribution.choices))]
    low, high = distribution.low, distribution.high
    return low * (high / low) ** share if distribution.log else low + share * (high - low)


def rounded(setting: Mapping[str, Any], space: Space) -> dict[str, Any]:
    """The setting with its numbers shortened, or moved to the nearest step, but never out of their range."""
    return {name: _short(value, space[name]) for name, value in setting.items()}


def _short(value: Any, distribution: Distribution) -> Any:
    if isinstance(distribution, CategoricalDistribution):
        return value
    low, step = distribution.low, distribution.step
    short = float(f"{value:.{DIGITS - 1}e}") if step is None else low + round((value - low) / step) * step
    if isinstance(short, float):
        short = float(f"{short:.12g}")  # 0.3, where three steps of 0.1 make 0.30000000000000004
    return min(max(short, low), distribution.high)

"""All questions of a page with one budget of errors: what is shown of each, and what follows for the others."""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial

import pandas as pd

from analysis.judge import stats
from analysis.judge.correction import Tails, all_of, corrected, least, level_left, over_looks, together
from analysis.judge.evidence import Evidence, Question, evidence
from analysis.judge.results import Results
from analysis.read.grid import Grid, grid
from studies.engine import schema
from studies.engine.plan.power import in_reach, seeds_to_decide, seeds_to_place, spread_between
from studies.engine.study.assertions import Above, Assertion, Within, may_be_equal
from studies.engine.study.error_budget import LEVEL, weights

BETTER, WORSE, EQUAL, OPEN, INCOMPARABLE = "better", "worse", "practically equal", "undecided", "not comparable"
OF_THE_MODEL = (schema.PARAMETERS, schema.SIZE_MB, schema.FLOPS)  # the same on every seed: facts, not samples


@dataclass(frozen=True)
class Contrast:
    """What the trials show of one assertion, corrected for all questions of the page."""

    said: Assertion
    evidence: Evidence
    shown: Tails
    level: float  # at which each of its sides would be shown at the last look
    margin: float

    @property
    def difference(self) -> stats.Estimate:
        return self.evidence.difference

    @property
    def verdict(self) -> str:
        """A difference that is there, but inside the margin, is practically equal: the margin says that it does not matter."""
        if isinstance(self.said, Within):
            beyond = BETTER if self.difference.mean > 0 else WORSE
            words = [(EQUAL, self.shown.above), (beyond, self.shown.below)]
        else:
            words = [(EQUAL, self.shown.inside), (BETTER, self.shown.above), (WORSE, self.shown.below)]
        shown = (word for word, p in words if p <= LEVEL)
        return next(shown, INCOMPARABLE if self.evidence.one_sided else OPEN)

    @property
    def p(self) -> float:
        """The two-sided p of "no difference", by itself; of "a difference that matters" where equality is said or shown, and of
        "none that matters" where equality is said and the opposite is shown."""
        return self._of_the_answer(self.evidence.latest, 2)

    @property
    def p_corrected(self) -> float:
        """The same p corrected for all questions and looks; NaN where the assertion is only part of a question."""
        return self._of_the_answer(self.shown, 1)

    def _of_the_answer(self, p: Tails, sides: int) -> float:
        if isinstance(self.said, Within):
            return p.below if self.verdict in (BETTER, WORSE) else p.above
        return p.inside if self.verdict == EQUAL else p.either(sides)

    @property
    def needed(self) -> tuple[float, float]:
        """How many seeds decide it in four of five studies, if the difference is as large as it looks: for the smallest and
        the largest spread that the seeds leave possible. NaN where it is decided, or nothing is known."""
        d = self.difference
        if self.verdict != OPEN or not d.sd > 0:
            return math.nan, math.nan
        seeds = seeds_to_place if isinstance(self.said, Within) else seeds_to_decide
        low, high = (seeds(self._by, sd, self.level, self.margin) for sd in spread_between(d.sd, d.n))
        return low, high

    def in_reach(self, at_most: int) -> bool:
        """Whether so many seeds may still decide it; as long as nothing is known of its spread, they may."""
        d = self.difference
        if not d.sd > 0:
            return True
        by = self._by
        beyond = isinstance(self.said, Within) and in_reach(abs(by) - self.margin, d.sd, d.n, self.level, 0.0, at_most)
        return beyond or in_reach(by, d.sd, d.n, self.level, self.margin, at_most)

    @property
    def _by(self) -> float:
        return self.difference.mean - (self.said.bound if isinstance(self.said, Above) else 0.0)


NO_CONTRAST = Contrast(Above(()), Evidence(), Tails(), math.nan, math.nan)  # of the baseline


@dataclass(frozen=True)
class Interacting:
    """Whether the two factors of a complete grid interact."""

    cells: Grid
    test: stats.Interaction | None = None  # over all seeds that all cells have
    by_look: Mapping[int, Tails] = field(default_factory=dict)
    lost: Sequence[str] = ()  # arms that diverged on some seeds: then it cannot be tested
    shown: float = math.nan  # its p, corrected for all questions of the page


def interacting(results: Results) -> Interacting | None:
    """The test of the interaction as reported; None where the study has no complete grid of two factors."""
    cells = grid(results.spec)
    if cells is None or min(len(cells.rows), len(cells.columns)) < 2 or any(None in row for row in cells.arms):
        return None
    samples = {str(arm): results.samples["reported"][str(arm)] for row in cells.arms for arm in row}
    if lost := [arm for arm, sample in samples.items() if sample.diverged]:
        return Interacting(cells, lost=lost)
    by_seed = pd.concat([sample.values(schema.JUDGED_BY) for sample in samples.values()], axis=1, join="inner")

    def tested(known: pd.DataFrame) -> stats.Interaction:
        return stats.two_way_interaction(known.to_numpy().T.reshape(len(cells.rows), len(cells.columns), -1))

    looks = results.looks("reported", samples)
    known = {n: by_seed[by_seed.index.isin(seeds)] for n, seeds in looks.items()}
    by_look = {n: Tails(above=tested(own).p / 2) for n, own in known.items() if len(own) > 1}  # one of two sides
    return Interacting(cells, tested(by_seed) if len(by_seed) > 1 else None, by_look)


class Page:
    """All questions of a page with their weights, and what is shown of each."""

    def __init__(self, results: Results, rows: Sequence[Question], claims: Sequence[Question]) -> None:
        self.results = results
        self._evidence = cache(partial(evidence, results))
        two_factors = interacting(results)
        sampled = [question for question in claims if question.metric not in OF_THE_MODEL]
        contrasts = Counter([question.stage for question in rows] + ["reported"] * (two_factors is not None))
        of_a_row, of_a_claim = weights(contrasts, Counter(question.stage for question in sampled))
        share: dict[Question, float] = defaultdict(float)
        for weight, questions in ((of_a_row, rows), (of_a_claim, sampled)):
            for question in questions:
                share[_canonical(question)] += weight[question.stage]
        self._family = [(weight, self._over_looks(question)) for question, weight in share.items()]
        if two_factors:
            self._family.append((of_a_row["reported"], over_looks(two_factors.by_look, results.spec.shares)))
        self._found = corrected(self._family)
        self.interacting = two_factors and replace(two_factors, shown=self._found[-1].above)
        self._weights, self._own = dict(share), dict(zip(share, self._found, strict=False))
        self._parts: dict[Question, Tails] = defaultdict(Tails)
        for question, found in self._own.items():
            self._follow(question, found)

    def contrast(self, part: Question, of: Question | None = None) -> Contrast:
        """One assertion; it has the weight of the question that it is part ``of``, or its own where that is larger."""
        weight = max(self._weights.get(_canonical(question), 0.0) for question in (part, of or part))
        level = level_left(self._family, self._found, weight, LEVEL) * [*self.results.spec.shares.values()][-1]
        margin = self.results.spec.margin if may_be_equal(part.said[0], part.metric) else 0.0
        return Contrast(part.said[0], self._evidence(part), self.shown(part), level, margin)

    def shown(self, question: Question) -> Tails:
        """What is shown of a question, by itself or by what follows from others."""
        if question.metric in OF_THE_MODEL:
            return together([_fact(part.said[0], self._evidence(part).difference) for part in question.parts()])
        return _least_of(self._own.get(question, Tails()), together([self._parts[part] for part in question.parts()]))

    def _over_looks(self, question: Question) -> Tails:
        """Each part at its own looks: where seeds are added for what is open, the parts of a claim have unequal numbers."""
        shares = self.results.spec.shares
        return all_of([over_looks(self._evidence(part).by_look, shares) for part in question.parts()])

    def _follow(self, question: Question, found: Tails) -> None:
        """Note what the answer to a question says of its parts: yes to all is yes to each; "any of them" is the clearest."""
        seen = {part: self._over_looks(part) for part in question.parts()}
        clearest = together([*seen.values()])
        above = found.above if len(seen) == 1 or found.above < 1 else math.nan  # "no" to all says nothing of the others
        for part, own in seen.items():
            below = found.below if own.below == clearest.below else math.nan
            inside = found.inside if own.inside == clearest.inside else math.nan
            for said, tails in _meant(part.said[0], Tails(above, below, inside)).items():
                same = part._replace(said=(said,))
                self._parts[same] = _least_of(self._parts[same], tails)


def _canonical(question: Question) -> Question:
    """A against b and b against a are one question: the form that is kept."""
    match question.said:
        case (Above((a,), (b,), 0.0),) if a > b:
            return question._replace(said=(Above((b,), (a,)),))
    return question


def _meant(said: Assertion, found: Tails) -> dict[Assertion, Tails]:
    """What is found of an assertion, for all that say the same: b against a, or that both differ by less than the margin."""
    match said:
        case Above((a,), (b,), 0.0):
            within = Tails(found.inside)
            return {
                said: found,
                Above((b,), (a,)): found.turned(),
                Within((a,), (b,)): within,
                Within((b,), (a,)): within,
            }
        case Within(a, b):
            above = Tails(inside=found.above)
            return {said: found, Within(b, a): Tails(found.above), Above(a, b): above, Above(b, a): above}
    return {said: found}


def _fact(said: Assertion, difference: stats.Estimate) -> Tails:
    """The tails of a property that is the same in every trial of an arm: certain, without statistics."""
    if not difference.n or not isinstance(said, Above):
        return Tails()
    by = difference.mean - said.bound
    if said.than and not said.bound:
        return Tails(*(float(not holds) for holds in (by > 0, by < 0, by == 0)))
    holds = by > 0 or (by == 0 and bool(said.than))  # "at most 5 behind" holds at 5, "above 90" does not at 90
    return Tails(float(not holds), float(holds))


def _least_of(a: Tails, b: Tails) -> Tails:
    return Tails(*map(least, zip(a, b, strict=True)))

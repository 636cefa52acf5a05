"""What a page may say: of each arm beside the baseline, and of each conclusion of the report, with one budget of errors.

    better, worse, practically equal     of a contrast, shown; undecided: none of them
    SUPPORTED      all that the claim says is shown
    CONTRADICTED   the opposite of something that it says is shown
    NEGLIGIBLE     a difference that it speaks of is shown to lie inside the margin
    UNDECIDED      neither
    INVALID        there is nothing fair to compare

A question that is asked twice (by the table and by a claim, or the other way round) is one question. What is shown by
one follows for the others, so that no two lines of a page are at odds.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from analysis.judge.correction import Tails
from analysis.judge.evidence import value_at
from analysis.judge.page import EQUAL, WORSE, Contrast, Interacting, Page, Question
from analysis.judge.results import WAYS, Results, results
from analysis.read.runs import StudyRuns
from analysis.words import count, listed
from studies.engine import schema
from studies.engine.study.assertions import POINTS, Above, Narrower, Within
from studies.engine.study.claims import Claim
from studies.engine.study.error_budget import LEVEL

SUPPORTED, CONTRADICTED, NEGLIGIBLE, UNDECIDED, INVALID = (
    "SUPPORTED", "CONTRADICTED", "NEGLIGIBLE", "UNDECIDED", "INVALID",
)  # fmt: skip
_VALIDATION = (schema.VAL_LOSS, schema.VAL_ACC1, schema.VAL_ACC5)


@dataclass(frozen=True)
class Ruling:
    """What the trials say to a claim in one way."""

    claim: Claim
    way: str
    verdict: str
    reason: str = ""  # of INVALID, and of what is not there yet
    contrasts: Sequence[Contrast] = ()  # one an assertion
    alone: Tails = field(default_factory=Tails)  # the p of each answer at the latest look, uncorrected
    shown: Tails = field(default_factory=Tails)


@dataclass(frozen=True)
class Judged(Results):
    """The results with what they show."""

    contrasts: Mapping[str, Mapping[str, Contrast]]  # by way, then arm: test accuracy against the baseline's
    rulings: Sequence[tuple[Claim, Sequence[Ruling]]]
    interacting: Interacting | None
    interaction_shown: float  # its corrected p


class _Asked(NamedTuple):
    claim: Claim
    question: Question  # with the arms of its way


def judged(runs: StudyRuns) -> Judged:
    """At scale smoke nothing is judged: its numbers mean nothing."""
    of = results(runs)
    if of.spec.is_smoke:
        return Judged(
            of.runs, of.samples, {way: {} for way in WAYS}, [(claim, []) for claim in of.spec.claims], None, math.nan
        )
    ways = [way for way in WAYS if of.spec.baseline_of(way) in of.spec.arms_of(way)]
    rows = {
        way: {arm: _row(of, way, arm) for arm in of.spec.arms_of(way) if arm != of.spec.baseline_of(way)}
        for way in ways
    }
    asked = [asking for way in WAYS for claim in of.spec.claims if (asking := _asked(of, way, claim))]
    page = Page(of, [row for by_arm in rows.values() for row in by_arm.values()], [one.question for one in asked])
    contrasts = {way: {arm: page.contrast(row) for arm, row in rows.get(way, {}).items()} for way in WAYS}
    ruled = [_ruling(page, asking) for asking in asked if asking.question.way in of.ways()]
    rulings = [(claim, [ruling for ruling in ruled if ruling.claim is claim]) for claim in of.spec.claims]
    return Judged(of.runs, of.samples, contrasts, rulings, page.interacting, page.interaction_shown)


def _row(of: Results, way: str, arm: str) -> Question:
    return Question(way, schema.JUDGED_BY, None, (Above((arm,), (str(of.spec.baseline_of(way)),)),))


def _asked(of: Results, way: str, claim: Claim) -> _Asked | None:
    """The claim with the arms of this way; None where tuning has made of them what the claim does not speak of."""
    said = claim.assertions(list(of.spec.arms))
    if way == "reported":
        return _Asked(claim, Question(way, claim.metric, claim.at, said))
    names, named = of.spec.tuned_of, {arm for one in said for arm in one.about}
    meant = {names.get(arm) for arm in named}
    if None in meant or any(tuned in meant and arm not in named for arm, tuned in names.items()):
        return None  # it stands for other settings too: "at lr 2e-3" is not asked of an arm that chose another rate
    here = claim.renamed(names)
    said = here.assertions(list(of.spec.tuned_arms)) if here else ()
    return _Asked(claim, Question(way, claim.metric, claim.at, tuple(dict.fromkeys(said)))) if said else None


def _ruling(page: Page, asked: _Asked) -> Ruling:
    claim, question = asked
    if fault := _fault(page.of, asked):
        return Ruling(claim, question.way, *fault)
    contrasts = [page.contrast(part) for part in question.parts()]
    shown = page.shown(question)
    words = {contrast.verdict for contrast in contrasts}
    verdict = UNDECIDED
    if isinstance(question.said[0], Above | Narrower) and words & {WORSE, EQUAL}:
        verdict = CONTRADICTED if WORSE in words else NEGLIGIBLE
    elif shown.above <= LEVEL or shown.below <= LEVEL:
        verdict = SUPPORTED if shown.above <= LEVEL else CONTRADICTED
    elif reason := _nothing_to_compare(page.of, question, contrasts):
        return Ruling(claim, question.way, INVALID, reason)
    return Ruling(claim, question.way, verdict, "", contrasts, page.alone(question), shown)


def _fault(of: Results, asked: _Asked) -> tuple[str, str] | None:
    """Why a claim cannot be judged in this way: a verdict and its reason."""
    claim, (way, _, _, said) = asked
    arms = list(dict.fromkeys(arm for one in said for arm in one.about))
    samples = {arm: of.samples[way][arm] for arm in arms}
    if absent := [arm for arm, sample in samples.items() if not sample.ended]:
        return UNDECIDED, f"not trained yet: {', '.join(absent)}"
    if len({digest for sample in samples.values() for digest in sample.trials[schema.DATASET_DIGEST].dropna()}) > 1:
        return INVALID, "the data set changed between its trials"
    if way == "confirm" and (searches := of.unequal_searches(arms)):
        by_arm = ", ".join(f"{arm} {count(n, 'trial')}" for arm, n in searches.items())
        return INVALID, f"unequal search budgets ({by_arm})"
    if isinstance(said[0], Within) and claim.metric not in POINTS:
        return INVALID, f"the margin is in points of accuracy, and {claim.metric} is not"
    if value_at(claim.metric, claim.at) in _VALIDATION and not of.spec.dataset["validation"]:
        return INVALID, f"it needs {value_at(claim.metric, claim.at)}, and the study has no validation data"
    return None


def _nothing_to_compare(of: Results, question: Question, contrasts: Sequence[Contrast]) -> str:
    """Why trials that are there say nothing to a claim, and never will."""
    if lost := list(dict.fromkeys(arm for c in contrasts if c.evidence.one_sided for arm in c.evidence.lost)):
        ends = {arm: of.samples[question.way][arm] for arm in lost}
        seeds = listed(f"{arm} on {len(own.diverged)} of {own.ended} seeds" for arm, own in ends.items())
        return f"diverged: {seeds}; the seeds that are left do not speak for all"
    metric = value_at(question.metric, question.at)
    if any(sum(n for _, _, n in contrast.evidence.trained) == 0 for contrast in contrasts if contrast.evidence.trained):
        return f"no trial has {metric}"
    if any(contrast.difference.n == 0 for contrast in contrasts if not contrast.evidence.trained):
        return f"there is no seed on which all its arms have {metric}"
    return ""

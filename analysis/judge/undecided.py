"""What is still undecided, and how many seeds its arms need: those of the next look that was declared.

A question that all seeds of the last look would hardly decide gets none: that looks end early makes no false words.
"""

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypedDict

from analysis.judge.page import OPEN, Contrast
from analysis.judge.verdicts import UNDECIDED, Judged
from analysis.words import listed, needs, plus_minus


class _Asked(NamedTuple):
    text: str
    stage: str
    arms: frozenset[str]  # of which more seeds may decide it
    decided: bool


class Undecided(TypedDict):
    questions: int
    open: list[str]
    wanted: list[tuple[str, str, int]]  # stage, arm and seeds, where an open question can be looked at again


def undecided(results: Judged) -> Undecided:
    """The open questions of a study, and how many seeds the next look at each takes; a value for JSON."""
    every = [*_rows(results), *_claims(results)]
    left = [question for question in every if not question.decided]
    wanted: dict[tuple[str, str], int] = {}
    for question in left:
        searches = results.spec.searches if question.stage == "confirm" else 1  # each has so many seeds
        now = {arm: len(results.spec.seeds_of(question.stage, arm)) // searches for arm in sorted(question.arms)}
        look = next_look(min(now.values(), default=0), results.spec.shares)
        for arm, seeds in now.items():
            if look > max(seeds, wanted.get((question.stage, arm), 0)):
                wanted[question.stage, arm] = look
    seeds_of = [(stage, arm, seeds) for (stage, arm), seeds in wanted.items()]
    return {"questions": len(every), "open": [question.text for question in left], "wanted": seeds_of}


def next_look(seeds: int, looks: Iterable[int]) -> int:
    """The number of seeds at the next look after one at ``seeds``; the same number where there is none."""
    return min((look for look in looks if look > seeds), default=seeds)


def _rows(results: Judged) -> Iterator[_Asked]:
    for stage in results.stages():
        baseline = str(results.spec.baseline_of(stage))
        for arm, contrast in results.contrasts[stage].items():
            said = plus_minus(contrast.difference.mean, contrast.difference.half, sign=True)
            text = f"{arm} against {baseline}, {results.spec.named_stage(stage)}: {said}{cost([contrast])}"
            yield _Asked(text, stage, _arms_in_reach(results, stage, [contrast]), contrast.verdict != OPEN)


def _claims(results: Judged) -> Iterator[_Asked]:
    for claim, ruled in results.rulings:
        for ruling in ruled:
            in_doubt = [contrast for contrast in ruling.contrasts if contrast.verdict == OPEN] or [*ruling.contrasts]
            about = [c.said.about for c in in_doubt] or [one.about for one in claim.assertions([*results.spec.arms])]
            named = {arm for arms in about for arm in arms} & results.spec.arms_of(ruling.stage).keys()
            where = results.spec.named_stage(ruling.stage)
            text = f"claim {claim.text!r}, {where}: {listed(sorted(named))}{cost(in_doubt)}"
            arms = _arms_in_reach(results, ruling.stage, in_doubt) if in_doubt else frozenset(named)
            yield _Asked(text, ruling.stage, arms, ruling.verdict != UNDECIDED or not named)


def _arms_in_reach(results: Judged, stage: str, contrasts: Iterable[Contrast]) -> frozenset[str]:
    """The arms of which more seeds may decide it. Where trainings are counted, each search counts once anyway."""
    at_most, repeated = max(results.spec.shares), results.spec.repeats(stage)
    may = [c for c in contrasts if c.in_reach(at_most) and not (repeated and c.evidence.trained)]
    return frozenset(arm for contrast in may for arm in contrast.said.about)


def cost(contrasts: Iterable[Contrast]) -> str:
    """The seeds that the hardest of these differences needs; empty where that is not known."""
    known = [pair for contrast in contrasts if not math.isnan((pair := contrast.needed)[0])]
    return f" ({needs(*map(max, zip(*known, strict=True)))})" if known else ""

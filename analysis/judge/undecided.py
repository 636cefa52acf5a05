"""What is still undecided, and how many seeds its arms need to be looked at again.

Seeds are added from look to look, as declared: half as many again at each, up to the most that an arm may have.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass

from analysis.judge import stats
from analysis.judge.judging import UNDECIDED, Ruling, rulings
from analysis.judge.results import NAMES, Results
from analysis.words import listed, plus_minus

GROWTH = 1.5  # seeds at one look against those at the look before


@dataclass(frozen=True)
class Question:
    """Something that the page has to say of these arms, in one way of looking at them."""

    text: str
    way: str
    arms: frozenset[str]
    decided: bool


@dataclass(frozen=True)
class Undecided:
    questions: int
    open: tuple[Question, ...]
    wanted: dict[tuple[str, str], int]  # seeds by stage and arm, where an open question can be looked at again

    def to_json(self) -> str:
        wanted = [[stage, arm, seeds] for (stage, arm), seeds in self.wanted.items()]
        texts = [question.text for question in self.open]
        return json.dumps({"questions": self.questions, "open": texts, "wanted": wanted}, ensure_ascii=False) + "\n"


def undecided(of: Results) -> Undecided:
    every = [*_rows(of), *_claims(of)]
    left = tuple(question for question in every if not question.decided)
    wanted: dict[tuple[str, str], int] = {}
    for question in left:
        now = {
            arm: len(of.spec.seeds_of(question.way, arm)) // _searches(of, question.way)
            for arm in sorted(question.arms)
        }
        look = next_look(min(now.values()), of.spec.first_look or of.spec.planned_seeds, of.spec.at_most or 0)
        for arm, seeds in now.items():
            if look > max(seeds, wanted.get((question.way, arm), 0)):
                wanted[question.way, arm] = look
    return Undecided(len(every), left, wanted)


def next_look(seeds: int, first: int, at_most: int) -> int:
    """The number of seeds at the next look, after one at so many; the same where there is none."""
    look = first
    while look <= seeds < at_most:
        look = min(at_most, math.ceil(GROWTH * look))
    return look if look > seeds else seeds


def _searches(of: Results, way: str) -> int:
    return of.spec.searches if way == "confirm" else 1


def _rows(of: Results) -> Iterator[Question]:
    """Every arm against the baseline."""
    for way in of.ways():
        baseline = str(of.spec.baseline_of(way))
        for arm, contrast in of.contrasts[way].items():
            said = (
                plus_minus(contrast.difference.mean, contrast.difference.half, sign=True) if contrast else "no seed yet"
            )
            text = f"{arm} against {baseline}, {NAMES[way]}: {said}"
            yield Question(
                text, way, frozenset({arm, baseline}), contrast is not None and contrast.verdict != stats.UNDECIDED
            )


def _claims(of: Results) -> Iterator[Question]:
    for claim, ruled in rulings(of):
        for ruling in ruled:
            arms = _arms_in_doubt(of, ruling)
            text = f"claim {claim.text!r}, {NAMES[ruling.way]}: {listed(sorted(arms))}"
            yield Question(text, ruling.way, arms, ruling.verdict != UNDECIDED)


def _arms_in_doubt(of: Results, ruling: Ruling) -> frozenset[str]:
    """The arms of the contrasts of a claim that are undecided; where it is about no two arms, all that it is about."""
    known = of.spec.arms_of(ruling.way)
    doubtful = [key[:2] for key, contrast in ruling.contrasts.items() if contrast.verdict == stats.UNDECIDED]
    arms = {arm for pair in doubtful for arm in pair}
    if not arms or not arms <= known.keys():
        said = [*ruling.claim.arms, *ruling.claim.than]
        arms = (
            {*said} if ruling.way == "reported" else {of.spec.tuned_of[arm] for arm in said if arm in of.spec.tuned_of}
        )
    return frozenset(arms)

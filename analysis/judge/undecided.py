"""What is still undecided, and how many seeds its arms need to be looked at again: those of the next look that was declared."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from analysis.judge.page import OPEN, Contrast
from analysis.judge.results import NAMES, Results
from analysis.judge.verdicts import UNDECIDED, Judged, Ruling
from analysis.words import listed, plus_minus


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


def undecided(of: Judged) -> Undecided:
    every = [*_rows(of), *_claims(of)]
    left = tuple(question for question in every if not question.decided)
    wanted: dict[tuple[str, str], int] = {}
    for question in left:
        now = {arm: _seeds(of, question.way, arm) for arm in sorted(question.arms)}
        look = next_look(min(now.values()), of.spec.shares)
        for arm, seeds in now.items():
            if look > max(seeds, wanted.get((question.way, arm), 0)):
                wanted[question.way, arm] = look
    return Undecided(len(every), left, wanted)


def next_look(seeds: int, looks: Iterable[int]) -> int:
    """The number of seeds at the next look, after one at so many; the same where there is none."""
    return min((look for look in looks if look > seeds), default=seeds)


def _seeds(of: Results, way: str, arm: str) -> int:
    """How many an arm was to have, of each search where there are several."""
    return len(of.spec.seeds_of(way, arm)) // (of.spec.searches if way == "confirm" else 1)


def _rows(of: Judged) -> Iterator[Question]:
    """Every arm against the baseline."""
    for way in of.ways():
        baseline = str(of.spec.baseline_of(way))
        for arm, contrast in of.contrasts[way].items():
            said = plus_minus(contrast.difference.mean, contrast.difference.half, sign=True)
            text = f"{arm} against {baseline}, {NAMES[way]}: {said}"
            yield Question(text, way, frozenset({arm, baseline}), contrast.verdict != OPEN)


def _claims(of: Judged) -> Iterator[Question]:
    for claim, ruled in of.rulings:
        for ruling in ruled:
            arms = _arms_in_doubt(of, ruling)
            text = f"claim {claim.text!r}, {NAMES[ruling.way]}: {listed(sorted(arms))}"
            yield Question(text, ruling.way, arms, ruling.verdict != UNDECIDED or not arms)


def _arms_in_doubt(of: Judged, ruling: Ruling) -> frozenset[str]:
    """The arms of what a claim says that is undecided; of a claim that could not be looked at yet, all it is about."""
    open_ones: list[Contrast] = [contrast for contrast in ruling.contrasts if contrast.verdict == OPEN]
    about = [contrast.said.about for contrast in open_ones or ruling.contrasts]
    if not about:
        about = [one.about for one in ruling.claim.assertions(list(of.spec.arms))]
    named = {arm for arms in about for arm in arms}
    return frozenset(named & of.spec.arms_of(ruling.way).keys())

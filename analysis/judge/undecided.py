"""What is still undecided, and how many seeds its arms need: those of the next look that was declared."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from analysis.judge.page import OPEN, Contrast
from analysis.judge.results import Results
from analysis.judge.verdicts import UNDECIDED, Judged, Ruling
from analysis.words import listed, plus_minus


@dataclass(frozen=True)
class Question:
    """A question that the page asks about these arms in one stage."""

    text: str
    stage: str
    arms: frozenset[str]
    decided: bool


@dataclass(frozen=True)
class Undecided:
    """The open questions of a study, and the seeds that they want."""

    questions: int
    open: tuple[Question, ...]
    wanted: dict[tuple[str, str], int]  # seeds by stage and arm, where an open question can be looked at again

    def to_json(self) -> str:
        wanted = [[stage, arm, seeds] for (stage, arm), seeds in self.wanted.items()]
        texts = [question.text for question in self.open]
        return json.dumps({"questions": self.questions, "open": texts, "wanted": wanted}, ensure_ascii=False) + "\n"


def undecided(results: Judged) -> Undecided:
    """The open questions of a study, and how many seeds the next look at each takes."""
    every = [*_rows(results), *_claims(results)]
    left = tuple(question for question in every if not question.decided)
    wanted: dict[tuple[str, str], int] = {}
    for question in left:
        now = {arm: _seeds(results, question.stage, arm) for arm in sorted(question.arms)}
        look = next_look(min(now.values()), results.spec.shares)
        for arm, seeds in now.items():
            if look > max(seeds, wanted.get((question.stage, arm), 0)):
                wanted[question.stage, arm] = look
    return Undecided(len(every), left, wanted)


def next_look(seeds: int, looks: Iterable[int]) -> int:
    """The number of seeds at the next look after one at ``seeds``; the same number where there is none."""
    return min((look for look in looks if look > seeds), default=seeds)


def _seeds(results: Results, stage: str, arm: str) -> int:
    """How many seeds are planned for an arm; with several searches, for each of them."""
    return len(results.spec.seeds_of(stage, arm)) // (results.spec.searches if stage == "confirm" else 1)


def _rows(results: Judged) -> Iterator[Question]:
    """Every arm against the baseline, as a question."""
    for stage in results.stages():
        baseline = str(results.spec.baseline_of(stage))
        for arm, contrast in results.contrasts[stage].items():
            said = plus_minus(contrast.difference.mean, contrast.difference.half, sign=True)
            text = f"{arm} against {baseline}, {results.spec.named_stage(stage)}: {said}"
            yield Question(text, stage, frozenset({arm, baseline}), contrast.verdict != OPEN)


def _claims(results: Judged) -> Iterator[Question]:
    for claim, ruled in results.rulings:
        for ruling in ruled:
            arms = _arms_in_doubt(results, ruling)
            text = f"claim {claim.text!r}, {results.spec.named_stage(ruling.stage)}: {listed(sorted(arms))}"
            yield Question(text, ruling.stage, arms, ruling.verdict != UNDECIDED or not arms)


def _arms_in_doubt(results: Judged, ruling: Ruling) -> frozenset[str]:
    """The arms of a claim's undecided differences; all its arms where it could not be judged yet."""
    open_ones: list[Contrast] = [contrast for contrast in ruling.contrasts if contrast.verdict == OPEN]
    about = [contrast.said.about for contrast in open_ones or ruling.contrasts]
    if not about:
        about = [one.about for one in ruling.claim.assertions(list(results.spec.arms))]
    named = {arm for arms in about for arm in arms}
    return frozenset(named & results.spec.arms_of(ruling.stage).keys())

"""One budget of errors for a whole page: all its questions, at all its looks, corrected together.

A question can be answered in three ways: yes, no, or "the difference is of no matter". Each has a one-sided p. Decision
0011 says why these are corrected as they are here, and what was tried beside it.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple


class Tails(NamedTuple):
    """The p of each answer to a question; NaN where trials cannot give that answer."""

    above: float = math.nan
    below: float = math.nan
    inside: float = math.nan

    def turned(self) -> "Tails":
        """The same for the difference the other way round."""
        return Tails(self.below, self.above, self.inside)


_OTHER_SIDE = {"above": "below", "below": "above"}


def over_looks(by_look: Mapping[int, Tails], shares: Mapping[int, float]) -> Tails:
    """The p of each answer, whenever one stopped looking: the smallest p of all looks, each divided by the look's share."""
    spent = [[p / shares[n] for p in tails] for n, tails in by_look.items()]
    return Tails(*(least(at_each_look) for at_each_look in zip(*spent, strict=True)))


def together(tails: Sequence[Tails]) -> Tails:
    """Several differences as one question: is each above? Is one of them below, one of no matter?"""
    each = [t.above for t in tails]
    yes = math.nan if any(map(math.isnan, each)) else max(each)
    return Tails(yes, least(t.below for t in tails), least(t.inside for t in tails))


def all_of(tails: Sequence[Tails]) -> Tails:
    """The same, as tests: "each" needs no correction, as it errs only where one of them errs; "one of them" does."""
    p = together(tails)
    return Tails(p.above, p.below * len(tails), p.inside * len(tails))


def corrected(questions: Sequence[tuple[float, Tails]]) -> list[Tails]:
    """The p of each answer corrected for all questions, each given with its weight: below 5 % it holds on this page.

    Holm's way, with tails counted in place of hypotheses. A question that is open can be answered wrongly on two
    sides; one of which the side is shown on one side more, if "of no matter" is not shown too; else on none.
    """
    shown = [dict[str, float]() for _ in questions]
    reached = 0.0
    while True:
        tails_left = sum(w * _sides(own, t) for own, (w, t) in zip(shown, questions, strict=True))
        next_up = [
            (p * tails_left / weight, which, answer)
            for which, (weight, tails) in enumerate(questions)
            for answer, p in tails._asdict().items()
            if answer not in shown[which] and _OTHER_SIDE.get(answer) not in shown[which] and not math.isnan(p)
        ]
        if not next_up:
            return [Tails(**{**_no_longer(tails), **own}) for own, (_, tails) in zip(shown, questions, strict=True)]
        p, which, answer = min(next_up)
        reached = max(reached, min(1.0, p))
        shown[which][answer] = reached


def _no_longer(tails: Tails) -> dict[str, float]:
    """The p of the sides that are not looked at any more, as the other one is shown."""
    return {answer: 1.0 for answer, p in tails._asdict().items() if not math.isnan(p)}


def level_left(questions: Sequence[tuple[float, Tails]], found: Sequence[Tails], weight: float, level: float) -> float:
    """The level at which each side of an open question of this weight is shown, after all that is shown at the level."""
    shown = [{answer: p for answer, p in tails._asdict().items() if p <= level} for tails in found]
    left = sum(w * _sides(own, tails) for own, (w, tails) in zip(shown, questions, strict=True))
    return level * weight / left if left else level


def _sides(shown: Mapping[str, float], tails: Tails) -> int:
    """On how many sides a question can still be answered wrongly."""
    if "above" not in shown and "below" not in shown:
        return 2
    return int("inside" not in shown and not math.isnan(tails.inside))


def least(ps: Iterable[float]) -> float:
    return min((p for p in ps if not math.isnan(p)), default=math.nan)

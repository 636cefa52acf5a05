"""One budget of errors for a whole page: all its questions, at all its looks, corrected together.

A question can be answered in three ways: yes, no, or "the difference does not matter". Each has a p of its own. Decision
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

    def either(self, sides: int) -> float:
        """The p of "above or below"."""
        p = sides * least([self.above, self.below])
        return 1.0 if p > 1 else p

    def turned(self) -> "Tails":
        """The tails of the same difference with its two sides exchanged."""
        return Tails(self.below, self.above, self.inside)


_OTHER_SIDE = {"above": "below", "below": "above"}


def over_looks(by_look: Mapping[int, Tails], shares: Mapping[int, float]) -> Tails:
    """The p of each answer over all looks, however many were taken: the smallest p, each divided by its look's share."""
    spent = [[p / shares[n] for p in tails] for n, tails in by_look.items()]
    return Tails(*(least(at_each_look) for at_each_look in zip(*spent, strict=True)))


def together(tails: Sequence[Tails]) -> Tails:
    """The tails of several differences as one question: is each above, is any below, does any not matter?"""
    each = [t.above for t in tails]
    yes = math.nan if any(map(math.isnan, each)) else max(each)
    return Tails(yes, least(t.below for t in tails), least(t.inside for t in tails))


def all_of(tails: Sequence[Tails]) -> Tails:
    """The same, as tests: "each" needs no correction, as it errs only where one of them errs; "any of them" needs one."""
    p = together(tails)
    return Tails(p.above, p.below * len(tails), p.inside * len(tails))


def corrected(questions: Sequence[tuple[float, Tails]]) -> list[Tails]:
    """The p of each answer corrected for all questions, each given with its weight: below 5 % it holds on this page.

    This is Holm's method, counting sides in place of hypotheses. An open question can be answered wrongly on two sides.
    Once its sign is shown, one side is left, until "does not matter" is shown too; then none.
    """
    shown = [dict[str, float]() for _ in questions]
    reached = 0.0
    while True:
        tails_left = _sides_left(shown, questions)
        next_up = [
            (p * tails_left / weight, which, answer)
            for which, (weight, tails) in enumerate(questions)
            for answer, p in tails._asdict().items()
            if answer not in shown[which] and _OTHER_SIDE.get(answer) not in shown[which] and not math.isnan(p)
        ]
        if not next_up:
            return [_with_opposites(own, tails) for own, (_, tails) in zip(shown, questions, strict=True)]
        p, which, answer = min(next_up)
        reached = max(reached, min(1.0, p))
        shown[which][answer] = reached


def _with_opposites(shown: Mapping[str, float], tails: Tails) -> Tails:
    """What is shown, with a p of 1 for an answer that can no longer be given, as the opposite one is shown."""
    return Tails(**{a: shown.get(a, 1.0) for a, p in tails._asdict().items() if not math.isnan(p)})


def level_left(questions: Sequence[tuple[float, Tails]], found: Sequence[Tails], weight: float, level: float) -> float:
    """The level at which an open question of this weight shows a side, once all is shown that the level allows."""
    shown = [{answer: p for answer, p in tails._asdict().items() if p <= level} for tails in found]
    left = _sides_left(shown, questions)
    return level * weight / left if left else level


def _sides_left(shown: Sequence[Mapping[str, float]], questions: Sequence[tuple[float, Tails]]) -> float:
    """The weights of all sides on which a question can still be answered wrongly."""
    return sum(
        weight * (2 if own.keys().isdisjoint(_OTHER_SIDE) else "inside" not in own and not math.isnan(tails.inside))
        for own, (weight, tails) in zip(shown, questions, strict=True)
    )


def least(ps: Iterable[float]) -> float:
    """The smallest p that is known; NaN where none is."""
    return min((p for p in ps if not math.isnan(p)), default=math.nan)

"""How a study's 5 % of false words are shared out: over its questions, and over the times its results are looked at.

All of it is declared with the study, before the first training. Decision 0011 says why it is shared so.
"""

import math
from collections.abc import Mapping
from itertools import pairwise

LEVEL = 0.05
FIRST_LOOK = 0.6  # of the level, at least: most readers see that look alone
GROWTH = 1.5  # seeds at one look against those at the look before


def weights(contrasts: Mapping[str, int], claims: Mapping[str, int]) -> tuple[dict[str, float], dict[str, float]]:
    """The share of the level that one contrast to the baseline gets, and that one claim gets, by stage; given are their numbers.

    The study's own question gets one half, what the report concluded the other; each is shared equally by its stages.
    """
    kinds = sum(any(counts.values()) for counts in (contrasts, claims))
    return _shared(contrasts, kinds), _shared(claims, kinds)


def _shared(counts: Mapping[str, int], kinds: int) -> dict[str, float]:
    asked = {stage: count for stage, count in counts.items() if count}
    return {stage: 1 / (kinds * len(asked) * count) for stage, count in asked.items()}


def looks(first: int, at_most: int) -> tuple[int, ...]:
    """The numbers of seeds at which verdicts are given: 5, 8 and 12 of at most 12, when the first are 5."""
    if first >= at_most:
        return (first,)
    return (first, *looks(min(at_most, math.ceil(GROWTH * first)), at_most))


def shares(first: int, at_most: int) -> dict[int, float]:
    """What each look may spend of the level: the first one its part, the later ones in proportion to the seeds they add."""
    when = looks(first, at_most)
    begin = max(FIRST_LOOK, first / when[-1])
    later = {n: (1 - begin) * (n - before) / (when[-1] - first) for before, n in pairwise(when)}
    return {first: begin, **later}

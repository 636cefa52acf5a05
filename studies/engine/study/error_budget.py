"""How a study's 5 % of false words are shared out: over its questions, and over the times its results are looked at.

All of it is declared with the study, before the first training. Decision 0011 says why it is shared so.
"""

import math
from itertools import pairwise

LEVEL = 0.05
QUESTION = 0.5  # what the arms against the baseline get of the level; the report's conclusions get the rest
GROWTH = 1.5  # seeds at one look against those at the look before


def weights(contrasts: int, claims: int) -> tuple[float, float]:
    """The share of the level that one contrast to the baseline gets, and that one claim gets."""
    question = QUESTION if contrasts and claims else 1.0
    return question / contrasts if contrasts else 0.0, (1 - question * (contrasts > 0)) / claims if claims else 0.0


def looks(first: int, at_most: int) -> tuple[int, ...]:
    """The numbers of seeds at which verdicts are given: 5, 8 and 12 of at most 12, when the first are 5."""
    if first >= at_most:
        return (first,)
    return (first, *looks(min(at_most, math.ceil(GROWTH * first)), at_most))


def shares(first: int, at_most: int) -> dict[int, float]:
    """What each look may spend of the level: in proportion to the seeds that it adds, together all of it."""
    when = looks(first, at_most)
    return {n: (n - before) / when[-1] for before, n in pairwise((0, *when))}

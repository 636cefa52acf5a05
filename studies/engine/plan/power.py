"""What so many seeds can show: the power of a comparison by Student's noncentral t. Pure numbers, before or after a study.

``sd`` is the spread of a paired difference over seeds, ``level`` the chance of being wrong on one side.
"""

import math
from bisect import bisect_left
from collections.abc import Callable

from scipy.special import chdtri, nctdtr, nctdtrinc, stdtr, stdtrit

POWER = 0.8
SPREAD = 0.8  # how sure the range of n* is of the spread over seeds
MOST = 1_000_000  # seeds: beyond, the search for n* ends


def chance_to_differ(difference: float, sd: float, n: int, level: float) -> float:
    """The chance that n seeds show a true difference to be on its side of 0."""
    if n < 2:
        return 0.0
    return float(1 - nctdtr(n - 1, abs(difference) * math.sqrt(n) / sd, stdtrit(n - 1, 1 - level)))


def chance_to_be_inside(difference: float, sd: float, n: int, level: float, margin: float) -> float:
    """The chance, to about a hundredth, that n seeds show a true difference to lie within the margin."""
    if n < 2 or abs(difference) >= margin:
        return 0.0
    rooms = [(margin - side * difference) * math.sqrt(n) / sd - stdtrit(n - 1, 1 - level) for side in (1, -1)]
    return max(0.0, float(sum(stdtr(n - 1, rooms)) - 1))


def smallest_difference(sd: float, n: int, level: float) -> float:
    """The true difference that n seeds show in four of five studies; infinite where one seed shows nothing."""
    if n < 2:
        return math.inf
    return float(nctdtrinc(n - 1, 1 - POWER, stdtrit(n - 1, 1 - level)) * sd / math.sqrt(n))


def seeds_for(chance: Callable[[int], float]) -> float:
    """The fewest seeds that have the power, where ``chance`` is that of so many; infinite where no million has it."""
    most = 2  # doubled until it is enough: with far too many seeds scipy's noncentral t gives NaN
    while not chance(most) >= POWER:
        if most == MOST:
            return math.inf
        most = min(2 * most, MOST)
    return float(bisect_left(range(most), POWER, lo=max(2, most // 2), key=chance))


def seeds_to_decide(difference: float, sd: float, level: float, margin: float) -> float:
    """The fewest seeds that tell in four of five studies what a true difference is: on its side of 0, or inside the margin."""
    return seeds_for(
        lambda n: max(chance_to_differ(difference, sd, n, level), chance_to_be_inside(difference, sd, n, level, margin))
    )


def seeds_to_place(difference: float, sd: float, level: float, margin: float) -> float:
    """The fewest seeds that tell in four of five studies on which side of the margin a true difference lies."""
    if abs(difference) > margin:
        return seeds_to_decide(abs(difference) - margin, sd, level, 0.0)
    return seeds_for(lambda n: chance_to_be_inside(difference, sd, n, level, margin))


def spread_between(sd: float, n: int) -> tuple[float, float]:
    """Within what the true spread lies in four of five studies that have seen ``sd`` on n seeds."""
    df, out = n - 1, (1 - SPREAD) / 2
    return sd * math.sqrt(df / chdtri(df, out)), sd * math.sqrt(df / chdtri(df, 1 - out))


def in_reach(difference: float, sd: float, seen: int, level: float, margin: float, at_most: int) -> bool:
    """Whether so many seeds may decide it, after ``seen``: if it is as large or as near to 0, and its spread as small, as
    the seeds leave possible in nine of ten studies each."""
    low, _ = spread_between(sd, seen)
    unsure = float(stdtrit(seen - 1, (1 + SPREAD) / 2)) * sd / math.sqrt(seen)
    far, near = abs(difference) + unsure, max(0.0, abs(difference) - unsure)
    chances = chance_to_differ(far, low, at_most, level), chance_to_be_inside(near, low, at_most, level, margin)
    return max(chances) >= POWER

"""Statistics over seeds: arrays in, numbers out. Nothing here knows about studies, books or files.

Seeds are few (3 to 12), so every interval is Student's t: with the normal's 1.96 a "95 %" interval over 5 seeds
covers 84 %. Comparisons are paired: two arms on the same seed share the data order, so what differs is the arm.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import helmert
from scipy.special import bdtr, bdtrc, fdtrc, stdtr, stdtrit

from studies.engine.study.error_budget import LEVEL

_EXACT_FLIPS = 16  # up to so many differences all sign patterns are tried; above, a fixed random sample of them
Z = 1.959964  # of the normal distribution's two-sided 95 %
_SKEWED = 2.5  # standard errors of a skewness that would be 0 if seed noise were normal
_APART = 12.0  # widths of the two groups of an arm's seeds by which the groups lie apart


class Estimate(NamedTuple):
    """A mean over n seeds, of values or of paired differences, and their spread; all else is NaN below two seeds."""

    mean: float
    n: int
    sd: float

    @property
    def half(self) -> float:
        """Half the 95 % Student-t interval."""
        return float(stdtrit(self.n - 1, 1 - LEVEL / 2) * self.sd / np.sqrt(self.n))

    @property
    def low(self) -> float:
        return self.mean - self.half

    @property
    def high(self) -> float:
        return self.mean + self.half

    def above(self, bound: float) -> float:
        """The one-sided p of "the truth is at most the bound"; NaN where seeds show no spread to judge by."""
        if not self.sd > 0:
            return math.nan
        return float(stdtr(self.n - 1, (bound - self.mean) * math.sqrt(self.n) / self.sd))

    def below(self, bound: float) -> float:
        """The one-sided p of "the truth is at least the bound"."""
        return 1 - self.above(bound)

    def inside(self, margin: float) -> float:
        """The p of "the truth is as far from 0 as the margin, or farther": two one-sided tests, the larger p."""
        return max(self.above(-margin), self.below(margin))

    def beyond(self, margin: float) -> float:
        """The one-sided p of "the truth is within the margin"."""
        return min(self.above(margin), self.below(-margin))


class Interaction(NamedTuple):
    """The F test of "the effect of one factor is the same at every level of the other"."""

    f: float
    df: tuple[float, float]
    p: float


def mean_interval(values: ArrayLike, resolution: float = 0.0) -> Estimate:
    """Mean of ``values`` (shape (n,)) with its interval; NaN without values.

    ``resolution`` is the step in which the values are known (one image of the test set): the spread is taken no
    smaller than that, so that three values that agree by rounding do not pass for certainty.
    """
    x = np.asarray(values, dtype=float)
    assert x.ndim == 1, "numbers in one row"
    assert np.isfinite(x).all(), "all of them finite"
    sd = max(float(x.std(ddof=1)), resolution) if x.size > 1 else math.nan
    return Estimate(float(x.mean()) if x.size else math.nan, x.size, sd)


def sign_flip_p(differences: ArrayLike) -> float:
    """Exact two-sided p of the sign-flip test (shape (n,)): no assumption but symmetry of the differences."""
    d = np.asarray(differences, dtype=float)
    if d.size <= _EXACT_FLIPS:
        bits = np.arange(2**d.size)[:, None] >> np.arange(d.size) & 1
    else:
        bits = np.random.default_rng(0).integers(0, 2, (2**_EXACT_FLIPS, d.size))
        bits[0] = 0  # the pattern that was seen is one of them
    means = (1 - 2 * bits) @ d
    return float(np.mean(np.abs(means) >= abs(d.sum()) * (1 - 1e-12)))


def probability_of_improvement(a: ArrayLike, b: ArrayLike) -> float:
    """P(a run of ``a`` beats a run of ``b``), ties counting half; shapes (n,) and (m,), seeds need not be shared."""
    x, y = np.asarray(a, dtype=float)[:, None], np.asarray(b, dtype=float)[None, :]
    return float(np.mean((x > y) + 0.5 * (x == y)))


def wilson(k: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share of which k of n were seen."""
    middle, width = (k + Z**2 / 2) / (n + Z**2), Z / (n + Z**2) * math.sqrt(k * (n - k) / n + Z**2 / 4)
    return max(0.0, middle - width), min(1.0, middle + width)


def share_above(k: int, n: int, share: float) -> float:
    """The exact one-sided p of "the true share is at most ``share``", when k of n were seen."""
    return float(bdtrc(k - 1, n, share)) if k else 1.0


def share_below(k: int, n: int, share: float) -> float:
    """The exact one-sided p of "the true share is at least ``share``", when k of n were seen."""
    return float(bdtr(k, n, share))


def fisher(k: int, n: int, other_k: int, other_n: int) -> float:
    """Fisher's exact one-sided p of "the share is no smaller than the other one", when k of n and other_k of other_n were seen."""
    both = k + other_k
    ways = [math.comb(n, i) * math.comb(other_n, both - i) for i in range(max(0, both - other_n), k + 1)]
    return sum(ways) / math.comb(n + other_n, both)


def two_way_interaction(values: ArrayLike) -> Interaction:
    """Interaction of two factors with seeds as blocks; shape (rows, columns, seeds), each seed in every cell.

    The spreads of the cells need not be equal: degrees of freedom by Greenhouse and Geisser. NaN without any spread.
    """
    x = np.asarray(values, dtype=float)
    rows, columns, seeds = x.shape
    assert min(x.shape) > 1, "at least 2 x 2 cells and 2 seeds"
    contrasts = np.einsum("ar,bc,rcs->abs", helmert(rows), helmert(columns), x).reshape(-1, seeds)
    covariance = np.atleast_2d(np.cov(contrasts))
    spread, number = float(np.trace(covariance)), len(contrasts)
    if spread == 0:
        return Interaction(math.nan, (number, number * (seeds - 1)), math.nan)
    f = seeds * float((contrasts.mean(axis=1) ** 2).sum()) / spread
    epsilon = spread**2 / (number * float((covariance**2).sum()))
    df = (epsilon * number, epsilon * number * (seeds - 1))
    return Interaction(f, df, float(fdtrc(*df, f)))


def by_choice_of_the_others(chosen_by: NDArray[np.float64], shown: NDArray[np.float64]) -> NDArray[np.float64]:
    """By seed, the figure of the arm that is best on all other seeds: both arrays are of shape (arms, seeds).

    What is chosen and shown on the same seeds looks better than it is; this does not.
    """
    others = chosen_by.sum(axis=1, keepdims=True) - chosen_by
    figures: NDArray[np.float64] = shown[others.argmax(axis=0), np.arange(shown.shape[1])]
    return figures


def skewed(samples: Sequence[ArrayLike]) -> bool:
    """Whether seed noise, of all arms together, has a longer tail on one side than normal noise would have."""
    known = [x for x in (np.asarray(own, dtype=float) for own in samples) if x.size > 2 and x.std() > 0]
    skewness = sum(float(((x - x.mean()) ** 3).mean() / x.std() ** 3) for x in known)
    variance = sum(6 * (x.size - 2) / ((x.size + 1) * (x.size + 3)) for x in known)  # of a normal sample's skewness
    return abs(skewness) > _SKEWED * math.sqrt(variance)


def two_peaked(values: ArrayLike) -> bool:
    """Whether an arm's seeds fall into two groups, farther apart than either is wide."""
    x = np.sort(np.asarray(values, dtype=float))
    if x.size < 5 or x[0] == x[-1]:
        return False
    cut = int(np.diff(x).argmax()) + 1
    low, high = x[:cut], x[cut:]
    width = math.sqrt((low.var() * low.size + high.var() * high.size) / (x.size - 2))
    return bool(high[0] - low[-1] > _APART * width)

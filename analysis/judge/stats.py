"""Statistics of comparisons over seeds: arrays in, numbers out. Nothing here knows of studies, stores or files.

Seeds are few (3 to 10), so every interval is Student's t: with the normal's 1.96 a "95 %" interval over 5 seeds
covers 84 %. Comparisons are paired: two arms on the same seed share the data order, so what differs is the arm.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import fdtrc, stdtr, stdtrit

LEVEL = 0.05
POWER = 0.8
BETTER, WORSE, EQUAL, UNDECIDED = "better", "worse", "practically equal", "undecided"
_EXACT_FLIPS = 16  # up to so many differences all sign patterns are tried; above, a fixed random sample of them


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

    @property
    def p(self) -> float:
        """Of "it is 0", two-sided."""
        return beyond_p(self, 0.0)


class Interaction(NamedTuple):
    """The F test of "the effect of one factor is the same at every level of the other"."""

    f: float
    df: tuple[int, int]
    p: float


def mean_interval(values: ArrayLike) -> Estimate:
    """Mean of ``values`` (shape (n,)) with its interval; of none, NaN."""
    x = np.asarray(values, dtype=float)
    return paired_difference(x, np.zeros_like(x)) if x.size else Estimate(math.nan, 0, math.nan)


def paired_difference(a: ArrayLike, b: ArrayLike, resolution: float = 0.0) -> Estimate:
    """``a - b`` for arrays of shape (n,), element i of both from the same seed.

    ``resolution`` is the step in which the values are known (one image of the test set): the spread is taken no
    smaller than that, so that three differences that agree by rounding do not pass for certainty.
    """
    x, y = _vector(a), _vector(b)
    assert x.shape == y.shape, "pairs have two halves"
    d = x - y
    return Estimate(float(d.mean()), d.size, max(float(d.std(ddof=1)), resolution) if d.size > 1 else math.nan)


def equivalence_p(difference: Estimate, margin: float) -> float:
    """p of "the true difference is ``margin`` or more, one way or the other" (two one-sided t tests, the larger p)."""
    return _one_sided(margin - abs(difference.mean), difference)


def beyond_p(difference: Estimate, margin: float) -> float:
    """p of "the true difference is at most ``margin``" (two-sided, so that 0.05 means the interval lies outside)."""
    return float(np.minimum(1.0, 2 * _one_sided(abs(difference.mean) - margin, difference)))


def verdict(difference: Estimate, p: float, p_equal: float) -> str:
    """One of the four verdicts from the (corrected) p of the difference and of the equivalence.

    A difference that is real but inside the margin is practically equal: the margin says it does not matter.
    """
    if p_equal < LEVEL:
        return EQUAL
    if p < LEVEL:
        return BETTER if difference.mean > 0 else WORSE
    return UNDECIDED


def seeds_to_decide(difference: Estimate, effect: float) -> float:
    """How many seeds find a true difference of ``effect`` with 80 % power: n* = ((t_.975 + t_.8) sd / effect)^2.

    Student's t in place of the normal's z, as n* is often small; never fewer than one more than there are.
    NaN where the spread is unknown (a single seed).
    """
    if math.isnan(difference.sd) or effect <= 0:
        return math.nan
    ratio = difference.sd / effect
    n = max(difference.n + 1, math.ceil((2.8016 * ratio) ** 2))  # z_.975 + z_.8: a lower bound, so the search is short
    while n < ((stdtrit(n - 1, 1 - LEVEL / 2) + stdtrit(n - 1, POWER)) * ratio) ** 2:
        n += 1
    return float(n)


def seeds_to_place(difference: Estimate, margin: float) -> float:
    """How many seeds show with 80 % power, to about a hundredth, on which side of the margin the difference lies.

    To be shown inside, two one-sided tests have to pass; beyond it, a two-sided one.
    """
    left = margin - abs(difference.mean)
    if left <= 0 or math.isnan(difference.sd):
        return seeds_to_decide(difference, -left)
    n = max(difference.n + 1, math.ceil((2.4865 * difference.sd / left) ** 2))  # z_.95 + z_.8
    while _power_inside(difference, margin, n) < POWER:
        n += math.ceil(n / 100)
    return float(n)


def _power_inside(difference: Estimate, margin: float, n: int) -> float:
    bounds = np.array([margin - difference.mean, margin + difference.mean]) * math.sqrt(n) / difference.sd
    return float(stdtr(n - 1, bounds - stdtrit(n - 1, 1 - LEVEL)).sum() - 1)


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """Holm's adjusted p-values, in the order given (shape (k,)): the chance of any false alarm stays at the level.

    A NaN (a contrast that could not be tested) stays NaN but still counts as one of the k.
    """
    values = np.asarray(p, dtype=float)
    order = np.argsort(values)  # NaN last
    steps = values[order] * np.arange(values.size, 0, -1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return adjusted


def sign_flip_p(differences: ArrayLike) -> float:
    """Exact two-sided p of the sign-flip test (shape (n,)): no assumption but symmetry of the differences."""
    d = _vector(differences)
    if d.size <= _EXACT_FLIPS:
        bits = np.arange(2**d.size)[:, None] >> np.arange(d.size) & 1
    else:
        bits = np.random.default_rng(0).integers(0, 2, (2**_EXACT_FLIPS, d.size))
        bits[0] = 0  # the pattern that was seen is one of them
    means = (1 - 2 * bits) @ d
    return float(np.mean(np.abs(means) >= abs(d.sum()) * (1 - 1e-12)))


def sign_flip_floor(n: int) -> float:
    """The smallest p a sign-flip test on n pairs can give: 0.25 at 3 seeds, 0.0625 at 5; below 0.05 only from 6 on."""
    return min(1.0, 2.0 ** (1 - n))


def two_way_interaction(values: ArrayLike) -> Interaction:
    """Interaction of two factors with seeds as blocks; shape (rows, columns, seeds), each seed in every cell."""
    x = np.asarray(values, dtype=float)
    rows, columns, seeds = x.shape
    assert min(x.shape) > 1, "at least 2 x 2 cells and 2 seeds"
    assert np.isfinite(x).all(), "every seed in every cell"
    cells, grand = x.mean(axis=2), x.mean()
    additive = cells.mean(axis=1, keepdims=True) + cells.mean(axis=0, keepdims=True) - grand
    residual = x - cells[:, :, None] - (x.mean(axis=(0, 1)) - grand)
    df = ((rows - 1) * (columns - 1), (rows * columns - 1) * (seeds - 1))
    explained = seeds * ((cells - additive) ** 2).sum() / df[0]
    unexplained = (residual**2).sum() / df[1]
    f = explained / unexplained if unexplained > 0 else (math.inf if explained > 0 else 0.0)
    return Interaction(float(f), df, 0.0 if math.isinf(f) else float(fdtrc(*df, f)))


def probability_of_improvement(a: ArrayLike, b: ArrayLike) -> float:
    """P(a run of ``a`` beats a run of ``b``), ties counting half; shapes (n,) and (m,), seeds need not be shared."""
    x, y = _vector(a)[:, None], _vector(b)[None, :]
    return float(np.mean((x > y) + 0.5 * (x == y)))


def share_upper_bound(n: int) -> float:
    """What share of failures is still possible (95 %) when none was seen in n runs: 1 - 0.05^(1/n)."""
    return float(1 - LEVEL ** (1 / n))


def _vector(values: ArrayLike) -> NDArray[np.float64]:
    x = np.asarray(values, dtype=float)
    assert x.ndim == 1, "numbers in one row"
    assert x.size >= 1, "at least one of them"
    assert np.isfinite(x).all(), "all of them finite"
    return x


def _one_sided(by: float, difference: Estimate) -> float:
    """p of "the difference does not pass a bound", when it passes it ``by`` so much."""
    if difference.sd == 0:  # without any spread the mean is a fact
        return 0.0 if by > 0 else 1.0
    return float(stdtr(difference.n - 1, -by * math.sqrt(difference.n) / difference.sd))

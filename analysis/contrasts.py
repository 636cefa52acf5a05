"""Differences between arms over shared seeds, judged together: one family, one correction, four verdicts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from analysis import stats


@dataclass(frozen=True)
class Contrast:
    """A difference (higher is better) and what it shows; the p-values are Holm's over its family."""

    difference: stats.Difference | None  # None: there is no seed that both have
    p: float  # of no difference
    p_equal: float  # of a difference of the margin or more
    p_beyond: float  # of a difference of the margin or less
    verdict: str
    likely: float  # seeds that would decide if the difference is as large as it looks; NaN unless undecided
    needed: float  # n*: seeds that would decide in any case; NaN unless undecided


def judged(differences: Sequence[stats.Difference | None], margins: Sequence[float]) -> list[Contrast]:
    """A family of differences with their margins; a margin of 0 means that none is too small to matter."""
    known = list(zip(differences, margins, strict=True))
    ps = stats.holm([math.nan if d is None else d.p for d, _ in known])
    equal = stats.holm([math.nan if d is None else stats.equivalence_p(d, margin) for d, margin in known])
    beyond = stats.holm([math.nan if d is None else stats.beyond_p(d, margin) for d, margin in known])
    return [
        _contrast(d, margin, float(p), float(p_equal), float(p_beyond))
        for (d, margin), p, p_equal, p_beyond in zip(known, ps, equal, beyond, strict=True)
    ]


def paired(a: "pd.Series[float]", b: "pd.Series[float]", resolution: float = 0.0) -> stats.Difference | None:
    """``a - b`` for values by seed, over the seeds that both have."""
    both = pd.concat([a, b], axis=1, join="inner").to_numpy()
    return stats.paired_difference(both[:, 0], both[:, 1], resolution) if len(both) else None


def _contrast(d: stats.Difference | None, margin: float, p: float, p_equal: float, p_beyond: float) -> Contrast:
    verdict = stats.UNDECIDED if d is None else stats.verdict(d, p, p_equal)
    if d is None or verdict != stats.UNDECIDED:
        return Contrast(d, p, p_equal, p_beyond, verdict, math.nan, math.nan)
    likely = stats.seeds_to_decide(d, max(abs(d.mean), margin))
    needed = stats.seeds_to_decide(d, margin) if margin else likely
    return Contrast(d, p, p_equal, p_beyond, verdict, likely, needed)

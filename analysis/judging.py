"""Whether the trials bear out what a report concluded: every claim as contrasts over seeds, and what they show.

    better       SUPPORTED if every contrast is better; CONTRADICTED if one is worse or practically equal
    best         the same, against every other arm
    equal        SUPPORTED if all pairs are practically equal; CONTRADICTED if one differs by more than the margin
    interaction  as better, for the difference of two differences
    trains, fails, unstable    accuracy above twice chance in every seed, in none, in some but not all

Anything else is UNDECIDED, or INVALID where there is nothing fair to compare. All contrasts of all claims in one way
are one family (Holm).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import pandas as pd

from analysis import stats
from analysis.contrasts import Contrast, judged, paired
from analysis.results import GAP, WAYS, Results
from analysis.spec import Claim
from studies.engine import schema

SUPPORTED, CONTRADICTED, UNDECIDED, INVALID = "SUPPORTED", "CONTRADICTED", "UNDECIDED", "INVALID"
POINTS = (
    schema.TEST_ACC1, schema.TEST_ACC5, schema.VAL_ACC1, schema.VAL_ACC5, schema.TRAIN_ACC1, schema.TRAIN_ACC5, GAP,
)  # fmt: skip
HIGHER_IS_BETTER = (*POINTS[:-1], schema.IMAGES_PER_SECOND)
OF_THE_MODEL = (schema.PARAMETERS, schema.SIZE_MB, schema.FLOPS)  # the same on every seed: facts, not samples
ABOUT_TRAINING = ("trains", "fails", "unstable")
SEEN_ONCE = 29  # runs in which something that happens one time in ten is seen at least once, with 95 %
ENOUGH = 3  # seeds before "in every one" means anything


@dataclass(frozen=True)
class Pair:
    """``arm - than``, turned so that more is better; of an interaction, the names of two differences."""

    arm: str
    than: str
    metric: str
    at: float | None
    difference: stats.Difference | None

    @property
    def key(self) -> tuple[object, ...]:
        return self.arm, self.than, self.metric, self.at


@dataclass(frozen=True)
class Ruling:
    """What the trials say to a claim in one way; ``pairs`` and ``contrasts`` go together."""

    claim: Claim
    way: str
    verdict: str
    reason: str = ""  # of INVALID, and of what is not there yet
    pairs: Sequence[Pair] = ()
    contrasts: Sequence[Contrast] = ()
    trained: Sequence[tuple[str, int, int]] = ()  # arm, seeds that trained, seeds that ended
    likely: float = math.nan  # seeds that would decide if the differences are as large as they look
    needed: float = math.nan  # seeds that would decide in any case


def rulings(of: Results) -> list[Ruling]:
    """Every claim in every way that was run and that it can be asked in, in the order of the claims."""
    by_way = {way: _of_way(of, way) for way in of.ways()}
    return [ruling for claim in of.spec.claims for way in by_way for ruling in by_way[way] if ruling.claim is claim]


def _of_way(of: Results, way: str) -> list[Ruling]:
    asked = [(claim, *names) for claim in of.spec.claims if (names := _names(of, claim, way))]
    faults = [_fault(of, way, claim.kind, arms + than) for claim, arms, than in asked]
    pairs = [
        [] if fault or claim.kind in ABOUT_TRAINING else _pairs(of, way, claim, arms, than)
        for (claim, arms, than), fault in zip(asked, faults, strict=True)
    ]
    shown = _judged([pair for own in pairs for pair in own], of.spec.margin)
    out = []
    for (claim, arms, _), fault, own in zip(asked, faults, pairs, strict=True):
        if fault is not None:
            out.append(Ruling(claim, way, *fault))
        elif claim.kind in ABOUT_TRAINING:
            out.append(_trained(of, way, claim, arms))
        else:
            out.append(_ruling(claim, way, own, [shown[pair.key] for pair in own]))
    return out


def _judged(pairs: Sequence[Pair], margin: float) -> dict[tuple[object, ...], Contrast]:
    """By key: what two claims rest on is one contrast of the family; what a network simply is needs no statistics."""
    family = {pair.key: pair for pair in pairs if pair.metric not in OF_THE_MODEL}
    margins = [margin if pair.metric in POINTS else 0.0 for pair in family.values()]
    judged_ = judged([pair.difference for pair in family.values()], margins)
    return {**{pair.key: _fact(pair) for pair in pairs}, **dict(zip(family, judged_, strict=True))}


def _fact(pair: Pair) -> Contrast:
    by = pair.difference.mean if pair.difference else 0.0
    verdict = stats.EQUAL if by == 0 else stats.BETTER if by > 0 else stats.WORSE
    return Contrast(pair.difference, math.nan, math.nan, math.nan, verdict, math.nan, math.nan)


def _names(of: Results, claim: Claim, way: str) -> tuple[list[str], list[str]] | None:
    """The claim's arms as this way calls them; None where tuning has made those it compares one and the same."""
    than = [arm for arm in of.spec.arms if arm not in claim.arms] if claim.kind == "best" else list(claim.than)
    if way == "reported":
        return list(claim.arms), than
    arms, others = ([of.spec.tuned_of.get(arm, "") for arm in names] for names in (claim.arms, than))
    if claim.kind in ("better", "best"):
        arms, others = list(dict.fromkeys(arms)), list(dict.fromkeys(others))
    together = arms + others
    return (arms, others) if len(set(together)) == len(together) and "" not in together else None


def _pairs(of: Results, way: str, claim: Claim, arms: Sequence[str], than: Sequence[str]) -> list[Pair]:
    def pair(a: str, b: str, x: "pd.Series[float]", y: "pd.Series[float]") -> Pair:
        if claim.metric not in HIGHER_IS_BETTER and claim.kind != "interaction":
            x, y = y, x
        return Pair(a, b, claim.metric, claim.at, _difference(of, claim.metric, x, y))

    if claim.kind == "interaction":
        a, b, c, d = (values(of, way, arm, claim) for arm in (*arms, *than))
        return [pair(f"({arms[0]} − {arms[1]})", f"({than[0]} − {than[1]})", a - b, c - d)]
    named = combinations(arms, 2) if claim.kind == "equal" else ((a, b) for a in arms for b in than)
    return [pair(a, b, values(of, way, a, claim), values(of, way, b, claim)) for a, b in named]


def _difference(of: Results, metric: str, a: "pd.Series[float]", b: "pd.Series[float]") -> stats.Difference | None:
    if metric in OF_THE_MODEL and len(a) and len(b):
        by = float(a.iloc[0] - b.iloc[0])
        return stats.Difference(by, by, by, min(len(a), len(b)), math.nan, 0.0)
    return paired(a.dropna(), b.dropna(), of.spec.resolution if metric in (schema.TEST_ACC1, GAP) else 0.0)


def values(of: Results, way: str, arm: str, claim: Claim) -> "pd.Series[float]":
    """The claim's metric by seed: at the end, or after a share of the epochs."""
    sample = of.samples[way][arm]
    if claim.at is None and claim.metric != schema.SECONDS:
        return sample.values(claim.metric)
    metric = early_metric(claim)
    history = of.runs.histories(sample.trials, [metric]).pivot(index="epoch", columns="run", values="value")
    by_trial = history.reindex(columns=list(sample.trials["run"]))
    after = max(1, round((claim.at or 1) * len(by_trial)))
    found = by_trial.median() if claim.at is None else by_trial.reindex([after]).iloc[0]
    return pd.Series(found.to_numpy(), sample.trials.index).dropna()


def early_metric(claim: Claim) -> str:
    """Before the end there are training and validation figures only: the test set is used once."""
    return claim.metric.replace("test/", "val/") if claim.at is not None else claim.metric


def _fault(of: Results, way: str, kind: str, arms: Sequence[str]) -> tuple[str, str] | None:
    """Why a claim on these arms cannot be judged in this way."""
    known = of.samples[way]
    absent = [arm for arm in arms if arm not in known or (known[arm].trials.empty and not known[arm].diverged)]
    if absent:
        return UNDECIDED, f"not trained yet: {', '.join(absent)}"
    samples = [known[arm] for arm in arms]
    lost = [s.arm for s in samples if s.trials.empty]
    if lost and kind not in ABOUT_TRAINING:
        return INVALID, f"{', '.join(lost)} diverged on every seed, so there is no figure to compare"
    digests = {d for s in samples for d in s.trials[schema.DATASET_DIGEST].dropna()}
    if len(digests) > 1:
        return INVALID, "the data set changed between its trials"
    spent = {arm: of.cost(arm).searched for arm in arms} if way == WAYS[1] else {}
    if len({n for arm, n in spent.items() if not _exhausted(of, arm, n)}) > 1:
        return INVALID, f"unequal search budgets ({', '.join(f'{arm} {n} trials' for arm, n in spent.items())})"
    return None


def _exhausted(of: Results, arm: str, searched: int) -> bool:
    """Has the search tried every setting there is?"""
    spaces = of.spec.tune.get(arm, {}).values()
    return (
        all("choices" in space for space in spaces) and math.prod(len(space["choices"]) for space in spaces) <= searched
    )


def _ruling(claim: Claim, way: str, pairs: Sequence[Pair], contrasts: Sequence[Contrast]) -> Ruling:
    if any(pair.difference is None for pair in pairs):
        return Ruling(claim, way, INVALID, f"there is no seed on which all its arms have {early_metric(claim)}")
    if claim.kind == "equal" and claim.metric not in POINTS:
        return Ruling(claim, way, INVALID, f"the margin is in points of accuracy, and {claim.metric} is not")
    words = [contrast.verdict for contrast in contrasts]
    if claim.kind == "equal":
        holds, fails = all(word == stats.EQUAL for word in words), any(c.p_beyond < stats.LEVEL for c in contrasts)
    else:
        holds, fails = all(word == stats.BETTER for word in words), any(w in (stats.WORSE, stats.EQUAL) for w in words)
    verdict = SUPPORTED if holds else CONTRADICTED if fails else UNDECIDED
    if verdict != UNDECIDED:
        return Ruling(claim, way, verdict, "", pairs, contrasts)
    likely, needed = (
        max((n for n in ns if not math.isnan(n)), default=math.nan)
        for ns in ([c.likely for c in contrasts], [c.needed for c in contrasts])
    )
    return Ruling(claim, way, verdict, "", pairs, contrasts, likely=likely, needed=needed)


def _trained(of: Results, way: str, claim: Claim, arms: Sequence[str]) -> Ruling:
    counts = []
    for arm in arms:
        found = values(of, way, arm, claim)
        counts.append(
            (arm, int((found > threshold(of.spec.chance)).sum()), len(found) + len(of.samples[way][arm].diverged))
        )
    if any(n == 0 for _, _, n in counts):
        return Ruling(claim, way, INVALID, f"no trial has {early_metric(claim)}")
    few = min(n for _, _, n in counts)
    if claim.kind == "unstable":
        if all(0 < k < n for _, k, n in counts):
            return Ruling(claim, way, SUPPORTED, trained=counts)
        enough, verdict = few >= SEEN_ONCE, CONTRADICTED
    else:
        as_said = all(k == (n if claim.kind == "trains" else 0) for _, k, n in counts)
        enough, verdict = not as_said or few >= ENOUGH, SUPPORTED if as_said else CONTRADICTED
    needed = SEEN_ONCE if claim.kind == "unstable" else ENOUGH
    return Ruling(claim, way, verdict if enough else UNDECIDED, trained=counts, needed=math.nan if enough else needed)


def threshold(chance: float) -> float:
    """Twice the accuracy of chance; with few classes half-way from chance to perfect, which then is less."""
    return min(2 * chance, (100 + chance) / 2)

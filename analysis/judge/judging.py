"""Whether the trials bear out what a report concluded: every claim as contrasts over seeds, and what they show.

    better       SUPPORTED if every contrast is better, be it by little; CONTRADICTED if one is worse, or shown to differ
                 by less than the margin and not shown to differ at all
    best         the same, against every other arm
    equal        SUPPORTED if all pairs are practically equal; CONTRADICTED if one differs by more than the margin
    interaction  as better, for the difference of two differences
    narrower     as better, for two bands: from the lowest to the highest of several arms, step by step
    trains, fails    accuracy above twice chance in every seed, in none
    unstable         in some seeds but not in all, of at least one of the arms

Anything else is UNDECIDED, or INVALID where there is nothing fair to compare. All contrasts of all claims in one way
are one family (Holm).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product

import pandas as pd

from analysis.judge import stats
from analysis.judge.factors import SEPARATOR
from analysis.judge.results import Contrast, Results, Sample, judged, paired
from analysis.words import count, listed
from studies.engine import schema
from studies.engine.schema import Claim

SUPPORTED, CONTRADICTED, UNDECIDED, INVALID = "SUPPORTED", "CONTRADICTED", "UNDECIDED", "INVALID"
ACCURACIES = (
    schema.TEST_ACC1, schema.TEST_ACC5, schema.VAL_ACC1, schema.VAL_ACC5, schema.TRAIN_ACC1, schema.TRAIN_ACC5,
)  # fmt: skip
POINTS = (*ACCURACIES, schema.GAP)
HIGHER_IS_BETTER = (*ACCURACIES, schema.IMAGES_PER_SECOND)
OF_THE_MODEL = (schema.PARAMETERS, schema.SIZE_MB, schema.FLOPS)  # the same on every seed: facts, not samples
_VALIDATION = (schema.VAL_LOSS, schema.VAL_ACC1, schema.VAL_ACC5)
ABOUT_TRAINING = ("trains", "fails", "unstable")
SEEN_ONCE = 29  # runs in which something that happens one time in ten is seen at least once, with 95 %
ENOUGH = 3  # seeds before "in every one" means anything

# Which contrast: arm, than (of an interaction the names of two differences), metric, at. Turned so that more is better.
Key = tuple[str, str, str, float | None]


@dataclass(frozen=True)
class Ruling:
    """What the trials say to a claim in one way."""

    claim: Claim
    way: str
    verdict: str
    reason: str = ""  # of INVALID, and of what is not there yet
    contrasts: Mapping[Key, Contrast] = field(default_factory=dict)
    trained: Sequence[tuple[str, int, int]] = ()  # arm, seeds that trained, seeds that ended


def rulings(of: Results) -> list[tuple[Claim, list[Ruling]]]:
    """Every claim with its ruling in every way that was run and that it can be asked in."""
    made = [ruling for way in of.ways() for ruling in _of_way(of, way)] if not of.spec.is_smoke else []
    return [(claim, [ruling for ruling in made if ruling.claim is claim]) for claim in of.spec.claims]


def _of_way(of: Results, way: str) -> list[Ruling]:
    asked = [(claim, *names) for claim in of.spec.claims if (names := _names(of, claim, way))]
    looked = [_looked_at(of, way, *one) for one in asked]
    family = {key: d for seen in looked if not isinstance(seen, Ruling) for key, d in seen.items()}
    shown = _judged(family, of.spec.margin)
    return [
        seen if isinstance(seen, Ruling) else _ruling(of, way, claim, than, {key: shown[key] for key in seen})
        for (claim, _, than), seen in zip(asked, looked, strict=True)
    ]


def _names(of: Results, claim: Claim, way: str) -> tuple[list[str], list[str]] | None:
    """The claim's arms as this way calls them; None where tuning has made of them what the claim does not speak of."""
    than = [arm for arm in of.spec.arms if arm not in claim.arms] if claim.kind == "best" else list(claim.than)
    if way == "reported":
        return list(claim.arms), than
    arms, others = ([of.spec.tuned_of.get(arm, "") for arm in names] for names in (claim.arms, than))
    if any(tuned in (*arms, *others) and arm not in (*claim.arms, *than) for arm, tuned in of.spec.tuned_of.items()):
        return None  # it stands for other settings too: "at lr 2e-3" is not asked of an arm that chose another rate
    if claim.kind in ("better", "best"):
        arms, others = list(dict.fromkeys(arms)), list(dict.fromkeys(others))
    together = arms + others
    return (arms, others) if len(set(together)) == len(together) and "" not in together else None


def _looked_at(
    of: Results, way: str, claim: Claim, arms: Sequence[str], than: Sequence[str]
) -> Ruling | dict[Key, stats.Estimate | None]:
    """The differences that a claim rests on; or its ruling, where it rests on none."""
    if fault := _fault(of, way, claim, arms, than):
        return Ruling(claim, way, *fault)
    if claim.kind in ABOUT_TRAINING:
        return _trained(of, way, claim, arms)
    key = claim.metric, claim.at
    if claim.kind == "narrower":
        ours, theirs = (_band(of, [of.samples[way][arm] for arm in group], claim.metric) for group in (arms, than))
        return {(_band_of(arms), _band_of(than), *key): _difference(of, claim.metric, -ours, -theirs)}
    found = {arm: _values(of, way, arm, claim) for arm in (*arms, *than)}
    if claim.kind == "interaction":
        a, b, c, d = (found[arm] for arm in (*arms, *than))
        names = f"({arms[0]} − {arms[1]})", f"({than[0]} − {than[1]})"
        return {(*names, *key): _difference(of, claim.metric, a - b, c - d)}
    pairs = combinations(arms, 2) if claim.kind == "equal" else product(arms, than)
    turn = 1 if claim.metric in HIGHER_IS_BETTER else -1
    return {(a, b, *key): _difference(of, claim.metric, turn * found[a], turn * found[b]) for a, b in pairs}


def _fault(of: Results, way: str, claim: Claim, favoured: Sequence[str], than: Sequence[str]) -> tuple[str, str] | None:
    """Why a claim on these arms cannot be judged in this way: a verdict and its reason."""
    arms = [*favoured, *than]
    samples = {arm: of.samples[way][arm] for arm in arms if arm in of.samples[way]}
    absent = [arm for arm in arms if arm not in samples or not samples[arm].ended]
    if absent:
        return UNDECIDED, f"not trained yet: {', '.join(absent)}"
    told = arms if claim.kind == "interaction" else favoured  # the others' best seeds only make it harder for these
    lost = [arm for arm, s in samples.items() if s.trials.empty or (s.diverged and arm in told)]
    if lost and claim.kind not in ABOUT_TRAINING:
        return INVALID, _diverged(of, way, lost)
    if len({digest for sample in samples.values() for digest in sample.trials[schema.DATASET_DIGEST].dropna()}) > 1:
        return INVALID, "the data set changed between its trials"
    if way == "confirm" and (searches := of.unequal_searches(arms)):
        by_arm = ", ".join(f"{arm} {count(n, 'trial')}" for arm, n in searches.items())
        return INVALID, f"unequal search budgets ({by_arm})"
    if claim.kind == "equal" and claim.metric not in POINTS:
        return INVALID, f"the margin is in points of accuracy, and {claim.metric} is not"
    if early_metric(claim) in _VALIDATION and not of.spec.dataset["validation"]:
        return INVALID, f"it needs {early_metric(claim)}, and the study has no validation data"
    return None


def _diverged(of: Results, way: str, arms: Sequence[str]) -> str:
    lost = [f"{arm} on {len(of.samples[way][arm].diverged)} of {of.samples[way][arm].ended} seeds" for arm in arms]
    return f"diverged: {listed(lost)}; the seeds that are left do not speak for all"


def _values(of: Results, way: str, arm: str, claim: Claim) -> "pd.Series[float]":
    """The claim's metric by seed: at the end, or after a share of the epochs; of one by step, its mean over the steps."""
    sample, metric = of.samples[way][arm], early_metric(claim)
    if claim.at is None and metric not in (schema.SECONDS, schema.FLUCTUATION, *schema.STEP_METRICS):
        return sample.values(metric)
    by_seed = of.curves(sample, schema.VAL_ACC1 if metric == schema.FLUCTUATION else metric)
    if claim.at is not None:
        return by_seed.reindex([max(1, round(claim.at * len(by_seed)))]).iloc[0].dropna()
    if metric == schema.FLUCTUATION:
        return by_seed.diff().abs().iloc[(len(by_seed) + 1) // 2 :].mean().dropna()
    return (by_seed.median() if metric == schema.SECONDS else by_seed.mean()).dropna()


def _band(of: Results, samples: Sequence[Sample], metric: str) -> "pd.Series[float]":
    """By seed: how far apart the arms are at each step, from the lowest to the highest; the mean over the steps."""
    by_step = pd.concat([of.curves(sample, metric) for sample in samples], keys=range(len(samples))).groupby(level=1)
    band = (by_step.max() - by_step.min()).where(by_step.count() == len(samples))  # what one of them lacks has no band
    return band.mean().dropna()


def _band_of(arms: Sequence[str]) -> str:
    """A name for the band of these arms: what their names have in common."""
    parts = [arm.split(SEPARATOR) for arm in arms]
    shared = [part for part in parts[0] if all(part in own for own in parts)]
    return f"the band of {SEPARATOR.join(shared) or listed(arms)}"


def early_metric(claim: Claim) -> str:
    """Before the end there are training and validation figures only: the test set is used once."""
    return claim.metric.replace("test/", "val/") if claim.at is not None else claim.metric


def _difference(of: Results, metric: str, a: "pd.Series[float]", b: "pd.Series[float]") -> stats.Estimate | None:
    return paired(a.dropna(), b.dropna(), of.spec.resolution if metric in (schema.TEST_ACC1, schema.GAP) else 0.0)


def _judged(family: Mapping[Key, stats.Estimate | None], margin: float) -> dict[Key, Contrast | None]:
    """All contrasts of a way; what a network simply is needs no statistics, and is not one of the family."""
    facts = {key: None if d is None else _fact(d) for key, d in family.items() if key[2] in OF_THE_MODEL}
    sampled = {key: d for key, d in family.items() if key not in facts}
    margins = [margin if key[2] in POINTS else 0.0 for key in sampled]
    return {**facts, **dict(zip(sampled, judged(list(sampled.values()), margins), strict=True))}


def _fact(difference: stats.Estimate) -> Contrast:
    by = difference.mean
    verdict = stats.EQUAL if by == 0 else stats.BETTER if by > 0 else stats.WORSE
    return Contrast(difference, math.nan, math.nan, math.nan, verdict, math.nan, math.nan)


def _ruling(
    of: Results, way: str, claim: Claim, than: Sequence[str], contrasts: Mapping[Key, Contrast | None]
) -> Ruling:
    known = {key: contrast for key, contrast in contrasts.items() if contrast}
    if len(known) < len(contrasts):
        return Ruling(claim, way, INVALID, f"there is no seed on which all its arms have {early_metric(claim)}")
    against = {key[1] for key, contrast in known.items() if speaks_against(claim, contrast)}
    words = {contrast.verdict for contrast in known.values()}
    holds = words == {stats.EQUAL} if claim.kind == "equal" else not against and stats.UNDECIDED not in words
    lost = [arm for arm in than if of.samples[way][arm].diverged]  # to lose to its best seeds is not to lose to it
    if against and lost and (claim.kind == "narrower" or against <= {*lost}):
        return Ruling(claim, way, INVALID, _diverged(of, way, lost))
    return Ruling(claim, way, SUPPORTED if holds else CONTRADICTED if against else UNDECIDED, contrasts=known)


def speaks_against(claim: Claim, contrast: Contrast) -> bool:
    if claim.kind == "equal":
        return contrast.p_beyond < stats.LEVEL
    return contrast.verdict == stats.WORSE or (contrast.verdict == stats.EQUAL and not _better_by_little(contrast))


def _better_by_little(contrast: Contrast) -> bool:
    """A difference that is there, the right way round, but of less than the margin."""
    return contrast.p < stats.LEVEL and contrast.difference.mean > 0


def _trained(of: Results, way: str, claim: Claim, arms: Sequence[str]) -> Ruling:
    counts = []
    for arm in arms:
        found = _values(of, way, arm, claim)
        trained = int((found > of.spec.learned).sum())
        counts.append((arm, trained, len(found) + len(of.samples[way][arm].diverged)))
    few = min(n for _, _, n in counts)
    if few == 0:
        return Ruling(claim, way, INVALID, f"no trial has {early_metric(claim)}")
    if claim.kind == "unstable":
        holds = any(0 < k < n for _, k, n in counts)
        enough = holds or few >= SEEN_ONCE
    else:
        holds = all(k == (n if claim.kind == "trains" else 0) for _, k, n in counts)
        enough = not holds or few >= ENOUGH
    verdict = SUPPORTED if holds else CONTRADICTED
    return Ruling(claim, way, verdict if enough else UNDECIDED, trained=counts)

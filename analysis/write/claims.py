"""What the report concluded, and whether the trials bear it out: as reported, and with every arm at its own best."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.judge import stats
from analysis.judge.correction import together
from analysis.judge.evidence import value_at
from analysis.judge.page import BETTER, EQUAL, OF_THE_MODEL, OPEN, WORSE, Contrast
from analysis.judge.verdicts import CONTRADICTED, NEGLIGIBLE, SUPPORTED, UNDECIDED, Judged, Ruling
from analysis.read.grid import SEPARATOR
from analysis.words import LABELS, MANY, SMOKE, between, count, listed, needs, number, plus_minus
from analysis.write.formats import screen, wrapped
from analysis.write.images.words import of_a_claim
from analysis.write.lints import lints, missing, on_time
from analysis.write.notes import ONE_SEARCH, TRAIN_ACCURACY, both_ps, corrected, found, from_one_search, named
from studies.engine import schema
from studies.engine.study.assertions import HIGHER_IS_BETTER, LATE, POINTS, Above, Mixed, Narrower, Share, Within
from studies.engine.study.claims import Claim
from studies.engine.study.error_budget import LEVEL

_TOLD = 4  # contrasts named in a sentence
VERDICTS = (
    "SUPPORTED: all that the claim says is shown. CONTRADICTED: the opposite of something that it says is shown. "
    "NEGLIGIBLE: a difference that it speaks of is shown to lie inside the margin, {}. UNDECIDED: none of these yet. "
    "INVALID: there is nothing fair to compare."
)
TO_TRAIN = (
    "To train, or to converge, is here to come above twice the accuracy of chance (of two classes: above 75 %), if the "
    "claim names no accuracy, on more than half of all seeds, if it names no other share."
)
_UNITS = {schema.SECONDS: " s", schema.SIZE_MB: " MB", **dict.fromkeys((*POINTS, *LATE), " points")}


def sentence(results: Judged, ruling: Ruling) -> str:
    """The ruling as one sentence that needs no statistics to read."""
    if ruling.reason:
        return f"{ruling.reason[0].upper()}{ruling.reason[1:]}."
    if ruling.contrasts[0].evidence.trained:
        return _of_training(results, ruling)
    claim = ruling.claim
    deciding = [each for each in ruling.contrasts if _decides(ruling, each)]
    shows = [_shows(results, ruling, contrast) for contrast in deciding]
    if len(shows) > _TOLD:
        shows[_TOLD - 1 :] = [f"so on ({len(shows) - _TOLD + 1} more, below)"]
    n = [contrast.difference.n for contrast in deciding]
    unit = "search" if results.spec.repeats(ruling.stage) else "seed"
    over = "By construction" if claim.metric in OF_THE_MODEL else f"Over {count(min(n), f'shared {unit}', max(n))}"
    when = f" after {100 * claim.at:g} % of the epochs" if claim.at is not None else ""
    line = f"{over}, {listed(shows)} in {LABELS.get(value_at(claim.metric, claim.at), claim.metric)}{when}."
    more = _what_would_decide(results, ruling, min(n)) if ruling.verdict == UNDECIDED else ""
    return line + more + (f" {ONE_SEARCH}" if from_one_search(results, ruling.stage) else "")


def figures(results: Judged, ruling: Ruling) -> list[str]:
    """The numbers under a ruling: a line for each difference and, where there are several, one for all together."""
    told = [each for each in ruling.contrasts if not each.evidence.trained and not _is_told_turned(each, ruling)]
    return [*_together(ruling), *(_line(results, ruling, contrast) for contrast in told)]


def text(results: Judged) -> str:
    """All claims of a study with their verdicts, for a terminal."""
    spec = results.spec
    parts = [[f"{spec.name}, scale {spec.scale}: {spec.question}"], *([[SMOKE]] if spec.is_smoke else [])]
    for place, (claim, rulings) in enumerate(results.rulings, start=1):
        parts.append([f'{place}. "{claim.text}"', *_lines(results, rulings)])
    parts.append(notes(results))
    paragraphs = ["\n".join(part for line in lines for part in wrapped(line, screen())) for lines in parts]
    return "\n\n".join(paragraphs) + "\n"


def frame(results: Judged) -> pd.DataFrame:
    """One row per claim and stage that it was judged in."""
    every, stage = [ruling for _, own in results.rulings for ruling in own], results.spec.named_stage
    rows = [(ruling.claim.text, stage(ruling.stage), ruling.verdict, sentence(results, ruling)) for ruling in every]
    return pd.DataFrame(rows, columns=["claim", "looked_at", "verdict", "why"])


def verdicts(results: Judged) -> str:
    """A note on what the verdicts mean."""
    meant = VERDICTS.format(f"±{results.spec.margin:g} points")
    return f"{meant} Trials that share a seed are compared with one another. {corrected(results)}"


def notes(results: Judged) -> list[str]:
    """What stands under the claims: what the verdicts mean, and what to beware of."""
    spec, said = results.spec, [verdicts(results), *on_time(results)]
    if any(map(about_training, spec.claims)):
        said.append(TO_TRAIN)
    if spec.scale != "report":
        here = f"on {spec.dataset['name']} with {listed(found(results, 'epochs'))} epochs"
        said.append(f"Judged at scale {spec.scale}: {here}, not on the report's data and budget.")
    if any(claim.metric == schema.GAP for claim in spec.claims):
        said.append(TRAIN_ACCURACY)
    return [*said, *missing(results), *lints(results), *results.runs.notes]


def _lines(results: Judged, own: Sequence[Ruling]) -> list[str]:
    lines = []
    for ruling in own:
        lines.append(f"   {results.spec.named_stage(ruling.stage)}: {ruling.verdict}. {sentence(results, ruling)}")
        lines += [f"      {line}" for line in figures(results, ruling)]
    if own and "confirm" in results.stages() and not any(ruling.stage == "confirm" for ruling in own):
        lines.append(
            "   tuned: not asked; the claim is about a setting that tuning replaces, or its arms have nothing to tune."
        )
    return lines or [f"   {unjudged(results)}"]


def unjudged(results: Judged) -> str:
    """Why nothing is said about a claim."""
    smoke = results.spec.is_smoke
    return f"not judged: {'the numbers of scale smoke mean nothing' if smoke else 'nothing has been trained yet'}."


def _together(ruling: Ruling) -> list[str]:
    """A line with the p of the answer, where it rests on more than one difference."""
    if ruling.reason or (len(ruling.contrasts) == 1 and not ruling.contrasts[0].evidence.trained):
        return []
    p, corrected_p = together([contrast.evidence.latest for contrast in ruling.contrasts]), ruling.shown
    which, alone, shown = {
        CONTRADICTED: ("part of it is wrong", 2 * p.below, corrected_p.below),
        NEGLIGIBLE: ("part of it does not matter", p.inside, corrected_p.inside),
    }.get(ruling.verdict, ("all of it holds", 2 * p.above, corrected_p.above))
    certain = ruling.claim.metric in OF_THE_MODEL or math.isnan(alone)
    return [] if certain else [f"that {which}: {both_ps(min(1.0, alone), shown)}"]


def _is_told_turned(contrast: Contrast, ruling: Ruling) -> bool:
    """Whether "at most 5 points behind" is asked of both sides, and it is the other one that is behind: one line does."""
    said = contrast.said
    if not isinstance(said, Above) or said.bound >= 0 or contrast.difference.mean <= 0:
        return False
    return replace(said, arms=said.than, than=said.arms) in [each.said for each in ruling.contrasts]


def _line(results: Judged, ruling: Ruling, contrast: Contrast) -> str:
    d, (a, b) = contrast.difference, _names(results, ruling, contrast)
    label, digits = f"{a} − {b}" if b else a, _digits(ruling.claim)
    if ruling.claim.metric in OF_THE_MODEL:
        return f"{label}: {number(d.mean, digits, sign=bool(b))}"
    by = plus_minus(d.mean, d.half, digits, sign=bool(b))
    known = [", ".join(filter(None, (f"n = {d.n}", of_a_claim(results, ruling, contrast))))]
    if not math.isnan(contrast.p):
        known.append(_of_what(contrast) + both_ps(contrast.p, contrast.p_corrected))
    if ruling.verdict == UNDECIDED and not math.isnan(contrast.needed[0]):
        known.append(needs(*contrast.needed))
    return f"{label}: {by} ({'; '.join(known)})"


def _of_what(contrast: Contrast) -> str:
    """What the p of a contrast is of, where that is not "no difference"."""
    within = isinstance(contrast.said, Within)
    if within and contrast.verdict in (BETTER, WORSE):
        return "of no difference that matters, "
    return "of a difference that matters, " if within or contrast.verdict == EQUAL else ""


def _names(results: Judged, ruling: Ruling, contrast: Contrast) -> tuple[str, str]:
    """The names of both sides; where one search has found an arm's setting, with that setting."""
    said = contrast.said
    if isinstance(said, Narrower):
        return _band(said.than), _band(said.arms)
    assert isinstance(said, Above | Within)
    plus, minus = said.arms, said.than
    if len(plus) == 2:  # whether one difference is larger than another
        return f"({plus[0]} − {minus[0]})", f"({minus[1]} − {plus[1]})"
    return named(results, ruling.stage, plus[0]), named(results, ruling.stage, "".join(minus))


def _band(arms: Sequence[str]) -> str:
    """A name for the band of these arms: what their names have in common."""
    parts = [arm.split(SEPARATOR) for arm in arms]
    shared = [part for part in parts[0] if all(part in own for own in parts)]
    return f"the band of {SEPARATOR.join(shared) or listed(arms)}"


def _shows(results: Judged, ruling: Ruling, contrast: Contrast) -> str:
    claim, said, d = ruling.claim, contrast.said, contrast.difference
    (a, b), unit = _names(results, ruling, contrast), _UNITS.get(claim.metric, "")
    chance = " (which may be chance)" if contrast.verdict == OPEN else ""
    if isinstance(said, Above) and not b:
        side = "above" if d.mean > said.bound else "at most"
        return f"{a} is at {number(d.mean, _digits(claim))}, {side} {said.bound:g}{chance}"
    words, two_arms = ("larger", "smaller"), len(said.about) == 2 and not isinstance(said, Narrower)
    if two_arms and claim.metric in HIGHER_IS_BETTER:
        words = ("higher", "lower") if claim.metric == schema.LATE_GAIN else ("better", "worse")
    elif two_arms or isinstance(said, Narrower):  # the smaller figure is named first
        a, b, words = b, a, ("lower", "higher") if two_arms else ("narrower", "wider")
    seen = f"{a} is {words[d.mean < 0]} than {b} by {number(abs(d.mean), _digits(claim))}{unit}"
    if contrast.verdict == EQUAL and (isinstance(said, Within) or not abs(d.mean) > d.half):
        how = f"within {results.spec.margin:g} points of one another" if contrast.margin else "the same"
        return f"{a} and {b} are {how}"
    if contrast.verdict == EQUAL:
        return f"{seen} (less than the margin of {results.spec.margin:g} points)"
    if isinstance(said, Above) and said.bound:
        side = "within" if d.mean >= said.bound else "beyond"
        return f"{seen}, {side} the {abs(said.bound):g}{unit} said{chance}"
    return seen + chance if d.mean else f"{a} and {b} are level so far"


def _decides(ruling: Ruling, contrast: Contrast) -> bool:
    """Whether the verdict rests on this contrast: SUPPORTED rests on all, the others on those that go against the claim."""
    if ruling.verdict == NEGLIGIBLE:
        return contrast.verdict == EQUAL
    if ruling.verdict == CONTRADICTED:
        return contrast.shown.below <= LEVEL
    return ruling.verdict == SUPPORTED or contrast.verdict == OPEN or isinstance(contrast.said, Within)


def _what_would_decide(results: Judged, ruling: Ruling, n: int) -> str:
    """A sentence that says how many seeds have 80 % power, corrected as things stand now."""
    if n == 1:
        return " With one seed nothing can be told from chance; at least two are needed."
    if n < (first := min(results.spec.shares)):
        return f" Verdicts are given from {first} seeds on."
    # NaN if one of them is.
    low, high = np.max([each.needed for each in ruling.contrasts if each.verdict == OPEN], axis=0)
    return f" If that is so, {between(low, high)} seeds would show it." if high <= MANY else ""


def about_training(claim: Claim) -> bool:
    return any(isinstance(said, Share | Mixed) for said in claim.assertions(claim.arms))


def _of_training(results: Judged, ruling: Ruling) -> str:
    counts = [one for contrast in ruling.contrasts for one in contrast.evidence.trained]
    said, spec = ruling.contrasts[0].said, results.spec
    assert isinstance(said, Share | Mixed)
    units = "searches (the first seed of each)" if spec.repeats(ruling.stage) else "seeds"
    shown = listed(f"{named(results, ruling.stage, arm)} in {k} of {n} {units}" for arm, k, n in counts)
    above = spec.learned if said.accuracy is None else said.accuracy
    line = f"Above {above:g} % (chance is {spec.chance:.3g} %): {shown}."
    if isinstance(said, Mixed):
        return f"{line} It takes many seeds to show that, or to rule it out." if ruling.verdict == UNDECIDED else line
    _, k, n = min(counts, key=lambda one: one[1] if said.larger else -one[1])
    low, high = (100 * share for share in stats.wilson(k, n))
    which = " (the least sure arm)" if len(counts) > 1 else ""
    return f"{line} Between {low:.0f} and {high:.0f} % of further {units.partition(' ')[0]} would{which}."


def _digits(claim: Claim) -> int:
    return 0 if claim.metric in (schema.PARAMETERS, schema.FLOPS) else 2 if claim.metric in POINTS else 3

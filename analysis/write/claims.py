"""What the report concluded, and whether the trials bear it out: as reported, and with every arm at its own best."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.judge import judging, stats
from analysis.judge.judging import Key, Ruling
from analysis.judge.results import NAMES, WAYS, Contrast, Results
from analysis.words import LABELS, NOTHING, SMOKE, between, count, listed, number, plus_minus, probability
from analysis.write.formats import Column, Page, Table, markdown, screen, wrapped
from analysis.write.lints import lints, missing
from analysis.write.notes import TRAIN_ACCURACY, found
from studies.engine import schema
from studies.engine.schema import Claim

_TOLD = 4  # contrasts in a sentence
_FEASIBLE = 100_000  # seeds: more are no advice
_WORDS = {True: ("better", "worse"), False: ("lower", "higher")}  # by whether more is better
_VERDICTS = (
    "SUPPORTED: the differences over seeds bear out all that the claim says (95 %, Holm over the contrasts of all "
    "claims; the tables correct over those to the baseline alone). CONTRADICTED: they bear out the opposite, or that "
    "what is said to differ does not by {}. UNDECIDED: neither."
)
_TO_TRAIN = (
    "To train, or to converge, is here to come above twice the accuracy of chance (of two classes: above 75 %); "
    "how far above stands in the tables."
)
_UNITS = {
    schema.SECONDS: " s", schema.SIZE_MB: " MB",
    **dict.fromkeys((*judging.POINTS, schema.FLUCTUATION), " points"),
}  # fmt: skip


def sentence(of: Results, ruling: Ruling) -> str:
    """The ruling as one sentence that needs no statistics to read."""
    if ruling.reason:
        return f"{ruling.reason[0].upper()}{ruling.reason[1:]}."
    if ruling.trained:
        return _of_training(of, ruling)
    claim = ruling.claim
    deciding = [_shows(of, claim, key, c) for key, c in ruling.contrasts.items() if _decides(ruling, c)]
    if len(deciding) > _TOLD:
        deciding[_TOLD - 1 :] = [f"so on ({len(deciding) - _TOLD + 1} more, below)"]
    n = min(contrast.difference.n for contrast in ruling.contrasts.values())
    seeds = "By construction" if claim.metric in judging.OF_THE_MODEL else f"Over {count(n, 'shared seed')}"
    when = f" after {100 * claim.at:g} % of the epochs" if claim.at is not None else ""
    line = f"{seeds}, {listed(deciding)} in {LABELS.get(judging.early_metric(claim), claim.metric)}{when}."
    return line + (_what_would_decide(of, ruling, n) if ruling.verdict == judging.UNDECIDED else "")


def figures(ruling: Ruling) -> list[str]:
    """The numbers under a ruling, a line a contrast."""
    less_is_better = ruling.claim.kind == "narrower" or ruling.claim.metric not in judging.HIGHER_IS_BETTER
    turned = less_is_better and ruling.claim.kind != "interaction"
    lines = []
    for (arm, than, *_), contrast in ruling.contrasts.items():
        d = contrast.difference
        a, b = (than, arm) if turned else (arm, than)
        half = math.nan if ruling.claim.metric in judging.OF_THE_MODEL else d.half
        by = plus_minus(d.mean, half, _digits(ruling.claim), sign=True)
        lines.append(f"{a} − {b}: {by}{_evidence(d.n, contrast)}")
    return lines


def _evidence(n: int, contrast: Contrast) -> str:
    if math.isnan(contrast.p):
        return ""
    if contrast.verdict == stats.EQUAL:
        equal = f"of a difference that matters, {probability(contrast.p_equal)}"
        return f" (n = {n}; of none, {probability(contrast.p)}; {equal})"
    return f" (n = {n}, {probability(contrast.p)})"


def text(of: Results) -> str:
    """All claims, for a terminal."""
    begin = [f"{of.spec.name}, scale {of.spec.scale}: {of.spec.question}", *([SMOKE] if of.spec.is_smoke else [])]
    parts = ["\n".join(wrapped(line, screen())) for line in begin]
    for place, (claim, rulings) in enumerate(judging.rulings(of), start=1):
        parts.append("\n".join([*wrapped(f'{place}. "{claim.text}"', screen()), *_lines(of, rulings)]))
    parts.append("\n".join(line for note in notes(of) for line in wrapped(note, screen())))
    return "\n\n".join(parts) + "\n"


def frame(of: Results) -> pd.DataFrame:
    """A row a claim and way that it was looked at in."""
    rows = [
        (claim.text, NAMES[ruling.way], ruling.verdict, sentence(of, ruling))
        for claim, rulings in judging.rulings(of)
        for ruling in rulings
    ]
    return pd.DataFrame(rows, columns=["claim", "looked_at", "verdict", "why"])


def overview(every: Sequence[Results]) -> str:
    """The claims of all these studies with their verdicts, as a Markdown table."""
    rows = [row for of in every for row in _overview_rows(of)]
    titles = ("study", "judged on", "claim", *NAMES.values())
    cells = zip(*rows, strict=True)
    table = Table(
        "claims", "As judged here", [Column(*pair, figures=False) for pair in zip(titles, cells, strict=True)]
    )
    said = [f"{_VERDICTS.format('the margin')} {NOTHING}: not asked, or not run."]
    if any(claim.kind in judging.ABOUT_TRAINING for of in every for claim in of.spec.claims):
        said.append(_TO_TRAIN)
    return markdown(Page("What the reports said", "", [table], "", said, []))


def _overview_rows(of: Results) -> list[tuple[str, ...]]:
    spec, rows = of.spec, []
    done = [sample.ended for way in of.ways() for sample in of.samples[way].values()] or [0]
    seeds = count(max(done), "seed") if min(done) == max(done) else f"{between(min(done), max(done))} seeds"
    on = f"{spec.dataset['name']}, {listed(found(of, 'epochs'))} epochs, {seeds}"
    for claim, rulings in judging.rulings(of):
        by_way = {ruling.way: ruling.verdict for ruling in rulings}
        rows.append((spec.name, on, claim.text, *(by_way.get(way, NOTHING) for way in WAYS)))
    return rows


def verdicts(of: Results) -> str:
    """What the verdicts mean."""
    meant = _VERDICTS.format(f"±{of.spec.margin:g} points")
    return f"{meant} Trials that share a seed are compared with one another."


def notes(of: Results) -> list[str]:
    spec, said = of.spec, [verdicts(of)]
    if spec.scale != "report":
        here = f"on {spec.dataset['name']} with {listed(found(of, 'epochs'))} epochs"
        said.append(f"Judged at scale {spec.scale}: {here}, not on the report's data and budget.")
    if any(claim.metric == schema.GAP for claim in spec.claims):
        said.append(TRAIN_ACCURACY)
    return [*said, *missing(of), *lints(of), *of.runs.notes]


def _lines(of: Results, own: Sequence[Ruling]) -> list[str]:
    lines = []
    for ruling in own:
        lines += wrapped(f"   {NAMES[ruling.way]}: {ruling.verdict}. {sentence(of, ruling)}", screen())
        lines += [f"      {line}" for line in figures(ruling)]
    if own and "confirm" in of.ways() and not any(ruling.way == "confirm" for ruling in own):
        lines.append("   tuned: not asked, as tuning changes what it speaks of (or there is nothing to tune).")
    return lines or [f"   {unjudged(of)}"]


def unjudged(of: Results) -> str:
    """Why nothing is said of a claim."""
    return "not judged: " + (
        "the numbers of scale smoke mean nothing." if of.spec.is_smoke else "nothing has been trained yet."
    )


def _shows(of: Results, claim: Claim, key: Key, contrast: Contrast) -> str:
    d = contrast.difference
    a, b, by = key[0], key[1], f"{number(abs(d.mean), _digits(claim))}{_UNITS.get(claim.metric, '')}"
    pairs = {"interaction": ("larger", "smaller"), "narrower": ("narrower", "wider")}
    words = pairs.get(claim.kind) or _WORDS[claim.metric in judging.HIGHER_IS_BETTER]
    seen = f"{a} is {words[d.mean < 0]} than {b} by {by}"
    if contrast.verdict == stats.EQUAL and claim.kind != "equal" and contrast.p < stats.LEVEL:
        return f"{seen} (less than the margin of {of.spec.margin:g} points)"
    if contrast.verdict == stats.EQUAL:
        within = f"within {of.spec.margin:g} points of one another" if claim.metric in judging.POINTS else "the same"
        return f"{a} and {b} are {within}"
    if contrast.verdict == stats.UNDECIDED:
        return f"{seen} (which may be chance)" if d.mean else f"{a} and {b} are level so far"
    return seen


def _decides(ruling: Ruling, contrast: Contrast) -> bool:
    """Is this contrast among those the verdict rests on? All are for SUPPORTED; else those that go against it."""
    if ruling.verdict == judging.SUPPORTED:
        return True
    if ruling.verdict == judging.UNDECIDED:
        return contrast.verdict == stats.UNDECIDED or ruling.claim.kind == "equal"
    return judging.speaks_against(ruling.claim, contrast)


def _what_would_decide(of: Results, ruling: Ruling, n: int) -> str:
    """How many seeds have 80 % power, in a comparison by itself: the correction for several asks for some more."""
    if n == 1:
        return " With one seed nothing can be told from chance; at least two are needed."
    if ruling.claim.kind == "equal":
        open_ones = [c.difference for c in ruling.contrasts.values() if c.verdict != stats.EQUAL]
        needed = [stats.seeds_to_place(difference, of.spec.margin) for difference in open_ones]
    else:
        needed = [c.likely for c in ruling.contrasts.values() if c.verdict == stats.UNDECIDED]
    most = float(np.max(needed))  # NaN if one of them is
    return f" If that is so, about {most:,.0f} seeds would show it." if most <= _FEASIBLE else ""


def _of_training(of: Results, ruling: Ruling) -> str:
    shown = listed(f"{arm} in {k} of {n} seeds" for arm, k, n in ruling.trained)
    line = f"Above {of.spec.learned:g} % (chance is {of.spec.chance:.3g} %): {shown}."
    unstable = ruling.claim.kind == "unstable"
    if ruling.verdict == judging.UNDECIDED and unstable:
        return f"{line} It takes {judging.SEEN_ONCE} seeds to be sure of seeing what happens one time in ten."
    if ruling.verdict == judging.UNDECIDED:
        return f"{line} It takes {judging.ENOUGH} seeds to speak of every one."
    if ruling.verdict == judging.SUPPORTED and not unstable:
        n = min(n for _, _, n in ruling.trained)
        others = 100 * stats.share_upper_bound(n)
        return f"{line} Of {count(n, 'seed')} that all agree, up to {others:.0f} % of further ones may not."
    return line


def _digits(claim: Claim) -> int:
    return 0 if claim.metric in (schema.PARAMETERS, schema.FLOPS) else 2 if claim.metric in judging.POINTS else 3


def all_supported(of: Results) -> bool:
    """Is every claim of the study judged, and SUPPORTED in every way it was looked at?"""
    every = [rulings for _, rulings in judging.rulings(of)]
    return all(every) and all(ruling.verdict == judging.SUPPORTED for rulings in every for ruling in rulings)

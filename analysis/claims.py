"""What the report concluded, and whether the trials bear it out: as reported, and with every arm at its own best.

python analysis/claims.py --study activations
python analysis/claims.py --study activations --strict     # exit code 1 unless every claim is SUPPORTED
"""

import math
from collections.abc import Sequence
from pathlib import Path

from analysis import stats
from analysis.commands import check_file, command, parser, write
from analysis.contrasts import Contrast
from analysis.formats import wrapped
from analysis.judging import (
    HIGHER_IS_BETTER,
    OF_THE_MODEL,
    POINTS,
    SUPPORTED,
    UNDECIDED,
    Pair,
    Ruling,
    early_metric,
    rulings,
    threshold,
)  # fmt: skip
from analysis.lints import missing
from analysis.results import NAMES, Results, results
from analysis.runs import load
from analysis.spec import Claim
from analysis.store import tracking_uri
from analysis.words import LABELS, count, listed, number, plus_minus, probability
from studies.engine import schema

WIDTH = 110
_WORDS = {True: ("better", "worse"), False: ("lower", "higher")}  # by whether more is better


def sentence(of: Results, ruling: Ruling) -> str:
    """The ruling as one sentence that needs no statistics to read."""
    if ruling.reason:
        return f"{ruling.reason[0].upper()}{ruling.reason[1:]}."
    if ruling.trained:
        return _of_training(of, ruling)
    shown = [_shows(of, ruling.claim, p, c) for p, c in zip(ruling.pairs, ruling.contrasts, strict=True)]
    deciding = [text for text, c in zip(shown, ruling.contrasts, strict=True) if _decides(ruling, c)]
    n = min(pair.difference.n for pair in ruling.pairs if pair.difference)
    seeds = "By construction" if ruling.claim.metric in OF_THE_MODEL else f"Over {count(n, 'shared seed')}"
    when = f" after {100 * ruling.claim.at:g} % of the epochs" if ruling.claim.at is not None else ""
    line = f"{seeds}, {listed(deciding)} in {LABELS.get(early_metric(ruling.claim), ruling.claim.metric)}{when}."
    return line + (_what_would_decide(ruling, n) if ruling.verdict == UNDECIDED else "")


def figures(ruling: Ruling) -> list[str]:
    """The numbers under a ruling, a line a contrast."""
    lines = []
    for pair, contrast in zip(ruling.pairs, ruling.contrasts, strict=True):
        d = contrast.difference
        if d is not None:
            turned = ruling.claim.metric not in HIGHER_IS_BETTER and ruling.claim.kind != "interaction"
            a, b = (pair.than, pair.arm) if turned else (pair.arm, pair.than)
            by = plus_minus(d.mean, d.half, _digits(ruling.claim), sign=True)
            lines.append(f"{a} − {b}: {by}{_evidence(d.n, contrast)}")
    return lines


def _evidence(n: int, contrast: Contrast) -> str:
    if math.isnan(contrast.p):
        return ""
    if contrast.verdict == stats.EQUAL:
        return f" (n = {n}; of a difference that matters, {probability(contrast.p_equal)})"
    return f" (n = {n}, {probability(contrast.p)})"


def text(of: Results) -> str:
    """All claims, for a terminal."""
    spec = of.spec
    parts = [f"{spec.name}, scale {spec.scale}: {spec.question}"]
    judged = rulings(of)
    for number_, claim in enumerate(spec.claims, start=1):
        parts.append("\n".join([*wrapped(f'{number_}. "{claim.text}"', WIDTH), *_lines(of, claim, judged)]))
    parts.append("\n".join(line for note in notes(of) for line in wrapped(note, WIDTH)))
    return "\n\n".join(parts) + "\n"


def notes(of: Results) -> list[str]:
    spec = of.spec
    said = [
        "SUPPORTED: the differences over seeds bear out all that the claim says (95 %, Holm over the contrasts of all "
        f"claims). CONTRADICTED: they bear out the opposite, or that nothing differs by ±{spec.margin:g} points. "
        "UNDECIDED: neither. Trials that share a seed are compared with one another."
    ]
    if spec.scale != "report":
        here = f"on {spec.dataset['name']} with {count(int(spec.base['epochs']), 'epoch')}"
        said.append(f"Judged at scale {spec.scale}: {here}, not on the report's data and budget.")
    return [*said, *missing(of), *of.runs.notes]


def _lines(of: Results, claim: Claim, judged: Sequence[Ruling]) -> list[str]:
    own = [ruling for ruling in judged if ruling.claim is claim]
    lines = [
        line
        for r in own
        for line in (
            *wrapped(f"   {NAMES[r.way]}: {r.verdict}. {sentence(of, r)}", WIDTH),
            *(f"      {f}" for f in figures(r)),
        )
    ]
    if "confirm" in of.ways() and not any(ruling.way == "confirm" for ruling in own):
        lines.append("   tuned: not asked, as what it compares is itself tuned (or has nothing to tune).")
    return lines or ["   not judged: nothing has been trained yet."]


def _shows(of: Results, claim: Claim, pair: Pair, contrast: Contrast) -> str:
    d = contrast.difference
    assert d is not None
    a, b, by = pair.arm, pair.than, f"{number(abs(d.mean), _digits(claim))}{_unit(claim)}"
    words = ("larger", "smaller") if claim.kind == "interaction" else _WORDS[claim.metric in HIGHER_IS_BETTER]
    seen = f"{a} is {words[d.mean < 0]} than {b} by {by}"
    if contrast.verdict == stats.EQUAL:
        within = f"within {of.spec.margin:g} points of one another" if claim.metric in POINTS else "the same"
        return f"{a} and {b} are {within}"
    if contrast.verdict == stats.UNDECIDED:
        return f"{seen}, which may be chance," if d.mean else f"{a} and {b} are level so far"
    return seen


def _decides(ruling: Ruling, contrast: Contrast) -> bool:
    """Is this contrast among those the verdict rests on? All are for SUPPORTED; else those that go against it."""
    if ruling.verdict == SUPPORTED:
        return True
    if ruling.verdict == UNDECIDED:
        return contrast.verdict == stats.UNDECIDED or ruling.claim.kind == "equal"
    return (
        contrast.p_beyond < stats.LEVEL
        if ruling.claim.kind == "equal"
        else contrast.verdict in (stats.WORSE, stats.EQUAL)
    )


def _what_would_decide(ruling: Ruling, n: int) -> str:
    if n == 1:
        return " With one seed nothing can be told from chance; at least two are needed."
    if math.isnan(ruling.needed):
        return ""
    if ruling.likely == ruling.needed:
        return f" About {ruling.needed:,.0f} seeds would decide."
    return f" About {ruling.likely:,.0f} seeds would decide if that is so; {ruling.needed:,.0f} in any case."


def _of_training(of: Results, ruling: Ruling) -> str:
    shown = listed(f"{arm} in {k} of {n} seeds" for arm, k, n in ruling.trained)
    line = f"Above {threshold(of.spec.chance):g} % (chance is {of.spec.chance:.3g} %): {shown}."
    n = min(n for _, _, n in ruling.trained)
    if ruling.verdict == UNDECIDED:
        rare = (
            "to be sure of seeing what happens one time in ten"
            if ruling.claim.kind == "unstable"
            else "to speak of every one"
        )
        return f"{line} It takes {ruling.needed:.0f} seeds {rare}."
    if ruling.verdict == SUPPORTED and ruling.claim.kind != "unstable":
        others = 100 * stats.share_upper_bound(n)
        return f"{line} Of {count(n, 'seed')} that all agree, up to {others:.0f} % of further ones may not."
    return line


def _digits(claim: Claim) -> int:
    return 0 if claim.metric in (schema.PARAMETERS, schema.FLOPS) else 2 if claim.metric in POINTS else 3


def _unit(claim: Claim) -> str:
    return " points" if claim.metric in POINTS else {schema.SECONDS: " s", schema.SIZE_MB: " MB"}.get(claim.metric, "")


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser("Judge the report's conclusions by the trials.")
    options.add_argument(
        "--strict", action="store_true", help="exit with code 1 unless every claim is SUPPORTED in every way"
    )
    options.add_argument("--out", type=Path, metavar="FILE", help="where to write it; default: the screen")
    given = options.parse_args(arguments)
    if given.out:
        check_file(given.out)
    of = results(load(given.study, given.scale, tracking_uri()))
    if not of.spec.claims:
        raise ValueError(
            f"study {given.study!r} states no claims.\nhint: add claims=[claim(...)] to its file and run it again."
        )
    write(text(of), given.out)
    judged = rulings(of)
    supported = all(ruling.verdict == SUPPORTED for ruling in judged) and {r.claim.text for r in judged} == {
        c.text for c in of.spec.claims
    }
    return 1 if given.strict and not supported else 0


if __name__ == "__main__":
    command(main)

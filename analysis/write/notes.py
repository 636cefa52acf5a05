"""What is said under a table: what was found, and on which data, at which setting, by which statistics."""

import math
from collections.abc import Mapping
from typing import Any

from analysis.judge import stats
from analysis.judge.page import BETTER, EQUAL, INCOMPARABLE, OPEN, WORSE, Contrast
from analysis.judge.results import NAMES
from analysis.judge.verdicts import Judged
from analysis.read.grid import grid
from analysis.words import SMOKE, between, count, listed, needs, number, plus_minus, probability, seeds, setting, space
from studies.engine import schema
from studies.engine.study.error_budget import LEVEL

TRAIN_ACCURACY = (
    "Train accuracy is that of the last epoch's steps, with augmentation and dropout at work: the gap may be negative, "
    "and is lower for an arm that makes training harder."
)


def verdict(of: Judged) -> str:
    """What the study found: a sentence on each way that was run; of factors that interact, one for each level."""
    if of.spec.is_smoke:
        return SMOKE
    sentences = [sentence for way in of.ways() if (sentence := _of_way(of, way))]
    found = [" ".join(sentences) or "Nothing can be said yet: no two arms have been trained to the end."]
    return " ".join(sentence for sentence in (*found, _interaction(of)) if sentence)


def named(of: Judged, way: str, arm: str) -> str:
    """An arm; where one search has chosen its setting, with this, as it is the setting that is compared."""
    chosen = (
        setting(of.setting(arm)) if way == "confirm" and of.spec.searches == 1 and arm in of.spec.tuned_arms else ""
    )
    return f"{arm} at {chosen}" if chosen else arm


def settings_only(of: Judged) -> str:
    """What one search an arm can say, and what it cannot."""
    return "This compares these settings; another search may choose others."


def _of_way(of: Judged, way: str) -> str:
    contrasts = {arm: c for arm, c in of.contrasts[way].items() if c.difference.n or c.verdict in (BETTER, WORSE)}
    lost = [arm for arm, s in of.samples[way].items() if s.diverged and s.trials.empty]
    parts = [f"{listed(lost)} diverged on every seed"] if lost else []
    for word in (BETTER, WORSE, EQUAL, INCOMPARABLE, OPEN):
        group = {named(of, way, arm): c for arm, c in contrasts.items() if c.verdict == word}
        parts += [_group(of, group, word, named(of, way, str(of.spec.baseline_of(way))))] if group else []
    if not parts:
        return ""
    only = f" {settings_only(of)}" if way == "confirm" and of.spec.searches == 1 else ""
    return f"{NAMES[way].capitalize()}: {'; '.join(parts)}.{only}{_choice(of, way)}"


def _group(of: Judged, group: Mapping[str, Contrast], word: str, baseline: str) -> str:
    """The arms that have this verdict, in one clause."""
    names = listed(f"{arm} ({number(contrast.difference.mean, sign=True)})" for arm, contrast in group.items())
    verb = "is" if len(group) == 1 else "are"
    if word == INCOMPARABLE:
        return f"{names} {verb} {word} with {baseline}, as some seeds diverged"
    if word != OPEN:
        return f"{names} {verb} {word}{' to' if word == EQUAL else ' than'} {baseline}"
    ns = [contrast.difference.n for contrast in group.values()]
    known = [contrast.needed for contrast in group.values() if not math.isnan(contrast.needed[0])]
    more = f" ({needs(min(low for low, _ in known), max(high for _, high in known))})" if known else ""
    return f"{names} cannot be told from {baseline} with {between(min(ns), max(ns))} seed{'s' * (max(ns) > 1)}{more}"


def _choice(of: Judged, way: str) -> str:
    chosen = of.chosen_arm(way)
    if chosen is None:
        return ""
    test = of.chosen_figure(way)
    figure = (
        f"; the arm that is best on all other seeds has {plus_minus(test.mean, test.half)} % on the test set"
        if test.n
        else ""
    )
    return f" Best on validation data: {chosen}{figure}."


def _interaction(of: Judged) -> str | None:
    """Whether the two factors of a grid act on one another; if so, the effect of one at each level of the other."""
    cells, found = grid(of.spec), of.interacting
    if cells is None or found is None or "reported" not in of.ways():
        return None
    row, column = cells.factors
    if found.lost:
        return f"Whether {row} and {column} interact cannot be tested: {listed(found.lost)} diverged on some seeds."
    if found.test is None or math.isnan(found.test.p):
        return None
    df = ", ".join(f"{value:.3g}" for value in found.test.df)
    corrected = "" if math.isnan(of.interaction_shown) else f", {probability(of.interaction_shown)} corrected"
    figures = f"F({df}) = {number(found.test.f, 1)}, {probability(found.test.p)} by itself{corrected}"
    if not of.interaction_shown <= LEVEL:
        return f"{row} and {column} do not show an interaction ({figures})."
    if len(cells.columns) != 2:
        return f"{row} and {column} interact ({figures}): the effect of one depends on the other."
    levels = []
    for level, arms in zip(cells.rows, found.arms, strict=True):
        a, b = (of.samples["reported"][arm].values(schema.JUDGED_BY) for arm in arms)
        difference = stats.mean_interval((a - b).dropna(), of.spec.resolution)
        levels.append(f"{plus_minus(difference.mean, difference.half, sign=True)} at {level}")
    effects = f"{cells.columns[0]} minus {cells.columns[1]} is {'; '.join(levels)}"
    return f"{row} and {column} interact ({figures}), so there is no one effect of {column}: {effects}."


def notes(of: Judged) -> list[str]:
    """How every number was made."""
    made = [_data(of), _intervals(of), *_verdicts(of), _choice_made(of), TRAIN_ACCURACY]
    return [*made, *_stages(of), *_report(of), *of.runs.notes]


def under(of: Judged, table: str) -> list[str]:
    """What a reader needs who sees this table alone."""
    if table == "fit":
        return [_data(of), TRAIN_ACCURACY]
    if table in ("accuracy", "factors"):
        verdicts = _verdicts(of) if table == "accuracy" else []
        return [verdict(of), _data(of), _intervals(of), *verdicts, _choice_made(of), *_stages(of), *_report(of)]
    return []


def _data(of: Judged) -> str:
    data = of.spec.dataset
    parts = {"training": data["train"], "validation": data["validation"], "test": data["test"]}
    images = listed(f"{n:,} {part}" for part, n in parts.items() if n)
    epochs, precision = (listed(found(of, field)) for field in ("epochs", "precision"))
    return f"Data: {data['name']} ({images} images); epochs: {epochs}; precision: {precision}."


def found(of: Judged, field: str) -> list[Any]:
    """The values of a field of the recipe in the trials; before the first one, in the plan."""
    trials = of.runs.trials
    return sorted(trials[field].dropna().unique()) if field in trials else [of.spec.base[field]]


def _intervals(of: Judged) -> str:
    return (
        "± is half the 95 % Student-t interval over seeds, their number in brackets. "
        f"It holds for this one test set, of which an image is worth {of.spec.resolution:.2g} points."
    )


def _verdicts(of: Judged) -> list[str]:
    if not any(of.contrasts[way] for way in of.ways()):
        return []
    return [
        "Δ is the paired difference to the baseline over shared seeds, with its own interval, which may leave out 0 where the "
        f"verdict is undecided. Practically equal: shown to lie within ±{of.spec.margin:g} points. Needs so many seeds: with them "
        "it is decided in "
        "four of five studies, if it is as large as it looks, over the spreads that the seeds leave possible.",
        corrected(of),
    ]


def corrected(of: Judged) -> str:
    """How often a page says what is wrong, and how that is held down."""
    contrasts = sum(map(len, of.contrasts.values())) + (of.interacting is not None)
    asked = [count(n, what) for n, what in ((contrasts, "contrast"), (len(of.spec.claims), "claim")) if n]
    looks = listed(of.spec.shares)
    return (
        "If seed noise is near normal, at most one page in twenty says anything wrong by chance, however often one looks: "
        f"verdicts are corrected for all that is asked ({listed(asked)}, as reported and tuned) and given at {looks} seeds."
    )


def _choice_made(of: Judged) -> str:
    compared = [way for way in of.ways() if not of.figures(way, schema.CHOSEN_BY).empty]
    if not of.spec.dataset["validation"] or (of.ways() and not compared):
        return "Nothing is chosen here: there is no validation accuracy."
    open_ways = listed(NAMES[way] for way in compared if of.chosen_arm(way) is None)
    none = f"; none is marked {open_ways} before all arms are trained" if open_ways else ""
    return f"* is the best by validation accuracy{none}. The test set takes part in no choice."


def _stages(of: Judged) -> list[str]:
    spec, lines = of.spec, []
    if "reported" in of.ways():
        chosen = listed(f"{arm} in {study}" for arm, study in spec.chosen_in.items())
        which = f"settings chosen on validation data in other studies ({chosen})" if chosen else "the report's setting"
        smaller = setting({name: value for name, value in spec.smaller.items() if value and name != "dataset"})
        lines.append(f"As reported: {which}{f', made smaller ({smaller})' if smaller else ''}, {seeds(spec.seeds)}.")
    if spec.tuned_arms:
        spaces = {arm: "; ".join(f"{f} {space(s)}" for f, s in fields.items()) for arm, fields in spec.tune.items()}
        each = [text if len(set(spaces.values())) == 1 else f"{arm}: {text}" for arm, text in spaces.items()]
        searched = count(spec.trials_per_arm, "search trial")
        often = f", {spec.searches} times over" if spec.searches > 1 else ""
        lines.append(
            f"Tuned: {' | '.join(dict.fromkeys(each))}; {searched} an arm{often}, the best by validation accuracy "
            f"trained anew on {seeds(spec.confirm_seeds)}, and only then tested."
        )
    return lines


def _report(of: Judged) -> list[str]:
    if not of.spec.reported:
        return []
    apart = " at its own scale: compare the order of arms, not the figures" if of.spec.scale != "report" else ""
    seconds = any(schema.SECONDS in said for said in of.spec.reported.values())
    return [f"Report: what it printed{', its seconds by epoch' if seconds else ''}{apart}."]

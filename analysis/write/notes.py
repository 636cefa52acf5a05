"""What is said under a table: what was found, and on which data, at which setting, by which statistics."""

import math
from collections.abc import Mapping
from typing import Any

from analysis.judge import stats
from analysis.judge.factors import interaction_note
from analysis.judge.results import NAMES, Contrast, Results
from analysis.words import SMOKE, between, count, listed, needs, number, plus_minus, seeds, setting, space
from studies.engine import schema

TRAIN_ACCURACY = (
    "Train accuracy is that of the last epoch's steps, with augmentation and dropout at work: the gap may be negative, "
    "and is lower for an arm that makes training harder."
)


def verdict(of: Results) -> str:
    """What the study found: a sentence on each way that was run; of factors that interact, one for each level."""
    if of.spec.is_smoke:
        return SMOKE
    sentences = [sentence for way in of.ways() if (sentence := _of_way(of, way))]
    found = [" ".join(sentences) or "Nothing can be said yet: no two arms have been trained to the end."]
    return " ".join(sentence for sentence in (*found, interaction_note(of)) if sentence)


def _of_way(of: Results, way: str) -> str:
    contrasts = {arm: contrast for arm, contrast in of.contrasts[way].items() if contrast}
    lost = [arm for arm, s in of.samples[way].items() if s.diverged and s.trials.empty]
    parts = [f"{listed(lost)} diverged on every seed"] if lost else []
    for word in (stats.BETTER, stats.WORSE, stats.EQUAL, stats.UNDECIDED):
        group = {arm: c for arm, c in contrasts.items() if c.verdict == word}
        parts += [_group(group, word, str(of.spec.baseline_of(way)))] if group else []
    if not parts:
        return ""
    return f"{NAMES[way].capitalize()}: {'; '.join(parts)}.{_choice(of, way)}"


def _group(group: Mapping[str, Contrast], word: str, baseline: str) -> str:
    """The arms that have this verdict, in one clause."""
    names = listed(f"{arm} ({number(contrast.difference.mean, sign=True)})" for arm, contrast in group.items())
    if word != stats.UNDECIDED:
        verb = "is" if len(group) == 1 else "are"
        return f"{names} {verb} {word}{' to' if word == stats.EQUAL else ' than'} {baseline}"
    ns = [contrast.difference.n for contrast in group.values()]
    known = [contrast for contrast in group.values() if not math.isnan(contrast.needed)]
    more = f" ({needs(min(c.likely for c in known), max(c.needed for c in known))})" if known else ""
    return f"{names} cannot be told from {baseline} with {between(min(ns), max(ns))} seed{'s' * (max(ns) > 1)}{more}"


def _choice(of: Results, way: str) -> str:
    chosen = of.chosen_arm(way)
    if chosen is None:
        return ""
    test = of.samples[way][chosen].mean(schema.JUDGED_BY)
    figure = f", with {plus_minus(test.mean, test.half)} % on the test set" if test.n else ""
    return f" Best on validation data: {chosen}{figure}."


def notes(of: Results) -> list[str]:
    """How every number was made."""
    made = [_data(of), _intervals(of), *_verdicts(of), _choice_made(of), TRAIN_ACCURACY]
    return [*made, *_stages(of), *_report(of), *of.runs.notes]


def under(of: Results, table: str) -> list[str]:
    """What a reader needs who sees this table alone."""
    if table == "fit":
        return [_data(of), TRAIN_ACCURACY]
    if table in ("accuracy", "factors"):
        verdicts = _verdicts(of) if table == "accuracy" else []
        return [verdict(of), _data(of), _intervals(of), *verdicts, _choice_made(of), *_stages(of), *_report(of)]
    return []


def _data(of: Results) -> str:
    data = of.spec.dataset
    parts = {"training": data["train"], "validation": data["validation"], "test": data["test"]}
    images = listed(f"{n:,} {part}" for part, n in parts.items() if n)
    epochs, precision = (listed(found(of, field)) for field in ("epochs", "precision"))
    return f"Data: {data['name']} ({images} images); epochs: {epochs}; precision: {precision}."


def found(of: Results, field: str) -> list[Any]:
    """The values of a field of the recipe in the trials; before the first one, in the plan."""
    trials = of.runs.trials
    return sorted(trials[field].dropna().unique()) if field in trials else [of.spec.base[field]]


def _intervals(of: Results) -> str:
    return (
        "± is half the 95 % Student-t interval over seeds, their number in brackets. "
        f"It holds for this one test set, of which an image is worth {of.spec.resolution:.2g} points."
    )


def _verdicts(of: Results) -> list[str]:
    sizes = {NAMES[way]: len(of.contrasts[way]) for way in of.ways() if of.contrasts[way]}
    if not sizes:
        return []
    family = listed(f"{count(n, 'contrast')} {way}" for way, n in sizes.items())
    return [
        "Δ is the paired difference to the baseline over shared seeds, with its own interval; the verdict is corrected "
        f"for {family} (Holm), so an interval without 0 may be undecided. Practically equal: shown to lie within "
        f"±{of.spec.margin:g} points. Needs so many seeds: with them a comparison by itself finds a difference in "
        f"four of five studies, from one as large as it looks to one of ±{of.spec.margin:g} points."
    ]


def _choice_made(of: Results) -> str:
    compared = [way for way in of.ways() if of.validation_means(way)]
    if not of.spec.dataset["validation"] or (of.ways() and not compared):
        return "Nothing is chosen here: there is no validation accuracy."
    uneven = listed(NAMES[way] for way in compared if of.chosen_arm(way) is None)
    none = f"; none is marked {uneven} while arms have unequal numbers of seeds" if uneven else ""
    return f"* is the best by validation accuracy{none}. The test set takes part in no choice."


def _stages(of: Results) -> list[str]:
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


def _report(of: Results) -> list[str]:
    if not of.spec.reported:
        return []
    apart = " at its own scale: compare the order of arms, not the figures" if of.spec.scale != "report" else ""
    seconds = any(schema.SECONDS in said for said in of.spec.reported.values())
    return [f"Report: what it printed{', its seconds by epoch' if seconds else ''}{apart}."]

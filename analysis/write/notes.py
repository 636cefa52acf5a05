"""What is said under a table: what was found, and on which data, at which setting, by which statistics."""

import math
from collections.abc import Mapping
from typing import Any

from analysis.judge import stats
from analysis.judge.page import BETTER, EQUAL, INCOMPARABLE, OPEN, WORSE, Contrast
from analysis.judge.verdicts import Judged
from analysis.read.spec import JUDGED_STAGES, Spec
from analysis.words import (
    SMOKE,
    count,
    listed,
    needs,
    number,
    percentage,
    plus_minus,
    probability,
    seeds,
    setting,
    space,
)  # fmt: skip
from analysis.write.images import words as images
from analysis.write.images.tables import TABLES, TEST_SET
from analysis.write.lints import on_time
from studies.engine import schema
from studies.engine.study.error_budget import LEVEL

ONE_SEARCH = "This compares these settings; another search may choose others."
TRAIN_ACCURACY = (
    "Train accuracy is that of the last epoch's steps, with augmentation and dropout at work: the gap may be negative, "
    "and is lower for an arm that makes training harder."
)


def verdict(results: Judged) -> str:
    """What the study found: a sentence for each stage that was run, and one on the interaction of two factors."""
    if results.spec.is_smoke:
        return SMOKE
    found = " ".join(filter(None, (_of_stage(results, stage) for stage in results.stages())))
    found = found or "Nothing can be said yet: no two arms have been trained to the end."
    return f"{found} {_interaction(results)}".strip()


def named(results: Judged, stage: str, arm: str) -> str:
    """An arm's name; where one search has chosen its setting, with that, as the setting is what is compared."""
    chosen = setting(results.setting(arm)) if from_one_search(results, stage) and arm in results.spec.tuned_arms else ""
    return f"{arm} at {chosen}" if chosen else arm


def from_one_search(results: Judged, stage: str) -> bool:
    """Whether each arm's setting comes from a single search, so that settings are compared rather than arms."""
    return stage == "confirm" and results.spec.searches == 1


def _of_stage(results: Judged, stage: str) -> str:
    """The sentence on a stage: the arms by verdict, and the best one; empty where there is nothing to say."""
    contrasts = results.contrasts[stage].items()
    known = {named(results, stage, arm): c for arm, c in contrasts if c.difference.n or c.verdict in (BETTER, WORSE)}
    lost = [arm for arm, s in results.samples[stage].items() if s.diverged and s.trials.empty]
    baseline = named(results, stage, str(results.spec.baseline_of(stage)))
    parts = [f"{listed(lost)} diverged on every seed"] if lost else []
    words = (BETTER, WORSE, EQUAL, INCOMPARABLE, OPEN)
    groups = {word: {arm: c for arm, c in known.items() if c.verdict == word} for word in words}
    parts += [_group(group, word, baseline) for word, group in groups.items() if group]
    if not parts:
        return ""
    only = f" {ONE_SEARCH}" if from_one_search(results, stage) else ""
    return f"{results.spec.named_stage(stage).capitalize()}: {'; '.join(parts)}.{only}{_choice(results, stage)}"


def _group(group: Mapping[str, Contrast], word: str, baseline: str) -> str:
    names = listed(f"{arm} ({number(contrast.difference.mean, sign=True)})" for arm, contrast in group.items())
    verb = "is" if len(group) == 1 else "are"
    if word == INCOMPARABLE:
        return f"{names} {verb} {word} with {baseline}, as some seeds diverged"
    if word != OPEN:
        return f"{names} {verb} {word}{' to' if word == EQUAL else ' than'} {baseline}"
    ns = [contrast.difference.n for contrast in group.values()]
    known = [contrast.needed for contrast in group.values() if not math.isnan(contrast.needed[0])]
    more = f" ({needs(min(low for low, _ in known), max(high for _, high in known))})" if known else ""
    return f"{names} cannot be told from {baseline} with {count(min(ns), 'seed', max(ns))}{more}"


def _choice(results: Judged, stage: str) -> str:
    """The sentence on the best arm by validation accuracy; empty where none is chosen."""
    chosen, test = results.chosen_arm(stage), results.chosen_figure(stage)
    chosen_by = "test accuracy of the arm chosen, for each seed, by the validation accuracy of the other seeds"
    figure = f"; {chosen_by}: {percentage(test.mean, test.half)} %"
    return f" Best on validation data: {chosen}{figure if test.n else ''}." if chosen else ""


def _interaction(results: Judged) -> str:
    """Whether the two factors of a grid interact; if so, the effect of one at each level of the other."""
    found = results.interacting
    if found is None or "reported" not in results.stages():
        return ""
    cells, (row, column) = found.cells, found.cells.factors
    if found.lost:
        return f"Whether {row} and {column} interact cannot be tested: {listed(found.lost)} diverged on some seeds."
    if found.test is None or math.isnan(found.test.p):
        return ""
    df = ", ".join(f"{value:.3g}" for value in found.test.df)
    figures = f"F({df}) = {number(found.test.f, 1)}, {both_ps(found.test.p, found.shown)}"
    if not found.shown <= LEVEL:
        return f"{row} and {column} do not show an interaction ({figures})."
    if len(cells.columns) != 2:
        return f"{row} and {column} interact ({figures}): the effect of one depends on the other."
    levels = []
    for level, arms in zip(cells.rows, cells.arms, strict=True):
        a, b = (results.samples["reported"][str(arm)].values(schema.JUDGED_BY) for arm in arms)
        difference = stats.mean_interval((a - b).dropna(), results.spec.resolution_of(schema.JUDGED_BY))
        levels.append(f"{plus_minus(difference.mean, difference.half, sign=True)} at {level}")
    effects = f"{cells.columns[0]} minus {cells.columns[1]} is {'; '.join(levels)}"
    return f"{row} and {column} interact ({figures}), so there is no one effect of {column}: {effects}."


def both_ps(alone: float, shown: float) -> str:
    """``p = 0.012 by itself, p = 0.048 corrected``."""
    return f"{probability(alone)} by itself{'' if math.isnan(shown) else f', {probability(shown)} corrected'}"


def notes(results: Judged) -> list[str]:
    """How every number was made."""
    numbers = [*_numbers(results), *_verdicts(results), *on_time(results)]
    return [*numbers, _choice_made(results), TRAIN_ACCURACY, *_stages(results), *results.runs.notes]


def under(results: Judged, table: str) -> list[str]:
    """The notes that a reader needs who sees this table alone."""
    if table == "fit":
        return [_data(results), TRAIN_ACCURACY]
    if table in TABLES:
        return [_data(results), *(images.under(results) if table == TEST_SET else [])]
    if table in ("accuracy", "factors"):
        verdicts = _verdicts(results) if table == "accuracy" else []
        return [verdict(results), *_numbers(results), *verdicts, _choice_made(results), *_stages(results)]
    return []


def _data(results: Judged) -> str:
    epochs, precision = (listed(found(results, field)) for field in ("epochs", "precision"))
    return f"Data: {images_of(results)}; epochs: {epochs}; precision: {precision}."


def images_of(results: Judged) -> str:
    """The data set with its numbers of images."""
    data, parts = results.spec.dataset, {"train": "training", "validation": "validation", "test": "test"}
    images = listed(f"{data[part]:,} {what}" for part, what in parts.items() if data[part])
    return f"{data['name']} ({images} images)"


def found(results: Judged, field: str) -> list[Any]:
    """The values that a recipe field has in the trials; before the first trial, in the plan."""
    trials = results.runs.trials
    return sorted(trials[field].dropna().unique()) if field in trials else [results.spec.base[field]]


def _numbers(results: Judged) -> list[str]:
    """The notes on the data and on the errors of all figures."""
    an_image = results.spec.resolution_of(schema.JUDGED_BY)
    intervals = (
        "± is half the 95 % Student-t interval over seeds, their number in brackets; [low, high] is one cut off at 0 or 100 %. "
        f"It holds for this one test set, of which an image is worth {an_image:.2g} points."
    )
    return [_data(results), intervals, *images.notes(results)]


def _verdicts(results: Judged) -> list[str]:
    if not any(results.contrasts[stage] for stage in results.stages()):
        return []
    return [
        "Δ: the mean difference to the baseline, seed by seed, with its 95 % interval. The interval may exclude 0 although the verdict "
        "is 'undecided': verdicts are corrected for all questions of the page. Practically equal: shown to lie within "
        f"±{results.spec.margin:g} points. 'Needs N seeds': if the true difference is the one shown, N seeds decide it in four of five "
        "studies; it is a range because the spread over seeds is known only roughly. p: for this comparison alone, on all seeds; in "
        "brackets, corrected for all questions, at the look where that is smallest. Where the verdict is 'practically equal', p is of a "
        "difference that matters.",
        corrected(results),
    ]


def corrected(results: Judged) -> str:
    """A note on how often a page says something wrong, and how that is limited."""
    contrasts = sum(map(len, results.contrasts.values())) + (results.interacting is not None)
    asked = [count(n, what) for n, what in ((contrasts, "contrast"), (len(results.spec.claims), "claim")) if n]
    looks = listed(results.spec.shares)
    stages = listed(map(results.spec.named_stage, JUDGED_STAGES if results.spec.tuned_arms else ["reported"]))
    return (
        "If seed noise is near normal, at most one page in twenty says anything wrong by chance, however often one looks: "
        f"verdicts are corrected for all that is asked ({listed(asked)}, {stages}) and given at {looks} seeds."
    )


def on_seeds(spec: Spec, stage: str) -> str:
    """``seeds 1 to 5, and up to 12 seeds for arms that an open question needed``."""
    most, search = max(spec.more_seeds.get(stage, {}).values(), default=0), " a search" if spec.repeats(stage) else ""
    more = f", and up to {count(most, 'seed')}{search} for arms that an open question needed" if most else ""
    return f"{seeds(spec.seeds if stage == 'reported' else spec.confirm_seeds)}{more}"


def _choice_made(results: Judged) -> str:
    compared = [stage for stage in results.stages() if not results.figures(stage, schema.CHOSEN_BY).empty]
    if (results.stages() and not compared) or not (results.spec.dataset["validation"] or results.spec.tuned_arms):
        return "Nothing is chosen here: there is no validation accuracy."
    unchosen = listed(results.spec.named_stage(stage) for stage in compared if results.chosen_arm(stage) is None)
    none = f"; none is marked ({unchosen}) before all arms are trained" if unchosen else ""
    return f"* is the best by validation accuracy{none}. The test set takes part in no choice."


def _stages(results: Judged) -> list[str]:
    """The notes on the settings of the arms in each stage, and on what stands in the column of the report."""
    spec, lines = results.spec, []
    if "reported" in results.stages():
        chosen = listed(f"{arm} in {study}" for arm, study in spec.chosen_in.items())
        own = "the report's setting" if spec.reported else "the setting of the study"
        which = f"settings chosen on validation data in other studies ({chosen})" if chosen else own
        smaller = setting({name: value for name, value in spec.smaller.items() if value and name != "dataset"})
        made_smaller = f", made smaller ({smaller})" if smaller else ""
        lines.append(
            f"{spec.named_stage('reported').capitalize()}: {which}{made_smaller}, {on_seeds(spec, 'reported')}."
        )
    if spec.tuned_arms:
        spaces = {arm: "; ".join(f"{f} {space(s)}" for f, s in fields.items()) for arm, fields in spec.tune.items()}
        each = [text if len(set(spaces.values())) == 1 else f"{arm}: {text}" for arm, text in spaces.items()]
        searched = count(spec.trials_per_arm, "search trial")
        often = f", {spec.searches} times over" if spec.searches > 1 else ""
        runoff = f" the best of them scored on {count(k, 'more seed')}," if (k := len(spec.runoff_seeds)) else ""
        lines.append(
            f"Tuned: {' | '.join(dict.fromkeys(each))}; {searched} an arm{often},{runoff} the best by validation accuracy "
            f"trained anew on {on_seeds(spec, 'confirm')}, and only then tested."
        )
    if spec.reported:
        apart = " at its own scale: compare the order of arms, not the figures" if spec.scale != "report" else ""
        seconds = ", its seconds by epoch" if any(schema.SECONDS in said for said in spec.reported.values()) else ""
        lines.append(f"Report: what it printed{seconds}{apart}.")
    return lines

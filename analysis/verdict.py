"""What a study found, in a few plain sentences."""

import math
from collections.abc import Mapping

from analysis import stats
from analysis.contrasts import Contrast
from analysis.factors import axis, grid, interaction, label
from analysis.results import NAMES, Results
from analysis.words import between, count, listed, number, plus_minus, probability
from studies.engine import schema


def verdict(results: Results) -> str:
    """One sentence on each way that was run; of a grid of factors that interact, one for each level."""
    sentences = [sentence for way in results.ways() if (sentence := _of_way(results, way))]
    return " ".join(sentences) or "Nothing can be said yet: no two arms have been trained to the end."


def _of_way(results: Results, way: str) -> str:
    baseline = results.spec.baseline_of(way)
    contrasts = {arm: c for arm, c in results.contrasts[way].items() if c.difference}
    lost = [arm for arm, s in results.samples[way].items() if s.diverged and s.trials.empty]
    parts = [f"{listed(lost)} diverged on every seed"] if lost else []
    parts += [
        part
        for word in (stats.BETTER, stats.WORSE, stats.EQUAL, stats.UNDECIDED)
        if (part := _group(contrasts, word, str(baseline)))
    ]
    if not parts:
        return ""
    return f"{NAMES[way].capitalize()}: {'; '.join(parts)}.{_choice(results, way)}"


def _group(contrasts: Mapping[str, Contrast], word: str, baseline: str) -> str:
    group = {arm: c for arm, c in contrasts.items() if c.verdict == word}
    if not group:
        return ""
    names = listed(f"{arm} ({number(_mean(c), sign=True)})" for arm, c in group.items())
    verb = "is" if len(group) == 1 else "are"
    if word != stats.UNDECIDED:
        return f"{names} {verb} {word}{' to' if word == stats.EQUAL else ' than'} {baseline}"
    n = min(c.difference.n for c in group.values() if c.difference)
    likely, needed = max(c.likely for c in group.values()), max(c.needed for c in group.values())
    more = "" if math.isnan(needed) else f" ({between(likely, needed)} would decide)"
    return f"{names} cannot be told from {baseline} with {count(n, 'seed')}{more}"


def _choice(results: Results, way: str) -> str:
    chosen = results.chosen_arm(way)
    if chosen is None:
        return ""
    test = results.samples[way][chosen].mean(schema.JUDGED_BY)
    figure = f", with {plus_minus(test.mean, test.half)} % on the test set" if test else ""
    return f" Best on validation data: {chosen}{figure}."


def interaction_note(results: Results) -> str | None:
    """Whether the two factors of a grid act on one another; if so, the effect of one at each level of the other."""
    cells = grid(results.spec)
    found = interaction(results, cells) if cells else None
    if cells is None or found is None or results.spec.table is None:
        return None
    row, column = results.spec.table["rows"], results.spec.table["columns"]
    figures = f"F({found.df[0]}, {found.df[1]}) = {number(found.f, 1)}, {probability(found.p)}"
    if found.p >= stats.LEVEL:
        return f"{row} and {column} do not show an interaction ({figures})."
    if len(axis(cells, 1)) != 2:
        return f"{row} and {column} interact ({figures}): the effect of one depends on the other."
    first, second = axis(cells, 1)
    named = [label(results.spec, column, value) for value in (first, second)]
    levels = []
    for level in axis(cells, 0):
        a, b = (results.samples["reported"][cells[level, c]].values(schema.JUDGED_BY) for c in (first, second))
        both = a.index.intersection(b.index)
        difference = stats.paired_difference(a[both], b[both], results.spec.resolution)
        levels.append(f"{plus_minus(difference.mean, difference.half, sign=True)} at {label(results.spec, row, level)}")
    effects = f"{named[0]} minus {named[1]} is {'; '.join(levels)}"
    return f"{row} and {column} interact ({figures}), so there is no one effect of {column}: {effects}."


def _mean(contrast: Contrast) -> float:
    return contrast.difference.mean if contrast.difference else math.nan

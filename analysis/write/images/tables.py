"""What predictions say, as tables: the test set's own error, accuracy by class, confusions and the hardest images."""

import numpy as np
import pandas as pd

from analysis.judge.images.luck import UNKNOWN, Luck, discordant, luck_of
from analysis.judge.images.mistakes import MOST_CLASSES, by_class, confused, confusion, hardest
from analysis.judge.images.seen import Seen
from analysis.judge.page import NO_CONTRAST
from analysis.judge.verdicts import Judged
from analysis.read.kept.predictions import TestSet
from analysis.words import LABELS, NOTHING, count, number, probability
from analysis.write.formats import Column, Table
from studies.engine import schema

TEST_SET = "test-set"
TABLES = (TEST_SET, "classes", "confusions", "hardest")


def tables(results: Judged, stage: str) -> list[Table]:
    """The tables of a stage; none where its predictions are not known."""
    seen, named = results.seen[stage], results.spec.named_stage(stage)
    if (test := seen.test) is None:
        return []
    made = [_test_set(results, stage), _classes(seen, test, named)]
    made += [_confusions(seen, test, named), _hardest(seen, named)]
    return [table for table in made if table.columns[0].cells]


def of_difference(results: Judged, stage: str, arm: str) -> Luck:
    """What test images add to an arm's difference to the baseline."""
    compared = arm in results.contrasts[stage]
    return luck_of(results, stage, [arm], [str(results.spec.baseline_of(stage))]) if compared else UNKNOWN


def _test_set(results: Judged, stage: str) -> Table:
    """Each accuracy with both errors, its spread over seeds with and without the test set's part, and the differences."""
    predicted = results.seen[stage].predicted
    arms, images = list(predicted), len(next(iter(predicted.values())).columns)
    means = [results.samples[stage][arm].mean(schema.JUDGED_BY) for arm in arms]
    own = [luck_of(results, stage, [arm]) for arm in arms]
    accuracy = {
        "mean": [number(mean.mean) for mean in means],
        "± seeds": [number(mean.half) for mean in means],
        "± test set": [number(found.half) for found in own],
        "sd over seeds": [number(found.seed_sd) for found in own],
        "sd of networks (endless test images)": [number(found.network_sd) for found in own],
    }
    columns = [Column(title, cells, group=LABELS[schema.JUDGED_BY] + " %") for title, cells in accuracy.items()]
    caption = f"What the choice of {count(images, 'test image')} adds, {results.spec.named_stage(stage)}"
    return Table(TEST_SET, caption, [Column("arm", arms, figures=False), *columns, *_differences(results, stage, arms)])


def _differences(results: Judged, stage: str, arms: list[str]) -> list[Column]:
    """The differences to the baseline with each error and both; where arms have one seed each, McNemar's test."""
    baseline, contrasts = str(results.spec.baseline_of(stage)), results.contrasts[stage]
    found = [of_difference(results, stage, arm) for arm in arms]
    if not any(own.known for own in found):
        return []
    means = [contrasts.get(arm, NO_CONTRAST).difference for arm in arms]
    both = [own.both(mean.half) for own, mean in zip(found, means, strict=True)]
    pairs = [discordant(results, stage, arm, baseline) if arm != baseline else None for arm in arms]
    cells = {
        "difference": [number(mean.mean, sign=True) for mean in means],
        "± seeds": [number(mean.half) for mean in means],
        "± test set": [number(own.half) for own in found],
        "± both": [number(half) for half in both],
    }
    if any(pairs):
        cells["McNemar"] = [f"{p.only_first} : {p.only_second}, {probability(p.p)}" if p else NOTHING for p in pairs]
    return [Column(title, own, group=f"Δ to {baseline}") for title, own in cells.items()]


def _classes(seen: Seen, test: TestSet, stage: str) -> Table:
    accuracy = pd.DataFrame({arm: by_class(seen, arm).mean() for arm in seen.predicted})
    order = accuracy.mean(axis=1).sort_values(kind="stable").index[:MOST_CLASSES]
    images = np.bincount(test.labels)
    columns = [
        Column("class", [test.classes[one] for one in order], figures=False),
        Column("test images", [f"{images[one]:,}" for one in order]),
        *(Column(str(arm), [number(own[one], 1) for one in order]) for arm, own in accuracy.items()),
    ]
    which = f"the {MOST_CLASSES} hardest classes" if len(accuracy) > MOST_CLASSES else "the hardest class first"
    return Table("classes", f"Test acc@1 % by class, mean over seeds, {which}, {stage}", columns)


def _confusions(seen: Seen, test: TestSet, stage: str) -> Table:
    names, pairs = test.classes, confused(seen)
    percent = {arm: confusion(seen, arm) for arm in seen.predicted}
    columns = [
        Column("true class → said", [f"{names[true]} → {names[said]}" for true, said in pairs], figures=False),
        *(Column(arm, [number(own[pair], 1) for pair in pairs]) for arm, own in percent.items()),
    ]
    return Table("confusions", f"What is most often taken for what: % of the true class, {stage}", columns)


def _hardest(seen: Seen, stage: str) -> Table:
    hard = hardest(seen)
    columns = [
        Column("test image", [f"{one.image}" for one in hard]),
        Column("true class", [one.true for one in hard], figures=False),
        Column("networks that are wrong", [f"{one.wrong} of {one.of}" for one in hard]),
        Column("most of them say", [f"{one.said} ({one.times})" for one in hard], figures=False),
    ]
    return Table("hardest", f"The test images (from 0) that most networks of all arms get wrong, {stage}", columns)

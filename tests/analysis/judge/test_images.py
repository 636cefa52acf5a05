"""What predictions come to, by hand: the test set's own error, confusions, the hardest images."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from fake_predictions import LABELS, SAID, elsewhere, keep_predictions, keep_test_set, small_study, write_all
from fake_study import Trial, write_book

from analysis.judge.images import mistakes
from analysis.judge.images.luck import UNKNOWN, discordant, luck, luck_of, mcnemar
from analysis.judge.verdicts import Judged, judged
from analysis.read.book import Book
from analysis.read.runs import load
from studies.engine import schema


def read() -> Judged:
    return judged(load(Book(schema.RESULTS), "activations"))


def test_seeds_and_images_that_simply_add_up() -> None:
    # means of images 2, 3, 7: variance 7, of their mean 7 / 3; means of seeds 3, 5: variance 2; nothing is left over
    found = luck([[1, 2, 6], [3, 4, 8]])
    assert found.images == 3
    assert (found.seed_sd, found.network_sd) == pytest.approx((math.sqrt(2), math.sqrt(2)))
    assert found.image_variance == pytest.approx(7 / 3)
    assert found.half == pytest.approx(1.959964 * math.sqrt(7 / 3))


def test_networks_that_only_get_other_images_wrong_are_equally_good() -> None:
    # residuals are 25 in each cell: what is left over is 2500, which explains both the seeds and the images
    found = luck([[100, 0], [100, 100]])
    assert found.seed_sd == pytest.approx(math.sqrt(1250))
    assert found.network_sd == 0
    assert found.image_variance == 0


def test_with_one_seed_the_images_have_the_binomial_spread() -> None:
    # three of four right: variance of a hit 2500, of the mean of four 625
    found = luck([[100, 0, 100, 100]])
    assert found.image_variance == pytest.approx(625)
    assert math.isnan(found.seed_sd)
    assert math.isnan(found.network_sd)


def test_the_spread_of_the_networks_is_jordans() -> None:
    # 2304.01910: m / (m - 1) times (the variance over seeds less the mean variance of an image over m)
    hits = 100.0 * (np.random.default_rng(0).random((6, 40)) < 0.8)
    expected = 40 / 39 * (hits.mean(axis=1).var(ddof=1) - hits.var(axis=0, ddof=1).mean() / 40)
    assert luck(hits).network_sd == pytest.approx(math.sqrt(max(0.0, expected)))


def test_both_errors_add_up_like_the_sides_of_a_right_angle() -> None:
    found = luck([[100, 0, 100, 100]])._replace(image_variance=(4 / 1.959964) ** 2)
    assert found.both(3.0) == pytest.approx(5)


def test_mcnemar_by_hand() -> None:
    # 1 of 8 is as far from 4 as 7 of 8: 2 * (1 + 8) / 256
    assert mcnemar(1, 7) == (1, 7, pytest.approx(18 / 256))
    assert mcnemar(0, 0).p == 1
    assert mcnemar(5, 5).p == 1


def test_mcnemar_is_for_one_seed_each() -> None:
    plan, trials = small_study()
    write_all(plan, [trial for trial in trials if trial.seed == 1])
    # image 3 only mish gets right; image 4 only relu
    assert discordant(read(), "reported", "mish", "relu") == (1, 1, 1.0)
    write_all(plan, trials)
    assert discordant(read(), "reported", "mish", "relu") is None


def test_the_luck_of_a_difference_is_that_of_paired_images() -> None:
    write_all(*small_study())
    hits = {arm: 100.0 * np.equal(said, LABELS) for arm, said in SAID.items()}
    assert luck_of(read(), "reported", ["mish"], ["relu"]) == luck(hits["mish"] - hits["relu"])
    assert luck_of(read(), "reported", ["relu"]) == luck(hits["relu"])


def test_confusions_over_all_seeds() -> None:
    write_all(*small_study())
    seen = read().seen["reported"]
    # of eight, eight and four: 6, 2, 0; 0, 8, 0; 1, 0, 3
    assert mistakes.confusion(seen, "relu").tolist() == [[75, 25, 0], [0, 100, 0], [25, 0, 75]]
    assert mistakes.by_class(seen, "mish").to_numpy().tolist() == [[100, 75, 50], [100, 100, 50]]
    # taken together: cat for dog 25 % and 0; ox for cat 25 % and 25 %; ox for dog 0 and 25 %; dog for ox 0 and 12.5 %
    assert mistakes.confused(seen)[:3] == [(2, 0), (0, 1), (2, 1)]


def test_the_hardest_images() -> None:
    write_all(*small_study())
    hard = mistakes.hardest(read().seen["reported"])
    # ox 9 is wrong on one seed of relu and on both of mish; twice they say cat
    assert hard[0] == (9, "ox", "cat", 2, 3, 4)
    assert [one.image for one in hard] == [9, 3, 4], "none that all get right"


def seen_with(plan: Mapping[str, Any], trials: Sequence[Trial]) -> tuple[list[str], tuple[str, ...]]:
    seen = read().seen["reported"]
    return list(seen.predicted), seen.left_out


def test_an_arm_of_which_a_network_has_kept_nothing_is_left_out() -> None:
    plan, trials = small_study()
    write_book(plan, trials)
    keep_test_set(plan, LABELS)
    keep_predictions([trial for trial in trials if (trial.arm, trial.seed) != ("mish", 2)])
    assert seen_with(plan, trials) == (["relu"], ("mish",))
    assert luck_of(read(), "reported", ["mish"], ["relu"]) is UNKNOWN


def test_an_arm_that_is_tested_on_other_images_is_left_out() -> None:
    plan, trials = small_study()
    apart = elsewhere(trials, "mish")
    write_book(plan, apart)
    keep_test_set(plan, LABELS)
    keep_predictions(apart)
    keep_test_set(plan, LABELS, digest="d2", first_row=10)
    assert seen_with(plan, apart) == (["relu"], ("mish",))
    keep_test_set(plan, LABELS, digest="d2")  # the same images, of which another share is trained on
    assert seen_with(plan, apart) == (["relu", "mish"], ())

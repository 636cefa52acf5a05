"""Claims of reports, judged by studies whose truth is known."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from conftest import Read
from fake_study import (
    Trial,
    activations,
    bn_grid,
    claim,
    confirmed,
    reported,
    searched,
    spec,
    without_validation,
)

from analysis.judge.verdicts import CONTRADICTED, INVALID, NEGLIGIBLE, SUPPORTED, UNDECIDED, Judged, Ruling
from analysis.write import claims
from studies.engine import claim as stated

BUDGET = {"seeds": list(range(1, 9)), "confirm_seeds": list(range(101, 109)), "search_seed": 0, "trials_per_arm": 4}
ARMS = {name: {"activation": name} for name in ("relu", "mish", "elu")}
Plain = Callable[..., Ruling]


def only(results: Judged) -> Ruling:
    ((_, (ruling,)),) = results.rulings
    return ruling


@pytest.fixture
def judge(read: Read) -> Plain:
    """Judge one claim on trials of the reported stage."""

    def judged(made: dict[str, Any], trials: Sequence[Trial], **changes: Any) -> Ruling:
        return only(read(spec(arms=ARMS, tuned_arms={}, claims=[made], budget=BUDGET, **changes), trials))

    return judged


SEEDS = 8
NOISE = [0.0, 1.1, 1.9, 0.4, 1.5, 0.8, 1.2, 0.3]
SMALL = [0.0, 0.1, -0.1, 0.05, -0.05, 0.1, -0.1, 0.0]


def arm(name: str, level: float, *, scale: float = 1.0, lost: Sequence[int] = (), n: int = SEEDS) -> list[Trial]:
    """An arm that shares its seeds' noise with all others, and has a little of its own; on the seeds in ``lost`` it diverged."""
    figures = [level + noise + scale * small for noise, small in zip(NOISE[:n], SMALL, strict=False)]
    return reported(name, [None if seed in lost else value for seed, value in enumerate(figures, 1)])


RELU = reported("relu", [90.0 + noise for noise in NOISE])
ABOVE, LEVEL, SLIGHTLY, BELOW = arm("mish", 92.0), arm("mish", 90.02), arm("mish", 90.3), arm("elu", 85.0)
NOISY = arm("mish", 90.5, scale=30.0)
CHANCE = [11.0, 9.8, 10.2, 11.0, 9.5, 10.0, 10.4, 9.9]


@pytest.mark.parametrize(
    ("made", "trials", "verdict"),
    [
        (claim("", "better", ["mish"], ["relu"]), [*RELU, *ABOVE], SUPPORTED),
        (claim("", "better", ["relu"], ["mish"]), [*RELU, *ABOVE], CONTRADICTED),
        (claim("", "better", ["mish"], ["relu"]), [*RELU, *LEVEL], NEGLIGIBLE),
        # 0.3 more, shown on every seed, but less than the margin: as in the table
        (claim("", "better", ["mish"], ["relu"]), [*RELU, *SLIGHTLY], NEGLIGIBLE),
        (claim("", "better", ["relu"], ["mish"]), [*RELU, *SLIGHTLY], NEGLIGIBLE),
        (claim("", "equal", ["mish", "relu"]), [*RELU, *SLIGHTLY], SUPPORTED),
        (claim("", "better", ["mish"], ["relu"]), [*RELU, *NOISY], UNDECIDED),
        (claim("", "better", ["mish", "elu"], ["relu"]), [*RELU, *ABOVE, *BELOW], CONTRADICTED),
        (claim("", "better", ["mish", "relu"], ["elu"]), [*RELU, *ABOVE, *BELOW], SUPPORTED),
        (claim("", "best", ["mish"]), [*RELU, *ABOVE, *BELOW], SUPPORTED),
        (claim("", "best", ["relu"]), [*RELU, *ABOVE, *BELOW], CONTRADICTED),
        (claim("", "best", ["mish"]), [*RELU, *NOISY, *BELOW], UNDECIDED),
        (claim("", "near_best", ["relu"]) | {"within": 3.0}, [*RELU, *ABOVE, *BELOW], SUPPORTED),
        (claim("", "near_best", ["relu"]) | {"within": 1.0}, [*RELU, *ABOVE, *BELOW], CONTRADICTED),
        (claim("", "reaches", ["relu", "mish"]) | {"above": 89.0}, [*RELU, *ABOVE], SUPPORTED),
        (claim("", "reaches", ["relu", "mish"]) | {"above": 92.5}, [*RELU, *ABOVE], CONTRADICTED),
        (claim("", "equal", ["mish", "relu"]), [*RELU, *LEVEL], SUPPORTED),
        (claim("", "equal", ["mish", "relu"]), [*RELU, *ABOVE], CONTRADICTED),
        (claim("", "equal", ["mish", "relu"]), [*RELU, *NOISY], UNDECIDED),
        (claim("", "equal", ["mish", "relu", "elu"]), [*RELU, *LEVEL, *BELOW], CONTRADICTED),
        (claim("", "trains", ["relu"]), RELU, SUPPORTED),
        (claim("", "trains", ["relu"]) | {"above": 95.0}, RELU, CONTRADICTED),
        (claim("", "trains", ["relu"]) | {"share": 0.9}, RELU, UNDECIDED),
        (claim("", "trains", ["relu"]), reported("relu", [90.0, None, 91.0, 91.5, 90.5, 90.0, 91.0, 92.0]), UNDECIDED),
        (claim("", "fails", ["relu"]), reported("relu", CHANCE), SUPPORTED),
        (claim("", "fails", ["relu"]), reported("relu", [None] * SEEDS), SUPPORTED),
        (claim("", "fails", ["relu"]), RELU, CONTRADICTED),
        # 4 of 8: if one in ten did, so many would in 1 of 199 studies; 1 of 8 is no more than a rare failure may do
        (claim("", "unstable", ["relu"]), reported("relu", [*[11.0] * 4, *[90.0] * 4]), SUPPORTED),
        (claim("", "unstable", ["relu"]), reported("relu", [11.0, *[90.0] * 7]), UNDECIDED),
        (claim("", "unstable", ["relu", "elu"]), [*reported("relu", [11.0, *[90.0] * 7]), *BELOW], UNDECIDED),
        (claim("", "unstable", ["relu"]), RELU, UNDECIDED),
        (claim("", "better", ["mish"], ["relu"], "model/size_mb"), [*RELU, *ABOVE], NEGLIGIBLE),
        (claim("", "equal", ["mish", "relu"], metric="model/size_mb"), [*RELU, *ABOVE], INVALID),
        # all are of 3.41 MB
        (claim("", "reaches", ["relu"], metric="model/size_mb") | {"above": 100.0}, RELU, CONTRADICTED),
        (claim("", "reaches", ["relu"], metric="model/size_mb") | {"above": 3.0}, RELU, SUPPORTED),
        (
            claim("", "near_best", ["relu"], metric="model/size_mb") | {"within": 100.0},
            [*RELU, *ABOVE, *BELOW],
            SUPPORTED,
        ),
        # what is left of an arm that diverged says nothing for it, and may say something against it
        (claim("", "better", ["mish"], ["relu"]), [*RELU, *arm("mish", 95.0, lost=[1])], INVALID),
        (claim("", "better", ["mish"], ["relu"]), [*RELU, *arm("mish", 85.0, lost=[1])], CONTRADICTED),
        (claim("", "better", ["mish"], ["relu"]), [*RELU, *reported("mish", [None] * SEEDS)], CONTRADICTED),
        (claim("", "better", ["mish"], ["relu"]), [*arm("relu", 90.0, lost=[2]), *ABOVE], SUPPORTED),
        (claim("", "better", ["mish"], ["relu"]), [*arm("relu", 94.0, lost=[2]), *ABOVE], UNDECIDED),
        (claim("", "best", ["mish"]), [*arm("relu", 95.0), *ABOVE, *arm("elu", 96.0, lost=[2])], CONTRADICTED),
        (claim("", "better", ["mish"], ["relu"]), RELU, UNDECIDED),
        (claim("", "better", ["mish"], ["relu"]), [*RELU, *[replace(t, digest="new") for t in ABOVE]], INVALID),
        (claim("", "better", ["mish"], ["relu"]), [RELU[0], ABOVE[1], ABOVE[2]], INVALID),
    ],
)
def test_verdicts(judge: Plain, made: dict[str, Any], trials: Sequence[Trial], verdict: str) -> None:
    assert judge(made, trials).verdict == verdict


def test_facts_of_the_model_in_words(read: Read) -> None:
    made = [claim("smaller", "better", ["mish"], ["relu"], "model/size_mb")]
    made += [claim("large", "reaches", ["relu"], metric="model/size_mb") | {"above": 100.0}]
    said = _text(read(spec(arms=ARMS, tuned_arms={}, claims=made, budget=BUDGET), [*RELU, *ABOVE]))
    assert "CONTRADICTED. By construction, relu is at 3.410, at most 100 in size." in said
    assert "NEGLIGIBLE. By construction, mish and relu are the same in size." in said


def test_lower_is_better_for_a_gap_and_for_seconds(judge: Plain) -> None:
    # train accuracy is 95 in all: relu's gap is 4, mish's 2
    assert judge(claim("", "better", ["mish"], ["relu"], "gap"), [*RELU, *ABOVE]).verdict == SUPPORTED
    quick = [replace(t, seconds=1.0 + 0.01 * t.seed) for t in ABOVE]
    assert judge(claim("", "better", ["mish"], ["relu"], "seconds"), [*RELU, *quick], name="quick").verdict == SUPPORTED


def test_a_share_of_the_epochs_reads_the_validation_curve(judge: Plain) -> None:
    slow = [replace(t, curve=[40.0 + t.seed, 50.0, 80.0, 90.0]) for t in RELU]
    fast = [replace(t, curve=[60.0 + 1.1 * t.seed, 70.0, 80.0, 85.0]) for t in LEVEL]
    early = judge(claim("", "better", ["mish"], ["relu"], at=0.25), [*slow, *fast])
    assert early.verdict == SUPPORTED
    (contrast,) = early.contrasts
    assert contrast.difference.mean == pytest.approx(20.45)
    assert (
        judge(claim("", "better", ["mish"], ["relu"], "val/acc1", 1.0), [*slow, *fast], name="end").verdict
        == CONTRADICTED
    )


def test_metrics_by_step_are_means_over_the_steps(read: Read) -> None:
    def trials(arm: str, loss: float) -> list[Trial]:
        made = reported(arm, [90.0, 90.0, 90.0])
        return [replace(t, extra={"step/loss": [loss + 1 + t.seed / 9, loss]}) for t in made]

    made = [claim("smoother", "better", ["mish"], ["relu"], "step/loss")]
    results = read(spec(arms=ARMS, tuned_arms={}, claims=made), [*trials("relu", 3.0), *trials("mish", 1.0)])
    assert (
        "SUPPORTED. Over 3 shared seeds, mish is lower than relu by 2.000 in training loss (mean over the steps)."
        in _text(results)
    )
    assert "relu − mish: +2.000" in _text(results)


def test_a_band_is_narrower_step_by_step(read: Read) -> None:
    """Two rates with BN are 1 apart at every step, two without it 3 and then 2, whatever their means."""

    def trials(arm: str, losses: list[float]) -> list[Trial]:
        made = reported(arm, [90.0, 90.0, 90.0], fields)
        return [
            replace(t, extra={"step/loss": [loss * (1 + t.seed / 999 if arm == "a · bn" else 1.0) for loss in losses]})
            for t in made
        ]

    fields = {"activation": "relu"}
    arms = {f"{lr} · {norm}": {"activation": "relu"} for norm in ("bn", "no bn") for lr in ("a", "b")}
    made = [claim("narrower", "narrower", ["a · bn", "b · bn"], ["a · no bn", "b · no bn"], "step/loss")]
    curves = {"a · bn": [5.0, 4.0], "b · bn": [6.0, 3.0], "a · no bn": [4.0, 1.0], "b · no bn": [1.0, 3.0]}
    written = [trial for arm, losses in curves.items() for trial in trials(arm, losses)]
    results = read(spec(arms=arms, tuned_arms={}, claims=made, baseline="a · bn"), written)
    assert "SUPPORTED. Over 3 shared seeds, the band of bn is narrower than the band of no bn by 1.501" in _text(
        results
    )


def bands(read: Read, metric: str, seeds: int) -> Judged:
    """Two arms that lie 1 apart, and two that lie 3 apart; of the first the last arm has but so many of three seeds."""
    heights = {"a · bn": 51.0, "b · bn": 50.0, "a · no bn": 53.0, "b · no bn": 50.0}
    arms = {arm: {"norm": arm} for arm in heights}
    made = [claim("narrower", "narrower", ["a · bn", "b · bn"], ["a · no bn", "b · no bn"], metric)]
    tests = {arm: [90.0] * (seeds if arm == "b · bn" else 3) for arm in arms}
    own = {arm: [replace(t, curve=[height + t.seed / 99] * 4) for t in reported(arm, tests[arm], arms[arm])]
           for arm, height in heights.items()}  # fmt: skip
    for trial in own["a · bn"]:
        own["a · bn"][trial.seed - 1] = replace(trial, curve=[51.0 + trial.seed / 9] * 4)
    plan = spec(arms=arms, tuned_arms={}, claims=made, baseline="a · bn")
    return read(plan, [trial for trials in own.values() for trial in trials])


def test_a_band_is_over_the_seeds_that_all_of_its_arms_have(read: Read) -> None:
    (contrast,) = only(bands(read, "val/acc1", seeds=2)).contrasts
    assert contrast.difference.n == 2
    assert contrast.difference.mean == pytest.approx(3 - 1 - (1 / 9 - 1 / 99) * 1.5)


def test_a_band_that_is_narrower_has_the_smaller_figure_whatever_the_metric(read: Read) -> None:
    said = _text(bands(read, "val/acc1", seeds=3))
    assert "the band of bn is narrower than the band of no bn by 1.80 points" in said
    assert "the band of no bn − the band of bn: +1.80" in said


def test_fluctuation_is_how_far_the_second_half_jumps(judge: Plain) -> None:
    """From epoch to epoch 1 and 3, a mean of 2, against 0.5; the first half takes no part."""
    jumpy = [replace(t, curve=[10.0, 80.0, 81.0 + t.seed / 99, 78.0]) for t in RELU]
    calm = [replace(t, curve=[40.0, 80.0, 80.5, 80.0]) for t in LEVEL]
    ruling = judge(claim("", "better", ["mish"], ["relu"], "fluctuation"), [*jumpy, *calm])
    (contrast,) = ruling.contrasts
    assert ruling.verdict == SUPPORTED
    assert contrast.difference.mean == pytest.approx(1.5 + 4.5 / 99)


def test_late_gain_is_the_rise_from_the_third_to_the_last_quarter(read: Read) -> None:
    """3 points and a little more on each seed, against 0.5; the first half takes no part."""
    rising = [replace(t, curve=[10.0, 60.0, 80.0, 83.0 + t.seed / 99]) for t in RELU]
    level = [replace(t, curve=[40.0, 50.0, 80.0, 80.5]) for t in LEVEL]
    made = claim("", "better", ["relu"], ["mish"], "late_gain")
    results = read(spec(arms=ARMS, tuned_arms={}, claims=[made], budget=BUDGET), [*rising, *level])
    ruling = only(results)
    (contrast,) = ruling.contrasts
    assert ruling.verdict == SUPPORTED
    assert "relu is higher than mish by 2.545 points" in _text(results)
    assert contrast.difference.mean == pytest.approx(2.5 + 4.5 / 99)


def test_before_the_end_an_image_is_one_of_the_validation_set(judge: Plain) -> None:
    """Without any spread a figure is known to an image: 100 of 400 points there, and 100 of 1000 in the test set."""
    made = claim("", "reaches", ["relu"], at=0.5) | {"above": 80.0}
    (contrast,) = judge(made, [replace(t, curve=[80.0, 90.0]) for t in RELU]).contrasts
    assert contrast.difference.sd == 100 / 400


def test_a_figure_of_validation_where_there_are_no_such_images(read: Read) -> None:
    plan = without_validation()
    plan["claims"] = [claim("better", "better", ["mish"], ["relu"], "val/acc1")]
    trials = [t for arm in ("relu", "mish") for t in reported(arm, [90.0, 91.0], plan["arms"][arm])]
    assert only(read(plan, trials)).verdict == INVALID


def test_a_share_of_the_epochs_needs_validation_data(read: Read) -> None:
    plan = without_validation()
    plan["claims"] = [claim("faster", "better", ["mish"], ["relu"], at=0.5)]
    trials = [t for arm in ("relu", "mish") for t in reported(arm, [90.0, 91.0], plan["arms"][arm])]
    ruling = only(read(plan, trials))
    assert (ruling.verdict, ruling.reason) == (INVALID, "it needs val/acc1, and the study has no validation data")


def test_interaction_as_reported_and_not_asked_when_tuned_away(read: Read) -> None:
    plan, trials = bn_grid()
    names = list(plan["arms"])
    plan["claims"] = [
        claim("BN helps more at 2e-3", "grows", [names[0], names[2]], [names[1], names[3]]),
        claim("BN helps at 2e-3", "better", [names[0]], [names[2]]),
        claim("BN helps at each rate", "better", [names[0], names[1]], [names[2], names[3]]),
        claim("the learning rate matters", "better", [names[0]], [names[1]]),
    ]
    results = read(plan, trials)
    found = [(claim.text, ruling.stage, ruling.verdict) for claim, own in results.rulings for ruling in own]
    assert found == [
        ("BN helps more at 2e-3", "reported", SUPPORTED),
        ("BN helps at 2e-3", "reported", SUPPORTED),
        ("BN helps at each rate", "reported", UNDECIDED),
        ("BN helps at each rate", "confirm", SUPPORTED),
        ("the learning rate matters", "reported", SUPPORTED),
    ]
    assert claims.text(results).count("tuned: not asked") == 3


def test_an_interaction_is_over_the_seeds_that_all_four_have(read: Read) -> None:
    plan, trials = bn_grid()
    names = list(plan["arms"])
    plan["claims"] = [claim("BN helps more at 2e-3", "grows", [names[0], names[2]], [names[1], names[3]])]
    ((_, (ruling, *_)),) = read(plan, [t for t in trials if not (t.arm == names[0] and t.seed == 1)]).rulings
    (contrast,) = ruling.contrasts
    assert contrast.difference.n == 2


def test_unequal_searches_make_a_tuned_claim_invalid(read: Read) -> None:
    trials = [*searched("relu", [0.1, 0.2, 0.3, 0.4]), *searched("mish", [0.1])]
    trials += [*confirmed("relu", [90.0, 91, 92], 0.1), *confirmed("mish", [93.0, 94, 95], 0.1)]
    ruling = only(read(spec(claims=[claim("", "better", ["mish"], ["relu"])]), trials))
    assert (ruling.verdict, ruling.stage) == (INVALID, "confirm")
    assert ruling.reason == "unequal search budgets (mish 1 trial, relu 4 trials)"


def test_a_contrast_in_two_claims_is_corrected_for_once(read: Read) -> None:
    once = [claim("a", "better", ["mish"], ["relu"])]
    trials = [*RELU, *NOISY, *BELOW]
    plans = [spec(name=f"s{n}", arms=ARMS, tuned_arms={}, claims=once * n) for n in (1, 2)]
    (_, (first,)), (_, (second,)) = (read(plan, trials).rulings[0] for plan in plans)
    assert first.contrasts == second.contrasts


@pytest.mark.parametrize(("classes", "above"), [(10, 20), (100, 2), (2, 75), (12, 100 / 6)])
def test_what_counts_as_trained(read: Read, classes: int, above: float) -> None:
    plan = spec()
    assert read({**plan, "dataset": {**plan["dataset"], "classes": classes}}, []).spec.learned == pytest.approx(above)


def _text(results: Judged) -> str:
    return " ".join(claims.text(results).split())


def test_sentences_that_a_student_understands(read: Read) -> None:
    plan, trials = activations()
    plan["claims"] = [
        claim("Mish does better", "better", ["mish"], ["relu"]),
        claim("Mish and ELU do better", "better", ["mish", "elu"], ["relu"]),
        claim("All train", "trains", ["relu", "mish"]),
    ]
    said = _text(read(plan, trials))
    assert "as reported: SUPPORTED. Over 3 shared seeds, mish is better than relu by 2.00 points in test acc@1." in said
    assert re.search(r"mish − relu: \+2.00 ± 0.25 \(n = 3; p < 0.001 by itself, p = 0.00\d corrected\)", said)
    assert "CONTRADICTED. Over 3 shared seeds, elu is worse than relu by 4.00 points in test acc@1." in said
    one_another = "mish at lr 0.03 and relu at lr 0.03 are within 0.5 points of one another in test acc@1."
    assert f"tuned: NEGLIGIBLE. Over 3 shared seeds, {one_another}" in said
    assert "This compares these settings; another search may choose others." in said
    assert "Above 20 % (chance is 10 %): relu in 3 of 3 seeds and mish in 3 of 3 seeds." in said
    assert "Between 44 and 100 % of further seeds would (the least sure arm)." in said
    assert "Judged at scale demo: on mnist5k with 4 epochs, not on the report's data and budget." in said


def test_seeds_that_had_to_decide_count_where_an_arm_trains(read: Read) -> None:
    plan = spec(
        arms=ARMS, tuned_arms={}, claims=[claim("It trains", "trains", ["relu"])],
        budget={**BUDGET, "more_seeds": {"reported": {"relu": 10}}},
    )  # fmt: skip
    assert "relu in 9 of 10 seeds." in _text(read(plan, reported("relu", [10.0, *[90.0] * 9])))


def test_undecided_says_what_would_decide(read: Read) -> None:
    plan = spec(
        arms=ARMS, tuned_arms={}, claims=[claim("Mish does better", "better", ["mish"], ["relu"])], budget=BUDGET
    )
    said = _text(read(plan, [*RELU, *NOISY]))
    assert "mish is better than relu by 0.50 points (which may be chance) in test acc@1. If" in said
    assert re.search("If that is so, [0-9,]+ to [0-9,]+ seeds would show it", said)
    some = _text(read({**plan, "name": "some"}, [*RELU[:3], *NOISY[:3]]))
    assert "Verdicts are given from 8 seeds on." in some
    one = _text(read({**plan, "name": "one"}, [RELU[0], NOISY[0]]))
    assert "With one seed nothing can be told from chance; at least two are needed." in one


def test_each_pair_of_near_best_is_told_once_by_who_is_behind(read: Read) -> None:
    """Where part of it is wrong, that part has the corrected p, and nothing says how many seeds the rest would need."""
    made = claim("all near", "near_best", ["relu", "mish", "elu"]) | {"within": 3.0}
    said = _text(read(spec(arms=ARMS, tuned_arms={}, claims=[made], budget=BUDGET), [*RELU, *ABOVE, *BELOW]))
    assert "CONTRADICTED" in said
    assert "relu − mish: −2.00" in said
    assert "mish − relu" not in said
    assert re.search(r"elu − mish: −7.00 ± [0-9.]+ \(n = 8; p < 0.001 by itself, p [<=] 0.00\d corrected\)", said)
    assert "p = 1.00" not in said
    assert "seeds)" not in said


def test_where_equality_is_contradicted_p_is_of_that(read: Read) -> None:
    made = claim("level", "equal", ["mish", "relu"])
    said = _text(read(spec(arms=ARMS, tuned_arms={}, claims=[made], budget=BUDGET), [*RELU, *ABOVE]))
    assert "CONTRADICTED" in said
    assert "mish is better than relu by 2.00 points" in said
    assert "of no difference that matters, p < 0.001 by itself" in said
    assert "p = 1.00" not in said


def test_no_number_of_seeds_where_none_would_decide(read: Read) -> None:
    made = [claim("level", "equal", ["mish", "relu"])]
    for name, by in (("at", 0.5), ("near", 0.5 - 1e-9)):
        mish = reported("mish", [90.0 + by + 0.25, 91.0 + by, 92.0 + by - 0.25])
        results = read(
            spec(name=name, arms=ARMS, tuned_arms={}, claims=made), [*reported("relu", [90.0, 91.0, 92.0]), *mish]
        )
        assert "UNDECIDED" in _text(results)
        assert "seeds would show it" not in _text(results)


@pytest.mark.parametrize(
    "said",
    [
        {"best": "a", "metric": "gap"},
        {"best": "a", "metric": "fluctuation"},
        {"best": "a", "metric": "model/parameters"},
        {"best": "a", "metric": "step/loss"},
        {"narrower": ["a", "b"], "than": ["c", "d"], "metric": "val/acc1"},
    ],
)
def test_what_has_no_value_at_a_share_of_the_epochs(said: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="`at` needs a metric by epoch or of the test set, not a band"):
        stated("x", at=0.2, **said)
    assert stated("x", best="a", at=0.2).at == 0.2


def test_nothing_trained_yet(read: Read) -> None:
    assert "not judged: nothing has been trained yet." in _text(read(spec(claims=[claim("x", "best", ["relu"])]), []))

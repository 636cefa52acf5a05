"""A mistake in a study is an error before anything starts: it names the field, the value and what would do."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from cnnzoo import Recipe
from cnnzoo.mistake import Mistake
from search_spaces import adam, sgd
from studies.engine import Arm, Budget, Scale, Study, claim, grid
from studies.engine.plan.plan import tuned_arms
from studies.engine.study.assertions import Above
from studies.engine.study.grid import short
from tests.engine.simulated import study

UNVALIDATED = Recipe(model="lenet", validation=0.0)


def changed(**fields: Any) -> Callable[[], object]:
    return lambda: replace(study(), **fields)


MISTAKES: dict[str, tuple[Callable[[], object], str]] = {
    "a slash in the name": (changed(name="a/b"), "study name 'a/b' must be 1 to 80 letters"),
    "a name that climbs": (changed(name="../x"), "study name '../x'"),
    "no arms": (changed(arms={}), "has no arms"),
    "a baseline that is no arm": (changed(baseline="rely"), "baseline names 'rely', which is no arm; did you mean 'relu'?"),
    "an unknown recipe field": (lambda: Arm(activatoin="relu"), "no field 'activatoin'; did you mean 'activation'?"),
    "an unknown choice": (changed(arms={"relu": Arm(), "mush": Arm(activation="mush")}), "arm 'mush' at scale report: unknown activation"),
    "two arms alike": (changed(arms={"relu": Arm(), "again": Arm(activation="relu")}), "arms 'relu' and 'again' have the same"),
    "a knob the model ignores": (changed(arms={"relu": Arm(), "aux": Arm(aux=0.3)}), "would be ignored by model 'lenet'"),
    "a tune key no recipe has": (changed(tune={"learning_rate": FloatDistribution(0.1, 1)}), "names 'learning_rate', which is no"),
    "tuning what is compared on": (changed(tune={"seed": FloatDistribution(0, 1)}), "must be the same for every trial"),
    "a space a recipe refuses": (changed(tune={"lr": FloatDistribution(-1, 1)}), "reaches lr=-1.0: lr must be"),
    "a report on no arm": (changed(reported={"gelu": 90.0}), "reported names 'gelu'"),
    "a report of no metric": (changed(reported={"relu": {"test/lose": 90.0}}), "unknown metric 'test/lose'; did you mean 'test/loss'?"),
    "a claim on no arm": (changed(claims=[claim("x", best="gelu")]), "claims names 'gelu'"),
    "a claim of two kinds": (lambda: claim("x", best="a", trains="b"), "exactly one of"),
    "a claim without its other half": (lambda: claim("x", better="a"), "`than` belongs to"),
    "a claim on no metric": (lambda: claim("x", best="a", metric="accuracy"), "unknown metric 'accuracy'"),
    "a claim on a curve that only figures have": (
        lambda: claim("x", best="a", metric="test_by_epoch/acc1"), "unknown metric 'test_by_epoch/acc1'"
    ),
    "equal to nothing": (lambda: claim("x", equal=["a"]), "equal=[a, b, ...] needs two arms and a metric in points, but got ['a']"),
    "equal where there is no margin": (lambda: claim("x", equal=["a", "b"], metric="test/loss"), "but got ['a', 'b'] and 'test/loss'"),
    "better than itself": (lambda: claim("x", better="a", than=["b", "a"]), "name 'a' once, as an arm cannot be compared"),
    "an arm named twice": (lambda: claim("x", near_best=["a", "a"], within=1), "name 'a' once"),
    "a band held against itself": (lambda: claim("x", narrower=["a", "b"], than=["b", "a"], metric="val/acc1"), "name 'a' once"),
    "a test loss before the end without validation": (
        changed(base=UNVALIDATED, tune={}, claims=[claim("x", best="relu", metric="test/loss", at=0.5)]), "validation is 0"
    ),
    "half a table": (changed(rows="lr"), "needs both"),
    "a table of what arms do not set": (changed(rows="lr", columns="activation"), "the table has a factor 'lr', but arm"),
    "no seeds": (lambda: Budget(seeds=0), "seeds must be between 1 and 100, but got 0"),
    "no trials": (lambda: Budget(trials_per_arm=-3), "trials per arm must be at least 1, but got -3"),
    "a scale of an unknown field": (lambda: Scale(seeds=1, trials_per_arm=1, epoch=3), "no field 'epoch'; did you mean 'epochs'?"),
    "a grid without values": (lambda: grid(lr=[]), "factor 'lr' has no values"),
    "a seed of an arm": (changed(arms={"relu": Arm(), "five": Arm(seed=5)}), "arm 'five': leave out seed=5; every arm has the seeds of"),
    "a seed of the base": (changed(base=Recipe(model="lenet", seed=7)), "arm 'relu': leave out seed=7"),
    "choosing for another without validation data": (
        lambda: replace(study(), arms={"relu": Arm(chosen_in=replace(study(), name="blind", base=UNVALIDATED, tune={}))}),
        "study 'blind' has no validation data, so it can choose no setting for",
    ),
    "choosing for another what others chose": (
        lambda: replace(study(), arms={"relu": Arm(chosen_in=replace(study(), name="two", arms={"relu": Arm(chosen_in=study())}))}),
        "study 'two' takes settings from other studies itself",
    ),
    "a report that is a text": (changed(reported={"relu": "99.1%"}), "reported test/acc1 of arm 'relu' must be a number, or a range"),
    "a report of three numbers": (changed(reported={"relu": {"test/acc1": (1, 2, 3)}}), "must be a number, or a range as (from, to)"),
    "an arm that is a dict": (changed(arms={"relu": {"lr": 1}}), "arm 'relu' must be Arm(...), with the recipe fields it changes"),
    "arms in a list": (changed(arms=["relu"]), "arms must be a mapping from names to Arm(...), but got ['relu']"),
    "claims that are texts": (changed(claims=["relu is best"]), "claims must be made with claim(...), but one is 'relu is best'"),
    "a budget that is a number": (changed(budget=3), "budget must be Budget(...), but got 3"),
    "a margin that is a text": (changed(margin="0.5"), "margin must be a number, but got '0.5'"),
    "a metric by its usual name": (changed(reported={"relu": {"test/accuracy": 9}}), "metric 'test/accuracy'; did you mean 'test/acc1'?"),
    "a field by its usual name": (lambda: Recipe(model="lenet", learning_rate=0.1), "Recipe takes no 'learning_rate'; did you mean 'lr'?"),
    "a space that is a number": (changed(arms={"relu": Arm(tune=3)}), "arm 'relu': tune must be a mapping from recipe fields to"),  # type: ignore[arg-type]
    "a study by its name": (changed(arms={"relu": Arm(chosen_in="lr")}), "arm 'relu': chosen_in must be a Study, but got 'lr'"),  # type: ignore[arg-type]
    "a grid of a number": (lambda: grid(lr=0.1), "factor 'lr' must be a list of values, or a mapping"),  # type: ignore[arg-type]
    "a grid of a text": (lambda: grid(norm="batch"), "factor 'norm' must be a list of values, or a mapping"),
    "a grid with a name that is no text": (lambda: grid(norm={True: "batch"}), "the names of factor 'norm' must be texts, but one is True"),  # type: ignore[dict-item]
    "values that clash only together": (
        changed(tune={"loss": CategoricalDistribution(["cross_entropy", "bce"]), "label_smoothing": FloatDistribution(0.01, 0.2)}),
        "reaches loss='bce', label_smoothing=0.01: label_smoothing=0.01 would be ignored by loss 'bce'",
    ),
    "no margin": (changed(margin=0.0), "margin must be above 0"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes(mistake: str) -> None:
    make, message = MISTAKES[mistake]
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        make()
    assert "\n" not in str(error.value)


def test_steps_may_share_an_arm() -> None:
    """From c to b it grows by more than from b to a."""
    assert claim("x", grows=["b", "c"], than=["a", "b"]).assertions(()) == (Above(("b", "b"), ("c", "a")),)


def test_a_grid_names_its_arms() -> None:
    arms = grid(norm={"bn": "batch", "no bn": "none"}, lr=[2e-3, 0.5])
    assert list(arms) == ["bn · lr 2e-3", "bn · lr 0.5", "no bn · lr 2e-3", "no bn · lr 0.5"]
    assert arms["no bn · lr 0.5"].changes == {"norm": "none", "lr": 0.5}


@pytest.mark.parametrize("twice", [[0.1, 0.1], [1, 1.0], [1.2341e-3, 1.2342e-3]])
def test_a_grid_drops_no_value_that_reads_like_another(twice: list[float]) -> None:
    with pytest.raises(
        Mistake, match=r"grid: two values of 'lr', .* would both be called 'lr .*'; leave one out, or give"
    ):
        grid(lr=twice)
    named = dict(zip("ab", twice, strict=True))
    assert list(grid(lr=named)) == ["a", "b"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2e-3, "2e-3"),
        (0.1, "0.1"),
        (3.16e-5, "3.16e-5"),
        (64, "64"),
        ((3, 3), "3x3+3x3"),
        ("relu", "relu"),
        (0.0, "0"),
    ],
)
def test_short(value: object, text: str) -> None:
    assert short(value) == text


def test_a_factor_that_is_tuned_is_tuned_away() -> None:
    of = Study(
        name="bn", question="?", base=Recipe(model="vgg_a", image_size=32, optimizer="adam"),
        arms=grid(lr=[2e-3, 1e-4], norm={"bn": "batch", "no bn": "none"}), baseline="lr 2e-3 · bn", tune=adam.LEARNING_RATE,
        demo=Scale(seeds=1, trials_per_arm=1), smoke=Scale(seeds=1, trials_per_arm=1),
    )  # fmt: skip
    tuned = tuned_arms(of, {arm: of.recipe(arm, "report") for arm in of.arms})
    assert list(tuned) == ["bn", "no bn"]
    assert tuned["bn"].stands_for == ("lr 2e-3 · bn", "lr 1e-4 · bn")
    assert tuned["bn"].changes == {"norm": "batch"}


def test_an_arm_may_bring_its_own_space() -> None:
    of = replace(
        study(),
        arms={"sgd": Arm(), "adam": Arm(optimizer="adam", tune=adam.LEARNING_RATE)},
        baseline="sgd",
        tune=sgd.LEARNING_RATE,
    )
    tuned = tuned_arms(of, {arm: of.recipe(arm, "report") for arm in of.arms})
    assert tuned["adam"].space == adam.LEARNING_RATE
    assert tuned["sgd"].space == sgd.LEARNING_RATE


def test_the_epochs_of_an_arm_shrink_with_the_scale() -> None:
    of = replace(study(), base=Recipe(model="lenet", epochs=20), arms={"short": Arm(), "long": Arm(epochs=60)}, baseline="short",
                 demo=Scale(seeds=1, trials_per_arm=1, epochs=5))  # fmt: skip
    assert (of.recipe("short", "demo").epochs, of.recipe("long", "demo").epochs) == (5, 15)


def test_arms_that_tuning_would_make_the_same() -> None:
    arms = {"slow": Arm(lr=1e-3), "fast": Arm(lr=1e-1)}
    two = replace(study(), arms=arms, baseline="slow", claims=(), reported={}, tune=sgd.LEARNING_RATE)
    with pytest.raises(ValueError, match=r"'slow' and 'fast' differ only in what is tuned \(lr\).*grid\(\)"):
        tuned_arms(two, {name: two.recipe(name, "report") for name in arms})


RATES, DECAYS = CategoricalDistribution([1e-3, 1e-2]), CategoricalDistribution([0.0, 5e-4])
MEET = {
    "a fixed value in the other's space": Arm(weight_decay=5e-4, tune={"lr": RATES, "weight_decay": DECAYS}),
    "tuned in the other alone": Arm(weight_decay=1e-3, tune={"weight_decay": FloatDistribution(0, 0.1)}),
    "ranges that share an end": Arm(lr=0.5, tune={"lr": FloatDistribution(1e-2, 1.0, log=True)}),
}
APART = {
    "a fixed value outside": Arm(weight_decay=5e-4, tune={**adam.LEARNING_RATE_AND_DECAY, "lr": RATES}),
    "ranges that do not meet": Arm(lr=0.5, tune={"lr": FloatDistribution(0.1, 1.0)}),
    "something else": Arm(activation="tanh", tune={"weight_decay": DECAYS}),
}


def test_values_that_need_each_other_may_be_tuned_together() -> None:
    steps = {"schedule": CategoricalDistribution(["step"]), "step_size": IntDistribution(1, 5)}
    assert replace(study(), tune=steps).tune == steps


def test_of_a_space_with_thousands_of_corners_a_clash_is_found_among_some() -> None:
    space = {
        **{name: FloatDistribution(1e-5, 1e-2) for name in ("lr", "weight_decay", "l1", "erasing", "label_smoothing")},
        "crop": CategoricalDistribution([1, 2, 3, 4, 5, 6]),
        "batch_size": CategoricalDistribution([8, 16, 32, 64, 128, 256]),
        "activation": CategoricalDistribution(["relu", "gelu", "elu", "mish"]),
        "loss": CategoricalDistribution(["cross_entropy", "bce"]),
        "flip": CategoricalDistribution([False, True]),
    }
    with pytest.raises(Mistake, match=r"label_smoothing=.* would be ignored by loss 'bce'"):
        changed(tune=space)()


@pytest.mark.filterwarnings("ignore:Choices for a categorical distribution")
def test_a_choice_that_is_a_list_is_refused() -> None:
    with pytest.raises(Mistake, match=r"stem has the list \[3, 3\] as a choice; write \(3, 3\)\."):
        replace(study(), tune={"stem": CategoricalDistribution([[3, 3], [5]])})  # type: ignore[list-item]


def beside_a_tuned_rate(arm: Arm) -> None:
    two = replace(study(), arms={"relu": Arm(), "other": arm}, tune={"lr": RATES})
    tuned_arms(two, {name: two.recipe(name, "report").resolved() for name in two.arms})


@pytest.mark.parametrize("arm", MEET.values(), ids=MEET)
def test_searches_that_could_train_the_same_recipe(arm: Arm) -> None:
    with pytest.raises(ValueError, match=r"arms 'relu' and 'other' differ only in what is tuned \(lr.*or give no tune"):
        beside_a_tuned_rate(arm)


@pytest.mark.parametrize("arm", APART.values(), ids=APART)
def test_searches_that_never_meet(arm: Arm) -> None:
    beside_a_tuned_rate(arm)


def test_no_scale_replaces_data_of_ones_own_or_seeds_that_were_given() -> None:
    own = Recipe(model="lenet", dataset="folder:shapes", image_size=20, crop=2, epochs=6)
    made = Study(
        name="own", question="?", base=own, arms={"a": Arm(), "b": Arm(lr=0.1)}, baseline="a", budget=Budget(seeds=4)
    )
    demo = made.recipe("a", "demo")
    assert (demo.dataset, demo.image_size, demo.crop, demo.epochs) == ("folder:shapes", 20, 2, 3)
    assert made.budget_at("demo").seeds == 4
    asked = replace(made, demo=Scale.demo(seeds=2, dataset="mnist5k", image_size=28))
    assert (asked.recipe("a", "demo").dataset, asked.budget_at("demo").seeds) == ("mnist5k", 2)


def test_an_arm_shows_how_it_is_made_and_is_equal_to_its_like() -> None:
    assert repr(Arm(activation="mish", lr=0.1)) == "Arm(activation='mish', lr=0.1)"
    assert Arm(lr=0.1) == Arm(lr=0.1) != Arm(lr=0.2)
    assert Scale.demo(width=0.5) == Scale.demo(width=0.5) != Scale.smoke(width=0.5)

"""A recipe refuses what it cannot mean, says what it could, and survives JSON."""

import copy
import dataclasses
import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnzoo import Recipe
from cnnzoo.nets import ZOO
from cnnzoo.optimising.optim import OPTIMIZERS, SCHEDULES
from cnnzoo.recipe import FIELDS, LOSSES, RANGES, TYPES, defaults_of

NAN, INFINITY = float("nan"), float("inf")

OUT_OF_RANGE: list[tuple[str, Any]] = [
    ("epochs", 0), ("epochs", -3), ("batch_size", 0), ("lr", 0.0), ("lr", -0.1), ("lr", NAN), ("lr", INFINITY),
    ("weight_decay", -1e-4), ("weight_decay", NAN), ("l1", -1.0), ("l1", INFINITY),
    ("momentum", 1.0), ("momentum", -0.1), ("validation", 0.6), ("validation", -0.1), ("validation", NAN),
    ("label_smoothing", 1.0), ("crop", -1), ("crop", 17), ("erasing", 1.5), ("erasing", NAN),
    ("seed", -1), ("seed", 2**32), ("image_size", 4), ("image_size", 10**6), ("train_size", 0),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value"), OUT_OF_RANGE)
def test_a_value_out_of_range_is_refused_with_the_rule_and_the_value(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"^{field} must be .*, but got {value!r}\.$".replace("+", r"\+")):
        Recipe(model="lenet", **{field: value})


@pytest.mark.parametrize("value", [1.0, 1.5, -0.1, NAN])
def test_a_dropout_that_is_no_probability_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="dropout must be at least 0 and below 1, but got"):
        Recipe(model="alexnet", dropout=value)


@pytest.mark.parametrize("stem", [(4,), (0,), (13,), (), (3, 2), (3.0,), ("3",), (True,)])
def test_a_stem_of_other_than_odd_kernels_is_refused(stem: Any) -> None:
    with pytest.raises(ValueError, match="stem must be odd whole kernel sizes between 1 and 11"):
        Recipe(model="simp_res9", stem=stem)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"model": "vgg17"}, "unknown model 'vgg17'; did you mean 'vgg1"),
        ({"optimizer": "sdg"}, "unknown optimizer 'sdg'; did you mean 'sgd'"),
        ({"schedule": "cosin"}, "unknown schedule 'cosin'; did you mean 'cosine'"),
        ({"loss": "crossentropy"}, "unknown loss 'crossentropy'; did you mean 'cross_entropy'"),
        ({"precision": "fp16"}, "unknown precision 'fp16'.*Known: auto, fp32, bf16"),
        ({"activation": "rellu"}, "unknown activation 'rellu'; did you mean 'relu'"),
        ({"pooling": "mean"}, "unknown pooling 'mean'.*Known: max, average"),
        ({"dataset": "cifar11"}, "cifar11.*cifar10"),
        ({"dataset": "folder:../x"}, "folder"),
        ({"learning_rate": 0.1}, "Recipe takes no 'learning_rate'; did you mean 'lr'.*It takes: dataset, "),
        ({"model": "VGG-A"}, "unknown model 'VGG-A'; did you mean 'vgg_a'"),
        ({"dataset": "CIFAR-10"}, "unknown dataset 'CIFAR-10'; did you mean 'cifar10'"),
        ({"epoch": 3}, "Recipe takes no 'epoch'; did you mean 'epochs'"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_and_all_allowed(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Recipe(**{"model": "lenet", **fields})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"model": "lenet", "dropout": 0.5}, "dropout=0.5 would be ignored by model 'lenet'. It takes: activation"),
        ({"model": "lenet", "stem": (3,)}, "would be ignored by model 'lenet'"),
        ({"model": "lenet", "optimizer": "adam", "momentum": 0.9}, "ignored by optimizer 'adam'. It takes no options"),
        ({"model": "lenet", "gamma": 0.5}, "gamma=0.5 would be ignored by schedule 'constant'"),
        ({"model": "lenet", "schedule": "cosine", "step_size": 3}, "step_size=3 would be ignored by schedule 'cosine'"),
        (
            {"model": "lenet", "loss": "bce", "label_smoothing": 0.1},
            "label_smoothing=0.1 would be ignored by loss 'bce'",
        ),
        (
            {"model": "resnet18", "dropout": 0.2},
            "dropout=0.2 would be ignored with dropout_at='none'; set dropout_at to instead, after or before",
        ),
        (
            {"model": "resnet18", "dropout_at": "after"},
            "dropout_at='after' needs a dropout above 0, but got 0; set dropout=0.2",
        ),
        (
            {"model": "resnet18", "dropout_at": "instead", "dropout": 0.2, "norm": "none"},
            "norm='none' would be ignored with dropout_at='instead'",
        ),
    ],
)
def test_a_knob_wired_to_nothing_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Recipe(**fields)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("epochs", 3.0),
        ("epochs", True),
        ("flip", 1),
        ("lr", "0.1"),
        ("lr", True),
        ("seed", None),
        ("model", 3),
        ("stem", 3),
    ],
)
def test_a_value_of_another_type_is_refused(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"^{field} must be .*, but got {value!r}"):
        Recipe(**{"model": "lenet", field: value})


def test_a_recipe_is_made_of_named_fields_and_a_model() -> None:
    with pytest.raises(ValueError, match=r"Recipe: too many positional arguments\. It takes: dataset, "):
        Recipe("lenet")  # type: ignore[misc, call-arg]
    with pytest.raises(ValueError, match=r"Recipe: missing a required .*'model'"):
        Recipe(lr=0.1)  # type: ignore[call-arg]


def test_whole_numbers_are_taken_where_any_number_is() -> None:
    assert Recipe(model="lenet", lr=1) == Recipe(model="lenet", lr=1.0)
    assert isinstance(Recipe(model="lenet", lr=1).lr, float)


def test_a_recipe_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Recipe(model="lenet").lr = 0.2  # type: ignore[misc]


def test_replace_checks_as_construction_does() -> None:
    recipe = Recipe(model="lenet")
    assert recipe.replace(lr=0.5).lr == 0.5
    with pytest.raises(ValueError, match="did you mean 'lr'"):
        recipe.replace(lrr=0.5)
    with pytest.raises(ValueError, match="epochs must be"):
        recipe.replace(epochs=0)


@pytest.mark.parametrize("model", ZOO)
def test_resolving_fills_in_every_default_once_and_for_all(model: str) -> None:
    for optimizer in OPTIMIZERS:
        for schedule in SCHEDULES:
            resolved = Recipe(model=model, optimizer=optimizer, schedule=schedule).resolved()
            assert resolved == resolved.resolved()
            for owner in (ZOO[model], OPTIMIZERS[optimizer], SCHEDULES[schedule]):
                assert resolved.taken_by(owner) == defaults_of(owner)


def test_resolved_recipes_are_equal_exactly_if_they_train_alike() -> None:
    assert Recipe(model="lenet").resolved() == Recipe(model="lenet", activation="relu", momentum=0.9).resolved()
    assert Recipe(model="lenet").resolved() != Recipe(model="lenet", activation="sigmoid").resolved()


@given(
    st.builds(
        Recipe,
        model=st.sampled_from(["lenet", "simp_res9"]),
        lr=st.floats(1e-6, 10),
        weight_decay=st.floats(0, 1),
        optimizer=st.sampled_from(list(OPTIMIZERS)),
        loss=st.sampled_from(LOSSES),
        crop=st.integers(0, 16),
        flip=st.booleans(),
        train_size=st.none() | st.integers(1, 10**6),
        seed=st.integers(0, 2**32 - 1),
    )
)
def test_a_recipe_goes_to_json_and_back(recipe: Recipe) -> None:
    for one in (recipe, recipe.resolved()):
        assert Recipe.from_json(json.loads(json.dumps(one.to_json(), allow_nan=False))) == one


def test_a_stem_comes_back_from_json_as_it_went() -> None:
    recipe = Recipe(model="simp_res9", stem=(3, 3))
    assert Recipe.from_json(json.loads(json.dumps(recipe.to_json()))) == recipe


def test_json_of_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match=r"missing a required .*'model'"):
        Recipe.from_json({})
    with pytest.raises(ValueError, match="takes no 'optimiser'; did you mean 'optimizer'"):
        Recipe.from_json({"model": "lenet", "optimiser": "sgd"})


def test_a_recipe_can_be_copied_and_sent_to_another_process() -> None:
    recipe = Recipe(model="lenet", lr=0.3)
    assert pickle.loads(pickle.dumps(recipe)) == copy.deepcopy(recipe) == recipe
    assert hash(recipe) == hash(copy.copy(recipe))


def test_every_rule_belongs_to_a_field_and_every_number_has_a_rule() -> None:
    numbers = {name for name, types in TYPES.items() if {int, float, tuple} & set(types)}
    assert set(RANGES) == numbers <= set(FIELDS)

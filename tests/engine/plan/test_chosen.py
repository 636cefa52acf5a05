"""An arm whose setting another study chooses: by validation, from its results, or not at all."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from cnnzoo import Recipe
from studies.engine import Arm, Budget, Study, schema
from studies.engine.book.book import Book
from studies.engine.course import Outcome
from studies.engine.plan.machine import Machine
from studies.engine.plan.options import Options
from studies.engine.plan.plan import Plan
from studies.engine.plan.prepare import prepare
from studies.engine.plan.spec import spec
from tests.engine.driving import epoch

ONE_CORE = Machine(cpus=1, gpus=0)
GRID = Study(
    name="lenet_lr",
    question="Which learning rate?",
    base=Recipe(model="lenet", optimizer="adam", epochs=2),
    arms={"slow": Arm(lr=1e-4), "fast": Arm(lr=1e-3, activation="sigmoid")},
    baseline="slow",
    budget=Budget(seeds=2),
)
FINAL = Study(
    name="final",
    question="Which network?",
    base=Recipe(model="lenet", epochs=5, validation=0.0),
    arms={"lenet": Arm(model="lenet", chosen_in=GRID), "lenet_b": Arm(model="lenet_b")},
    baseline="lenet",
)


def done(plan: Plan, book: Book, val: Mapping[str, list[float]], test: Mapping[str, float]) -> None:
    """As if all its trials had been trained, with these scores by arm and seed."""
    for trial in plan.reported():
        book.begin(trial.signature, trial.recipe.to_json(), {})
        score = val[trial.arm][trial.recipe.seed - 1]
        book.add(trial.signature, epoch(1, score))
        book.end(trial.signature, Outcome("completed", 1, score, {schema.TEST_ACC1: test[trial.arm]}))


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path / "results")


def test_the_arm_that_did_best_on_validation_data(book: Book) -> None:
    plan = prepare(GRID, Options(scale="smoke"), ONE_CORE, book).plan
    done(plan, book, {"slow": [90.0, 70.0], "fast": [81.0, 81.0]}, test={"slow": 99.0, "fast": 50.0})
    prepared = prepare(FINAL, Options(scale="smoke"), ONE_CORE, book)
    final = prepared.plan
    assert spec(final, prepared.dataset)["chosen_in"] == {"lenet": "lenet_lr"}, "readers are told"
    recipe = final.arms["lenet"]
    assert (recipe.lr, recipe.activation, recipe.optimizer) == (1e-3, "sigmoid", "adam")
    assert recipe.validation == 0, "it learns from the whole training set"
    assert recipe.epochs == final.base.epochs
    assert [trial.recipe.seed for trial in final.reported()] == [301, 301, 302, 302], "none of those that chose it"
    assert spec(final, prepared.dataset)["budget"]["seeds"] == [301, 302]
    assert final.arms["lenet_b"].optimizer == "sgd"


def test_options_of_ones_own_network_are_taken_over(
    book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = "*[nn.Linear(784, 784) for _ in range(depth)], nn.Linear(784, classes)"
    net = f"def net(shape, classes, *, depth=1, wide=0):\n    return nn.Sequential(nn.Flatten(), {layers})\n"
    (tmp_path / "chosen_net.py").write_text(f"from torch import nn\n\n\n{net}")
    monkeypatch.syspath_prepend(tmp_path)
    base = Recipe(model="chosen_net:net", epochs=2)
    source = replace(GRID, base=base, arms={"slow": Arm(), "fast": Arm(options={"depth": 5})})
    plan = prepare(source, Options(scale="smoke"), ONE_CORE, book).plan
    done(plan, book, {"slow": [70.0, 70.0], "fast": [81.0, 81.0]}, test={"slow": 99.0, "fast": 50.0})
    arms = {"chosen": Arm(chosen_in=source), "wide": Arm(chosen_in=source, options={"wide": 1}), "plain": Arm(lr=0.02)}
    taker = replace(FINAL, base=base, arms=arms, baseline="plain")
    prepared = prepare(taker, Options(scale="smoke"), ONE_CORE, book)
    assert prepared.plan.arms["chosen"].options == {"depth": 5}
    assert prepared.plan.arms["wide"].options == {"depth": 5, "wide": 1}
    assert json.loads(json.dumps(spec(prepared.plan, prepared.dataset)))["arms"]["chosen"]["options"] == {"depth": 5}


def test_at_most_is_for_the_study_itself_and_not_for_the_one_that_chooses(book: Book) -> None:
    few = replace(FINAL, budget=Budget(seeds=1))
    source = prepare(GRID, Options(scale="report", dataset="mnist5k"), ONE_CORE, book).plan
    done(source, book, {"slow": [70.0, 70.0], "fast": [81.0, 81.0]}, test={"slow": 99.0, "fast": 50.0})
    asked = Options(scale="report", dataset="mnist5k", decide=True, at_most=1)
    assert prepare(few, asked, ONE_CORE, book).plan.budget.at_most == 1


def diverge(plan: Plan, book: Book, *arms: str) -> None:
    """On their last seed."""
    for trial in (trial for trial in plan.reported() if trial.arm in arms and trial.recipe.seed == 2):
        book.end(trial.signature, Outcome("diverged", 1, 0.0))


def test_an_arm_that_diverged_on_a_seed_is_not_chosen(book: Book) -> None:
    plan = prepare(GRID, Options(scale="smoke"), ONE_CORE, book).plan
    done(plan, book, {"slow": [80.0, 80.0], "fast": [95.0, 95.0]}, test={"slow": 50.0, "fast": 99.0})
    diverge(plan, book, "fast")
    assert prepare(FINAL, Options(scale="smoke"), ONE_CORE, book).plan.arms["lenet"].lr == 1e-4
    diverge(plan, book, "slow")
    with pytest.raises(ValueError, match="study 'lenet_lr' can choose no arm: each diverged on a seed"):
        prepare(FINAL, Options(scale="smoke"), ONE_CORE, book)


def test_the_base_is_the_studys_and_not_the_baselines(book: Book) -> None:
    """An arm that leaves out what the baseline sets has it from the base."""
    study = replace(GRID, arms={"hot": Arm(lr=0.1), "tanh": Arm(activation="tanh")}, baseline="hot")
    prepared = prepare(study, Options(scale="smoke"), ONE_CORE, book)
    said = spec(prepared.plan, prepared.dataset)
    assert said["base"]["lr"] == prepared.plan.arms["tanh"].lr == GRID.base.lr != 0.1


def test_nothing_is_chosen_before_all_is_known(book: Book) -> None:
    with pytest.raises(
        ValueError, match=r"study 'lenet_lr', which is not done at scale smoke .* run first: python"
    ) as e:
        prepare(FINAL, Options(scale="smoke"), ONE_CORE, book)
    assert "\n" not in str(e.value)


def test_the_seeds_asked_for_are_those_it_is_chosen_by(book: Book) -> None:
    """Fewer on both sides will do; more than were planned narrow the intervals, and may not change the choice."""
    few = Options(scale="smoke", seeds=1)
    done(prepare(GRID, few, ONE_CORE, book).plan, book, {"slow": [70.0], "fast": [80.0]}, {"slow": 9, "fast": 9})
    assert prepare(FINAL, few, ONE_CORE, book).plan.arms["lenet"].lr == 1e-3
    for more in (Options(scale="smoke"), Options(scale="smoke", seeds=5)):
        with pytest.raises(ValueError, match=r"on mnist5k with 2 seeds"):
            prepare(FINAL, more, ONE_CORE, book)

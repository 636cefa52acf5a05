"""A study whose trainings are a formula: what the agenda does with it can be checked in milliseconds, at any number of slots."""

import hashlib
import math
import random
from collections.abc import Mapping

from optuna.distributions import FloatDistribution

from cnnzoo import Recipe
from studies.engine.course import Course, Outcome
from studies.engine.plan.plan import Plan, Trial, tuned_arms
from studies.engine.search.agenda import Agenda
from studies.engine.study.budget import Budget, Scale
from studies.engine.study.study import Arm, Study

SPACE = {"lr": FloatDistribution(1e-4, 1.0, log=True)}


def study(trials: int = 12, epochs: int = 9) -> Study:
    return Study(
        name="simulated",
        question="Which activation is best?",
        base=Recipe(model="lenet", epochs=epochs),
        arms={name: Arm(activation=name) for name in ("relu", "sigmoid", "tanh")},
        baseline="relu",
        tune=SPACE,
        budget=Budget(seeds=2, trials_per_arm=trials),
        smoke=Scale(seeds=2, trials_per_arm=3, epochs=2),
    )


def plan(of: Study) -> Plan:
    recipes = {arm: of.recipe(arm, "report").resolved() for arm in of.arms}
    return Plan(
        study=of, scale="report", budget=of.budget, base=recipes[of.baseline], arms=recipes, tuned=tuned_arms(of, recipes),
        digest_of=lambda recipe: "data", wanted=frozenset(of.arms),
    )  # fmt: skip


def score(trial: Trial, epoch: int) -> float:
    """Best near lr 0.03; sigmoid begins slowly; a little noise that belongs to the trial."""
    recipe = trial.recipe
    noise = int(hashlib.sha256(f"{trial.signature}{epoch}".encode()).hexdigest()[:4], 16) / 65536
    slow = 0.2 if recipe.activation == "sigmoid" else 1.0
    return 100 - 10 * abs(math.log10(recipe.lr / 0.03)) - 40 * slow / epoch + noise


def simulate(
    of: Study, slots: int, seed: int, books: dict[str, Course] | None = None, steps: int | None = None
) -> tuple[Agenda, dict[str, Course], Mapping[str, int]]:
    """Run the study on so many slots, which advance in random order; `steps` breaks it off after so many epochs."""
    books = {} if books is None else books
    shuffle = random.Random(seed)
    agenda = Agenda(plan(of), lambda trial: books.get(trial.signature, Course()))
    trained: dict[str, int] = {}
    running: list[Trial] = []
    while steps is None or sum(trained.values()) < steps:
        while len(running) < slots and (trial := agenda.next()) is not None:
            running.append(trial)
        if not running:
            break
        trial = shuffle.choice(running)
        before = books.get(trial.signature, Course())
        epoch = len(before.scores) + 1
        outcome = "completed" if epoch == trial.recipe.epochs else None
        books[trial.signature] = Course((*before.scores, score(trial, epoch)), outcome)
        trained[trial.signature] = trained.get(trial.signature, 0) + 1
        if agenda.heard(trial, epoch, score(trial, epoch)):
            agenda.ended(trial, "stopped")
            running.remove(trial)
        elif outcome:
            agenda.ended(trial, outcome)
            running.remove(trial)
    return agenda, books, trained


def outcomes(agenda: Agenda) -> dict[str, Outcome]:
    return dict(agenda.settled)

"""The search of one arm: steps are kept to, and what was seen is learned from at once."""

import pytest
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution

from cnnzoo import Recipe
from studies.engine.course import Course
from studies.engine.search.search import EVEN, Search

BASE = Recipe(model="lenet", lr=0.01, weight_decay=0.3, batch_size=48, epochs=4)
RATE = {"lr": FloatDistribution(1e-4, 1.0, log=True)}
STEPS: dict[str, tuple[str, BaseDistribution, list[float]]] = {
    "shares": ("weight_decay", FloatDistribution(0, 0.5, step=0.1), [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]),
    "shares beside it": ("weight_decay", FloatDistribution(0.05, 0.25, step=0.1), [0.05, 0.15, 0.25]),
    "whole numbers": ("batch_size", IntDistribution(16, 64, step=16), [16, 32, 48, 64]),
    "whole numbers one by one": ("batch_size", IntDistribution(62, 64, log=True), [62, 63, 64]),
}


def searched(search: Search, sign: int = 1) -> list[dict[str, float]]:
    """All settings, of an arm that is the better, or the worse, the higher its rate is."""
    while (setting := search.suggest()) is not None:
        search.courses[-1] = Course([50 + sign * setting.get("lr", 0.0)] * 4, "completed")
    return search.settings


@pytest.mark.parametrize("what", STEPS)
def test_steps_are_kept_to(what: str) -> None:
    name, distribution, values = STEPS[what]
    search = Search(BASE, {name: distribution}, 12)
    assert sorted(setting[name] for setting in searched(search)) == values, "each of them, and once"
    assert [search.frozen(number).params[name] for number in range(len(values))]


def test_every_candidate_after_the_even_ones_learns() -> None:
    up, down = (searched(Search(BASE, RATE, 16), sign) for sign in (1, -1))
    learned = 1 + EVEN
    assert up[:learned] == down[:learned]
    assert not [number for number in range(learned, 16) if up[number] == down[number]]

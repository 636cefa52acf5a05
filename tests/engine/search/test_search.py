"""The search of one arm: steps are kept to, and what was seen is learned from at once."""

import pytest
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution

from cnnzoo import Recipe
from studies.engine.course import Course
from studies.engine.search import sampler
from studies.engine.search.sampler import Memo, Sampler, even_settings, outcomes_needed_before, spread_evenly
from studies.engine.search.search import Search
from studies.engine.study.budget import Budget

BASE = Recipe(model="lenet", lr=0.01, weight_decay=0.3, batch_size=48, epochs=4)
RATE = {"lr": FloatDistribution(1e-4, 1.0, log=True)}
STEPS: dict[str, tuple[str, BaseDistribution, list[float]]] = {
    "shares": ("weight_decay", FloatDistribution(0, 0.5, step=0.1), [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]),
    "shares beside it": ("weight_decay", FloatDistribution(0.05, 0.25, step=0.1), [0.05, 0.15, 0.25]),
    "whole numbers": ("batch_size", IntDistribution(16, 64, step=16), [16, 32, 48, 64]),
    "whole numbers one by one": ("batch_size", IntDistribution(62, 64, log=True), [62, 63, 64]),
}


def a_search(
    space: dict[str, BaseDistribution], trials: int, repetition: int = 1, searches: int = 1, memo: Memo | None = None
) -> Search:
    return Search(
        BASE, space, Budget(trials_per_arm=trials, searches=searches), repetition, {} if memo is None else memo
    )


def searched(search: Search, sign: int = 1) -> list[dict[str, float]]:
    """All settings, of an arm that is the better, or the worse, the higher its rate is."""
    while (setting := search.suggest()) is not None:
        score = 50 + sign * setting.get("lr", 0.0)
        search.know(len(search.settings) - 1, Course([score] * 4, "completed"))
    return search.settings


@pytest.mark.parametrize("what", STEPS)
def test_steps_are_kept_to(what: str) -> None:
    name, distribution, values = STEPS[what]
    search = a_search({name: distribution}, 12)
    assert sorted(setting[name] for setting in searched(search)) == values, "each of them, and once"
    assert [search.frozen(number).params[name] for number in range(len(values))]


def test_the_own_setting_comes_first_and_then_at_most_a_quarter_is_spread_evenly() -> None:
    settings = searched(a_search(RATE, 40))
    assert settings[0] == {"lr": 0.01}
    even = [number for number in range(40) if spread_evenly(number)]
    assert even[:4] == [1, 7, 11, 15]
    assert all(sum(number < trials for number in even) <= trials / 4 for trials in range(4, 41))
    sobol = even_settings(RATE, Sampler(BASE, RATE, 1, {}).seed)
    assert [settings[number] for number in even] == [next(sobol) for _ in even]


@pytest.mark.parametrize("trials", [6, 16])
def test_the_others_learn_from_what_was_scored(trials: int) -> None:
    """Where the opposite is better, at least three in four are other settings: TPE, too, draws some by chance."""
    up, down = (searched(a_search(RATE, trials), sign) for sign in (1, -1))
    learned = [number for number in range(1, trials) if not spread_evenly(number)]
    assert sum(up[number] != down[number] for number in learned) >= 0.75 * len(learned)
    assert all(up[number] == down[number] for number in range(trials) if number not in learned)


def test_it_goes_where_the_score_is_better() -> None:
    """Where the score rises with the rate, the best tenth of the range gets three times what chance would give it."""
    learned = [s["lr"] for number, s in enumerate(searched(a_search(RATE, 32))) if number and not spread_evenly(number)]
    assert sum(rate > 10**-0.4 for rate in learned) >= 3 * 0.1 * len(learned)


def test_the_first_candidates_are_the_same_however_long_the_search() -> None:
    assert searched(a_search(RATE, 6)) == searched(a_search(RATE, 30))[:6]


def test_at_least_three_quarters_of_the_earlier_candidates_are_known() -> None:
    assert all(outcomes_needed_before(k) >= 3 * k / 4 for k in range(2, 64) if not spread_evenly(k))
    assert outcomes_needed_before(1000) == 1000 - 16


def test_what_was_suggested_once_is_looked_up_at_the_next_start(monkeypatch: pytest.MonkeyPatch) -> None:
    memo: Memo = {}
    before = searched(a_search(RATE, 12, memo=memo))

    def never(*_: object, **__: object) -> None:
        raise AssertionError("Optuna was asked")

    monkeypatch.setattr(sampler, "TPESampler", never)
    monkeypatch.setattr(sampler, "QMCSampler", never)
    assert searched(a_search(RATE, 12, memo=memo)) == before
    with pytest.raises(AssertionError, match="Optuna was asked"):
        searched(a_search(RATE, 12, memo=memo), sign=-1)  # other scores: another search


def test_a_look_up_that_does_not_fit_the_space_is_asked_for_again() -> None:
    memo: Memo = {}
    before = searched(a_search(RATE, 12, memo=memo))
    spoilt: Memo = {key: ({"lr": 7.0}, evens) for key, (_, evens) in memo.items()}
    assert searched(a_search(RATE, 12, memo=spoilt)) == before


def test_each_repetition_explores_in_its_own_way() -> None:
    first, second = (searched(a_search(RATE, 12, repetition, searches=2)) for repetition in (1, 2))
    assert first[0] == second[0] == {"lr": 0.01}
    assert not [setting for setting in first[1:] if setting in second[1:]]


def test_where_trainings_diverge_it_does_not_go_on_trying() -> None:
    """Every rate above 0.01 diverges: that is known from three quarters of those before, and kept away from."""
    search = a_search(RATE, 40)
    while (setting := search.suggest()) is not None:
        course = Course((), "diverged") if setting["lr"] > 0.01 else Course([50 + setting["lr"]] * 4, "completed")
        search.know(len(search.settings) - 1, course)
    late = [
        setting["lr"] for number, setting in enumerate(search.settings) if number > 20 and not spread_evenly(number)
    ]
    assert sum(rate > 0.01 for rate in late) < len(late) / 2


def test_a_long_search_goes_on_learning_from_its_best_and_its_latest() -> None:
    """300 candidates: more than TPE is shown at a time."""
    learned = [s["lr"] for number, s in enumerate(searched(a_search(RATE, 300))) if not spread_evenly(number)]
    assert len(set(learned)) == len(learned)
    assert sum(rate > 10**-0.4 for rate in learned[-50:]) > 25


RUNOFF = {"lr": FloatDistribution(0.001, 1.0, log=True)}


def ran_off(scores: list[float], again: list[list[float]]) -> Search:
    """A search whose candidates scored so, and its best three again; a score below 0 is a training that diverged."""
    search = Search(BASE, RUNOFF, Budget(trials_per_arm=len(scores), early_stopping=None), 1, {})
    for number, score in enumerate(scores):
        assert search.suggest()
        search.know(number, Course([score] * 4, "completed"))
    runners = search.begin_runoff()
    assert sorted(number for number, seed in runners if seed == 201) == [1, 2, 3]
    for number, seed in runners:
        assert not search.has_chosen()
        score = again[number][seed - 201]
        search.know_runner((number, seed), Course([score] * 4, "completed" if score >= 0 else "diverged"))
    assert search.has_chosen()
    return search


def test_of_the_best_three_the_best_on_average_is_chosen() -> None:
    again = [[], [90.0, 90.0], [91.5, 91.5], [80.0, 80.0], []]
    assert ran_off([70.0, 93.0, 92.0, 94.0, 91.0], again).best() == 2


def test_a_setting_that_diverged_on_one_seed_comes_last() -> None:
    again = [[], [90.0, 90.0], [95.0, -1.0], [80.0, 80.0], []]
    assert ran_off([70.0, 93.0, 96.0, 92.0, 91.0], again).best() == 1


def test_there_is_no_run_off_of_one_or_with_several_searches() -> None:
    alone = a_search(RUNOFF, 1)
    several = a_search(RUNOFF, 5, searches=2)
    for search in (alone, several):
        searched(search)
        assert search.begin_runoff() == []
        assert search.has_chosen()
        assert search.best() is not None

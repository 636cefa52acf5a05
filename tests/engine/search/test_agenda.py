"""The queue: exactly the planned trials, the same ones on any number of slots, however often it is broken off."""

from dataclasses import replace

import pytest
from optuna.distributions import CategoricalDistribution

from studies.engine.course import Course
from studies.engine.study.budget import Budget
from tests.engine.simulated import outcomes, plan, simulate, study


def test_exactly_the_planned_trials() -> None:
    agenda, _, _ = simulate(study(), slots=2, seed=0)
    assert agenda.finished()
    stages = [trial.stage for trial in agenda.trials.values()]
    counts = {stage: stages.count(stage) for stage in set(stages)}
    assert counts == {"reported": 6, "search": 36, "runoff": 18, "confirm": 6}
    assert len(agenda.settled) == len(agenda.trials) == agenda.total() == 66
    assert agenda.total() == sum(agenda.planned(arm) for arm in ("relu", "sigmoid", "tanh"))


@pytest.mark.parametrize("slots", [1, 2, 3, 8, 40])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_outcomes_on_any_number_of_slots(slots: int, seed: int) -> None:
    assert outcomes(simulate(study(), slots, seed)[0]) == outcomes(simulate(study(), 1, 0)[0])


@pytest.mark.parametrize("seed", range(8))
def test_broken_off_again_and_again_it_comes_to_the_same(seed: int) -> None:
    books: dict[str, Course] = {}
    epochs = 0
    for start in range(200):
        agenda, books, trained = simulate(study(), slots=3, seed=seed + start, books=books, steps=17)
        epochs += sum(trained.values())
        if agenda.finished():
            break
    undisturbed, _, _ = simulate(study(), slots=1, seed=0)
    assert outcomes(agenda) == outcomes(undisturbed)
    assert epochs == sum(len(course.scores) for course in books.values())  # no epoch was trained twice


def test_stopped_early_it_spends_less() -> None:
    agenda, _, trained = simulate(study(), slots=1, seed=0)
    searched = [trial for trial in agenda.trials.values() if trial.stage == "search"]
    assert sum(trained[trial.signature] for trial in searched) < 0.6 * 9 * len(searched)


def test_arms_as_reported_come_before_the_searches() -> None:
    agenda, _, _ = simulate(study(), slots=2, seed=0)
    stages = [trial.stage for trial in agenda.trials.values()]
    assert stages[:6] == ["reported"] * 6
    assert "reported" not in stages[6:]


def test_every_arm_gets_the_same_number_of_candidates_and_the_same_first_ones() -> None:
    agenda, _, _ = simulate(study(), slots=4, seed=3)
    settings = [[s["lr"] for s in search.settings] for search in agenda.searches.values()]
    assert {len(s) for s in settings} == {12}
    for number in (0, 1, 7, 11):
        assert settings[0][number] == settings[1][number] == settings[2][number]
    assert settings[0][0] == 0.01  # what the report used


def test_the_confirmations_are_the_best_setting_on_fresh_seeds() -> None:
    agenda, _, _ = simulate(study(), slots=2, seed=0)
    for (arm, number), search in agenda.searches.items():
        chosen = agenda.chosen(arm, number)
        assert chosen is not None
        assert chosen.number == search.best()
        ran_off = [trial for trial in agenda.trials.values() if trial.stage == "runoff" and trial.arm == arm]
        assert chosen.number in {trial.number for trial in ran_off}
        assert sorted({trial.recipe.seed for trial in ran_off}) == [201, 202]
        assert not any(trial.tested for trial in ran_off)
        confirmed = [trial for trial in agenda.trials.values() if trial.stage == "confirm" and trial.arm == arm]
        assert [trial.recipe.seed for trial in confirmed] == [101, 102]
        assert {trial.recipe.replace(seed=0) for trial in confirmed} == {chosen.recipe}


def test_no_slot_idles_while_anything_is_left() -> None:
    """With as many slots as two arms have candidates under way, something can always be begun."""
    agenda, _, _ = simulate(study(), slots=8, seed=5)
    assert agenda.finished()


def test_more_trials_later_run_only_what_is_new() -> None:
    _, books, _ = simulate(study(trials=6), slots=2, seed=0)
    again, _, trained = simulate(study(trials=10), slots=2, seed=1, books=dict(books))
    new = [s for s in again.trials if s not in books]
    assert set(trained) == set(new)
    fresh, _, _ = simulate(study(trials=10), slots=1, seed=0)
    assert {s: v for s, v in outcomes(again).items() if again.trials[s].stage == "search"} == {
        s: v for s, v in outcomes(fresh).items() if fresh.trials[s].stage == "search"
    }


def test_more_seeds_later_run_only_what_is_new() -> None:
    few = study(trials=4)
    _, books, _ = simulate(few, slots=2, seed=0)
    more = replace(few, budget=Budget(seeds=3, trials_per_arm=4))
    again, _, trained = simulate(more, slots=2, seed=1, books=dict(books))
    assert sorted(again.trials[s].recipe.seed for s in trained) == [3, 3, 3, 103, 103, 103]


def test_searches_are_repeated_whole_each_with_seeds_of_its_own() -> None:
    several = replace(study(), budget=Budget(seeds=2, trials_per_arm=6, searches=3))
    agenda, _, _ = simulate(several, slots=3, seed=0)
    assert agenda.finished()
    assert len(agenda.trials) == agenda.total() == 3 * (2 + 3 * (6 + 2))
    seeds: dict[tuple[str, int | None], set[int]] = {}
    for trial in agenda.trials.values():
        seeds.setdefault((trial.stage, trial.search), set()).add(trial.recipe.seed)
    assert seeds == {
        ("reported", None): {1, 2},
        ("search", 1): {0}, ("search", 2): {1000}, ("search", 3): {2000},
        ("confirm", 1): {101, 102}, ("confirm", 2): {1101, 1102}, ("confirm", 3): {2101, 2102},
    }  # fmt: skip


def test_a_further_search_later_runs_only_what_is_new() -> None:
    several = [replace(study(), budget=Budget(seeds=2, trials_per_arm=6, searches=k)) for k in (2, 3)]
    _, books, _ = simulate(several[0], slots=2, seed=0)
    again, _, trained = simulate(several[1], slots=2, seed=1, books=dict(books))
    assert {again.trials[signature].search for signature in trained} == {3}


def test_where_more_seeds_have_to_decide_only_those_are_trained() -> None:
    few = replace(study(), budget=Budget(seeds=2, trials_per_arm=4, searches=2))
    agenda, _, _ = simulate(few, slots=2, seed=0)
    before = {*agenda.trials}
    agenda.widen(agenda.plan.with_seeds({("reported", "relu"): 4, ("confirm", "tanh"): 3}))
    assert not agenda.finished()
    added = []
    while (trial := agenda.next()) is not None:
        added.append((trial.stage, trial.arm, trial.recipe.seed))
        agenda.ended(trial, "completed")
    assert added == [
        ("reported", "relu", 3),
        ("reported", "relu", 4),
        ("confirm", "tanh", 103),
        ("confirm", "tanh", 1103),
    ]
    assert agenda.finished()
    assert len(agenda.trials) == agenda.total() == len(before) + 4


def test_a_space_smaller_than_the_budget_is_tried_whole_and_once() -> None:
    small = replace(study(), tune={"pooling": CategoricalDistribution(["max", "average"])})
    agenda, _, _ = simulate(small, slots=2, seed=0)
    assert agenda.finished()
    for search in agenda.searches.values():
        assert sorted(setting["pooling"] for setting in search.settings) == ["average", "max"]


def test_an_arm_that_always_diverges_is_not_confirmed() -> None:
    of = study(trials=3)
    agenda_plan = plan(of)
    diverged = {
        agenda_plan.candidate("relu", 1, k, {"lr": lr}).signature: Course((), "diverged")
        for k, lr in enumerate([s["lr"] for s in simulate(of, 1, 0)[0].searches["relu", 1].settings])
    }
    agenda, _, _ = simulate(of, slots=2, seed=0, books=diverged)
    assert agenda.finished()
    assert agenda.chosen("relu") is None
    assert not [trial for trial in agenda.trials.values() if trial.stage == "confirm" and trial.arm == "relu"]


def test_epochs_that_count_whatever_the_earlier_candidates_do() -> None:
    """Those up to the first rung at which an earlier score is not known yet: there the candidate may turn out to have stopped."""
    agenda = simulate(study(epochs=9), slots=2, seed=0, steps=0)[0]
    searched = (trial for trial in iter(agenda.next, None) if trial.stage == "search")
    earlier = next(searched)
    candidate = next(trial for trial in searched if trial.arm == earlier.arm)
    search = agenda.searches[earlier.arm, 1]
    for epoch in range(1, 6):
        agenda.heard(candidate, epoch, 50.0)
    assert search.counted(1) == 1, "the earlier one is at no rung yet: the first one, epoch 1, may have been the last"
    agenda.heard(earlier, 1, 40.0)
    assert search.counted(1) == 3
    for epoch in range(2, 5):
        agenda.heard(earlier, epoch, 40.0)
    assert search.counted(1) == 5, "both rungs are decided"

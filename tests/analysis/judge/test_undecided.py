"""What is undecided, and the seeds that it needs: by looks that grow by half, up to the most that was declared."""

import json

import pytest
from conftest import Read
from fake_study import claim, confirmed, reported, spec

from analysis import tables
from analysis.judge.undecided import next_look, undecided
from analysis.write.claims import sentence
from studies.engine.study.error_budget import shares

ARMS = {name: {"activation": name} for name in ("relu", "mish", "elu")}
RELU = reported("relu", [90.0, 91.1, 91.9])
NOISY = reported("mish", [95.0, 89.0, 91.5])
WORSE = reported("elu", [80.0, 81.0, 82.1])
PLANNED = {"seeds": [1, 2, 3], "confirm_seeds": [101, 102, 103], "search_seed": 0, "trials_per_arm": 4, "first_look": 3}


@pytest.mark.parametrize(
    ("now", "first", "at_most", "look"),
    [(5, 5, 12, 8), (8, 5, 12, 12), (12, 5, 12, 12), (6, 5, 12, 8), (3, 3, 4, 4), (2, 2, 2, 2), (1, 1, 12, 2)],
)
def test_the_next_look(now: int, first: int, at_most: int, look: int) -> None:
    assert next_look(now, shares(first, at_most)) == look


def test_an_undecided_row_needs_more_seeds_of_its_two_arms(read: Read) -> None:
    found = undecided(read(spec(tuned_arms={}, budget={**PLANNED, "at_most": 12}), [*RELU, *NOISY, *WORSE]))
    assert found["questions"] == 2
    assert found["open"] == ["mish against relu, as reported: +0.83 ± 9.21 (needs 115 to 2,430 seeds)"]
    assert found["wanted"] == [("reported", "mish", 5), ("reported", "relu", 5)]


def test_at_the_most_it_stays_open(read: Read) -> None:
    found = undecided(read(spec(tuned_arms={}, budget={**PLANNED, "at_most": 3}), [*RELU, *NOISY, *WORSE]))
    assert len(found["open"]) == 1
    assert found["wanted"] == []


def test_what_the_last_look_would_hardly_decide_gets_no_seeds(read: Read) -> None:
    """Five seeds leave a difference of 2.2 standard errors of five seeds possible at most; eight seeds show far larger ones only."""
    budget = {**PLANNED, "seeds": [1, 2, 3, 4, 5], "first_look": 5}
    level = [*reported("relu", [90.0, 90.1, 89.9, 90.0, 90.0]), *reported("mish", [91.0, 89.0, 91.0, 89.0, 90.2])]
    plans = [spec(name=f"up to {n}", arms=ARMS, tuned_arms={}, budget={**budget, "at_most": n}) for n in (8, 100)]
    eight, hundred = (
        undecided(read(plan, [*level, *reported("elu", [80.0, 80.1, 79.9, 80.2, 80.0])])) for plan in plans
    )
    assert len(eight["open"]) == len(hundred["open"]) == 1
    assert (eight["wanted"], hundred["wanted"]) == ([], [("reported", "mish", 8), ("reported", "relu", 8)])


def test_a_claim_that_is_undecided_needs_the_arms_that_it_is_about(read: Read) -> None:
    said = [claim("Mish is better than ELU", "better", ["mish"], ["elu"])]
    close = reported("elu", [94.0, 90.5, 90.1])
    plan = spec(tuned_arms={}, claims=said, budget={**PLANNED, "at_most": 12})
    found = undecided(read(plan, [*RELU, *NOISY, *close]))
    assert found["open"][-1] == "claim 'Mish is better than ELU', as reported: elu and mish (needs 167 to 3,544 seeds)"
    assert sorted(found["wanted"]) == [("reported", arm, 5) for arm in ("elu", "mish", "relu")]


def test_arms_that_have_more_seeds_already_wait_for_the_others(read: Read) -> None:
    """Mish has five seeds for another question's sake: this one is looked at again when ReLU has them, too."""
    more = {"reported": {"mish": 5}}
    plan = spec(tuned_arms={}, budget={**PLANNED, "at_most": 12, "more_seeds": more})
    mish = reported("mish", [95.0, 89.0, 91.5, 92.0, 93.0])
    found = read(plan, [*RELU, *mish, *WORSE])
    assert undecided(found)["wanted"] == [("reported", "relu", 5)]
    assert found.samples["reported"]["mish"].missing == found.samples["reported"]["relu"].missing == ()


def test_levels_by_hand(read: Read) -> None:
    """Nothing is shown with one seed: two rows of a quarter and three claims of a sixth, each open on two sides."""
    said = [claim("two", "reaches", ["relu", "mish"]) | {"above": 89.0}]
    said += [claim("one", "reaches", [arm]) | {"above": 80.0} for arm in ("relu", "mish")]
    results = read(spec(tuned_arms={}, claims=said), [trials[0] for trials in (RELU, NOISY, WORSE)])
    assert results.contrasts["reported"]["mish"].level == pytest.approx(0.05 / 2 / 4)
    (_, (two,)), *_ = results.rulings
    assert [part.level for part in two.contrasts] == pytest.approx([0.05 / 2 / 6] * 2)


def test_no_seeds_for_an_answer_that_cannot_be_given(read: Read) -> None:
    """At the bound itself neither side can be shown, and a claim with a bound has no margin."""
    said = [claim("It reaches 90", "reaches", ["relu"]) | {"above": 90.0}]
    level = reported("relu", [90.02, 89.98, 90.01, 89.99, 90.0])
    budget = {**PLANNED, "seeds": [1, 2, 3, 4, 5], "first_look": 5, "at_most": 12}
    arms = {"relu": ARMS["relu"]}
    results = read(spec(arms=arms, tuned_arms={}, claims=said, budget=budget), level)
    ((_, (ruling,)),) = results.rulings
    assert [part.margin for part in ruling.contrasts] == [0.0]
    assert undecided(results)["wanted"] == []


def test_each_part_of_a_claim_counts_at_its_own_looks(read: Read) -> None:
    """Mish against tanh is shown on five seeds and gets no more; against ELU it takes twelve. Neither is in the table."""
    arms = {name: {"activation": name} for name in ("relu", "mish", "elu", "tanh")}
    budget = {**PLANNED, "seeds": [1, 2, 3, 4, 5], "first_look": 5, "at_most": 12}
    noise = [0.4, -0.5, 0.9, 0.2, -0.3, 0.1, 0.6, -0.4, 0.3, -0.1, 0.5, -0.2]
    tanh = reported("tanh", [50.0, 50.3, 49.8, 50.1, 49.9])

    def judged(seeds: int) -> tuple[str, str]:
        plan = spec(
            arms=arms,
            tuned_arms={},
            budget={**budget, "more_seeds": {"reported": {"mish": seeds, "elu": seeds}}},
            claims=[claim("Mish is best", "better", ["mish"], ["elu", "tanh"])],
        )
        mish, elu = (reported(arm, values[:seeds]) for arm, values in made.items())
        results = read(plan, [*RELU, *tanh, *mish, *elu])
        ((_, (ruling,)),) = results.rulings
        return ruling.verdict, sentence(results, ruling)

    made = {"mish": [92.0 + one for one in noise], "elu": [91.3] * 12}
    assert judged(5)[0] == "UNDECIDED"
    assert judged(12) == (
        "SUPPORTED",
        "Over 5 to 12 shared seeds, mish is better than elu by 0.83 points and mish is better than tanh by 42.12 points in test acc@1.",
    )


def test_of_several_searches_each_needs_them(read: Read) -> None:
    budget = {**PLANNED, "confirm_seeds": [101, 102, 103, 1101, 1102, 1103], "searches": 2, "at_most": 12}
    tuned = [*confirmed("relu", [93.0, 93.2, 93.1], lr=0.03), *confirmed("mish", [95.0, 91.0, 93.5], lr=0.03)]
    results = read(spec(arms={k: ARMS[k] for k in ("relu", "mish")}, budget=budget, claims=[]), tuned)
    assert undecided(results)["wanted"] == [("confirm", "mish", 5), ("confirm", "relu", 5)]
    assert results.samples["confirm"]["relu"].missing == (1101, 1102, 1103)


def test_as_the_engine_reads_it(read: Read, capsys: pytest.CaptureFixture[str]) -> None:
    read(spec(tuned_arms={}, budget={**PLANNED, "at_most": 12}), [*RELU, *NOISY, *WORSE])
    assert tables.main(["--study", "activations", "--undecided"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "questions": 2,
        "open": ["mish against relu, as reported: +0.83 ± 9.21 (needs 115 to 2,430 seeds)"],
        "wanted": [["reported", "mish", 5], ["reported", "relu", 5]],
    }

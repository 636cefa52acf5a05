"""What is read from a store: all of a study, nothing twice, and nothing that does not belong to it."""

import math
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_study import Trial, activations, reported, searched, spec, write_sql

from analysis.read.runs import load, parse, spelled
from analysis.read.stores import open_store
from studies.engine import schema


def test_a_study_comes_back_as_it_was_written(store: Path) -> None:
    plan, trials = activations()
    runs = load("activations", "demo", write_sql(store, plan, trials))
    frame = runs.trials
    assert len(frame) == len(trials)
    assert runs.notes == ()
    one = frame[(frame["arm"] == "mish") & (frame["stage"] == "reported") & (frame["seed"] == 2)].iloc[0]
    assert (one["test/acc1"], one["train/acc1"], one["val/acc1"]) == (pytest.approx(93.1), 97.0, 92.0)
    assert (one["activation"], one["lr"], one["outcome"]) == ("mish", 0.01, "completed")
    assert runs.spec.question == "Which activation is best?"
    assert list(runs.spec.arms) == ["relu", "mish", "elu"]


def test_the_learning_rate_is_the_recipes(store: Path) -> None:
    trial = replace(reported("relu", [90.0])[0], extra={"lr": [0.01, 0.001, 0.0001]})
    runs = load("activations", "demo", write_sql(store, spec(), [trial]))
    assert list(runs.trials["lr"]) == [0.01]
    assert list(runs.histories(runs.trials, ["lr"])["value"]) == [0.01, 0.001, 0.0001]


def test_search_trials_have_no_test_score(store: Path) -> None:
    plan, trials = activations()
    frame = load("activations", "demo", write_sql(store, plan, trials)).trials
    assert frame.loc[frame["stage"] == "search", "test/acc1"].isna().all()
    assert sorted(frame.loc[(frame["stage"] == "search") & (frame["arm"] == "elu"), "number"]) == [0, 1, 2, 3]


def test_histories_by_epoch(store: Path) -> None:
    runs = load("activations", "demo", write_sql(store, spec(), reported("relu", [90.0])))
    history = runs.histories(runs.trials, [schema.VAL_ACC1, schema.SECONDS])
    assert list(history.columns) == ["run", "metric", "epoch", "value"]
    assert list(history.loc[history["metric"] == schema.VAL_ACC1, "value"]) == [70, 85, 90, 90]
    assert list(history["epoch"].unique()) == [1, 2, 3, 4]
    assert len(runs.histories(runs.trials[:0], [schema.VAL_ACC1])) == 0


def test_what_a_search_trial_did_after_it_was_stopped_does_not_count(store: Path) -> None:
    trials = [replace(t, beyond=2) for t in searched("relu", [0.1], outcomes=["stopped"])]
    runs = load("activations", "demo", write_sql(store, spec(), trials))
    assert list(runs.histories(runs.trials, [schema.VAL_ACC1])["value"]) == [60, 75]
    assert list(runs.trials[schema.VAL_ACC1]) == [80], "as MLflow has it"
    judged = runs.as_judged()
    assert (judged[schema.VAL_ACC1].item(), judged[schema.TRAIN_ACC1].item(), judged["epochs_done"].item()) == (
        75,
        93,
        2,
    )


def test_metrics_by_step_are_no_columns(store: Path) -> None:
    steps = {"step/loss": [2.0, 1.0], "landscape/smoothness": [3.0]}
    runs = load("activations", "demo", write_sql(store, spec(), [replace(reported("relu", [90.0])[0], extra=steps)]))
    assert not set(steps) & set(runs.trials)
    assert list(runs.histories(runs.trials, ["step/loss"])["value"]) == [2.0, 1.0]


def test_an_epoch_logged_twice_has_its_last_value(store: Path) -> None:
    uri = write_sql(store, spec(), reported("relu", [90.0]))
    with sqlite3.connect(store) as db:
        db.execute(
            "INSERT INTO metrics (key, value, timestamp, step, is_nan, run_uuid) "
            "SELECT key, 77, 9, step, 0, run_uuid FROM metrics WHERE key = 'val/acc1' AND step = 2"
        )
    runs = load("activations", "demo", uri)
    history = runs.histories(runs.trials, [schema.VAL_ACC1])
    assert list(history["value"]) == [70, 77, 90, 90]


def test_what_is_no_number_is_nan(store: Path) -> None:
    trial = Trial("relu", "reported", 1, curve=[50, math.nan])
    runs = load("activations", "demo", write_sql(store, spec(), [trial]))
    assert math.isnan(runs.trials["val/acc1"].iloc[0])
    assert math.isnan(runs.histories(runs.trials, ["val/acc1"])["value"].iloc[1])


def test_runs_of_one_signature_count_once(store: Path) -> None:
    trial = reported("relu", [90.0])[0]
    broken = replace(trial, outcome=None, signature="s", test=None)
    done = replace(trial, signature="s")
    runs = load("activations", "demo", write_sql(store, spec(), [broken, done, broken]))
    assert list(runs.trials["outcome"]) == ["completed"]
    assert "2 runs repeat the signature" in " ".join(runs.notes)


def test_deleted_runs_do_not_exist(store: Path) -> None:
    first, second = reported("relu", [90.0, 91.0])
    runs = load("activations", "demo", write_sql(store, spec(), [first, replace(second, deleted=True)]))
    assert list(runs.trials["seed"]) == [1]


def test_scales_are_never_mixed(store: Path) -> None:
    plan = spec()
    write_sql(store, plan, reported("relu", [90.0, 91.0]))
    report = {**plan, "scale": "report"}
    uri = write_sql(store, report, [replace(t, scale="report") for t in reported("relu", [95.0])])
    largest = load("activations", None, uri)
    assert largest.spec.scale == "report"
    assert list(largest.trials["test/acc1"]) == [95.0]
    assert "also run at scale demo" in largest.notes[0]
    demo = load("activations", "demo", uri)
    assert list(demo.trials["test/acc1"]) == [90.0, 91.0]
    assert demo.notes == ()


@pytest.mark.parametrize(
    ("stray", "why"),
    [
        ({"arm": "swish"}, "arms that the study does not have"),
        ({"seed": 9}, "seeds beyond the plan's 3"),
        ({"fields": {"activation": "relu", "epochs": 50}}, "earlier version of the study (epochs 50, now 4)"),
        ({"fields": {"activation": "mish"}}, "earlier version of the study (activation mish, now relu)"),
    ],
)
def test_what_is_not_of_the_plan_is_left_out_and_said(store: Path, stray: dict[str, Any], why: str) -> None:
    kept = reported("relu", [90.0])[0]
    runs = load("activations", "demo", write_sql(store, spec(), [kept, replace(kept, **stray)]))
    assert len(runs.trials) == 1
    assert why in " ".join(runs.notes)


def test_a_trial_that_just_began_belongs_to_the_study(store: Path) -> None:
    uri = write_sql(store, spec(), [replace(reported("relu", [90.0])[0], outcome=None, curve=[])])
    with sqlite3.connect(store) as db:
        db.execute("DELETE FROM params")
    assert len(load("activations", "demo", uri).trials) == 1


def test_only_the_setting_confirmed_last_counts(store: Path) -> None:
    def confirmed(lr: float, seed: int) -> Trial:
        return Trial("relu", "confirm", seed, fields={"activation": "relu", "lr": lr})

    trials = [*searched("relu", [0.1, 0.2]), confirmed(0.1, 101), confirmed(0.1, 102), confirmed(0.2, 101)]
    runs = load("activations", "demo", write_sql(store, spec(), trials))
    kept = runs.trials[runs.trials["stage"] == "confirm"]
    assert list(kept["lr"]) == [0.2]
    assert "2 trials that confirmed a setting chosen before" in runs.notes[0]


def test_a_confirming_trial_that_just_began_sets_none_aside(store: Path) -> None:
    done, begun = (Trial("relu", "confirm", seed, fields={"activation": "relu", "lr": 0.1}) for seed in (101, 102))
    uri = write_sql(store, spec(), [done, replace(begun, outcome=None, curve=[])])
    with sqlite3.connect(store) as db:
        db.execute("DELETE FROM params WHERE run_uuid = (SELECT run_uuid FROM runs ORDER BY start_time DESC LIMIT 1)")
    runs = load("activations", "demo", uri)
    assert (list(runs.trials["seed"]), runs.notes) == ([101, 102], ())


def test_one_is_not_told_as_several(store: Path) -> None:
    first, again = (Trial("relu", "confirm", 101, fields={"activation": "relu", "lr": lr}) for lr in (0.1, 0.2))
    repeated = replace(reported("relu", [90.0])[0], signature="s")
    runs = load("activations", "demo", write_sql(store, spec(), [first, again, repeated, repeated]))
    assert runs.notes == (
        "1 run repeats the signature of another one and is not counted again.",
        "Left out: 1 trial that confirmed a setting chosen before the search was extended.",
    )


def test_of_trials_that_differ_in_their_signature_alone_the_latest_counts(store: Path) -> None:
    """The file of the user's network was edited, or the training code: all of it was trained again."""
    trials = [
        *reported("relu", [80.0, 81.0]),
        *searched("relu", [0.1, 0.2]),
        Trial("relu", "confirm", 101, fields={"lr": 0.2}),
    ]
    again = [replace(trial, signature=f"new {n}", test=trial.test and 90.0) for n, trial in enumerate(trials)]
    runs = load("activations", "demo", write_sql(store, spec(), [*trials, *again]))
    assert set(runs.trials["signature"]) == {trial.signature for trial in again}
    assert runs.notes == ("Left out: 5 trials of an earlier version of the network, data or training code.",)


def test_an_arms_own_epochs_may_shrink_with_the_scale(store: Path) -> None:
    plan = spec(arms={"relu": {}, "long": {"epochs": 60}}, tuned_arms={})
    trials = reported("long", [90.0], fields={"epochs": 6})
    assert len(load("activations", "demo", write_sql(store, plan, trials)).trials) == 1


def test_an_arm_may_leave_a_field_to_its_default(store: Path) -> None:
    plan = spec(arms={"relu": {}, "usual": {"activation": "mish", "momentum": None}}, tuned_arms={})
    trials = reported("usual", [90.0], fields={"activation": "mish", "momentum": 0.9})
    assert len(load("activations", "demo", write_sql(store, plan, trials)).trials) == 1


def test_the_newest_spec_counts(store: Path) -> None:
    write_sql(store, spec(question="Old?"), [])
    with sqlite3.connect(store) as db:
        db.execute("UPDATE runs SET start_time = -1")
    assert load("activations", "demo", write_sql(store, spec(), [])).spec.question == "Which activation is best?"


def test_an_unknown_study_names_those_that_were_run(store: Path) -> None:
    uri = write_sql(store, *activations())
    with pytest.raises(
        ValueError, match=r"'activation' was never run.*\nhint: there are: activations \(scale demo, 30"
    ):
        load("activation", None, uri)
    with pytest.raises(ValueError, match="never run at scale 'report'"):
        load("activations", "report", uri)
    assert open_store(uri).counts() == [("activations", "demo", 30)]


def test_an_empty_store_says_what_to_run(store: Path) -> None:
    with pytest.raises(ValueError, match="hint: there are no studies yet; run one first"):
        load("activations", None, f"sqlite:///{store}")


def test_trials_without_their_spec(store: Path) -> None:
    with pytest.raises(ValueError, match="the parent run that carries its spec is gone"):
        load("activations", None, write_sql(store, None, reported("relu", [90.0])))


def test_a_spec_cut_short(store: Path) -> None:
    uri = write_sql(store, *activations())
    with sqlite3.connect(store) as db:
        db.execute("UPDATE tags SET value = substr(value, 1, 100) WHERE key = 'spec.0'")
    with pytest.raises(ValueError, match="the spec of study 'activations' at scale 'demo' cannot be read"):
        load("activations", None, uri)


def test_a_long_spec_in_many_tags(store: Path) -> None:
    plan = spec(question="Why? " * 3000)
    runs = load("activations", None, write_sql(store, plan, reported("relu", [90.0])))
    assert runs.spec.question == "Why? " * 3000


@pytest.mark.parametrize(
    ("text", "value"),
    [("None", None), (None, None), ("True", True), ("3", 3), ("0.01", 0.01), ("1e-05", 1e-5), ("relu", "relu")],
)
def test_parameters_get_their_types_back(text: str | None, value: Any) -> None:
    assert parse(text) == value


def test_one_spelling_for_json_and_for_parameters() -> None:
    assert spelled([3, 3]) == spelled("[3, 3]") == spelled((3, 3)) == spelled("(3, 3)")
    assert spelled(0.0005) == spelled("5e-4") == spelled("0.0005")
    assert spelled(True) == spelled("True")
    assert spelled(None) == spelled("None") != spelled("none")

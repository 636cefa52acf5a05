"""A study's runs in MLflow: the parent run of a scale, and under it one run a trial, known by its signature.

Opening them looks up all that is there; after that only what is missing is written, and writing something twice changes
nothing. Any call may raise whatever MLflow raises: whoever catches it opens the runs anew, and so sees what did arrive.
Slow to import, with MLflow: only the tracker's thread does it.
"""

import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Experiment, LifecycleStage, RunTag, ViewType
from mlflow.entities import Run as MlflowRun
from sqlalchemy.exc import SQLAlchemyError

from studies.engine import schema
from studies.engine.mlflow_entities import dataset_input, how_to, metrics, params, parent_tags, settled_tags, trial_tags
from studies.engine.mlflow_tables import Ending, Tables
from studies.engine.outbox import Note
from studies.engine.plan import Trial
from studies.engine.provenance import provenance
from studies.engine.tracking_uri import SQLITE, is_database, sqlite_path

PARENT, NAME = "mlflow.parentRunId", "mlflow.runName"
MODEL_FOLDER = "model"
END_TAGS = (schema.OUTCOME, schema.DEVICE, schema.SHARED_DEVICE, schema.REASON)
PAGE = 1000
RUNNING, FINISHED, KILLED, FAILED = "RUNNING", "FINISHED", "KILLED", "FAILED"


@dataclass
class Run:
    """What has to be known of a run to tell what it still lacks."""

    id: str
    start: int  # milliseconds since 1970
    status: str = RUNNING
    end_tags: Mapping[str, str] = field(default_factory=dict)  # those that say how the trial ended
    described: bool = False  # its data set and its params are there
    deleted: bool = False

    def is_at(self, ending: Ending) -> bool:
        return self.status == ending.status and self.end_tags.get(schema.OUTCOME) == ending.tags[schema.OUTCOME]

    def ended(self, ending: Ending) -> "Run":
        self.status, self.end_tags = ending.status, ending.tags
        return self


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
        self._dataset = dataset_input(spec["dataset"])
        parent = self._open_parent()
        self._parent = parent.info.run_id
        self._tables = Tables(uri, parent, self._dataset) if is_database(uri) else None
        self._trials = self._look_up()

    def write(self, note: Note) -> None:
        """Bring the run of a trial to what the note says of it."""
        signature = note.trial.signature
        if signature not in self._trials:
            self._trials[signature] = self._create(note)
        run = self._trials[signature]
        if run.deleted:
            self._say("deleted", "Runs that were deleted in MLflow stay deleted; restored there, they count again.")
            return
        if not run.described:
            self._describe(run, note.trial)
        ending = ending_of(note, run.start)
        if ending is None and run.status in (KILLED, FAILED):
            self._reopen(run)
        elif ending is not None and not run.is_at(ending):
            self._settle(run, ending)
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

    def _open_parent(self) -> MlflowRun:
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
        self._client.log_inputs(run.info.run_id, [self._dataset])
        return run

    def _look_up(self) -> dict[str, Run]:
        """The runs by signature. Of two runs of one trial (an answer was lost on the way) the later is deleted."""
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
        tags = {**trial_tags(note.trial, self._spec), **self._origin, PARENT: self._parent, NAME: note.trial.name}
        ending = ending_of(note, start)
        with suppress(SQLAlchemyError):
            if self._tables is not None:
                run = Run(self._tables.begin(start, tags, params(note.trial), ending), start, described=True)
                return run if ending is None else run.ended(ending)
        created = self._client.create_run(self._experiment, start_time=start, tags=tags)
        return Run(created.info.run_id, start)

    def _describe(self, run: Run, trial: Trial) -> None:
        self._client.log_inputs(run.id, [self._dataset])
        self._client.log_batch(run.id, params=params(trial))
        run.described = True

    def _settle(self, run: Run, ending: Ending) -> None:
        with suppress(SQLAlchemyError):
            if self._tables is not None:
                self._tables.settle(run.id, ending)
                run.ended(ending)
                return
        self._client.log_batch(run.id, metrics=ending.metrics, tags=[RunTag(*tag) for tag in ending.tags.items()])
        self._client.set_terminated(run.id, ending.status, ending.time)
        run.ended(ending)

    def _reopen(self, run: Run) -> None:
        """Go on with a trial that was broken off, or try one again that failed, in the run it has."""
        self._client.update_run(run.id, RUNNING)
        for tag in run.end_tags:
            self._client.delete_tag(run.id, tag)
        run.status, run.end_tags = RUNNING, {}

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


def ending_of(note: Note, start: int) -> Ending | None:
    if note.settled is None:
        return None
    status = FAILED if note.settled.outcome == "failed" else FINISHED
    return Ending(status, round(time.time() * 1000), settled_tags(note.settled), metrics(note, start))


def is_deleted(run: MlflowRun) -> bool:
    return bool(run.info.lifecycle_stage == LifecycleStage.DELETED)


def known(run: MlflowRun) -> Run:
    end_tags = {name: value for name, value in run.data.tags.items() if name in END_TAGS}
    return Run(run.info.run_id, run.info.start_time, run.info.status, end_tags, bool(run.data.params), is_deleted(run))

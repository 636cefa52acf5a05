"""A study's runs in MLflow: the parent run of a scale, and under it one run a trial, known by its signature.

Opening them looks up all that is there; after that only what is missing is written, and writing something twice changes
nothing. Any call may raise whatever MLflow raises: whoever catches it opens the runs anew, and so sees what did arrive.
Slow to import, with MLflow: only the tracker's thread does it.
"""

import fcntl
import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Experiment, LifecycleStage, RunTag, ViewType
from mlflow.entities import Run as MlflowRun

from studies.engine import schema
from studies.engine.mirror import mlflow_entities as entities
from studies.engine.mirror.mlflow_entities import KILLED, RUNNING, Run
from studies.engine.mirror.mlflow_tables import Tables
from studies.engine.mirror.outbox import Note, Settled
from studies.engine.mirror.tracking_uri import SQLITE, is_database, sqlite_path
from studies.engine.plan.plan import Trial

PARENT, NAME = "mlflow.parentRunId", "mlflow.runName"
MODEL_FOLDER = "model"
ARTIFACTS = "mlruns"  # the folder in which MLflow keeps them, where an SQLite file is its store
END_TAGS = {schema.OUTCOME, schema.REASON}
PAGE = 1000
WAIT = 20  # seconds for a database that somebody else is writing to


class Runs:
    def __init__(
        self, uri: str, spec: Mapping[str, Any], origin: Mapping[str, str], say: Callable[[str, str], None]
    ) -> None:
        """`origin` is this start of the study's own; `say` takes a topic, on which it speaks once, and a text."""
        logging.getLogger("mlflow").setLevel(logging.CRITICAL)  # what goes wrong is told once, in our words
        create_database(uri)
        self._client = MlflowClient(tracking_uri=uri)
        self._say = say
        self._spec = spec
        self._origin = origin
        self._experiment = self._open_experiment()
        follow_a_move(uri)
        self._dataset = entities.dataset_input(spec["dataset"])
        parent = self._open_parent()
        self._parent = parent.info.run_id
        self._tables = Tables(uri, parent, self._dataset) if is_database(uri) else None
        self._trials = self._look_up()

    def write(self, note: Note) -> None:
        """Bring the run of a trial to what the note says of it."""
        run = self._trials.get(note.trial.signature) or self._create(note)
        if run.deleted:
            self._say("deleted", "Runs that were deleted in MLflow stay deleted; restored there, they count again.")
            return
        if not run.described:
            self._describe(run, note.trial)
        outcome = note.settled.outcome if note.settled else None
        tried_again = run.outcome == "failed" and outcome != "failed"
        if tried_again or (outcome is None and run.over() is None):
            self._go_on(run, note)  # also where the next try has ended by now: nothing of the one that failed may stay
        if note.settled is not None and run.over() != outcome:
            self._settle(run, note.settled)
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
        tags = {**entities.parent_tags(self._spec), **self._origin}
        found = sorted(self._search("study"), key=lambda run: (is_deleted(run), run.info.start_time))
        if not found:
            tags["mlflow.note.content"] = entities.how_to(self._spec)
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
        there = self._tables.trials(self._spec["scale"]) if self._tables else map(known, self._search("trial"))
        trials: dict[str, Run] = {}
        for signature, run in sorted(there, key=lambda found: (found[1].deleted, found[1].start)):
            if trials.setdefault(signature, run) is not run and not run.deleted:
                self._client.delete_run(run.id)
        return trials

    def _search(self, kind: str) -> Iterator[MlflowRun]:
        wanted = f"tags.{schema.KIND} = '{kind}' and tags.{schema.SCALE} = '{self._spec['scale']}'"
        token: str | None = ""
        while token is not None:
            page = self._client.search_runs([self._experiment], wanted, ViewType.ALL, PAGE, page_token=token or None)
            yield from page
            token = page.token or None

    def _create(self, note: Note) -> Run:
        """A new run; where the trial has come further already, it begins as long ago as the training took."""
        trial = note.trial
        start = round((time.time() - sum(epoch.seconds for epoch in note.epochs)) * 1000)
        tags = {**entities.trial_tags(trial, self._spec), **note.origin, PARENT: self._parent, NAME: trial.name}
        direct = self._tables
        run = direct.begin(start, tags, entities.params(trial), note.settled) if direct else None
        if run is None:
            created = self._client.create_run(self._experiment, start_time=start, tags=tags)
            run = Run(created.info.run_id, start, RUNNING, None, described=False, sent=0)
        self._trials[trial.signature] = run
        return run

    def _describe(self, run: Run, trial: Trial) -> None:
        self._client.log_inputs(run.id, [self._dataset])
        self._client.log_batch(run.id, params=entities.params(trial))
        run.described = True

    def _go_on(self, run: Run, note: Note) -> None:
        """The trial runs: go on in the run it has, also where it was broken off, or failed and is tried again."""
        if run.status != RUNNING or run.outcome is not None:
            self._client.update_run(run.id, RUNNING)
            for tag in self._client.get_run(run.id).data.tags.keys() & END_TAGS:
                self._client.delete_tag(run.id, tag)
            self._client.log_batch(run.id, tags=[RunTag(*tag) for tag in note.origin.items()])
            run.status, run.outcome = RUNNING, None
        epochs = list(note.epochs)
        self._client.log_batch(run.id, entities.metrics(epochs, run.start, run.sent, {}))
        run.sent = len(epochs) or run.sent

    def _settle(self, run: Run, settled: Settled) -> None:
        if self._tables and self._tables.settle(run, settled):
            return
        points = entities.metrics(settled.epochs, run.start, run.sent, settled.metrics)
        self._client.log_batch(run.id, points, tags=[RunTag(*tag) for tag in entities.end_tags(settled).items()])
        self._client.set_terminated(run.id, entities.status(settled.outcome))
        run.end(settled.outcome)

    def _keep(self, run: Run, model: Path) -> None:
        there = {file.path: file.file_size for file in self._client.list_artifacts(run.id, MODEL_FOLDER)}
        if there.get(f"{MODEL_FOLDER}/{model.name}") != model.stat().st_size:
            self._client.log_artifact(run.id, str(model), MODEL_FOLDER)


def create_database(uri: str) -> None:
    """Give a new SQLite file its tables under another name: nobody ever finds half of them, not after a kill either."""
    path = sqlite_path(uri)
    if path is None or _is_there(path):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    lock, draft = path.with_name(f"{path.name}.lock"), path.with_name(f"{path.name}.tmp")
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # of several studies that begin here, one has the work
        draft.unlink(missing_ok=True)  # of one that was killed
        if not _is_there(path):
            path.unlink(missing_ok=True)
            MlflowClient(tracking_uri=f"{SQLITE}{draft}").search_experiments(max_results=1)
            with suppress(FileExistsError):  # somebody else was faster
                os.link(draft, path)
            draft.unlink()
        lock.unlink(missing_ok=True)


def _is_there(path: Path) -> bool:
    """An empty file is none: MLflow would fill it in place, and a kill in the middle would spoil it for good."""
    return path.exists() and path.stat().st_size > 0


def follow_a_move(uri: str) -> None:
    """MLflow keeps absolute paths of artifacts: where they were moved or copied with their SQLite file, these follow."""
    path = sqlite_path(uri)
    if path is None:
        return
    with closing(sqlite3.connect(path, timeout=WAIT)) as store, store:
        for number, location in store.execute("SELECT experiment_id, artifact_location FROM experiments").fetchall():
            old, new = Path(location), path.parent / ARTIFACTS / str(number)
            if old != new and old.parent.name == ARTIFACTS and (new.exists() or not old.parents[1].exists()):
                move = "UPDATE experiments SET artifact_location = ? WHERE experiment_id = ?"
                store.execute(move, (str(new), number))
                move = "UPDATE runs SET artifact_uri = replace(artifact_uri, ?, ?) WHERE experiment_id = ?"
                store.execute(move, (f"{old}/", f"{new}/", number))


def is_deleted(run: MlflowRun) -> bool:
    return bool(run.info.lifecycle_stage == LifecycleStage.DELETED)


def known(run: MlflowRun) -> tuple[str, Run]:
    """A trial's signature and its run."""
    info, tags, described = run.info, run.data.tags, bool(run.data.params)
    outcome = tags.get(schema.OUTCOME)
    return tags[schema.SIGNATURE], Run(info.run_id, info.start_time, info.status, outcome, described, is_deleted(run))

"""A study's runs in MLflow: the parent run of a scale, and under it one run a trial, known by its signature.

Opening them looks up all that is there; after that only what is missing is written, and writing something twice changes
nothing. Any call may raise whatever MLflow raises: whoever catches it opens the runs anew, and so sees what did arrive.
Slow to import, with MLflow: only the tracker's thread does it.
"""

import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock
from mlflow import MlflowClient
from mlflow.entities import Experiment, LifecycleStage, RunTag, ViewType
from mlflow.entities import Run as MlflowRun

from cnnzoo import Epoch
from studies.engine import schema
from studies.engine.book.book import Book
from studies.engine.book.table import Row
from studies.engine.mirror import mlflow_entities as entities
from studies.engine.mirror.mlflow_entities import FAILED, FINISHED, KILLED, LAST_OF_AN_EPOCH, RUNNING, Run
from studies.engine.mirror.outbox import Note
from studies.engine.mirror.tracking_uri import SQLITE, sqlite_path

PARENT, NAME = "mlflow.parentRunId", "mlflow.runName"
MODEL_FOLDER, BOOK_FOLDER, RESULT_FOLDER = "model", "book", "result"  # of the artifacts
END_TAGS = {schema.OUTCOME, schema.REASON}
PAGE = 1000  # runs of one answer

Say = Callable[[str, str], None]  # takes a topic, of which it tells once, and a text


class Runs:
    def __init__(self, uri: str, spec: Mapping[str, Any], origin: Mapping[str, str], book: Book, say: Say) -> None:
        """`origin` is that of this start of the study."""
        logging.getLogger("mlflow").setLevel(logging.CRITICAL)  # what goes wrong is told once, in our words
        create_database(uri)
        self._client = MlflowClient(tracking_uri=uri)
        self._spec, self._origin, self._book, self._say = spec, origin, book, say
        self.experiment = self._open_experiment()
        self._dataset = entities.dataset_input(spec["dataset"])
        self._parent = self._open_parent()
        self._trials = self._look_up()

    def write(self, note: Note) -> None:
        """Bring the run of a trial to what the note says of it."""
        run = self._trials.get(note.trial.signature)
        if run is not None and run.deleted:
            self._say("deleted", "Runs that were deleted in MLflow stay deleted; restored there, they count again.")
            return
        if run is None or run.lacks(note.row.outcome if note.row else None):
            epochs = self._book.epochs(note.trial.signature)[: note.epochs]
            if run is None:
                run = self._create(note, sum(epoch.seconds for epoch in epochs))
            elif run.status != RUNNING or run.outcome is not None:
                self._go_on(run, note.origin)
            self._send(run, note, epochs)
        if note.model is not None:
            self._keep(run, note.model)

    def keep_book(self) -> None:
        """The study's part of the book as artifacts of the parent run: who has only MLflow makes the same tables from it."""
        table = self._book.table(self._spec["name"], self._spec["scale"])
        with tempfile.TemporaryDirectory() as folder:
            copy, said = Path(folder), Path(folder) / schema.PREDICTIONS_FOLDER
            said.mkdir()
            with (copy / schema.CURVES_FILE).open("wb") as file:
                file.writelines(self._book.curves(table))
            for path in (table.spec_file, table.rows_file, *table.folder.glob(schema.TEST_SET_FILE.format("*"))):
                shutil.copy(path, copy)
            for signature, path in self._book.predictions(table).items():
                shutil.copy(path, said / f"{signature}.npz")
            self._client.log_artifacts(self._parent, folder, BOOK_FOLDER)

    def keep_result(self, files: Iterable[Path]) -> None:
        for path in files:
            self._client.log_artifact(self._parent, str(path), RESULT_FOLDER)

    def finish(self, status: str, tested: Sequence[Row]) -> None:
        """End the parent, with the result so far; a trial that still runs is not being trained any more."""
        for run in self._trials.values():
            if run.status == RUNNING and not run.deleted:
                self._client.set_terminated(run.id, KILLED)
        points, tags = entities.result(tested, self._spec)
        self._client.log_batch(self._parent, points, tags=tags)
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
        tags = {**entities.parent_tags(self._spec), **self._origin}
        found = self._search("study")
        if not found:
            tags["mlflow.note.content"] = entities.how_to(self._spec)
            name = f"{self._spec['name']} · {self._spec['scale']}"
            run = self._client.create_run(self.experiment, tags=tags, run_name=name)
        else:
            run = found[0]
            if is_deleted(run):
                self._client.restore_run(run.info.run_id)
            self._client.update_run(run.info.run_id, RUNNING)
            self._client.log_batch(run.info.run_id, tags=[RunTag(*tag) for tag in tags.items()])
        self._client.log_inputs(run.info.run_id, [self._dataset])
        return str(run.info.run_id)

    def _look_up(self) -> dict[str, Run]:
        """The runs by signature. A trial has two where an answer was lost on the way: the later one is deleted."""
        trials: dict[str, Run] = {}
        for found in self._search("trial"):
            info, tags = found.info, found.data.tags
            run = Run(info.run_id, info.start_time, info.status, tags.get(schema.OUTCOME), deleted=is_deleted(found))
            if trials.setdefault(tags[schema.SIGNATURE], run) is not run and not run.deleted:
                self._client.delete_run(run.id)
        return trials

    def _search(self, kind: str) -> list[MlflowRun]:
        """The earliest comes first, and a deleted one after all others."""
        wanted = f"tags.{schema.KIND} = '{kind}' and tags.{schema.SCALE} = '{self._spec['scale']}'"
        found: list[MlflowRun] = []
        token: str | None = ""
        while token is not None:
            page = self._client.search_runs([self.experiment], wanted, ViewType.ALL, PAGE, page_token=token or None)
            found += page
            token = page.token or None
        return sorted(found, key=lambda run: (is_deleted(run), run.info.start_time))

    def _create(self, note: Note, seconds: float) -> Run:
        """A new run that began as long ago as the training took so far."""
        trial, start = note.trial, round((time.time() - seconds) * 1000)
        tags = {**entities.trial_tags(trial, self._spec), **note.origin, PARENT: self._parent, NAME: trial.name}
        ended = entities.end_tags(note.row) if note.row else {}
        created = self._client.create_run(self.experiment, start_time=start, tags={**tags, **ended})
        run = Run(created.info.run_id, start, RUNNING, note.row.outcome if note.row else None, sent=0)
        self._trials[trial.signature] = run
        return run

    def _go_on(self, run: Run, origin: Mapping[str, str]) -> None:
        """Go on in the run that the trial has, also where it was broken off, or failed and is tried again."""
        self._client.update_run(run.id, RUNNING)
        found = self._client.get_run(run.id).data
        for tag in found.tags.keys() & END_TAGS:
            self._client.delete_tag(run.id, tag)
        self._client.log_batch(run.id, tags=[RunTag(*tag) for tag in origin.items()])
        told = self._client.get_metric_history(run.id, LAST_OF_AN_EPOCH) if LAST_OF_AN_EPOCH in found.metrics else ()
        run.status, run.outcome, run.sent = RUNNING, None, max((point.step for point in told), default=0)

    def _send(self, run: Run, note: Note, epochs: Sequence[Epoch]) -> None:
        """All that MLflow does not have yet of a trial, in as few calls as there are: each costs milliseconds."""
        params = [] if run.described else entities.params(note.trial)
        if not run.described:
            self._client.log_inputs(run.id, [self._dataset])
        points = entities.metrics(epochs, run.start, run.sent, note.row)
        ended = entities.end_tags(note.row) if note.row and run.outcome is None else {}
        self._client.log_batch(run.id, points, params, [RunTag(*tag) for tag in ended.items()])
        run.described, run.sent = True, max(len(epochs), run.sent or 0)
        if note.row:
            status = FAILED if note.row.outcome == "failed" else FINISHED
            self._client.set_terminated(run.id, status)
            run.status, run.outcome = status, note.row.outcome

    def _keep(self, run: Run, model: Path) -> None:
        there = {file.path: file.file_size for file in self._client.list_artifacts(run.id, MODEL_FOLDER)}
        if there.get(f"{MODEL_FOLDER}/{model.name}") != model.stat().st_size:
            self._client.log_artifact(run.id, str(model), MODEL_FOLDER)


def create_database(uri: str) -> None:
    """Give a new SQLite file its tables under another name: nobody ever finds half of them, not after a kill either.

    MLflow would fill an empty file in place, and a kill in the middle would spoil it for good: it counts as none.
    """
    if (path := sqlite_path(uri)) is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft, lock = (path.with_name(f"{path.name}.{end}") for end in ("new", "lock"))
    with FileLock(lock):  # of several studies that begin here, one has the work
        if not (path.exists() and path.stat().st_size):
            draft.unlink(missing_ok=True)  # of one that was killed
            MlflowClient(tracking_uri=f"{SQLITE}{draft}").search_experiments(max_results=1)
            draft.replace(path)
    lock.unlink(missing_ok=True)


def is_deleted(run: MlflowRun) -> bool:
    return bool(run.info.lifecycle_stage == LifecycleStage.DELETED)

"""A study from somebody else's MLflow: its parent run has the same files as artifacts, in the folder ``book``.

What its networks say of each test image is among them; the networks themselves are with the runs of the trials.
"""

import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from analysis.read.book import Book
from cnnzoo.mistake import Mistake
from studies.engine import schema

ARTIFACTS = "book"
# Left to itself the client tries a silent server for minutes, and draws a bar of its own.
_SETTINGS = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}  # fmt: skip


def download(uri: str, study: str | None, scale: str | None) -> Book:
    """Download a study of a tracking server, or all of them, as a book; its files are deleted together with it."""
    if uri.startswith("sqlite:///") and not (path := Path(uri.removeprefix("sqlite:///"))).is_file():
        raise Mistake(f"--from-mlflow {uri}: there is no file {path.absolute()}.")  # SQLite would create an empty one
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    folder = Path(tempfile.mkdtemp(prefix="cnn-studies-"))
    book = Book(folder, schema.redact(uri))
    weakref.finalize(book, shutil.rmtree, folder, ignore_errors=True)
    studies = folder / schema.STUDIES_FOLDER
    studies.mkdir()
    with _told_in_a_line(uri):
        from mlflow import MlflowClient  # takes seconds, and is not needed for what lies here

        client = MlflowClient(uri)
        for run in _parents(client, study):
            name, at = run.data.tags[schema.STUDY], run.data.tags[schema.SCALE]
            place = studies / f"{name}.{at}"
            if scale in (None, at) and not place.exists() and client.list_artifacts(run.info.run_id, ARTIFACTS):
                loaded = client.download_artifacts(run.info.run_id, ARTIFACTS, str(folder))
                Path(loaded).rename(place)
                _put_by_trial(place / schema.PREDICTIONS_FOLDER, folder / schema.TRIALS_FOLDER)
        if study and not any(studies.iterdir()):
            there = ", ".join(experiment.name for experiment in client.search_experiments())
            raise Mistake(f"{schema.redact(uri)} has no book of study {study!r}; its experiments are: {there}.")
    return book


def _put_by_trial(downloaded: Path, trials: Path) -> None:
    """What the networks say of each test image, where a book has it: a folder a trial."""
    for file in downloaded.glob("*.npz"):
        (trials / file.stem).mkdir(parents=True, exist_ok=True)
        file.rename(trials / file.stem / schema.PREDICTIONS_FILE)


def _parents(client: Any, study: str | None) -> Iterator[Any]:
    """The parent runs of one study or of all; the newest comes first, and an older one of the same scale is not read."""
    found = [client.get_experiment_by_name(study)] if study else client.search_experiments()
    parent, newest_first = f"tags.{schema.KIND} = 'study'", ["attributes.start_time DESC"]
    for experiment in filter(None, found):
        parents = client.search_runs([experiment.experiment_id], parent, order_by=newest_first)
        yield from (run for run in parents if {schema.STUDY, schema.SCALE} <= run.data.tags.keys())


@contextmanager
def _told_in_a_line(uri: str) -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise Mistake(f"--from-mlflow needs MLflow ({error}): pip install mlflow") from None
    except Exception as error:
        if not type(error).__module__.startswith(("mlflow.", "sqlalchemy.", "requests.", "urllib3.")):
            raise
        raise Mistake(
            f"cannot read MLflow at {schema.redact(f'{uri}: {schema.trouble(error)}')}. See that it is up; a tracking URI is like "
            "http://host:5000, sqlite:///mlflow.db or postgresql+psycopg://user@host/name."
        ) from None

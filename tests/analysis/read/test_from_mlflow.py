"""A study read from somebody else's MLflow is the same as from the folder it was run in."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from fake_predictions import LABELS, keep_predictions, keep_test_set
from fake_study import activations, write_book

from analysis import tables
from analysis.judge.verdicts import judged
from analysis.read.book import Book
from analysis.read.from_mlflow import download
from analysis.read.runs import load
from analysis.write.render import render
from cnnzoo.mistake import Mistake
from tests.ports import free_port

UPLOAD = """
import sys
from mlflow import MlflowClient
client = MlflowClient(sys.argv[1])
experiment = client.create_experiment("activations", artifact_location=sys.argv[3])
run = client.create_run(experiment, tags={"kind": "study", "study": "activations", "scale": "demo"}).info.run_id
client.log_artifacts(run, sys.argv[2], "book")
"""


@pytest.fixture
def uri(here: Path) -> str:
    """An MLflow with the study's book among the artifacts of its parent run, as the engine leaves it."""
    plan, trials = activations()
    write_book(plan, trials)
    keep_test_set(plan, LABELS)
    keep_predictions(trials, of=lambda trial: LABELS[trial.seed % 2 :] + LABELS[: trial.seed % 2])
    curves = [
        json.dumps({"signature": path.parent.name, **json.loads(line)})
        for path in here.glob("results/trials/*/epochs.jsonl")
        for line in path.read_text().splitlines()
    ]
    folder = here / "results/studies/activations.demo"
    (folder / "curves.jsonl").write_text("\n".join(curves) + "\n")
    address = f"sqlite:///{here / 'server.db'}"
    (folder / "predictions").mkdir()
    for path in here.glob("results/trials/*/predictions.npz"):
        shutil.copy(path, folder / "predictions" / f"{path.parent.name}.npz")
    command = [sys.executable, "-c", UPLOAD, address, str(folder), str(here / "artifacts")]
    subprocess.run(command, check=True, capture_output=True)
    (folder / "curves.jsonl").unlink()
    shutil.rmtree(folder / "predictions")
    return address


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # those of MLflow itself
def test_the_tables_are_the_same(uri: str) -> None:
    book = download(uri, "activations", None)
    there, here = (judged(load(one, "activations")) for one in (book, Book(Path("results"))))
    assert render(there, "md") == render(here, "md")
    assert there.runs.history.equals(here.runs.history)
    assert render(there, "md", "confusions") == render(here, "md", "confusions")
    said = there.runs.said(there.runs.trials)
    assert len(said) == len(there.runs.trials) * len(LABELS)
    assert download(uri, None, None).studies() == [("activations", "demo")]
    with pytest.raises(Mistake, match=r"has no book of study 'nope'; its experiments are: .*activations"):
        download(uri, "nope", None)
    folder = book.root
    del there, book
    assert not folder.exists(), "nothing is left behind"


def test_a_mistyped_database_is_not_made() -> None:
    with pytest.raises(Mistake, match=r"there is no file .*mlflow.db"):
        download("sqlite:///mlflow.db", "activations", None)
    assert list(Path().iterdir()) == []


@pytest.mark.filterwarnings("ignore")
def test_a_server_that_is_down_is_a_line_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    port = free_port()
    with pytest.raises(Mistake, match=rf"cannot read MLflow at http://\*\*\*@127.0.0.1:{port}") as caught:
        download(f"http://ann:s3cret@127.0.0.1:{port}", "activations", None)
    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("uri", ["mysql+nope://ann:s3cret@x/y", "foo://bar", "postgresql+nope://x/y"])
def test_addresses_that_cannot_be(uri: str) -> None:
    with pytest.raises(Mistake, match="cannot read MLflow at") as caught:
        download(uri, "activations", None)
    assert "s3cret" not in str(caught.value)


def test_without_mlflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(Mistake, match=r"--from-mlflow needs MLflow .*: pip install mlflow"):
        download("http://localhost:1", "activations", None)
    write_book(*activations())
    assert tables.main(["--study", "activations"]) == 0

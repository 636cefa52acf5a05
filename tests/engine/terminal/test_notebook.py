"""``STUDY.run(...)``, from a script and in a notebook: docs/notebook.ipynb is executed as it stands there."""

import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import analysis
from cnnzoo.mistake import Mistake
from tests.engine.runs import ROOT
from tests.engine.tiny_study import STUDY
from tests.images import shaded

SMALL = replace(STUDY, tune={}, claims=[])


def test_a_study_is_run_from_a_script_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    before = signal.getsignal(signal.SIGINT)
    assert SMALL.run(scale="smoke", seeds=1, in_process=True) == {"completed": 2}
    assert SMALL.run(scale="smoke", arms=["tanh"], seeds=2, in_process=True) == {"completed": 4}
    assert signal.getsignal(signal.SIGINT) is before
    assert len(analysis.load("tiny").trials) == 4


def test_a_study_finds_its_images_in_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    shaded(tmp_path / "home" / "data" / "tri", 0)
    asked = {"scale": "smoke", "dataset": "folder:tri", "seeds": 1, "data_dir": "~/data", "in_process": True}
    assert SMALL.run(**asked) == {"completed": 2}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": "tiny"}, "unknown scale 'tiny'. Known: report, demo, smoke."),
        ({"only": "tune"}, "unknown value of only 'tune'; did you mean 'tuned'?"),
        ({"seeds": 0}, "seeds must be between 1 and 100, but got 0."),
        ({"trials": 2.5}, "trials per arm must be at least 1, but got 2.5."),
        ({"at_most": 0, "decide": True}, "at most must be between 1 and 100, but got 0."),
        ({"at_most": 8}, "--at-most says where --decide has to end: give --decide too, or leave it out."),
        ({"gpus_per_trial": 2}, "gpus_per_trial: '2' is neither auto nor a share of a GPU between 0 and 1"),
        ({"arms": "relo", "scale": "smoke"}, "unknown arm 'relo'; did you mean 'relu'?"),
        ({"arms": ["relo"], "scale": "smoke"}, "unknown arm 'relo'; did you mean 'relu'?"),
    ],
)
def test_a_mistake_is_an_error_before_anything_is_trained(
    options: dict[str, Any], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Mistake) as error:
        STUDY.run(**options)
    assert str(error.value).startswith(message)
    assert not Path("results/studies").exists()


def test_the_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbformat = pytest.importorskip("nbformat", reason="pip install 'cnn-studies[test]' brings it")
    nbclient = pytest.importorskip("nbclient", reason="pip install 'cnn-studies[test]' brings it")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = nbformat.read(ROOT / "docs" / "notebook.ipynb", as_version=4)
    notebook.cells = [cell for cell in notebook.cells if "only-in-colab" not in cell.metadata.get("tags", [])]
    client = nbclient.NotebookClient(notebook, timeout=280, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()
    said = {cell.metadata.get("name"): str(cell.outputs) for cell in notebook.cells if cell.cell_type == "code"}
    assert "'completed'" in said["run"]
    assert "best val acc" in said["run"], "the table by arm, drawn in its place"
    assert "average" in said["result"]
    assert "image/png" in said["curves"]

"""Books that were spoilt, cut, moved, written by other versions, or under a clock that jumps: rows 18 to 20 and 30 to 34."""

import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.engine.book.book import Book
from tests.engine.driving import epoch
from tests.engine.runs import Warm, booked, epochs_booked, runs, trials, until
from tests.faults.asserts import assert_as_if_undisturbed, assert_one_line

pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")  # within MLflow

JUMPING = '''
"""A clock that jumps by hours, mostly back."""
import itertools
import time

jumps = itertools.cycle([0, -7200, 3600, -86400, 86400, 5])
true = time.time
time.time = lambda: true() + next(jumps)

from studies.engine import main
from tests.engine.tiny_study import STUDY

main(STUDY)
'''
NEWER = '''
"""As if the libraries had been upgraded."""
from studies.engine import main
from studies.engine.book import provenance
from tests.engine.tiny_study import STUDY

known = provenance.version
provenance.version = lambda name: "99.0" if name == "torch" else known(name)
main(STUDY)
'''


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The books of two epochs."""
    book = Book(tmp_path_factory.mktemp("recorded"))
    book.begin("abc", {"model": "lenet"}, {})
    for number in (1, 2):
        book.add("abc", epoch(number))
    folder = book.folder("abc")
    shutil.copy(folder / "epochs.jsonl", folder / "whole")
    return folder


@settings(max_examples=100, deadline=None, derandomize=True)
@given(data=st.data())
def test_spoilt_books_are_read_or_named(data: st.DataObject, recorded: Path) -> None:
    """Whatever stands there instead of the last bytes: never another error, never an epoch that was not written."""
    path, whole = recorded / "epochs.jsonl", (recorded / "whole").read_bytes()
    kept = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:kept] + data.draw(st.binary(max_size=40)))
    try:
        epochs = Book(recorded.parents[1]).epochs("abc")
    except ValueError as error:
        if "epochs.jsonl is damaged; to train this trial anew, delete the folder" not in str(error):
            raise
    else:
        assert [each.number for each in epochs] == list(range(1, len(epochs) + 1))


@pytest.mark.slow
def test_a_spoilt_result_is_named_and_the_rest_goes_on_once_it_is_gone(
    warm: Warm, copy: Callable[[], Path], undisturbed: Path
) -> None:
    folder = copy()
    spoilt = next(folder.glob("results/trials/*/result.json"))
    before = {epoch: seconds for epoch, seconds in booked(folder).items() if epoch[0] != spoilt.parent.name}
    spoilt.write_text("hello")
    assert_one_line(warm.start(folder, "--in-process"), 2, f"{spoilt} is damaged; to train this trial anew, delete")
    shutil.rmtree(spoilt.parent)
    warm.finish(folder, "--in-process")
    assert_as_if_undisturbed(folder, undisturbed)
    assert {epoch: booked(folder)[epoch] for epoch in before} == before, "the others were not trained again"


@pytest.mark.slow
def test_moved_to_another_place_it_goes_on_there(warm: Warm, tmp_path: Path, undisturbed: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    study = warm.start(here, "--in-process")
    until(lambda: epochs_booked(here) > 9, "some epochs")
    study.signal(signal.SIGINT)
    assert study.wait() == 130
    before = booked(here)
    shutil.move(here, there)
    printed = warm.finish(there, "--in-process")
    assert "not in MLflow yet" not in printed
    assert_as_if_undisturbed(there, undisturbed)
    assert {epoch: booked(there).get(epoch) for epoch in before} == before
    assert [path.name for path in here.iterdir()] == ["mlruns"], "MLflow alone keeps the path where its artifacts were"


@pytest.mark.slow
def test_a_finished_study_moved_to_another_place_is_the_same_there(
    warm: Warm, copy: Callable[[], Path], undisturbed: Path
) -> None:
    folder = copy()  # its paths in MLflow are still those of the original
    printed = warm.finish(folder, "--in-process", "--seeds", "3")
    assert "not in MLflow yet" not in printed
    assert {s: run for s, run in trials(folder).items() if run["seed"] not in ("3", "103")} == trials(undisturbed)


@pytest.mark.slow
def test_a_clock_that_jumps(warm: Warm, tmp_path: Path, undisturbed: Path) -> None:
    (tmp_path / "jumping.py").write_text(JUMPING)
    study = warm.start(tmp_path, "--in-process", study=tmp_path / "jumping.py")
    until(lambda: epochs_booked(tmp_path) > 9, "some epochs")
    study.kill()
    warm.finish(tmp_path, "--in-process", study=tmp_path / "jumping.py")
    assert_as_if_undisturbed(tmp_path, undisturbed)


@pytest.mark.slow
def test_what_other_versions_have_trained_counts_and_says_by_which(warm: Warm, tmp_path: Path) -> None:
    """A trial is its recipe and its data; which libraries trained it stands beside it."""
    (tmp_path / "newer.py").write_text(NEWER)
    study = warm.start(tmp_path, "--in-process", "--only", "reported", "--seeds", "1")
    assert study.wait() == 0, study.complained()
    before = booked(tmp_path)
    more = ["--in-process", "--only", "reported", "--seeds", "2"]
    warm.finish(tmp_path, *more, study=tmp_path / "newer.py")
    assert {epoch: booked(tmp_path)[epoch] for epoch in before} == before
    by_seed = {run.data.tags["seed"]: run.data.tags["versions"] for run in runs(tmp_path, "trial")}
    assert "torch 99.0" in by_seed["2"]
    assert "torch 99.0" not in by_seed["1"]

    (tmp_path / "mlflow.db").unlink()  # all of it is told again, by the newer version
    warm.finish(tmp_path, *more, study=tmp_path / "newer.py")
    assert {run.data.tags["seed"]: run.data.tags["versions"] for run in runs(tmp_path, "trial")} == by_seed

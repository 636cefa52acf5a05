"""A cluster of two nodes of which one sees neither the driver's folder nor our code, and has other data at the same path.

Whatever the other node lacks, the table is that of one machine, digit for digit.
"""

import json
import os
import platform
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from studies.engine.run.store import MARK
from tests.engine.runs import PATIENCE, ROOT, Warm, epochs_booked, until
from tests.engine.services.raylets import QUIET, started, stop
from tests.faults.asserts import assert_one_line, rows
from tests.faults.s3 import LOGIN, S3Server
from tests.images import shaded

OTHER = "othernode"
PACKAGES = ("cnnzoo", "search_spaces", "studies")
SMALL = "replace(STUDY, tune={}, demo=Scale(seeds=3, trials_per_arm=1, train_size=80, epochs=2))"
STUDY = f"""
from dataclasses import replace
from studies.engine import Scale, main
from tests.engine.tiny_study import STUDY

main({SMALL})
"""
EDITED = f"""
from dataclasses import replace
from studies.engine import Scale, main
from studies.engine.book import premises
from tests.engine.tiny_study import STUDY

software = premises._software
premises._software = lambda: {{**software(), premises.CODE: "edited"}}
main({SMALL})
"""
BLACK_HOLE = f"""
import platform
from torch import nn


def net(shape, classes):
    if platform.node() == "{OTHER}":
        raise RuntimeError("no CUDA device")
    return nn.Sequential(nn.Flatten(), nn.Linear(shape[1] * shape[2], classes))
"""
OWN_NETWORK = f"""
from dataclasses import replace
from studies.engine import Arm, Scale, main
from tests.engine.tiny_study import STUDY

ARMS = {{"slow": Arm(), "fast": Arm(lr=0.2)}}
STUDY = replace(STUDY, base=STUDY.base.replace(model="hole:net"), claims=[], arms=ARMS, baseline="slow")
main({SMALL})
"""


LONG = """
import json
import time
from dataclasses import replace
from pathlib import Path
from cnnzoo import Epoch
from studies.engine import Scale, main
from studies.engine.run.conduct import Conductor
from tests.engine.tiny_study import STUDY

heard = Conductor.heard


def noted(self, signature, news):
    if isinstance(news, Epoch):
        with Path("heard").open("a") as file:
            file.write(json.dumps([signature, news.number, news.seconds]) + "\\n")
        time.sleep(0.2)  # a fast machine would be done before anything is killed
    return heard(self, signature, news)


Conductor.heard = noted
main(replace(STUDY, tune={}, demo=Scale(seeds=3, trials_per_arm=1, train_size=80, epochs=EPOCHS)))
"""


class Two:
    """Two raylets with a core each, the second in a mount namespace of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, logs: Path) -> None:
        folder, self.logs = self.folder, logs
        ray = [str(Path(sys.executable).with_name("ray")), "start", "--num-cpus=1", "--block"]
        ray += ["--object-store-memory=100000000", "--min-worker-port=0", "--max-worker-port=0"]
        environment = {**os.environ, **QUIET, **LOGIN}
        head = [*ray, "--head", "--port=0", "--include-dashboard=false", f"--temp-dir={logs}"]
        said = self._start(head, environment, logs.with_suffix(".head"))
        self.address = said.partition("--address='")[2].partition("'")[0]
        other = folder.with_name("other")
        hidden = "".join(f"mount -t tmpfs tmpfs {ROOT / package}; " for package in PACKAGES)
        blind = f"hostname {OTHER}; {hidden} mount -t tmpfs tmpfs {folder}; cp -r {other}/. {folder}; "
        join = [*ray, f"--address={self.address}", "--node-ip-address=127.0.0.2"]
        seeing = ["unshare", "-mru", "sh", "-c", f'{blind} exec "$@"', "sh"]
        self.cache = folder.with_name("cache")
        self._start([*seeing, *join], {**environment, "XDG_CACHE_HOME": str(self.cache)}, logs.with_suffix(".other"))

    def _start(self, command: list[str], environment: dict[str, str], log: Path) -> str:
        """What it said once it was up."""
        self._processes.append(started(command, environment, log))
        return log.read_text()

    def close(self) -> None:
        for process in reversed(self._processes):
            stop(process)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    root = tmp_path_factory.mktemp("two")
    shaded(root / "folder" / "data" / "tri", 0)
    shaded(root / "other" / "data" / "tri", 100)
    shaded(root / "folder" / "data" / "mine", 50)
    logs = Path("/tmp") / f"ray-{os.getpid()}"  # Ray's sockets want a short path
    nodes = Two(root / "folder")
    try:
        nodes.start(logs)
        yield nodes
    finally:
        nodes.close()
        shutil.rmtree(logs, ignore_errors=True)


@pytest.fixture
def s3(tmp_path: Path) -> Iterator[S3Server]:
    server = S3Server(tmp_path / "s3.log")
    yield server
    server.close()


def hosts(folder: Path) -> set[str]:
    return {json.loads(path.read_text())["host"] for path in folder.glob("results/trials/*/origin.json")}


def on_both(
    two: Two, joining: Warm, name: str, study: str, *options: str, store: Path | None = None, **beside: str
) -> tuple[Path, str]:
    """Run a study on the two nodes and, beside it, in process; its folder and what it printed. Their tables are equal."""
    folders = [two.folder / name, two.folder / f"{name}-alone"]
    for folder in folders:
        folder.mkdir()
        (folder / "study.py").write_text(study)
        for file, text in beside.items():
            (folder / f"{file}.py").write_text(text)
    data = ("--data-dir", str(two.folder / "data"), *options)
    storage = ("--storage", str(store)) if store else ()
    joining.finish(folders[1], "--in-process", *data, study=folders[1] / "study.py")
    there = ("--address", two.address, *data, *storage)
    printed = joining.finish(folders[0], *there, study=folders[0] / "study.py", COLUMNS="500")
    assert len(rows(folders[0])) == 6
    assert rows(folders[0]) == rows(folders[1])
    left_over = [*two.folder.rglob("*.unfinished"), *two.folder.rglob("checkpoint.pt*")]
    assert not left_over
    return folders[0], printed


pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def test_a_node_that_sees_nothing_of_the_driver_trains_all_the_same(two: Two, joining: Warm) -> None:
    """Its networks and predictions arrive. Run again, nothing is trained."""
    folder, printed = on_both(two, joining, "blind", STUDY)
    assert "gets no" not in printed
    assert hosts(folder) == {platform.node(), OTHER}
    for file in ("model.safetensors", "predictions.npz", "result.json"):
        assert len(list(folder.glob(f"results/trials/*/{file}"))) == 6
    before = {path: path.stat().st_mtime_ns for path in folder.glob("results/trials/*/*")}
    joining.finish(folder, "--address", two.address, study=folder / "study.py")
    assert {path: path.stat().st_mtime_ns for path in folder.glob("results/trials/*/*")} == before


def test_a_node_with_other_data_trains_nothing(two: Two, joining: Warm) -> None:
    folder, printed = on_both(two, joining, "other-data", STUDY, "--dataset", "folder:tri")
    assert f"! A node gets no trials: {OTHER} would train something else: data set in {two.folder}/data" in printed
    assert hosts(folder) == {platform.node()}


def test_a_node_without_the_images_is_sent_them_once(two: Two, joining: Warm) -> None:
    """All its workers map the one file; a second study finds it there."""
    folder, printed = on_both(two, joining, "own-images", STUDY, "--dataset", "folder:mine")
    assert f"{OTHER} gets the images of folder:mine from here (0.1 MB)." in printed
    assert "gets no" not in printed
    assert hosts(folder) == {platform.node(), OTHER}
    (file,) = two.cache.glob("cnnzoo/folder-mine-*/images.npy")
    before = file.stat()
    on_both(two, joining, "own-images-again", STUDY, "--dataset", "folder:mine")
    assert file.stat().st_mtime_ns == before.st_mtime_ns
    assert not list(two.cache.glob("cnnzoo/.*partial"))


def test_no_node_has_the_code_of_the_driver(two: Two, joining: Warm) -> None:
    folder = two.folder / "edited"
    folder.mkdir()
    (folder / "study.py").write_text(EDITED)
    study = joining.start(folder, "--address", two.address, study=folder / "study.py")
    assert_one_line(
        study, 4, "no node of the cluster can train this study", OTHER, platform.node(), "edited in the study"
    )
    assert not list(folder.glob("results/trials/*/epochs.jsonl"))


def test_a_black_hole_swallows_no_trials(two: Two, joining: Warm) -> None:
    """What fails there within a second is trained by the other node; the network's file is shipped with the study."""
    folder, printed = on_both(two, joining, "hole", OWN_NETWORK, hole=BLACK_HOLE)
    assert f"! {OTHER} gets no more trials, as 2 failed there alone; the last: " in printed
    assert "6 trials: 6 completed" in printed
    assert hosts(folder) == {platform.node()}


def kill_a_worker(two: Two) -> str:
    """Kill a process of the cluster that trains, as the lock of its trial says; returns the signature of that."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            files = [link.readlink() for link in (process / "fd").iterdir()]
            held = [file.parent.name for file in files if file.is_relative_to(two.logs) and file.name == "lock"]
            if held and (process / "cmdline").read_text().startswith("ray::"):
                os.kill(int(process.name), signal.SIGKILL)
                return held[0]
    return ""


def test_checkpoints_in_an_object_store(two: Two, joining: Warm, s3: S3Server) -> None:
    """A worker is killed, and its trial goes on from there; then the store is, and the study waits until it is back."""
    folder, alone = two.folder / "store", two.folder / "store-alone"
    for each in (folder, alone):
        each.mkdir()
        (each / "study.py").write_text(LONG.replace("EPOCHS", "40"))
    joining.finish(alone, "--in-process", study=alone / "study.py")
    options = ("--address", two.address, "--storage", s3.uri)
    study = joining.start(folder, *options, study=folder / "study.py", COLUMNS="500", **LOGIN)
    until(lambda: study.over() or epochs_booked(folder) > 4, "some epochs", 3 * PATIENCE)
    killed = kill_a_worker(two)
    assert killed
    until(lambda: study.over() or again(folder, killed), "its trial to go on")
    s3.kill()
    until(lambda: study.over() or ": trials wait, and try again." in study.printed(), "the study to notice")
    s3.start()
    assert study.wait() == 0, study.printed() + study.complained()
    assert "All trials go on." in study.printed()
    assert rows(folder) == rows(alone)
    told = list(map(json.loads, (folder / "heard").read_text().splitlines()))
    assert len({(signature, number) for signature, number, _ in told}) == 6 * 40
    assert len({tuple(each) for each in told}) == 6 * 40, "with their seconds: none was trained again"
    assert s3.names() == {MARK}
    assert not list(folder.rglob("checkpoint.pt*"))


def again(folder: Path, signature: str) -> bool:
    """Whether the trial was begun twice."""
    told = map(json.loads, (folder / "heard").read_text().splitlines())
    return [each[:2] for each in told].count([signature, 1]) > 1


def test_a_node_that_does_not_see_the_folder_of_the_store(two: Two, joining: Warm) -> None:
    """It has one of the same name."""
    store = two.folder / "data" / "tri"
    folder, printed = on_both(two, joining, "unseen", STUDY, store=store)
    assert f"! A node gets no trials: {OTHER} does not see at {store} what the driver has put there." in printed
    assert hosts(folder) == {platform.node()}
    (store / MARK).unlink()

"""A cluster of two nodes of which one sees neither the driver's folder nor our code, and has other data at the same path.

Whatever the other node lacks, the table is that of one machine, digit for digit.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.engine.runs import ROOT, Warm
from tests.engine.services.raylets import QUIET, started, stop
from tests.faults.asserts import assert_one_line, rows

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


class Two:
    """Two raylets with a core each, the second in a mount namespace of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, logs: Path) -> None:
        folder = self.folder
        ray = [str(Path(sys.executable).with_name("ray")), "start", "--num-cpus=1", "--block"]
        ray += ["--object-store-memory=100000000", "--min-worker-port=0", "--max-worker-port=0"]
        environment = {**os.environ, **QUIET}
        head = [*ray, "--head", "--port=0", "--include-dashboard=false", f"--temp-dir={logs}"]
        said = self._start(head, environment, logs.with_suffix(".head"))
        self.address = said.partition("--address='")[2].partition("'")[0]
        other = folder.with_name("other")
        hidden = "".join(f"mount -t tmpfs tmpfs {ROOT / package}; " for package in PACKAGES)
        blind = f"hostname {OTHER}; {hidden} mount -t tmpfs tmpfs {folder}; cp -r {other}/. {folder}; "
        join = [*ray, f"--address={self.address}", "--node-ip-address=127.0.0.2"]
        self._start(
            ["unshare", "-mru", "sh", "-c", f'{blind} exec "$@"', "sh", *join], environment, logs.with_suffix(".other")
        )

    def _start(self, command: list[str], environment: dict[str, str], log: Path) -> str:
        """What it said once it was up."""
        self._processes.append(started(command, environment, log))
        return log.read_text()

    def close(self) -> None:
        for process in reversed(self._processes):
            stop(process)


def images(folder: Path, shade: int) -> None:
    """Two classes of a hundred images each, which tell the classes apart."""
    noise = np.random.default_rng(shade)
    for label in "ab":
        (folder / label).mkdir(parents=True)
        for number in range(100):
            pixels = noise.integers(shade, shade + 100, (28, 28), dtype=np.uint8)
            pixels[:, 14 if label == "a" else 0 :: 2] //= 2
            Image.fromarray(pixels).save(folder / label / f"{number}.png")


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    root = tmp_path_factory.mktemp("two")
    images(root / "folder" / "data" / "tri", 0)
    images(root / "other" / "data" / "tri", 100)
    logs = Path("/tmp") / f"ray-{os.getpid()}"  # Ray's sockets want a short path
    nodes = Two(root / "folder")
    try:
        nodes.start(logs)
        yield nodes
    finally:
        nodes.close()
        shutil.rmtree(logs, ignore_errors=True)


def hosts(folder: Path) -> set[str]:
    return {json.loads(path.read_text())["host"] for path in folder.glob("results/trials/*/origin.json")}


def on_both(two: Two, joining: Warm, name: str, study: str, *options: str, **beside: str) -> tuple[Path, str]:
    """Run a study on the two nodes and, beside it, in process; its folder and what it printed. Their tables are equal."""
    folders = [two.folder / name, two.folder / f"{name}-alone"]
    for folder in folders:
        folder.mkdir()
        (folder / "study.py").write_text(study)
        for file, text in beside.items():
            (folder / f"{file}.py").write_text(text)
    data = ("--data-dir", str(two.folder / "data"), *options)
    joining.finish(folders[1], "--in-process", *data, study=folders[1] / "study.py")
    printed = joining.finish(folders[0], "--address", two.address, *data, study=folders[0] / "study.py", COLUMNS="500")
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

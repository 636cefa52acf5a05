"""The pages that tell people what to type: every file in them is written and every command is run, as it stands there."""

import os
import re
import shutil
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from tests.ports import free_port

ROOT = Path(__file__).parents[2]
PACKAGES = ("analysis", "cnnzoo", "search_spaces", "studies")
FENCED = re.compile(r"^```(\w+) ?(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    language: str
    file: str  # that it is the content of
    text: str


def blocks(page: str) -> list[Block]:
    return [Block(*match) for match in FENCED.findall((ROOT / "docs" / page).read_text())]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the platform, with nothing in it that was made."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def type_in(command: str, project: Path) -> str:
    """What a person sees who types it in the activated environment."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(project)}
    environment.pop("MLFLOW_TRACKING_URI", None)
    done = subprocess.run(["sh", "-ec", command], cwd=project, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def draw_shapes(folder: Path) -> None:
    """So many small squares and as many stripes, each a little different."""
    noise = np.random.default_rng(0)
    for name in ("squares", "stripes"):
        (folder / name).mkdir(parents=True)
        for number in range(120):
            pixels = noise.integers(0, 60, (28, 28), dtype=np.uint8)
            pixels[(slice(8, 20), slice(8, 20)) if name == "squares" else (slice(None, None, 4), slice(None))] += 180
            Image.fromarray(pixels).save(folder / name / f"{number}.png")


@pytest.mark.slow
def test_your_own_study(project: Path) -> None:
    draw_shapes(project / "data" / "shapes")
    seen = []
    for block in blocks("your-own-study.md"):
        if block.file:
            (project / block.file).write_text(block.text)
        else:
            seen += [type_in(command, project) for command in block.text.splitlines()]
    plan, first, table, claims, tiny, drawn, tilted, shapes, shapes_table = seen
    assert "Does average pooling suit LeNet better than max pooling?" in plan
    assert "Scale: smoke (as asked)" in first
    assert "99.1" in table, "what the report said stands beside"
    assert "Max pooling is better than average pooling" in claims
    assert "tiny_net_activations" in tiny
    assert "network" in drawn
    assert "tilted" in tilted
    assert "folder:shapes" in shapes
    assert "folder:shapes" in shapes_table


def test_the_template_is_a_study_of_at_most_forty_lines() -> None:
    template = next(block for block in blocks("your-own-study.md") if block.file == "studies/my_question.py")
    assert len(template.text.splitlines()) <= 40


def readmes_python() -> list[str]:
    return [block.text for block in blocks("../README.md") if block.language == "python"]


def test_the_readmes_study_is_one() -> None:
    """What is imported for it stands at the top of every study."""
    study, _ = readmes_python()
    names = dict(vars(import_module("studies.activations")))
    bundled = names.pop("STUDY")
    exec(study, names)
    made = names["STUDY"]
    for field in ("name", "question", "base", "tune"):
        assert getattr(made, field) == getattr(bundled, field)
    assert [arm.changes for arm in made.arms.values()] == [arm.changes for arm in bundled.arms.values()]


def has_a_package_index(tmp_path: Path) -> bool:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir", "jinja2"]
    return subprocess.run(command, cwd=tmp_path, capture_output=True).returncode == 0


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_first_ten_minutes(tmp_path: Path) -> None:
    """A newcomer's: a fresh clone, a fresh environment, and what the README says, word for word."""
    if not shutil.which("git"):
        pytest.skip("git is not there to clone with")
    if not has_a_package_index(tmp_path):
        pytest.skip("no package index can be reached")
    if shutil.disk_usage(tmp_path).free < 10e9:
        pytest.skip("a second environment, with torch's CUDA libraries, takes up to 10 GB of disk")
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    commands = [line for block in blocks("../README.md")[:2] for line in block.text.splitlines()]
    assert commands[:2] == ["make", "make test"]
    assert "python studies/vgg_bn_vs_nobn.py" in commands
    commands.remove("make test")  # CI types it, on a clean checkout, before it runs this
    home = {"HOME": str(tmp_path), "PATH": os.defpath, "COLUMNS": "100", "MLFLOW_PORT": str(free_port())}
    home["PIP_NO_CACHE_DIR"] = "1"  # this home is not used again
    newcomer = Shell(clone, home)
    try:
        seen = {command: newcomer.type(command) for command in commands}
        (clone / "loop.py").write_text(readmes_python()[1])
        loop = newcomer.type("python loop.py")
    finally:
        newcomer.leave()
        shutil.rmtree(clone / ".venv", ignore_errors=True)
    assert "Does batch normalisation help VGG-A" in seen["make"]
    assert "trials: " in seen["make"]
    assert "mlflow ui  " in seen["make"]
    assert "no bn" in seen["python analysis/tables.py --study vgg_bn_vs_nobn"]
    assert re.findall(r"^(\d) \d+\.\d+$", loop, re.MULTILINE) == ["1", "2", "3"], "an epoch a line, with its accuracy"


class Shell:
    """One shell that is typed into line by line; a server is left running once it answers."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.shell = subprocess.Popen(
            ["bash", "--norc"], cwd=folder, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def type(self, command: str) -> str:
        command = command.partition("  #")[0].strip()
        if command == "mlflow ui":
            asked = (
                "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['MLFLOW_PORT'], timeout=10)"
            )
            command = f'mlflow ui & until python -c "{asked}" 2>/dev/null; do kill -0 $! || exit; sleep 1; done'
        assert self.shell.stdin is not None
        assert self.shell.stdout is not None
        # The marker is written at once and begins a line: a server that is left running writes here, too.
        self.shell.stdin.write(f"{command}\nprintf '\\nexit code %s\\n' $?\n")
        self.shell.stdin.flush()
        lines = []
        while not (line := self.shell.stdout.readline()).startswith("exit code "):
            print(line, end="")
            assert line, f"{command} ended the shell"
            lines.append(line)
        assert line == "exit code 0\n", command
        return "".join(lines)

    def leave(self) -> None:
        os.killpg(self.shell.pid, signal.SIGTERM)
        self.shell.communicate()

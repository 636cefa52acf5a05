"""``cnn-studies`` and ``python -m studies``: as people type them."""

import os
import shutil
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

import cnnzoo
from studies.command.front import READING, TRAINING, main
from tests.engine.runs import ROOT

OWN_STUDY = '''"""Does tanh do as well? (of my own)"""

from cnnzoo import Recipe
from studies.engine import Arm, Scale, Study, main

STUDY = Study(
    name="own",
    question="Does tanh do as well as ReLU?",
    base=Recipe(model="lenet"),
    arms={"relu": Arm(), "tanh": Arm(activation="tanh")},
    baseline="relu",
    demo=Scale(seeds=1, trials_per_arm=1, train_size=80, batch_size=16, epochs=1),
)

if __name__ == "__main__":
    main(STUDY)
'''


def typed(folder: Path, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """`cnn-studies WORDS`, in this folder: its script is three lines that call ``main``."""
    script = folder / "bin" / "cnn-studies"
    script.parent.mkdir(exist_ok=True)
    script.write_text("import sys\nfrom studies.command.front import main\nsys.exit(main())\n")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80"}
    done = subprocess.run(
        [sys.executable, str(script), *words], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


def test_every_command_of_the_help_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    said = capsys.readouterr().out
    for command in (*TRAINING, *READING):
        assert f"\n  {command} " in said
    assert all(find_spec(f"analysis.{command}") for command in READING)
    assert max(map(len, said.splitlines())) <= 80


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out.startswith("cnn-studies ")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("tabels", "unknown command 'tabels'; did you mean 'tables'? Known: list, run,"),
        ("--verbose", "unrecognized arguments: --verbose (see --help)"),
        ("run", "say first which study, then its options: cnn-studies run NAME"),
        ("run --scale demo", "say first which study, then its options: cnn-studies run NAME --scale demo"),
        ("run --all --scale huge", "argument --scale: invalid choice: 'huge'"),
        ("run activation", "unknown study 'activation'; did you mean 'activations'?"),
        ("run nowhere/mine.py", "there is no file nowhere/mine.py."),
        ("list nowhere.py", "there is no file nowhere.py."),
        ("train", "the following arguments are required: NAME"),
        ("train lenet --lr fast", "argument --lr: invalid float value: 'fast'"),
        ("train lenet --epoch 3", "unknown option '--epoch'; did you mean '--epochs'?"),
        ("test nothing.safetensors", "there is no file nothing.safetensors"),
        ("train lenet --lr 0", "lr must be a finite number above 0, but got 0.0."),
    ],
)
def test_a_mistake_is_one_line(words: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(words.split())
    said = capsys.readouterr()
    assert said.err.startswith(f"error: {message}")
    assert (said.out, said.err.count("\n")) == ("", 1)


def test_a_network_is_trained_and_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = tmp_path / "lenet.safetensors"
    recipe = "lenet --train-size 200 --epochs 2 --lr 0.05 --no-flip --batch-size 32"
    assert main(["train", *recipe.split(), "--out", str(kept)]) == 0
    recipe_kept = cnnzoo.load(kept).recipe
    assert (recipe_kept.train_size, recipe_kept.lr, recipe_kept.flip) == (200, 0.05, False)
    assert main(["test", str(kept)]) == 0
    assert "lenet on the test set of mnist5k" in capsys.readouterr().out


def test_networks(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["networks", "lenet"]) == 0
    assert capsys.readouterr().out.startswith("lenet: Report C, MNIST")


def test_a_study_of_ones_own_from_its_file(tmp_path: Path) -> None:
    """The hints name what was typed; what they name works."""
    (tmp_path / "own.py").write_text(OWN_STUDY)
    ran = typed(tmp_path, "run", "own.py", "--scale", "demo", "--in-process")
    assert "2 trials: 2 completed" in ran.stdout
    assert "cnn-studies run own.py --scale demo --in-process --decide" in ran.stdout
    assert "next  cnn-studies report --study own --scale demo" in ran.stdout
    table = typed(tmp_path, "tables", "--study", "own")
    assert "own, scale demo: Does tanh do as well as ReLU?" in table.stdout
    wrong = typed(tmp_path, "tables", "--study", "owl", code=2)
    assert wrong.stderr.startswith("error: study 'owl'")


def test_a_mistake_in_ones_own_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        OWN_STUDY.replace('"tanh": Arm(activation="tanh")', '"tanh": Arm(activation="tan")')
    )
    said = typed(tmp_path, "run", "own.py", code=2).stderr
    assert said.startswith("error: ")
    assert "own.py:6: arm 'tanh'" in said
    assert said.count("\n") == 1


def test_python_m_studies_spells_its_hints_as_it_was_typed() -> None:
    command = [sys.executable, "-m", "studies", "run", "activations", "--seeds", "0"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: argument --seeds: '0' is not a whole number")


@pytest.mark.skipif(shutil.which("sh") is None, reason="no shell")
@pytest.mark.parametrize("words", ["list", "--help", "networks"])
def test_a_reader_that_stops_early_is_no_error(words: str) -> None:
    command = f"'{sys.executable}' -m studies {words} | head -n 1"
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_nothing_heavy_before_it_is_needed() -> None:
    import_module("studies.command.front")
    code = "import sys, studies.command.front; assert not {'torch', 'rich', 'optuna'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_the_list_and_the_command_line_of_a_study_come_without_what_trains(tmp_path: Path) -> None:
    """Torch alone takes seconds to load: who only looks, or has typed an option wrong, does not wait for it."""
    look = (
        "import sys\n"
        "from studies.command.front import main\n"
        "assert main(['list']) == 0\n"
        "from studies.activations import STUDY\n"
        "from studies.engine.plan.options import parse\n"
        "parse(STUDY, ['--scale', 'demo'])\n"
        "print('loaded:', [name for name in ('torch', 'ray', 'mlflow', 'pandas', 'scipy') if name in sys.modules])\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", look], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stdout.endswith("loaded: []\n"), done.stdout[-300:] + done.stderr

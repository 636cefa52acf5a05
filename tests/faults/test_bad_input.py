"""Whatever is typed or lies on the disk: a clear line and exit code 2, never a traceback, never something else than was said."""

import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from optuna.distributions import FloatDistribution
from PIL import Image

from analysis import claims, report, tables, trials
from cnnzoo import Recipe
from cnnzoo.data import open_dataset
from cnnzoo.mistake import Mistake
from cnnzoo.recipe import FIELDS
from studies.engine import Arm, Budget, Scale, claim, main
from studies.engine.plan.options import Options
from studies.engine.terminal import cli
from tests.engine.simulated import study
from tests.engine.tiny_study import STUDY

bounded = settings(max_examples=60, deadline=None, derandomize=True)

HUGE = 10**400
JUNK: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.binary(max_size=4),
    st.lists(st.integers(0, 13), max_size=3),
    st.lists(st.integers(0, 13), max_size=3).map(tuple),
    st.sampled_from(
        [{}, {"a": 1}, set(), [[]], object, HUGE, -HUGE, 1j, "a:b", "os:system", ":", "a\n:b", "folder:\n", "relu"]
    ),
)
NAMES = st.one_of(
    st.text(max_size=90), st.sampled_from(["", ".", "..", "../x", "/x", "a/b", "-", "x\n", "x" * 300, "%s"])
)


def one_line(error: BaseException) -> str:
    text = str(error)
    assert text
    assert "\n" not in text
    return text


@bounded
@example(given_fields={"lr": HUGE})
@given(given_fields=st.dictionaries(st.sampled_from(sorted(FIELDS)), JUNK, min_size=1, max_size=2))
def test_any_recipe_is_whole_or_refused_by_the_name_of_a_field(given_fields: dict[str, Any]) -> None:
    try:
        recipe = Recipe(**{"model": "simp_res9", **given_fields})
    except ValueError as error:
        said = one_line(error)
        assert any(name in said for name in (*given_fields, "model")), said
        return
    assert Recipe.from_json(json.loads(json.dumps(recipe.to_json()))) == recipe
    assert hash(recipe.resolved()) == hash(recipe.resolved())


@bounded
@given(name=st.text(max_size=20).filter(lambda name: name not in FIELDS), value=JUNK)
def test_no_field_of_another_name(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match="Recipe takes no") as error:
        Recipe(**{"model": "lenet", name: value})
    one_line(error.value)


@pytest.mark.parametrize("margin", [0.0, -1.0, 100.0, float("nan"), float("inf")])
def test_a_margin_that_nothing_can_be_compared_with(margin: float) -> None:
    with pytest.raises(ValueError, match=f"margin must be above 0 points and below 100, but got {margin}"):
        replace(study(), margin=margin)


@bounded
@given(data=st.data())
def test_any_study_is_whole_or_refused_in_a_line(data: st.DataObject) -> None:
    """Texts and numbers of the right kind that make no sense: the rest a type checker finds."""
    odd: dict[str, st.SearchStrategy[Any]] = {
        "name": NAMES,
        "baseline": NAMES,
        "margin": st.floats(),
        "rows": NAMES,
        "columns": NAMES,
        "reported": st.dictionaries(NAMES, st.floats(), max_size=2),
        "arms": st.dictionaries(NAMES, st.sampled_from([Arm(), Arm(activation="tanh"), Arm(width=0.5)]), max_size=3),
        "tune": st.dictionaries(NAMES, st.just(FloatDistribution(0.1, 0.2)), max_size=2),
        "claims": st.lists(NAMES.map(lambda name: claim("x", best=name or "y")), max_size=2),
    }
    fields = data.draw(st.sets(st.sampled_from(sorted(odd)), min_size=1, max_size=3))
    changes = {field: data.draw(odd[field]) for field in sorted(fields)}
    try:
        made = replace(study(), **changes)
    except ValueError as error:
        one_line(error)
        return
    assert "/" not in made.name
    assert made.baseline in made.arms


@bounded
@given(seeds=JUNK, trials_per_arm=JUNK)
def test_any_budget_is_a_number_of_trials_or_refused(seeds: Any, trials_per_arm: Any) -> None:
    for make in (Budget, Scale):
        try:
            made = make(seeds=seeds, trials_per_arm=trials_per_arm)
        except ValueError as error:
            one_line(error)
            continue
        budget = made if isinstance(made, Budget) else Budget(**made.budget)
        assert (
            budget.seeds == (Budget().seeds if seeds is None else seeds) >= 1
        )  # None: a scale leaves them as they are
        assert trials_per_arm >= 1


@pytest.mark.parametrize("space", [{"lr": [0.1, 0.2]}, {"lr": 0.1}, {"lr": "uniform"}, {"lr": None}])
def test_a_tune_space_of_no_distributions(space: Any) -> None:
    with pytest.raises(ValueError, match=r"tune: lr must be a distribution of Optuna") as error:
        replace(study(), tune=space)
    one_line(error.value)


ARGUMENTS = st.one_of(
    st.text(max_size=8),
    st.sampled_from([f"--{name.replace('_', '-')}" for name in vars(Options())]),
    st.sampled_from(
        ["-1", "0", "3", "1e9", "9" * 5000, "nan", "inf", "relu", "relu,,tanh", "smoke", "folder:x", "a:1", "--"]
    ),
    st.sampled_from(
        ["--seeds=0", "--seeds=", "--scale=", "--arms=", "--address=:", "--gpus-per-trial=1e400", "-h=3", "--no"]
    ),
)


@bounded
@given(arguments=st.lists(ARGUMENTS, max_size=5))
def test_any_command_line_is_understood_or_refused_in_a_line(arguments: list[str]) -> None:
    if {"-h", "--help"} & set(arguments):
        return
    complaint = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stderr(complaint):
        patch.setattr(sys, "argv", ["study.py", *arguments])
        patch.setattr(cli, "run", lambda study, options, caller: None)
        with pytest.raises(SystemExit) as end:
            main(STUDY)
    said = complaint.getvalue()
    if end.value.code == 0:
        assert said == ""
    else:
        assert end.value.code == 2
        assert said.startswith("error: ")
        assert said.count("\n") == 1


REFUSED = {
    ("--dataset", "x" * 300): "unknown dataset",
    ("--dataset", "folder:" + "x" * 300): "plain name of one folder",
    ("--dataset", "folder:a\nb"): "plain name of one folder",
    ("--data-dir", __file__, "--dataset", "mnist"): "mnist is not in",
    ("--data-dir", __file__, "--dataset", "folder:x"): "there is no folder",
    ("--seeds", "9" * 30): "seeds must be between 1 and 100",
    ("--arms", "relu,relu,tahn"): "unknown arm 'tahn'; did you mean 'tanh'?",
}


@pytest.mark.parametrize("arguments", REFUSED, ids=lambda arguments: arguments[-1][:20])
def test_what_cannot_be_is_refused_by_name(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["study.py", "--in-process", *arguments])
    with pytest.raises(SystemExit) as end:
        main(STUDY)
    said = re.sub("Preparing mnist5k once.*\n", "", capsys.readouterr().err)
    assert end.value.code == 2
    assert REFUSED[arguments] in said
    assert said.count("\n") == 1
    assert not list(tmp_path.iterdir())


def png(side: int) -> bytes:
    content = io.BytesIO()
    Image.new("L", (side, side), side).save(content, "PNG")
    return content.getvalue()


CONTENTS = st.one_of(
    st.binary(max_size=60),
    st.sampled_from([png(4), png(5)]),
    st.integers(1, 60).map(lambda cut: png(4)[:-cut]),
    st.binary(min_size=1, max_size=30).map(lambda junk: png(4)[:40] + junk),
)
PARTS = st.sampled_from(
    ["train", "test", "develop", "a", "b", "c", "é", "1", "10", "x\ny", ".hidden", os.fsdecode(b"\xff")]
)
FILES = st.tuples(st.lists(PARTS, min_size=1, max_size=3), st.sampled_from(["1.png", "2.png", "n.txt", "\n.png"]))


@bounded
@given(files=st.dictionaries(FILES.map(lambda file: (*file[0], file[1])), CONTENTS, max_size=8))
def test_any_folder_of_images_is_a_data_set_or_refused(files: dict[tuple[str, ...], bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for path, content in files.items():
            file = Path(folder, "set", *path)
            with contextlib.suppress(OSError):  # it is a folder, or below a file
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
        try:
            data = open_dataset("folder:set", data_dir=Path(folder))
        except ValueError:
            return
        assert len(data.classes) >= 2
        assert len(data.train.labels[data.train.index].unique()) == len(data.classes)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The book of a small study."""
    folder = tmp_path_factory.mktemp("whole")
    make = (
        "import sys; sys.path.append('tests/analysis'); from fake_study import activations, write_book\n"
        "from pathlib import Path; write_book(*activations(), root=Path(sys.argv[1]))\n"
    )
    subprocess.run([sys.executable, "-c", make, str(folder)], check=True, cwd=Path(__file__).parents[2])
    return folder


@pytest.mark.slow
@bounded
@given(data=st.data())
def test_any_damage_to_the_book_is_read_or_told(data: st.DataObject, whole: Path) -> None:
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        book = shutil.copytree(whole, Path(folder, "results"))
        pattern = data.draw(st.sampled_from(["studies/*/trials.jsonl", "trials/*/epochs.jsonl"]))
        path = data.draw(st.sampled_from(sorted(book.glob(pattern))))
        content = path.read_bytes()
        damaged = bytearray(content[: data.draw(st.sampled_from([len(content), len(content) // 2, 100, 3]))])
        for _ in range(data.draw(st.integers(0, 4))):
            damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(damaged)
        for command in (tables, claims, trials):
            with contextlib.suppress(Mistake):
                command.main(["--study", "activations", "--results", str(book)])


@pytest.mark.parametrize("name", ["spec.json", "trials.jsonl"])
@pytest.mark.parametrize("content", [b"\0" * 100 + b"\n", b"hello\n", b"{}\n", b"[]\n", b"null\n", b'{"arm": 1}\n'])
@pytest.mark.parametrize("command", [tables, claims, trials, report], ids=lambda command: command.__name__)
def test_what_is_no_book(
    command: Any, name: str, content: bytes, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(whole, "results")
    Path("results/studies/activations.demo", name).write_bytes(content)
    with pytest.raises(Mistake, match="un the study again: it is written anew") as caught:
        command.main(["--study", "activations"])
    one_line(caught.value)

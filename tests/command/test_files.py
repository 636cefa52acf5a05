"""Study files: what is found in them, and what is said of those that are not as they should be."""

import sys
from pathlib import Path

import pytest

from cnnzoo.mistake import Mistake
from studies.command.files import bundled, find, read
from studies.command.listing import show
from studies.command.run import run
from tests.command.test_front import OWN_STUDY

BROKEN = {
    "study = 1": "mine.py ends without `if __name__ == \"__main__\": main(STUDY)`, so it does nothing.",
    "main(STUDY)": "mine.py: main(STUDY) has to stand under `if __name__ == \"__main__\":`.",
    "STUDY = (": "mine.py, line 1: '(' was never closed.",
    "import not_there": "mine.py:1: ModuleNotFoundError: No module named 'not_there'",
    "STUDY = 1": "mine.py: there is no STUDY = Study(...) in it.",
    "from cnnzoo import Recipe; Recipe(model='lenet', lrr=1)": "mine.py:1: Recipe takes no 'lrr'; did you mean 'lr'?",
}  # fmt: skip
MAIN = '\nif __name__ == "__main__":\n    main(STUDY)\n'


@pytest.mark.parametrize(("text", "message"), BROKEN.items())
def test_what_is_wrong_with_a_file_is_one_line(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(text if "does nothing" in message else text + MAIN)
    with pytest.raises(Mistake, match=r"mine\.py") as error:
        read(file)
    assert str(error.value).removeprefix(f"{tmp_path}/").startswith(message)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("text", "message"), [("1 / 0", ":1: ZeroDivisionError: "), ("x = (", ": SyntaxError: ")])
def test_what_is_wrong_with_a_file_is_one_line_when_it_is_run(
    text: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [])
    file = tmp_path / "mine.py"
    file.write_text(text + MAIN)
    with pytest.raises(Mistake) as error:
        run([str(file)])
    assert str(error.value).startswith(f"{file}{message}")
    assert "\n" not in str(error.value)


def test_the_report_a_question_is_from() -> None:
    of = {read(path).study.name: read(path).report for path in bundled()}
    assert (of["resnet_norm_dropout"], of["googlenet_aux"], of["activations"]) == ("Report A", "Report C", "Report D")
    assert "Own questions" not in of.values()


def test_a_broken_file_and_a_name_given_twice_hide_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in (("own.py", OWN_STUDY), ("copy.py", OWN_STUDY), ("broken.py", "import not_there" + MAIN)):
        Path(name).write_text(text)
    assert show(["own.py", "broken.py", "copy.py", "dropout"]) == 2
    said = capsys.readouterr()
    assert said.out.index("Own questions") < said.out.index("own\n") < said.out.index("Report B")
    assert said.out.index("Report B") < said.out.index("dropout\n    Does dropout of 0.5 before the last layer")
    assert "error: broken.py:1: ModuleNotFoundError" in said.err
    assert "error: copy.py: a study of the name 'own' stands in own.py, too" in said.err


def test_a_study_is_found_by_its_name_or_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own.py").write_text(OWN_STUDY)
    assert find("own") == find("own.py") == Path("own.py")
    assert find("activations") in bundled()


def test_at_80_columns(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    assert show([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines == [line.rstrip() for line in lines]
    assert lines[0] == "Report A"

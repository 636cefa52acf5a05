"""The commands as people type them: what they print, where they write, and what they say to a mistake."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fake_study import activations, claim, write_book

from analysis import claims, tables, trials
from cnnzoo.mistake import Mistake
from studies.engine.schema import redact

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "110"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=60)


@pytest.mark.parametrize("how", [("-m", "analysis.tables"), (str(ROOT / "analysis" / "tables.py"),)])
def test_as_a_module_and_as_a_file(how: tuple[str, ...]) -> None:
    write_book(*activations())
    done = run(*how, "--study", "activations", "--scale", "demo")
    assert (done.returncode, done.stderr) == (0, "")
    assert "activations, scale demo: Which activation is best?" in done.stdout
    assert "→ As reported: mish (+2.00) is better than relu" in done.stdout
    assert "next  cnn-studies report --study activations --scale demo" in done.stdout
    assert max(len(line) for line in done.stdout.splitlines()) <= 110


def test_it_reads_without_torch_ray_and_mlflow() -> None:
    write_book(*activations())
    code = (
        "import sys; from analysis import tables; tables.main(['--study', 'activations']); "
        "assert not {'torch', 'ray', 'mlflow', 'optuna', 'matplotlib', 'sqlalchemy'} & set(sys.modules)"
    )
    done = run("-c", code)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("name", "starts"),
    [
        ("t.md", "## "),
        ("t.csv", "study,"),
        ("t.tex", "% "),
        ("t.html", "<!doctype html>"),
        ("new/t.txt", "activations,"),
    ],
)
def test_the_format_follows_the_name(name: str, starts: str) -> None:
    write_book(*activations())
    assert tables.main(["--study", "activations", "--out", name]) == 0
    assert Path(name).read_text().startswith(starts)


@pytest.mark.parametrize("name", ["t.pdf", "table"])
def test_a_name_that_says_no_format(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Mistake, match=rf"--out {name} must end with .txt, .md, .*; try --out {name[:1]}.*\.md"):
        tables.main(["--study", "activations", "--out", name])


def test_the_option_goes_before_the_name() -> None:
    write_book(*activations())
    assert tables.main(["--study", "activations", "--out", "table", "--format", "csv"]) == 0
    assert Path("table").read_text().startswith("study,")


def test_trials_to_a_file() -> None:
    write_book(*activations())
    assert trials.main(["--study", "activations", "--out", "trials.csv"]) == 0
    assert len(Path("trials.csv").read_text().splitlines()) == 31


def test_strict_is_for_a_courses_ci() -> None:
    plan, runs = activations()
    plan["claims"] = [claim("ELU is worse", "better", ["relu"], ["elu"])]
    write_book(plan, runs)
    assert claims.main(["--study", "activations", "--strict"]) == 0
    plan["claims"].append(claim("ELU is best", "best", ["elu"]))
    write_book(plan, runs)
    assert claims.main(["--study", "activations", "--strict"]) == 1
    assert claims.main(["--study", "activations"]) == 0


def test_a_study_without_claims() -> None:
    write_book(*activations())
    with pytest.raises(Mistake, match="states no claims"):
        claims.main(["--study", "activations"])


def test_the_claims_of_every_study(capsys: pytest.CaptureFixture[str]) -> None:
    plan, runs = activations()
    plan["claims"] = [claim("ELU trains", "trains", ["elu"]), claim("ELU is best", "best", ["elu"])]
    write_book(plan, runs)
    write_book(plan | {"name": "without", "claims": []}, runs)
    assert claims.main(["--all"]) == 0
    said = capsys.readouterr().out
    assert "To train, or to converge, is here to come above twice the accuracy of chance" in said
    title, table = said.split("\n\n")[:2]
    assert title == "What the reports said, as judged here"
    caption, heads, _, *rows = table.splitlines()
    assert caption == "activations (mnist5k, 4 epochs, 3 seeds):"
    assert heads.split() == ["claim", "as", "reported", "tuned"]
    assert [row.split() for row in rows] == [
        ["ELU", "trains", "UNDECIDED", "UNDECIDED"],
        ["ELU", "is", "best", "CONTRADICTED", "CONTRADICTED"],
    ]
    assert claims.main(["--all", "--out", "claims.md"]) == 0
    assert "| ELU is best | CONTRADICTED | CONTRADICTED |" in Path("claims.md").read_text()
    assert claims.main(["--all", "--strict"]) == 1
    write_book(plan | {"reported": {}}, runs)
    assert claims.main(["--all"]) == 0
    assert " as set " in capsys.readouterr().out
    with pytest.raises(Mistake, match="no study here states claims"):
        claims.main(["--all", "--scale", "smoke"])


def test_the_seeds_of_the_overview_are_those_that_were_trained(capsys: pytest.CaptureFixture[str]) -> None:
    plan, runs = activations()
    plan["claims"] = [claim("ELU trains", "trains", ["elu"])]
    write_book(plan, runs[:1])
    assert claims.main(["--all"]) == 0
    assert "mnist5k, 4 epochs, 0 to 1 seeds" in capsys.readouterr().out


def test_a_study_that_cannot_be_read_does_not_hide_the_others() -> None:
    plan, runs = activations()
    plan["claims"] = [claim("ELU is worse", "better", ["relu"], ["elu"])]
    write_book(plan, runs)
    write_book(plan | {"name": "torn"}, runs)
    Path("results/studies/torn.demo/spec.json").write_text('{"name": "torn", ')
    done = run("-m", "analysis.claims", "--all")
    assert done.returncode == 2
    assert done.stderr.startswith("error: results/studies/torn.demo/spec.json is damaged")
    assert "activations (mnist5k, 4 epochs, 3 seeds):" in done.stdout


def test_a_mistake_is_a_line_and_exit_code_2() -> None:
    write_book(*activations())
    done = run("-m", "analysis.tables", "--study", "nope")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: study 'nope' was never run in results. There are: activations (demo).\n"


def test_a_reader_that_stops_early_is_no_error() -> None:
    write_book(*activations())
    command = f"{sys.executable} -m analysis.trials --study activations | head -c 10"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_what_is_kept_makes_its_folder() -> None:
    write_book(*activations())
    assert tables.main(["--study", "activations", "--keep", "new/folder"]) == 0
    assert "± " in Path("new/folder/table.md").read_text(encoding="utf-8")


def test_what_is_kept_needs_a_folder() -> None:
    Path("file").write_text("mine")
    with pytest.raises(Mistake, match="--keep file must be a folder, but it is a file"):
        tables.main(["--study", "activations", "--keep", "file"])


def test_what_is_undecided_goes_to_a_file_of_any_name() -> None:
    write_book(*activations())
    assert tables.main(["--study", "activations", "--undecided", "--out", "open.json"]) == 0
    assert Path("open.json").read_text().startswith("{")


def test_output_that_is_a_folder() -> None:
    write_book(*activations())
    Path("folder").mkdir()
    for command in (tables.main, claims.main, trials.main):
        with pytest.raises(Mistake, match=r"--out folder is a folder; name a file in it"):
            command(["--study", "activations", "--out", "folder"])


def test_killed_while_writing_it_leaves_the_old_file(monkeypatch: pytest.MonkeyPatch) -> None:
    write_book(*activations())
    Path("table.md").write_text("the table of yesterday")

    def killed(path: Path, to: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        tables.main(["--study", "activations", "--out", "table.md"])
    assert Path("table.md").read_text() == "the table of yesterday"


def test_output_below_a_file() -> None:
    write_book(*activations())
    Path("file").write_text("")
    with pytest.raises(Mistake, match=r"cannot write file/t.md: .*--out"):
        tables.main(["--study", "activations", "--out", "file/t.md"])


def test_no_folder_of_results() -> None:
    with pytest.raises(Mistake, match=r"there is no folder .*results: run a study first .*--results"):
        tables.main(["--study", "activations"])
    assert list(Path().iterdir()) == []


def test_results_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    write_book(*activations(), root=Path("elsewhere/results"))
    assert tables.main(["--study", "activations", "--results", "elsewhere/results"]) == 0
    assert "mish (+2.00) is better" in capsys.readouterr().out


def test_an_empty_folder_of_results() -> None:
    Path("results").mkdir()
    with pytest.raises(Mistake, match=r"no study was run in results yet; run one first, e.g. cnn-studies"):
        tables.main(["--study", "activations"])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://ann:s3cr:t@db/mlflow", "postgresql://***@db/mlflow"),
        ("http://ann:p@ss@host/x", "http://***@host/x"),
        ("postgresql://db/mlflow?user=ann&password=s3cret&x=1", "postgresql://db/mlflow?user=ann&password=***&x=1"),
        ("http://s3crettoken@host/x", "http://***@host/x"),
        ("https://host/x?token=s3cret&y=1", "https://host/x?token=***&y=1"),
        ("mysql://db/x?passwd=s3cret", "mysql://db/x?passwd=***"),
        ("sqlite:///mlflow.db", "sqlite:///mlflow.db"),
    ],
)
def test_secrets_are_not_shown(text: str, shown: str) -> None:
    assert redact(text) == shown

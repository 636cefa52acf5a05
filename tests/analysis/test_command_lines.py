"""The commands as people type them: what they print, where they write, and what they say to a mistake."""

import os
import socket
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from fake_study import activations, claim, write_sql

from analysis import claims, tables, trials
from studies.engine.schema import redact

ROOT = Path(__file__).parents[2]


def run(*arguments: str, uri: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "MLFLOW_TRACKING_URI": uri, "COLUMNS": "110"}
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, cwd=cwd, env=environment, check=False, timeout=60
    )


@pytest.mark.parametrize("how", [("-m", "analysis.tables"), (str(ROOT / "analysis" / "tables.py"),)])
def test_as_a_module_and_as_a_file(store: Path, how: tuple[str, ...]) -> None:
    uri = write_sql(store, *activations())
    done = run(*how, "--study", "activations", "--scale", "demo", uri=uri, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    assert "activations, scale demo: Which activation is best?" in done.stdout
    assert "→ As reported: mish (+2.00) is better than relu" in done.stdout
    assert "next  python analysis/report.py --study activations --scale demo" in done.stdout
    assert max(len(line) for line in done.stdout.splitlines()) <= 110


def test_it_reads_without_torch_ray_and_mlflow(store: Path) -> None:
    uri = write_sql(store, *activations())
    code = (
        "import sys; from analysis import tables; tables.main(['--study', 'activations']); "
        "assert not {'torch', 'ray', 'mlflow', 'optuna', 'cnnzoo', 'matplotlib'} & set(sys.modules)"
    )
    done = run("-c", code, uri=uri, cwd=ROOT)
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
def test_the_format_follows_the_name(store: Path, name: str, starts: str) -> None:
    write_sql(store, *activations())
    assert tables.main(["--study", "activations", "--out", name]) == 0
    assert Path(name).read_text().startswith(starts)


@pytest.mark.parametrize("name", ["t.pdf", "table"])
def test_a_name_that_says_no_format(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=rf"--out {name} must end with .txt, .md, .*\nhint: --out {name[:1]}.*\.md"):
        tables.main(["--study", "activations", "--out", name])


def test_the_option_goes_before_the_name(store: Path) -> None:
    write_sql(store, *activations())
    assert tables.main(["--study", "activations", "--out", "table", "--format", "csv"]) == 0
    assert Path("table").read_text().startswith("study,")


def test_trials_to_a_file(store: Path) -> None:
    write_sql(store, *activations())
    assert trials.main(["--study", "activations", "--out", "trials.csv"]) == 0
    assert len(Path("trials.csv").read_text().splitlines()) == 31


def test_strict_is_for_a_courses_ci(store: Path) -> None:
    plan, runs = activations()
    plan["claims"] = [claim("ELU trains", "trains", ["elu"])]
    write_sql(store, plan, runs)
    assert claims.main(["--study", "activations", "--strict"]) == 0
    plan["claims"].append(claim("ELU is best", "best", ["elu"]))
    with sqlite3.connect(store) as db:
        db.execute("UPDATE runs SET start_time = -1")
    write_sql(store, plan, [])
    assert claims.main(["--study", "activations", "--strict"]) == 1
    assert claims.main(["--study", "activations"]) == 0


def test_a_study_without_claims(store: Path) -> None:
    write_sql(store, *activations())
    with pytest.raises(ValueError, match="states no claims"):
        claims.main(["--study", "activations"])


def test_the_claims_of_every_study_in_one_table(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan, runs = activations()
    plan["claims"] = [claim("ELU trains", "trains", ["elu"]), claim("ELU is best", "best", ["elu"])]
    write_sql(store, plan, runs)
    write_sql(store, plan | {"name": "without", "claims": []}, runs, "without")
    assert claims.main(["--all"]) == 0
    said = capsys.readouterr().out
    assert "To train, or to converge, is here to come above twice the accuracy of chance" in said
    rows = [line.split("|") for line in said.splitlines() if line.startswith("| activations")]
    cells = [[cell.strip() for cell in row[1:-1]] for row in rows]
    assert cells == [
        ["activations", "mnist5k, 4 epochs, 3 seeds", "ELU trains", "SUPPORTED", "SUPPORTED"],
        ["activations", "mnist5k, 4 epochs, 3 seeds", "ELU is best", "CONTRADICTED", "CONTRADICTED"],
    ]
    assert claims.main(["--all", "--strict"]) == 1
    with pytest.raises(ValueError, match="no study here states claims"):
        claims.main(["--all", "--scale", "smoke"])


def test_a_study_that_cannot_be_read_does_not_hide_the_others(store: Path) -> None:
    plan, runs = activations()
    plan["claims"] = [claim("ELU trains", "trains", ["elu"])]
    uri = write_sql(store, plan, runs)
    write_sql(store, None, runs, "orphan")
    done = run("-m", "analysis.claims", "--all", uri=uri, cwd=ROOT)
    assert done.returncode == 2
    assert done.stderr.startswith("error: study 'orphan' has trials at scale 'demo', but the parent run")
    assert "| activations | mnist5k, 4 epochs, 3 seeds | ELU trains" in done.stdout


def test_a_mistake_is_two_lines_and_exit_code_2(store: Path) -> None:
    done = run("-m", "analysis.tables", "--study", "nope", uri=f"sqlite:///{store}", cwd=ROOT)
    assert (done.returncode, done.stdout) == (2, "")
    error, hint = done.stderr.splitlines()
    assert error.startswith("error: study 'nope' was never run in sqlite:///")
    assert hint == "hint: there are no studies yet; run one first, e.g. python studies/activations.py"


def test_a_reader_that_stops_early_is_no_error(store: Path) -> None:
    uri = write_sql(store, *activations())
    command = f"{sys.executable} -m analysis.trials --study activations | head -c 10"
    done = subprocess.run(
        command,
        shell=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "MLFLOW_TRACKING_URI": uri},
        check=False,
    )
    assert done.stderr == ""


def test_output_that_is_a_folder(store: Path) -> None:
    write_sql(store, *activations())
    Path("folder").mkdir()
    for command in (tables.main, claims.main, trials.main):
        with pytest.raises(ValueError, match=r"--out folder is a folder.\nhint: name a file in it"):
            command(["--study", "activations", "--out", "folder"])


def test_killed_while_writing_it_leaves_the_old_file(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_sql(store, *activations())
    Path("table.md").write_text("the table of yesterday")

    def killed(path: Path, to: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        tables.main(["--study", "activations", "--out", "table.md"])
    assert Path("table.md").read_text() == "the table of yesterday"


def test_output_below_a_file(store: Path) -> None:
    write_sql(store, *activations())
    Path("file").write_text("")
    with pytest.raises(ValueError, match=r"cannot write file/t.md: .*\nhint:"):
        tables.main(["--study", "activations", "--out", "file/t.md"])


def error_at(uri: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    with pytest.raises(ValueError, match=r"\nhint: ") as caught:
        tables.main(["--study", "activations"])
    lines = str(caught.value).splitlines()
    assert len(lines) == 2
    return lines[0]


def test_no_database_is_made_where_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(ValueError, match=r"cannot read MLflow at sqlite:///mlflow.db: there is no file .*mlflow.db"):
        tables.main(["--study", "activations"])
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.db").write_text("no database at all, but long enough to look at" * 50)
    assert "file is not a database" in error_at(f"sqlite:///{tmp_path / 'x.db'}", monkeypatch)


@pytest.mark.parametrize(
    "change", ["ALTER TABLE params RENAME TO parameters", "ALTER TABLE runs RENAME COLUMN run_uuid TO id"]
)
def test_a_database_of_another_mlflow(store: Path, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    uri = write_sql(store, *activations())
    with sqlite3.connect(store) as db:
        db.execute(change)
    assert "no such" in error_at(uri, monkeypatch)


@pytest.mark.parametrize("uri", ["sqlite://", "sqlite:////nowhere/mlflow.db", "postgresql+nope://x/y"])
def test_addresses_that_cannot_be(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "cannot read MLflow" in error_at(uri, monkeypatch)


@pytest.mark.filterwarnings("ignore")  # those of MLflow itself
@pytest.mark.parametrize("uri", ["mysql://ann:s3cret@x/y", "mysql+nope://ann:s3cret@x/y", "./mlruns", "foo://bar"])
def test_addresses_that_only_mlflow_could_read(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    with pytest.raises(
        ValueError, match=r"cannot read MLflow at .*\nhint: a tracking URI is like sqlite:///"
    ) as caught:
        tables.main(["--study", "activations"])
    assert "s3cret" not in str(caught.value)


def test_a_server_that_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    said = error_at(f"http://ann:secret@127.0.0.1:{port}", monkeypatch)
    assert f"cannot read MLflow at http://***@127.0.0.1:{port}: " in said
    assert "refused" in said


def test_a_server_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.read.store_rest.TIMEOUT", 0.2)
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        said = error_at(f"http://127.0.0.1:{deaf.getsockname()[1]}", monkeypatch)
    assert "no answer within 0.2 s" in said


def test_a_database_that_is_being_written_is_waited_for(store: Path) -> None:
    uri = write_sql(store, *activations())
    writer = sqlite3.connect(store, check_same_thread=False)
    writer.execute("BEGIN EXCLUSIVE")
    release = threading.Timer(0.3, writer.rollback)
    release.start()
    assert tables.main(["--study", "activations"]) == 0
    release.join()
    writer.close()
    assert uri


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

"""The command line: what cannot work is refused before anything starts, in one line that says what to do instead."""

import ctypes
import io
import math
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console

from cnnzoo.mistake import BUG
from cnnzoo.pace import trials_at_once
from studies.engine import Arm, Budget, Scale, Study
from studies.engine.book.book import Book
from studies.engine.plan.machine import Machine
from studies.engine.plan.options import Options, parse
from studies.engine.plan.prepare import GAIN_OF_SHARING, prepare
from studies.engine.terminal import cli
from studies.engine.terminal.console import announce, warn_of_another_study_of_that_name
from tests.engine.runs import ROOT, TINY, Warm, epochs_booked, until
from tests.engine.tiny_study import STUDY

TWO_CORES = Machine(cpus=2, gpus=0)
ONE_GPU = Machine(cpus=8, gpus=1)
BOOKS = Book(Path("nowhere"))

BAD_OPTIONS = {
    "--seeds 0": "argument --seeds: '0' is not a whole number of at least 1",
    "--seeds -3": "'-3' is not a whole number of at least 1",
    "--seeds abc": "'abc' is not a whole number of at least 1",
    "--seeds": "argument --seeds: expected one argument",
    "--seed 7": "unknown option '--seed'; did you mean '--seeds'?",
    "--samples 4": "unknown option '--samples'",
    "--trails 4": "unknown option '--trails'; did you mean '--trials'?",
    "--trials 0": "argument --trials: '0' is not",
    "--concurrent 0": "argument --concurrent: '0' is not",
    "--scale tiny": "argument --scale: invalid choice: 'tiny' (choose from 'report', 'demo', 'smoke')",
    "--only search": "argument --only: invalid choice: 'search'",
    "--arms ,": "argument --arms: ',' names no arm",
    "--gpus-per-trial -1": "'-1' is neither auto nor a share of a GPU between 0 and 1",
    "--gpus-per-trial 2": "'2' is neither auto",
    "--gpus-per-trial 1.5": "'1.5' is neither",
    "--gpus-per-trial nan": "'nan' is neither",
    "--gpus-per-trial half": "'half' is neither",
    "--quiet --dry-run": "--dry-run says what would be done, and --quiet says nothing of it",
    "--decide --arms relu": "--decide gives seeds to whichever arms need them: leave out --arms, or --decide.",
    "--in-process --concurrent 2": "leave out --address and --concurrent",
    "--in-process --address 127.0.0.1:6379": "leave out --address and --concurrent",
    "--storage s3://bucket": "give --address too, or leave it out",
    "--address auto --storage hdfs://somewhere": "'hdfs://somewhere' is neither s3://BUCKET/PATH, gs://BUCKET/PATH nor a folder",
    "--address auto --storage s3://": "is neither s3://BUCKET/PATH",
    "--address auto --storage s3://ann:secret@bucket": "'s3://***@bucket' has a login in it",
    "--address nowhere": "'nowhere' is neither auto nor of the form HOST:PORT",
    "--address nowhere:70000": "'nowhere:70000' is neither auto nor of the form HOST:PORT",
    "--address ray://head:10001": "a study has to be run inside: on one of its machines, with auto, or by `ray job submit`",
    "relu": "unknown option 'relu'",
}

BAD_PLANS = {
    "--gpus-per-trial auto": "--gpus-per-trial auto measures on a GPU, and there is none",
    "--arms relo": "unknown arm 'relo'; did you mean 'relu'? Known: relu, tanh.",
    "--seeds 101": "seeds must be between 1 and 100, but got 101",
    "--concurrent 3": "--concurrent 3 is more than fit: a core a trial on 2 makes 2; leave it out",
    "--gpus-per-trial 1": "each trial would ask for 1 GPUs, but there are 0; use --gpus-per-trial 0 to train on CPUs.",
    "--dataset mnist5q": "unknown dataset 'mnist5q'; did you mean 'mnist5k'?",
    "--dataset folder:nowhere": "folder:nowhere: there is no folder",
    "--dataset folder:../up": "must be 'folder:' and the plain name of one folder",
}


@pytest.mark.parametrize("given", BAD_OPTIONS)
def test_options_that_make_no_sense(given: str) -> None:
    with pytest.raises(ValueError, match=r".") as error:
        parse(STUDY, given.split())
    assert BAD_OPTIONS[given] in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("given", BAD_PLANS)
def test_plans_that_cannot_be(given: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r".") as error:
        prepare(STUDY, parse(STUDY, [*given.split(), "--data-dir", str(tmp_path)]), TWO_CORES, BOOKS)
    assert BAD_PLANS[given] in str(error.value)
    assert "\n" not in str(error.value)


def test_more_trials_than_a_gpu_holds() -> None:
    with pytest.raises(ValueError, match=r"--concurrent 5 is more than fit: 0.25 GPUs a trial on 1 makes 4"):
        prepare(STUDY, Options(gpus_per_trial=0.25, concurrent=5, scale="smoke"), ONE_GPU, BOOKS)


def test_no_trial_lies_on_two_gpus() -> None:
    assert prepare(STUDY, Options(gpus_per_trial=0.4, scale="smoke"), Machine(cpus=8, gpus=2), BOOKS).slots == 4


def test_trials_that_share_a_gpu_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(
        cpus=8, gpus=2, ask=lambda question, *about: 4 if question is trials_at_once else question(*about)
    )
    prepared = prepare(STUDY, Options(gpus_per_trial="auto", scale="smoke"), machine, BOOKS)
    assert (prepared.gpus_per_trial, prepared.slots) == (0.25, 8)
    assert prepared.speedup == pytest.approx(2 * GAIN_OF_SHARING)


def test_a_study_that_tunes_nothing_has_nothing_to_tune() -> None:
    with pytest.raises(ValueError, match="tunes nothing, so --only tuned leaves nothing to do"):
        prepare(replace(STUDY, tune={}), Options(only="tuned"), TWO_CORES, BOOKS)


def test_an_image_size_that_a_network_cannot_take() -> None:
    vgg = replace(STUDY, base=STUDY.base.replace(model="vgg_a"), tune={})
    with pytest.raises(ValueError, match="arm 'relu': vgg_a needs images of at least 32x32, but got 28x28"):
        prepare(vgg, Options(), TWO_CORES, BOOKS)


def test_a_batch_larger_than_the_data() -> None:
    with pytest.raises(ValueError, match="arm 'relu': batch_size 200 is more than the 80 training images of mnist5k"):
        prepare(replace(STUDY, base=STUDY.base.replace(batch_size=200)), Options(), TWO_CORES, BOOKS)


def test_an_arm_whose_name_means_something_to_argparse(capsys: pytest.CaptureFixture[str]) -> None:
    odd = replace(STUDY, arms={"relu": STUDY.arms["relu"], "100 %(x)s": STUDY.arms["tanh"]}, claims=[])
    with pytest.raises(SystemExit):
        parse(odd, ["--help"])
    assert "100 %(x)s" in " ".join(capsys.readouterr().out.split())


REFUSED = {
    "an unknown arm": (["--arms", "relo"], {}, 2, "unknown arm 'relo'; did you mean 'relu'?"),
    "no seeds": (["--seeds", "0"], {}, 2, "'0' is not a whole number"),
    "more trials than cores": (["--concurrent", "999"], {}, 2, "--concurrent 999 is more than fit"),
    "an unknown data set": (["--dataset", "mnits5k"], {}, 2, "did you mean 'mnist5k'?"),
    "a data set that is not there": (["--dataset", "folder:nowhere"], {}, 2, "there is no folder"),
    "a cluster that is not there": (["--address", "127.0.0.1:9"], {}, 4, "no Ray cluster answers at 127.0.0.1:9"),
    "a store that is not there": (
        ["--address", "127.0.0.1:9", "--storage", "nowhere"],
        {},
        2,
        "No such file or directory",
    ),
    "a tracking URI that is none": ([], {"MLFLOW_TRACKING_URI": "sqlit:///x.db"}, 2, "did you mean 'sqlite'?"),
    "a tracking URI that is a folder": ([], {"MLFLOW_TRACKING_URI": "./mlruns"}, 2, "Use sqlite:///mlflow.db"),
    "a database that is a folder": ([], {"MLFLOW_TRACKING_URI": "sqlite:///."}, 2, "names no file"),
    "a database in no database's format": (
        [],
        {"MLFLOW_TRACKING_URI": f"sqlite:///{TINY}"},
        2,
        "tiny_study.py is not an SQLite database",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused_in_one_line_before_anything_is_written(what: str, warm: Warm, tmp_path: Path) -> None:
    arguments, environment, code, message = REFUSED[what]
    started = warm.start(tmp_path, *arguments, **environment)
    assert started.wait() == code
    complaint = started.complained()
    assert complaint.startswith("error: ")
    assert message in complaint
    assert complaint.count("\n") == 1, complaint
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there(warm: Warm, tmp_path: Path) -> None:
    started = warm.start(tmp_path, "--gpus-per-trial", "1")
    assert started.wait() == 2
    assert started.complained() == (
        "error: each trial would ask for 1 GPUs, but there are 0; use --gpus-per-trial 0 to train on CPUs.\n"
    )


def test_a_database_that_is_a_folder_is_refused_before_training(warm: Warm, tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").mkdir()
    started = warm.start(tmp_path, "--in-process")
    assert started.wait() == 2
    assert started.complained() == (
        "error: tracking URI 'sqlite:///mlflow.db' is a directory; name a file in it: sqlite:///mlflow.db/mlflow.db.\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["mlflow.db"]


def test_an_empty_tracking_uri_is_none(warm: Warm, tmp_path: Path) -> None:
    assert "Is ReLU better" in warm.finish(tmp_path, "--dry-run", MLFLOW_TRACKING_URI="")


def test_results_that_are_no_folder(warm: Warm, tmp_path: Path) -> None:
    (tmp_path / "results").write_text("my results: excellent")
    started = warm.start(tmp_path, "--in-process")
    assert started.wait() == 4
    folder = tmp_path / "results" / "studies" / "tiny.demo"
    assert started.complained() == f"error: the results cannot be written to {folder} (Not a directory).\n"
    assert (tmp_path / "results").read_text() == "my results: excellent"
    assert not (tmp_path / "mlflow.db").exists()


def without_the_right_to_override_permissions() -> None:
    """Root is let through everywhere; without these two capabilities it is not."""
    drop, override, search = 24, 1, 2  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
    for capability in (override, search):
        ctypes.CDLL(None).prctl(drop, capability, 0, 0, 0)


def command_line(folder: Path, *arguments: str, study: Path = TINY) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(study), *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        preexec_fn=without_the_right_to_override_permissions,
        check=False,
    )


@pytest.mark.slow
def test_a_results_folder_that_may_not_be_written_to(tmp_path: Path) -> None:
    """All the way, as a user's shell starts it."""
    (tmp_path / "results").mkdir(mode=0o555)
    done = command_line(tmp_path, "--in-process")
    assert done.returncode == 4
    error = done.stderr.splitlines()[-1]  # before it, perhaps, that the data are being prepared
    assert error == f"error: the results cannot be written to {tmp_path}/results/studies/tiny.demo (Permission denied)."
    assert [path.name for path in tmp_path.rglob("*")] == ["results"]


def test_help_says_what_every_option_is_for(warm: Warm, tmp_path: Path) -> None:
    printed = warm.finish(tmp_path, "--help")
    assert "Is ReLU better than tanh?" in printed
    for option in vars(Options()):
        assert f"--{option.replace('_', '-')}" in printed
    assert not list(tmp_path.iterdir())


def test_a_dry_run_says_what_would_be_done_and_does_nothing(warm: Warm, tmp_path: Path) -> None:
    printed = " ".join(warm.finish(tmp_path, "--dry-run", "--seeds", "4", "--scale", "smoke").split())
    for part in (
        "smoke (as asked)",
        "Is ReLU better than tanh?",
        "mnist5k: 80 training, 80 validation, 1000 test images of 1x28x28",
        "relu (baseline), tanh",
        "8 trials: every arm on seeds 1-4",
        "22 trials: 11 settings of lr for each arm",
        "8 trials: each arm's best setting on fresh seeds 101-104",
        "3 epochs each",
        "on cpu",
    ):
        assert part in printed
    assert not list(tmp_path.iterdir())


def test_epochs_that_differ_by_arm_are_all_announced() -> None:
    study = replace(STUDY, arms={"relu": Arm(), "long": Arm(epochs=6)}, tune={}, claims=[])
    console = Console(record=True, width=100, file=io.StringIO())
    announce(prepare(study, Options(), TWO_CORES, BOOKS), console, math.nan, [], 0, 4)
    printed = console.export_text()
    assert "3 or 6 epochs each" in printed
    assert "unknown: a first step failed" in printed


def announced(of: Study, **options: Any) -> str:
    console = Console(record=True, width=200, file=io.StringIO())
    announce(prepare(of, Options(**options), TWO_CORES, BOOKS), console, 1.0, [], 0, 4)
    return console.export_text()


def test_what_a_scale_changes_is_announced() -> None:
    printed = announced(replace(STUDY, base=STUDY.base.replace(epochs=9), budget=Budget(seeds=4, trials_per_arm=11)))
    assert "train_size 80 (not all), epochs 3 (not 9), 2 seeds (not 4)" in printed
    assert "smaller" not in announced(STUDY, scale="report")


def test_with_another_data_set_than_the_scales_the_announcement_names_no_other() -> None:
    fashion = replace(STUDY, base=STUDY.base.replace(dataset="fashion_mnist"), demo=Scale.demo(seeds=2))
    assert "dataset mnist5k (not fashion_mnist)" in announced(fashion)
    same = prepare(fashion, Options(scale="demo"), TWO_CORES, BOOKS).plan
    again = replace(same, base=same.base.replace(dataset="fashion_mnist"))
    assert "dataset" in same.smaller
    assert "dataset" not in again.smaller


def test_the_fresh_seeds_of_several_searches_are_no_range() -> None:
    repeated = replace(STUDY, budget=Budget(seeds=5, trials_per_arm=4, searches=3))
    printed = announced(repeated, scale="report", dataset="mnist5k")
    assert "what each search has chosen on fresh seeds 101-105 and as many for each further search, tested" in printed


def test_two_studies_of_one_name_are_told(tmp_path: Path) -> None:
    console, other = Console(record=True, width=200, file=io.StringIO()), tmp_path / "other.py"
    before = {"name": "tiny", "origin": {"mlflow.source.name": str(other)}}
    warn_of_another_study_of_that_name(before, tmp_path / "mine.py", console)
    assert console.export_text() == "", "it was moved to where it is now"
    other.touch()
    for seen in (before, {}):
        warn_of_another_study_of_that_name(seen, tmp_path / "mine.py", console)
    assert console.export_text().count("has a study of the same name, 'tiny', whose table this one replaces") == 1


def test_what_makes_a_comparison_weak_is_announced() -> None:
    long = replace(STUDY, arms={"relu": Arm(), "long": Arm(epochs=6)}, tune={}, claims=[])
    assert "! The arms train for different numbers of epochs (relu 3, long 6)" in announced(long)
    assert "! Only one seed: no interval can be given" in announced(STUDY, seeds=1)
    assert "! Only one arm: nothing is compared." in announced(STUDY, arms=("relu",))
    assert "\n! " not in announced(STUDY)


def test_quiet_says_the_result_alone(warm: Warm, tmp_path: Path) -> None:
    printed = warm.finish(tmp_path, "--quiet", "--in-process", "--scale", "smoke", "--only", "reported", "--seeds", "1")
    assert "2 trials: 2 completed" in printed
    assert "Scale:" not in printed
    assert "[1/2]" not in printed


def test_only_and_arms_narrow_the_plan(warm: Warm, tmp_path: Path) -> None:
    printed = warm.finish(tmp_path, "--dry-run", "--only", "reported", "--arms", "tanh")
    assert "relu (baseline), tanh" in printed, "nothing can be compared without the baseline"
    assert "confirm" not in printed


def test_a_study_that_somebody_runs_at_this_moment(warm: Warm, tmp_path: Path) -> None:
    running = warm.start(tmp_path, "--in-process")
    until(lambda: epochs_booked(tmp_path) > 0, "the first epoch")
    second = warm.start(tmp_path, "--in-process")
    assert second.wait() == 3
    assert f"error: study 'tiny' at scale demo is being run by process {running.pid} on" in second.complained()
    assert second.complained().count("\n") == 1
    running.kill()
    third = warm.start(tmp_path, "--in-process")  # the lock went with its holder
    epochs = epochs_booked(tmp_path)
    until(lambda: epochs_booked(tmp_path) > epochs, "an epoch of the one that came after")
    third.kill()


MISTAKES = {
    'name="tiny"': ('name="a/b"', "study name 'a/b' must be 1 to 80 letters"),
    'baseline="relu"': ('baseline="relo"', "baseline names 'relo', which is no arm; did you mean 'relu'?"),
    "tune=sgd.LEARNING_RATE": ('tune={"lrr": None}', "arm 'relu': tune names 'lrr', which is no recipe field"),
    'Arm(activation="tanh")': ("Arm()", "arms 'relu' and 'tanh' have the same recipe"),
    'model="lenet"': ('model="lenett"', "unknown model 'lenett'; did you mean 'lenet'?"),
    "question=": (
        "qestion=",
        "Study takes no 'qestion'; did you mean 'question'? It takes: name, question, base, arms",
    ),
    'question="Is ReLU better than tanh?",': (
        "",
        "Study: missing a required ",
    ),
    "budget=Budget(seeds=2": ("budget=Budget(seed=2", "Budget takes no 'seed'; did you mean 'seeds'? It takes: seeds"),
    ', than="tanh"': (', then="tanh"', "claim takes no 'then'; did you mean 'than'? It takes: text, better"),
}


@pytest.mark.parametrize("right", MISTAKES)
def test_a_study_file_with_a_mistake(right: str, warm: Warm, tmp_path: Path) -> None:
    study, (wrong, message) = tmp_path / "study.py", MISTAKES[right]
    study.write_text(TINY.read_text().replace(right, wrong))
    started = warm.start(tmp_path, study=study)
    assert started.wait() == 2
    assert re.match(rf"error: {study}:\d+: {re.escape(message)}.*\n$", started.complained())
    assert [path.name for path in tmp_path.iterdir()] == ["study.py"]


@pytest.mark.parametrize(
    "mistake", ["from studies.engine import Study\nint('x')\n", "from studies.engine import Study\nint(y=1)\n"]
)
def test_what_else_goes_wrong_in_a_study_file_has_its_traceback(mistake: str, warm: Warm, tmp_path: Path) -> None:
    (tmp_path / "study.py").write_text(mistake)
    started = warm.start(tmp_path, study=tmp_path / "study.py")
    assert started.wait() == 1
    assert started.complained().startswith("Traceback ")


BUG_OF_OURS = """
from studies.engine import main
from studies.engine.terminal import cli
from tests.engine.tiny_study import STUDY

cli.prepare = lambda *given, **named: list(zip([1], [], strict=True))
main(STUDY)
"""


def test_a_bug_of_ours_is_a_traceback_and_said_to_be_ours(warm: Warm, tmp_path: Path) -> None:
    (tmp_path / "study.py").write_text(BUG_OF_OURS)
    started = warm.start(tmp_path, study=tmp_path / "study.py")
    assert started.wait() == 1
    said = started.complained()
    assert said.startswith("Traceback ")
    assert said.endswith("zip() argument 2 is shorter than argument 1\n" + BUG + "\n")


def test_no_import_sets_a_hook() -> None:
    code = "import sys; from studies.engine import *; from cnnzoo import *; assert sys.excepthook is sys.__excepthook__"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


@pytest.mark.slow
def test_a_mistake_as_a_users_shell_shows_it(tmp_path: Path) -> None:
    (tmp_path / "study.py").write_text("from studies.engine import Arm\n\nArm(lrr=1)\n")
    done = command_line(tmp_path, study=tmp_path / "study.py")
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {tmp_path}/study.py:3: a recipe has no field 'lrr'")
    assert done.stderr.count("\n") == 1


ODD = '''
"""Brackets that a terminal's markup would take for its own; then Ctrl-C while MLflow is told the rest."""
import os
import signal
import threading
from dataclasses import replace

from studies.engine import Arm, main
from studies.engine.mirror import tracker
from studies.engine.mirror.mlflow_runs import Runs
from tests.engine.tiny_study import STUDY


def slow(self, note):
    threading.Event().wait(60)


if os.environ.get("SLOW"):
    tracker.SILENT_SECONDS = 0.1
    Runs.write = slow
    say = tracker.Tracker._tell_once

    def interrupting(self, topic, text):
        first = topic not in self._topics
        say(self, topic, text)
        if first:
            os.kill(os.getpid(), signal.SIGINT)

    tracker.Tracker._tell_once = interrupting
arms = {"relu": Arm(), "tanh[plain]": Arm(activation="tanh")}
main(replace(STUDY, question="Does [/b] matter?", arms=arms, tune={}, claims=[]))
'''


def test_a_bracket_is_a_bracket_and_ctrl_c_is_heard_to_the_end(warm: Warm, tmp_path: Path) -> None:
    study = tmp_path / "odd.py"
    study.write_text(ODD)
    printed = warm.finish(tmp_path, "--in-process", study=study, code=130, SLOW="1")
    assert "Does [/b] matter?" in printed
    assert "relu (baseline), tanh[plain]" in printed
    assert "[4/4] tanh[plain] · seed 2: completed" in printed
    assert "Sending 5 records to MLflow; Ctrl-C leaves them for later." in printed
    assert "Interrupted: 4 of 4 trials are done, and kept. To go on: " in printed
    printed = warm.finish(tmp_path, "--in-process", "--seeds", "3", study=study)
    assert "4 of 6 trials already" in printed
    assert "[4/6]" not in printed, "it was done before"
    assert "[5/6]" in printed


@pytest.fixture
def handlers() -> Iterator[None]:
    """Those of this process, given back at the end."""
    before = {number: signal.getsignal(number) for number in cli.STOP_SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("handlers")
def test_a_signal_that_nohup_has_silenced_stays_silent() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    cli._catch_signals()
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)

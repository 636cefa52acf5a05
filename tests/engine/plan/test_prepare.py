"""What is settled, or refused, before anything starts; what no data have to be opened for, before they are."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from cnnzoo.mistake import Mistake
from studies.engine import Arm, Budget
from studies.engine.book.book import Book
from studies.engine.plan import prepare
from studies.engine.plan.machine import Machine
from studies.engine.plan.options import Options
from studies.engine.study.study import Study
from tests.engine.tiny_study import STUDY

BOOKS = Book(Path("nowhere"))
UNTUNED = replace(STUDY, tune={}, claims=[])
TANH = Arm(activation="tanh")


def prepared(study: Study, **options: Any) -> prepare.Prepared:
    return prepare.prepare(study, Options(**options), Machine(cpus=2, gpus=0), BOOKS)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"arms": ("relo",)}, "unknown arm 'relo'; did you mean 'relu'?"),
        ({"seeds": 500}, "seeds must be between 1 and 100, but got 500"),
        ({"concurrent": 9}, "--concurrent 9 is more than fit"),
    ],
)
@pytest.mark.parametrize("gpus", [0, 1])
def test_what_is_wrong_with_any_data_is_said_before_they_are_opened(
    gpus: int, options: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[object] = []
    monkeypatch.setattr(prepare, "open_dataset", lambda *given, **named: opened.append(given))
    with pytest.raises(ValueError, match=message):
        prepare.prepare(STUDY, Options(**options), Machine(cpus=2, gpus=gpus), BOOKS)
    assert not opened


@pytest.mark.parametrize(
    ("arms", "dataset"),
    [
        ({"relu": Arm(), "tanh": TANH, "fp32": Arm(precision="fp32")}, None),
        ({"relu": Arm(), "tanh": TANH, "mnist": Arm(dataset="mnist")}, "mnist5k"),
    ],
)
def test_arms_that_are_the_same_once_all_is_settled(arms: dict[str, Arm], dataset: str | None) -> None:
    with pytest.raises(
        ValueError, match=rf"arms 'relu' and '{list(arms)[-1]}' have the same recipe at scale smoke, once"
    ):
        prepared(replace(UNTUNED, arms=arms), scale="smoke", dataset=dataset)


@pytest.mark.parametrize(
    ("tune", "message"),
    [
        (
            {"batch_size": IntDistribution(8, 512)},
            "tune reaches batch_size=512: batch_size 512 is more than the 80 training images of mnist5k",
        ),
        ({"model": CategoricalDistribution(["lenet", "vgg_a"])}, "tune reaches model='vgg_a'"),
        (
            {"optimizer": CategoricalDistribution(["sgd", "adam"])},
            "tune reaches optimizer='adam': momentum=0.9 would be",
        ),
    ],
)
def test_a_search_that_reaches_what_cannot_be_trained(tune: dict[str, Any], message: str) -> None:
    arms = {"relu": Arm(), "rough": Arm(weight_decay=0.1)}
    of = replace(STUDY, arms=arms, tune=tune, claims=[])
    with pytest.raises(ValueError, match=f"arm 'relu': {message}"):
        prepared(of)
    assert prepared(of, only="reported").plan.reported(), "nothing is searched"


def test_at_most_is_measured_by_the_seeds_of_the_scale_and_is_at_least_the_seeds_asked_for() -> None:
    many = replace(UNTUNED, budget=Budget(seeds=9))
    assert prepared(many, scale="smoke", decide=True, at_most=2).plan.budget.at_most == 2
    with pytest.raises(Mistake, match="--at-most 1 is less than the 2 seeds that every arm gets at first"):
        prepared(many, scale="smoke", decide=True, at_most=1)
    assert prepared(UNTUNED, scale="smoke", decide=True, seeds=20).plan.budget.at_most == 20


def test_a_search_whose_values_need_each_other_is_planned() -> None:
    tune = {"dropout_at": CategoricalDistribution(["before", "after"]), "dropout": FloatDistribution(0.1, 0.5)}
    base = STUDY.base.replace(model="resnet18", width=0.125)
    assert prepared(replace(STUDY, base=base, tune=tune), scale="smoke").plan.searched()


def test_the_seeds_that_decided_questions_stay_where_seeds_are_asked_for(tmp_path: Path) -> None:
    book, two = Book(tmp_path), Machine(cpus=2, gpus=0)
    book.table("tiny", "smoke").folder.mkdir(parents=True)
    book.table("tiny", "smoke").write_spec({"budget": {"more_seeds": {"reported": {"relu": 8}}}})
    for asked, planned in ((None, 8), (3, 8), (9, 9)):
        plan = prepare.prepare(STUDY, Options(scale="smoke", seeds=asked), two, book).plan
        assert plan.seeds("reported", "relu") == planned


@pytest.mark.parametrize(
    ("share", "concurrent", "gpus", "sharing"),
    [(None, None, 4, 1), (0.25, None, 4, 4), (0.25, 3, 4, 3), (0.4, None, 4, 2), (0, None, 4, 8), (None, 2, 0, 2)],
)
def test_trials_share_a_gpu_and_not_all_gpus(
    share: float | None, concurrent: int | None, gpus: int, sharing: int
) -> None:
    options = Options(scale="smoke", gpus_per_trial=share, concurrent=concurrent)
    machine = Machine(cpus=8, gpus=gpus, ask=lambda question, *about: about[0])
    assert prepare.prepare(STUDY, options, machine, BOOKS).sharing == sharing


def test_a_job_in_the_folder_that_ray_deletes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "runtime_resources" / "working_dir_files" / "_ray_pkg_1"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    with pytest.raises(Mistake, match="which Ray deletes after the job: go to a folder that stays first"):
        prepare.check_cluster("auto")
    monkeypatch.chdir(tmp_path)
    prepare.check_cluster("auto")

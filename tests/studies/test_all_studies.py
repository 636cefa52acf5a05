"""All that the reports ask for is there; every study can be planned."""

import re
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path

import pytest

from studies.engine.book.book import Book
from studies.engine.plan.machine import Machine
from studies.engine.plan.options import Options
from studies.engine.plan.prepare import prepare

FILES = {file.stem: file for file in sorted((Path(__file__).parents[2] / "studies").glob("[!_]*.py"))}
STUDIES = {name: import_module(f"studies.{name}").STUDY for name in FILES}
ARMS_AND_FIGURES = {  # counted in the reports
    "resnet_norm_dropout": (5, 7),
    "regularisation": (6, 0), "dropout": (4, 0), "batch_norm_batch_size": (12, 0), "normalisation": (6, 0), "lenet_vs_alexnet": (4, 0),
    "testing_mode": (6, 0),
    "lenet_sigmoid_lr": (5, 0), "lenet_lr": (7, 0), "pooling": (2, 0),
    "alexnet_lr_dropout": (9, 0), "vgg_lr_dropout": (9, 0), "resnet_lr": (5, 0),
    "googlenet_lr_dropout": (9, 0), "googlenet_aux": (2, 0), "resnet_depth": (5, 0), "five_architectures": (5, 0),
    "model_size": (3, 9), "schedules": (3, 6), "activations": (5, 10), "losses": (3, 6), "stem_kernels": (4, 8), "erasing": (2, 2),
    "best_recipe": (2, 2), "vgg_bn_vs_nobn": (6, 6), "loss_landscape": (8, 0), "resnet_as_written": (4, 0),
}  # fmt: skip
CONCLUSIONS = {"A": "1234", "B": "12345678", "C": [*"123456789", "10"], "D-": "abcdefghijk"}


def test_all_that_the_reports_ask_for_is_there() -> None:
    found = {name: (len(of.arms), sum(len(of.figures(arm)) for arm in of.arms)) for name, of in STUDIES.items()}
    assert {**found, **ARMS_AND_FIGURES} == found
    claimed = " ".join(claim.text for of in STUDIES.values() for claim in of.claims)
    assert not [
        f"{report}{c}"
        for report, all_ in CONCLUSIONS.items()
        for c in all_
        if not re.search(rf"\({report}{c}\b", claimed)
    ]


@pytest.mark.parametrize("scale", ["demo", "smoke"])
@pytest.mark.parametrize("name", STUDIES)
def test_it_can_be_planned(name: str, scale: str, tmp_path: Path) -> None:
    assert STUDIES[name].name == name
    with pytest.raises(ValueError, match="run first") if STUDIES[name].sources() else nullcontext():
        prepare(STUDIES[name], Options(scale=scale), Machine(cpus=2, gpus=0), Book(tmp_path))


ON_ALL_IMAGES = ("resnet_norm_dropout", "five_architectures", "model_size", "schedules", "activations", "losses",
                 "stem_kernels", "erasing", "best_recipe", "vgg_bn_vs_nobn", "loss_landscape")  # fmt: skip


def test_as_reported_trains_on_all_images_where_the_report_did() -> None:
    assert {name for name, study in STUDIES.items() if study.base.validation == 0} == set(ON_ALL_IMAGES)


def test_a_search_holds_a_tenth_out_where_the_report_held_out_nothing(tmp_path: Path) -> None:
    plan = prepare(STUDIES["activations"], Options(scale="smoke"), Machine(cpus=2, gpus=0), Book(tmp_path)).plan
    assert {recipe.validation for recipe in plan.arms.values()} == {0.0}
    candidate = plan.candidate("elu", 1, 0, {"lr": 0.1})
    assert candidate.recipe.validation == 0.1
    assert {trial.recipe.validation for trial in plan.confirm(candidate)} == {0.1}
    chooses = prepare(STUDIES["pooling"], Options(scale="smoke"), Machine(cpus=2, gpus=0), Book(tmp_path)).plan
    assert {recipe.validation for recipe in chooses.arms.values()} == {0.1}

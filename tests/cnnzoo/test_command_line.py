"""One network trained, tested and asked from the command line, as a person does it."""

import sys
from pathlib import Path

import pytest
import torch
from PIL import Image
from rich.console import Console

from cnnzoo import load
from cnnzoo.__main__ import main
from cnnzoo.data import Dataset, open_dataset
from cnnzoo.recipe import FIELDS, Recipe
from cnnzoo.terminal.tables import accuracies, confusions

TINY = [
    "--train-size",
    "400",
    "--optimizer",
    "adam",
    "--lr",
    "2e-3",
    "--batch-size",
    "40",
    "--epochs",
    "2",
    "--no-flip",
]

TIED = """
from torch import nn


def net(shape, classes):
    first, second = nn.Linear(784, 784), nn.Linear(784, 784)
    second.weight = first.weight
    return nn.Sequential(nn.Flatten(), first, second, nn.Linear(784, classes))
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("trained") / "lenet.safetensors"
    assert main(["train", "lenet", *TINY, "--device", "cpu", "--out", str(path)]) == 0
    return path


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return open_dataset("mnist5k")


def accuracy(saved: Path, digits: Dataset, **how: bool) -> float:
    predicted = load(saved, "cpu").predict(digits.test.images[digits.test.index], **how).argmax(1)
    return 100 * (predicted == digits.test.labels[digits.test.index]).float().mean().item()


def test_the_options_are_the_fields_of_the_recipe(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ending:
        main(["train", "--help"])
    assert ending.value.code == 0
    told = capsys.readouterr().out
    assert all(f"--{name.replace('_', '-')}" in told for name in FIELDS if name != "model")


def test_training_tells_each_epoch_and_saves_what_was_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "net.safetensors"
    assert (
        main(
            ["train", "simp_res9", "--width", "0.0625", "--stem", "3", "3", *TINY, "--epochs", "1", "--out", str(path)]
        )
        == 0
    )
    out, err = capsys.readouterr()
    assert "epoch 1/1  train" in err
    assert "validation" in err
    assert f"saved {path}" in out
    recipe = load(path).recipe
    expected = Recipe(
        model="simp_res9", stem=(3, 3), width=0.0625, train_size=400, optimizer="adam", lr=2e-3, batch_size=40, epochs=1
    )
    assert recipe.replace(precision="auto") == expected.resolved()


@pytest.mark.parametrize("ten_crop", [False, True])
def test_testing_tells_accuracy_by_class_and_the_confusions(
    ten_crop: bool, saved: Path, digits: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["test", str(saved), "--device", "cpu", *(["--ten-crop"] if ten_crop else [])]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    total = next(row for row in rows if row[:1] == ["all"])
    assert int(total[1].replace(",", "")) == len(digits.test)
    assert float(total[3]) == pytest.approx(accuracy(saved, digits, ten_crop=ten_crop), abs=0.005)
    matrix = rows[rows.index(list("0123456789")) + 1 :][:10]
    counts = [[int(cell.replace("·", "0")) for cell in row[1:]] for row in matrix]
    assert sum(map(sum, counts)) == len(digits.test)
    assert sum(counts[i][i] for i in range(10)) == int(total[2].replace(",", ""))


def test_predicting_tells_the_class_of_image_files_of_any_size(
    saved: Path, digits: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = digits.test.images[digits.test.index[0]]
    probability, label = load(saved, "cpu").predict(image[None])[0].max(0)
    small, large = tmp_path / "small.png", tmp_path / "large.png"
    Image.fromarray(image[:, :, 0].numpy()).save(small)
    Image.fromarray(image[:, :, 0].numpy()).resize((280, 280)).save(large)
    assert main(["predict", str(saved), str(small), str(large), "--device", "cpu"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    row = next(row for row in rows if row[0] == str(small))
    assert row[1:3] == [str(label.item()), f"{100 * probability.item():.1f}"]
    assert any(row[0] == str(large) for row in rows)


def test_a_network_of_ones_own_in_the_folder_one_is_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With two layers that share their weights."""
    (tmp_path / "net_right_here.py").write_text(TIED)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    assert main(["train", "net_right_here:net", *TINY, "--epochs", "1"]) == 0
    model = load("net_right_here.net.safetensors").model
    assert model.get_parameter("1.weight") is model.get_parameter("2.weight")


def test_names_with_brackets_are_told_as_they_are(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    image = Path("x[/old].png")
    image.parent.mkdir()
    Image.new("L", (28, 28)).save(image)
    assert main(["predict", str(saved), str(image), "--device", "cpu"]) == 0
    assert str(image) in capsys.readouterr().out


def test_a_training_that_diverges_saves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "net.safetensors"
    assert (
        main(["train", "lenet", "--train-size", "100", "--batch-size", "10", "--lr", "1e30", "--out", str(path)]) == 1
    )
    assert "nothing is saved" in capsys.readouterr().out
    assert not path.exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["train", "resnet19"], "unknown model 'resnet19'; did you mean 'resnet18'?"),
        (["train", "lenet", "--norm", "batch"], "norm='batch' would be ignored by model 'lenet'"),
        (["train", "lenet", "--lr", "-1"], "lr must be a finite number above 0, but got -1.0."),
        (["train", "lenet", "--out", "nowhere/net.safetensors"], "there is no folder"),
        (["train", "lenet", "--out", "/"], "--out / is a folder; name a file in it"),
        (["train", "googlenet", "--batch-size", "1"], "trained with batch_size=1, cannot take images of (1, 28, 28)"),
        (["test", "nothing.safetensors"], "there is no file nothing.safetensors; `python -m cnnzoo train NAME"),
        (["predict", "nothing.safetensors", "image.png"], "there is no file nothing.safetensors"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ending:
        main(arguments)
    assert ending.value.code == 2
    error = capsys.readouterr().err
    assert told in error
    assert len(error.splitlines()) == 1


def test_a_network_is_not_tested_on_other_classes(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("cat", "dog"):
        folder = tmp_path / "pets" / name
        folder.mkdir(parents=True)
        for i in range(3):
            Image.new("L", (28, 28), 40 * i).save(folder / f"{i}.png")
    with pytest.raises(SystemExit):
        main(["test", str(saved), "--dataset", "folder:pets", "--data-dir", str(tmp_path)])
    assert "folder:pets has the classes cat, dog" in capsys.readouterr().err


def test_of_very_many_classes_the_most_frequent_confusions_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    names = [f"class{i}" for i in range(30)]
    counts = torch.eye(30, dtype=torch.int64)
    counts[3, 7] = 5
    counts[4, 8] = 2
    console = Console(width=200)
    console.print(confusions(names, counts), accuracies(names, counts))
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows[2:4] == [["class3", "class7", "5"], ["class4", "class8", "2"]]
    assert ["class3", "6", "1", "16.67"] in rows
    assert ["all", "37", "30", "81.08"] in rows

"""A network of the user's own, named module:function."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from cnnzoo import Recipe, load, save, train
from cnnzoo.storage.own import source_digest
from cnnzoo.structure import check_fits
from studies.engine.plan.plan import signature

SOURCE = """
from torch import nn


def net(shape, classes, *, activation="relu", width=1.0):
    channels, height, wide = shape
    return nn.Sequential(nn.Flatten(), nn.Hardswish(), nn.Linear(channels * height * wide, classes))


not_callable = 3
"""

UNUSED = """

class WithMore(nn.Sequential):
    def __init__(self, *layers):
        super().__init__(*layers)
        self.unused = nn.Parameter(layers[-1].weight.detach().clone())
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    file = tmp_path / "my_own_net.py"
    file.write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    yield file
    sys.modules.pop("my_own_net", None)


@pytest.mark.usefixtures("own")
def test_it_trains_is_saved_and_comes_back(tmp_path: Path) -> None:
    training = train(Recipe(model="my_own_net:net", train_size=64, batch_size=16, epochs=1, width=0.5))
    assert [epoch.number for epoch in training] == [1]
    save(training, tmp_path / "net.safetensors")
    assert load(tmp_path / "net.safetensors").recipe.width == 0.5


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("my_own_net:nett", "has no attribute 'nett'"),
        ("my_own_net:not_callable", "3 is not a callable"),
        ("nowhere_at_all:net", "No module named 'nowhere_at_all'"),
        (":net", "cannot be imported"),
        ("my_own_net", "unknown model 'my_own_net'"),
    ],
)
def test_a_name_that_leads_nowhere(model: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as error:
        Recipe(model=model)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("mistake", "says"),
    [
        ("def net(shape, classes)\n    return None\n", r"expected ':' \(my_own_net.py, line 1\)\. It names"),
        ("\nnet = nn.Linear\n", r"name 'nn' is not defined \(.*/my_own_net\.py, line 2\)\. It names"),
        ("import nowhere_at_all\n", r"No module named 'nowhere_at_all' \(.*/my_own_net\.py, line 1\)\. It names"),
        ("assert False\n", r"AssertionError \(.*/my_own_net\.py, line 1\)\. It names"),
    ],
)
def test_a_file_with_a_mistake_is_named_with_its_line(own: Path, mistake: str, says: str) -> None:
    own.write_text(mistake)
    with pytest.raises(ValueError, match=f"model 'my_own_net:net' cannot be imported: {says}") as error:
        Recipe(model="my_own_net:net")
    assert "\n" not in str(error.value)


def test_a_function_without_a_file_is_no_network() -> None:
    with pytest.raises(ValueError, match="network 'time:sleep' stands in no file"):
        source_digest("network", "time:sleep")


@pytest.mark.usefixtures("own")
def test_an_option_that_it_does_not_take() -> None:
    with pytest.raises(ValueError, match="norm='batch' would be ignored by model 'my_own_net:net'"):
        Recipe(model="my_own_net:net", norm="batch")


def test_edited_it_is_another_network(own: Path) -> None:
    recipe = Recipe(model="my_own_net:net")
    before = signature(recipe, "data")
    own.write_text(SOURCE + "\n# edited\n")
    assert signature(recipe, "data") != before
    assert Recipe(model="lenet").sources() == {}


@pytest.mark.parametrize("fields", [{"l1": 1e-3}, {"landscape": 1}], ids=["l1", "landscape"])
def test_a_part_that_takes_no_part_is_in_nobodys_way(own: Path, fields: dict[str, float]) -> None:
    own.write_text(SOURCE.replace("return nn.Sequential(", "return WithMore(") + UNUSED)
    training = train(Recipe(model="my_own_net:net", train_size=64, batch_size=16, epochs=1, **fields))  # type: ignore[arg-type]
    assert [epoch.number for epoch in training] == [1]


def test_a_file_does_not_make_us_import(own: Path, tmp_path: Path) -> None:
    """A saved network may name any module; only one that the caller has imported already is used."""
    file = tmp_path / "net.safetensors"
    training = train(Recipe(model="lenet", train_size=64, batch_size=16, epochs=1))
    save(training, file)
    from safetensors import safe_open

    with safe_open(file, framework="pt") as opened:
        metadata = opened.metadata()
    recipe = json.loads(metadata["recipe"]) | {"model": "my_own_net:net"}
    save_file(load_file(file), file, {**metadata, "recipe": json.dumps(recipe)})
    assert own.exists()
    with pytest.raises(ValueError, match="import my_own_net before, if you trust it"):
        load(file)
    assert "my_own_net" not in sys.modules


@pytest.mark.parametrize(
    ("returned", "says"),
    [
        ("nn.Sequential(nn.Flatten(), nn.Linear(7, classes))", r"cannot take images of \(1, 28, 28\): a and b must"),
        ("nn.Sequential(nn.Flatten(), nn.Linear(784, 3))", r"of shape \(1, 10\), but it gives one of shape \(1, 3\)"),
        ("nn.Sequential(nn.Flatten(), nn.LSTM(784, classes))", r"of shape \(1, 10\), but it gives a tuple"),
    ],
)
def test_a_network_that_does_not_fit(own: Path, returned: str, says: str) -> None:
    own.write_text(f"from torch import nn\n\ndef net(shape, classes):\n    return {returned}\n")
    with pytest.raises(ValueError, match=f"model 'my_own_net:net' .*{says}"):
        check_fits(Recipe(model="my_own_net:net"), (1, 28, 28), 10)


TWO_HEADS = """
from torch import nn

class Net(nn.Module):
    aux_weight = 0.3

    def __init__(self, values, classes):
        super().__init__()
        self.heads = nn.ModuleList([nn.Linear(values, classes), nn.Linear(values, classes)])

    def forward(self, x):
        main, other = (head(x.flatten(1)) for head in self.heads)
        return (main, other) if self.training else main

def net(shape, classes):
    return Net(784, classes)
"""


def test_a_second_head_without_a_weight_is_found_before_the_training(own: Path) -> None:
    own.write_text(TWO_HEADS.replace("    aux_weight = 0.3\n", ""))
    recipe = Recipe(model="my_own_net:net", batch_size=16)
    with pytest.raises(ValueError, match=r"trained with batch_size=16, must .* \(2, 10\), but it gives a tuple\."):
        check_fits(recipe, (1, 28, 28), 10)


def test_a_second_head_with_its_weight_is_learned_from_too(own: Path) -> None:
    own.write_text(TWO_HEADS)
    recipe = Recipe(model="my_own_net:net", train_size=64, batch_size=16, epochs=1)
    check_fits(recipe, (1, 28, 28), 10)
    assert [epoch.number for epoch in train(recipe)] == [1]


def test_a_batch_of_one_image_that_batch_norm_cannot_take() -> None:
    """GoogLeNet ends in feature maps of 1x1."""
    recipe = Recipe(model="googlenet", batch_size=1)
    with pytest.raises(ValueError, match=r"'googlenet', trained with batch_size=1, cannot take .*more than 1 value"):
        check_fits(recipe, (1, 28, 28), 10)
    for fits in (recipe.replace(batch_size=2), recipe.replace(norm="none")):
        check_fits(fits, (1, 28, 28), 10)

"""Options, a loss and an augmentation of the user's own: options={...}, and module:function."""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from cnnzoo import Recipe, load, save, train
from cnnzoo.learning import augment
from cnnzoo.optimising.losses import loss_of, loss_of_each
from cnnzoo.structure import check_fits
from studies.engine import Arm
from studies.engine.plan.plan import signature
from tests.engine.simulated import study

SOURCE = """
import torch
import torch.nn.functional as F
from torch import nn


def net(shape, classes, *, width=1.0, depth=1, widths=(8, 8), mode="plain"):
    hidden = [layer for _ in range(depth) for layer in (nn.Linear(784, 784), nn.ReLU())]
    return nn.Sequential(nn.Flatten(), *hidden, nn.Linear(784, classes))


def demanding(shape, classes, *, depth):
    return net(shape, classes, depth=depth)


def unbounded(shape, classes, *, limit=float("inf"), dropout_at="none"):
    return net(shape, classes)


def without_a_default(shape, classes, *, width):
    return net(shape, classes)


def focal(logits, labels):
    loss = F.cross_entropy(logits, labels, reduction="none")
    return (1 - (-loss).exp()) ** 2 * loss


def mean(logits, labels):
    return F.cross_entropy(logits, labels)


def flat(logits, labels):
    return torch.zeros(len(labels))


def noise(images):
    return images + torch.randint(0, 20, images.shape, dtype=torch.uint8)


def floats(images):
    return images.float()


def smaller(images):
    return images[:, :, 1:]
"""
SMALL: dict[str, Any] = {"train_size": 64, "batch_size": 16, "epochs": 2, "lr": 0.01}
NET = "own_things:net"


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    file = tmp_path / "own_things.py"
    file.write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    yield file
    sys.modules.pop("own_things", None)


# As they were before any of this came, of recipes that have none of it.
SIGNATURES = {
    "55d9c289692cc5e8": Recipe(model="lenet"),
    "3019d70292cc69c7": Recipe(
        model="vgg_a", image_size=32, norm="none", dataset="folder:x", loss="bce", precision="fp32", validation=0.0,
        erasing=0.5,
    ),
    "5cd93378bf759548": Recipe(
        model="res9", activation="mish", dataset="cifar10", image_size=16, optimizer="adam", schedule="step", width=0.5,
        l1=1e-4, crop=4, seed=7,
    ),
}  # fmt: skip


@pytest.mark.parametrize("stored", SIGNATURES)
def test_a_recipe_without_them_keeps_its_signature(stored: str) -> None:
    assert signature(SIGNATURES[stored], "data") == stored


def test_an_own_network_without_options_keeps_its_signature(own: Path) -> None:
    (own.parent / "signed_net.py").write_text(
        "from torch import nn\n\n\ndef net(shape, classes, *, width=1.0):\n    return nn.Linear(784, classes)\n"
    )
    assert signature(Recipe(model="signed_net:net", width=0.5), "data") == "58a7c71c4e755e43"


def test_options_build_the_network_and_its_signature() -> None:
    deep = Recipe(model=NET, options={"depth": 3, "mode": "fast", "widths": [4, 4]}, **SMALL)
    assert deep.to_json()["options"] == {"depth": 3, "mode": "fast", "widths": [4, 4]}
    assert Recipe.from_json(json.loads(json.dumps(deep.to_json()))) == deep
    assert deep.columns()["options.depth"] == 3
    assert len(train(deep).model) == 8  # type: ignore[arg-type]
    assert signature(deep, "data") != signature(deep.replace(options={"depth": 2}), "data")


def test_an_option_at_its_default_is_no_other_recipe() -> None:
    plain = Recipe(model=NET, **SMALL)
    given = plain.replace(options={"depth": 1, "widths": [8, 8]})
    assert given.resolved() == plain.resolved()
    assert signature(given, "data") == signature(plain, "data")
    assert "options" not in plain.to_json()


def test_a_default_may_be_what_no_option_can_be() -> None:
    """And what the zoo asks of dropout_at is not asked of a network of one's own."""
    recipe = Recipe(model="own_things:unbounded", options={"limit": 3.0}, dropout_at="after")
    assert recipe.resolved().options == {"limit": 3.0}


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"options": {"dept": 3}}, r"unknown option of 'own_things:net' 'dept'; did you mean 'depth'\? .*behind a \*"),
        ({"options": {1: 2, "a": 3}}, "unknown option of 'own_things:net' 1"),
        ({"model": "own_things:without_a_default"}, "give width a default in its function: it is a field"),
        ({"options": {"width": 3}}, "options: 'width' is a field of the recipe; write width=3 beside options"),
        ({"options": {"depth": {}}}, "option 'depth' must be a number, a text, True or False, or a list of them"),
        ({"options": 3}, "options must be a mapping from names to values, such as {'depth': 3}, but got 3"),
        ({"options": {"depth": 3}, "model": "lenet"}, "are for networks of your own; model 'lenet' is of the zoo"),
        ({"model": "own_things:demanding"}, r"needs options={'depth': \.\.\.}: its function has no default for it"),
        ({"loss": "focal"}, "unknown loss 'focal'.*module:function"),
        ({"loss": "own_things:focl"}, "loss 'own_things:focl' cannot be imported: .* a function.logits, labels. -> the loss of each"),
        ({"loss": "own.things:f"}, "in a file own/things.py beside the study"),
        ({"augmentation": "own_things:nois"}, "augmentation 'own_things:nois' cannot be imported"),
        ({"label_smoothing": 0.1, "loss": "own_things:focal"}, "label_smoothing=0.1 would be ignored"),
    ],
)  # fmt: skip
def test_mistakes(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says) as error:
        Recipe(**{"model": NET, **fields})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (
            {"loss": "own_things:mean"},
            r"loss of each image, a tensor of shape \(2,\) for 2 images, but it gives one of",
        ),
        ({"loss": "own_things:flat"}, "has no gradient, so nothing can be learned from it"),
        ({"augmentation": "own_things:floats"}, r"must give back images as it gets them, uint8 of \(2, 1, 28, 28\)"),
        ({"augmentation": "own_things:smaller"}, r"but it gives torch.uint8 of \(2, 1, 27, 28\)"),
        ({"augmentation": "os:getenv"}, r"cannot take images of \(1, 28, 28\)"),
    ],
)
def test_what_does_not_fit_is_found_before_the_training(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        check_fits(Recipe(model="lenet", **fields), (1, 28, 28), 10)


def test_an_own_loss_is_minimised_and_measured() -> None:
    logits, labels = torch.randn(6, 10, generator=torch.Generator().manual_seed(1)), torch.arange(6)
    each = loss_of_each("own_things:focal", logits, labels)
    assert loss_of("own_things:focal")(logits, labels).item() == pytest.approx(each.mean().item())
    first, last = train(Recipe(model="lenet", loss="own_things:focal", **SMALL))
    assert 0 < last.train_loss < first.train_loss < 2.303  # of ten classes, by chance, weighed with 0.81


def test_an_own_augmentation_changes_training_and_repeats_itself(tmp_path: Path) -> None:
    """Interrupted after its first epoch, it goes on as if it had not been; nobody else's random numbers change."""
    recipe = Recipe(model="lenet", augmentation="own_things:noise", crop=2, **SMALL)
    before = torch.random.get_rng_state()
    whole = [epoch.train_loss for epoch in train(recipe)]
    assert torch.equal(torch.random.get_rng_state(), before)
    next(iter(train(recipe, resume=tmp_path / "checkpoint.pt")))
    resumed = train(recipe, resume=tmp_path / "checkpoint.pt")
    assert [*(epoch.train_loss for epoch in resumed.history), *(epoch.train_loss for epoch in resumed)] == whole
    assert [epoch.train_loss for epoch in train(recipe.replace(augmentation=None))] != whole


def test_a_checkpoint_is_resumed_on_another_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(augment, "generator", lambda seed, use, device: device)
    recipe = Recipe(model="lenet", augmentation="own_things:noise")
    first, second = (augment.own_streams(recipe, torch.device("cuda", index)) for index in range(2))
    assert first.keys() == second.keys()
    assert torch.device("cuda", 1) in second.values()


def test_the_checkpoint_of_other_options_is_refused(tmp_path: Path) -> None:
    recipe, path = Recipe(model=NET, options={"mode": "fast"}, **SMALL), tmp_path / "checkpoint.pt"
    next(iter(train(recipe, resume=path)))
    with pytest.raises(ValueError, match=r"options is None, there \{'mode': 'fast'\}"):
        train(recipe.replace(options={}), resume=path)


@pytest.mark.parametrize("fields", [{"loss": "own_things:focal"}, {"augmentation": "own_things:noise"}], ids=str)
def test_edited_they_make_another_trial(own: Path, fields: dict[str, str]) -> None:
    recipe = Recipe(model="lenet", **fields)  # type: ignore[arg-type]
    before = signature(recipe, "data")
    own.write_text(SOURCE + "\n# edited\n")
    assert signature(recipe, "data") != before


def test_a_saved_network_does_not_make_us_import_a_loss(tmp_path: Path) -> None:
    file = tmp_path / "net.safetensors"
    save(train(Recipe(model="lenet", **SMALL)), file)
    with safe_open(file, framework="pt") as opened:
        metadata = opened.metadata()
    recipe = json.loads(metadata["recipe"]) | {"loss": "own_things:focal"}
    save_file(load_file(file), file, {**metadata, "recipe": json.dumps(recipe)})
    with pytest.raises(ValueError, match="its loss is 'own_things:focal'; import own_things before, if you trust it"):
        load(file)
    assert "own_things" not in sys.modules


def test_arms_may_differ_in_options_and_add_to_those_of_the_base() -> None:
    base = study().base.replace(model=NET, options={"mode": "fast"}, activation=None)
    arms = {"shallow": Arm(), "deep": Arm(options={"depth": 3})}
    made = replace(study(), base=base, arms=arms, baseline="shallow", claims=(), reported={}, tune={})
    assert made.recipe("deep", "report").options == {"mode": "fast", "depth": 3}
    assert made.recipe("shallow", "report").options == {"mode": "fast"}
    with pytest.raises(ValueError, match="rows and columns must be fields with one value"):
        replace(made, rows="options", columns="lr")

"""Training does what a plain PyTorch loop would do, the same way every time, and says when it has failed."""

import math
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, optim

from cnnzoo import Epoch, Recipe, Training, settle, train
from cnnzoo.data import Dataset
from cnnzoo.device.streams import generator, in_place_of_the_global
from cnnzoo.learning.augment import training_batches
from cnnzoo.learning.evaluate import Tally
from cnnzoo.optimising.losses import loss_of
from cnnzoo.optimising.optim import SCHEDULES
from cnnzoo.recipe import LOSSES, build

ONCE = 10**9  # a landscape of one look, which records the loss of every step
TINY = Recipe(model="lenet", train_size=100, batch_size=32, epochs=2, validation=0.02, lr=0.01)
TIMES = ("images_per_second", "seconds", "seconds_data", "seconds_compute", "seconds_evaluation")


def run(recipe: Recipe, **options: Any) -> tuple[Training, list[Epoch]]:
    training = train(recipe, device="cpu", **options)
    return training, list(training)


def figures(epochs: list[Epoch]) -> str:
    """All of the epochs but the times, as text, in which NaN equals NaN."""
    return repr([{name: value for name, value in asdict(epoch).items() if name not in TIMES} for epoch in epochs])


def same_weights(one: Training, other: Training) -> bool:
    pairs = zip(one.model.state_dict().values(), other.model.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def images_seen(recipe: Recipe) -> Tensor:
    training = train(recipe, device="cpu")
    seen: list[Tensor] = []
    training.model.register_forward_pre_hook(lambda model, given: seen.append(given[0]) if model.training else None)
    list(training)
    return torch.cat(seen)


def test_lenet_learns_real_digits() -> None:
    training, epochs = run(Recipe(model="lenet", optimizer="adam", lr=2e-3, batch_size=64, epochs=3))
    assert training.outcome == "completed"
    assert epochs[-1].val_acc1 > 88
    assert training.test().acc1 > 88
    assert epochs[0].train_loss > epochs[1].train_loss > epochs[2].train_loss


def test_a_gpu_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match="device cuda: torch sees no GPU here; leave it out to use the CPU"):
        train(TINY, device="cuda")


def test_an_epoch_says_what_happened() -> None:
    training, epochs = run(TINY.replace(landscape=ONCE))
    assert [epoch.number for epoch in epochs] == [1, 2] == [epoch.number for epoch in training.history]
    for epoch in epochs:
        assert epoch.seconds == pytest.approx(epoch.seconds_data + epoch.seconds_compute + epoch.seconds_evaluation)
        assert min(epoch.seconds_data, epoch.seconds_compute, epoch.seconds_evaluation) > 0
        assert epoch.images_per_second == pytest.approx(100 / (epoch.seconds_data + epoch.seconds_compute))
        assert len(epoch.step_losses) == 4
        by_size = zip(epoch.step_losses, (32, 32, 32, 4), strict=True)
        assert epoch.train_loss == pytest.approx(sum(loss * size for loss, size in by_size) / 100)
        assert 0 <= epoch.train_acc1 <= epoch.train_acc5 <= 100
    assert epochs[1].lr == 0.01


def test_without_a_validation_split_its_figures_are_nan() -> None:
    _, epochs = run(TINY.replace(validation=0.0, epochs=1))
    assert all(math.isnan(value) for value in (epochs[0].val_loss, epochs[0].val_acc1, epochs[0].val_acc5))


@pytest.mark.parametrize("fields", [{}, {"model": "alexnet", "crop": 2, "flip": True, "erasing": 0.5}])
def test_the_same_recipe_trains_alike_and_another_seed_does_not(fields: dict[str, Any]) -> None:
    recipe = TINY.replace(**fields)
    (one, first), (two, second), (three, _) = run(recipe), run(recipe), run(recipe.replace(seed=1))
    assert figures(first) == figures(second)
    assert same_weights(one, two)
    assert not same_weights(one, three)


def test_arms_of_one_seed_see_the_same_images_in_the_same_order() -> None:
    recipe = TINY.replace(crop=2, flip=True)
    other_arm = recipe.replace(model="alexnet", dropout=0.5, batch_size=50, optimizer="adam")
    assert torch.equal(images_seen(recipe), images_seen(other_arm))
    assert not torch.equal(images_seen(recipe), images_seen(recipe.replace(seed=1)))


def test_training_and_its_caller_do_not_touch_each_others_random_numbers() -> None:
    recipe = TINY.replace(model="alexnet", dropout=0.5)
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    first, epochs = run(recipe)
    assert torch.equal(torch.rand(3), expected)
    torch.manual_seed(2)
    assert figures(run(recipe)[1]) == figures(epochs)
    one, two = train(recipe, device="cpu"), train(recipe, device="cpu")
    taking_turns = [epoch for pair in zip(one, two, strict=True) for epoch in pair]
    assert figures(taking_turns[::2]) == figures(taking_turns[1::2]) == figures(epochs)
    assert same_weights(one, first)


def test_testing_in_between_changes_nothing() -> None:
    recipe = TINY.replace(model="alexnet", dropout=0.5)
    training, epochs = train(recipe, device="cpu"), []
    for epoch in training:
        training.test()
        epochs.append(epoch)
    assert figures(epochs) == figures(run(recipe)[1])


def test_the_test_set_is_looked_at_in_every_epoch_only_where_that_was_asked_for(tmp_path: Path) -> None:
    recipe = TINY.replace(model="alexnet", dropout=0.5)
    plain_training, plain = run(recipe)
    training, epochs = run(recipe, test_every_epoch=True, resume=tmp_path / "checkpoint.pt")
    assert {(epoch.test_loss, epoch.test_acc1, epoch.test_acc5) for epoch in plain} == {(None, None, None)}
    last = training.test()
    assert (epochs[-1].test_loss, epochs[-1].test_acc1, epochs[-1].test_acc5) == (last.loss, last.acc1, last.acc5)
    assert epochs[0].test_loss != epochs[1].test_loss
    without = [replace(epoch, test_loss=None, test_acc1=None, test_acc5=None) for epoch in epochs]
    assert figures(without) == figures(plain)
    assert same_weights(training, plain_training)
    again = train(recipe, device="cpu", test_every_epoch=True, resume=tmp_path / "checkpoint.pt")
    assert figures(again.history) == figures(epochs)


def test_testing_in_training_mode_is_report_bs_loop() -> None:
    """Image by image, without ever calling eval(): dropout and the statistics of a batch of one at work."""
    recipe = TINY.replace(model="lenet_b", testing="training_mode").resolved()
    training, _ = run(recipe)
    state = {name: value.clone() for name, value in training.model.state_dict().items()}
    score, split = training.test(), training.dataset.test
    assert all(torch.equal(value, state[name]) for name, value in training.model.state_dict().items())

    model, hits, losses = training.model.train(), 0, 0.0
    images = split.images[split.index].permute(0, 3, 1, 2).float() / 255
    images = (images - training.dataset.mean[0]) / training.dataset.std[0]
    with in_place_of_the_global(generator(recipe.seed, "testing")), torch.no_grad():
        for image, label in zip(images, split.labels[split.index], strict=True):
            logits = model(image[None])
            losses += F.cross_entropy(logits, label[None]).item()
            hits += int(logits.argmax() == label)
    assert score.acc1 == pytest.approx(100 * hits / len(split), abs=0.3)  # rounding may turn an image or two
    assert score.loss == pytest.approx(losses / len(split), rel=1e-3)


def test_how_a_network_is_tested_changes_nothing_of_its_training() -> None:
    recipe = TINY.replace(model="lenet_b", dropout=0.5)
    (one, first), (other, second) = run(recipe), run(recipe.replace(testing="training_mode"))
    assert same_weights(one, other)
    assert [epoch.train_loss for epoch in first] == [epoch.train_loss for epoch in second]
    assert [epoch.val_loss for epoch in first] != [epoch.val_loss for epoch in second]
    assert one.test() != other.test()
    assert other.test() == other.test()


def test_without_dropout_and_norm_both_ways_of_testing_are_the_same() -> None:
    recipe = TINY.replace(precision="fp32")
    one, other = run(recipe)[0].test(), run(recipe.replace(testing="training_mode"))[0].test()
    assert one.loss == pytest.approx(other.loss, rel=1e-5)
    assert one.acc1 == pytest.approx(other.acc1, abs=0.3)


def test_broken_off_and_iterated_again_it_goes_on() -> None:
    training = train(TINY, device="cpu")
    first = next(iter(training))
    assert training.outcome is None
    assert figures([first, *training]) == figures(run(TINY)[1]) == figures(training.history)
    assert list(training) == []


def plain_loop(recipe: Recipe, optimizer: optim.Optimizer, model: torch.nn.Module, data: Dataset) -> list[float]:
    """What anyone would write down for these recipes, as a reference."""
    losses, streams = [], {use: generator(recipe.seed, use) for use in ("order", "augmentation")}
    for _ in range(recipe.epochs):
        for images, labels in training_batches(data.train, recipe, data.mean, data.std, streams):
            output = model(images)
            logits, *auxiliary = output if isinstance(output, tuple) else (output,)
            loss = F.cross_entropy(logits, labels, label_smoothing=recipe.label_smoothing)
            losses.append(loss.item())
            for extra in auxiliary:
                loss = loss + (recipe.aux or 0.0) * F.cross_entropy(extra, labels)
            (loss + recipe.l1 * sum(p.abs().sum() for p in model.parameters())).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            optimizer.zero_grad()
    return losses


@pytest.mark.parametrize(
    ("fields", "reference"),
    [
        ({"momentum": 0.8, "weight_decay": 1e-2}, lambda p: optim.SGD(p, 0.01, 0.8, weight_decay=1e-2)),
        ({"optimizer": "adam", "weight_decay": 1e-2}, lambda p: optim.Adam(p, 0.01, weight_decay=1e-2)),
        ({"optimizer": "adamw", "weight_decay": 0.1}, lambda p: optim.AdamW(p, 0.01, weight_decay=0.1)),
        ({"l1": 0.3}, lambda p: optim.SGD(p, 0.01, 0.9)),
        ({"label_smoothing": 0.1}, lambda p: optim.SGD(p, 0.01, 0.9)),
        ({"model": "alexnet", "dropout": 0.5}, lambda p: optim.SGD(p, 0.01, 0.9)),
        # batches of 50: statistics over a last batch of four turn rounding into another network
        (
            {"model": "googlenet", "aux": 0.3, "epochs": 1, "batch_size": 50, "lr": 1e-3},
            lambda p: optim.SGD(p, 1e-3, 0.9),
        ),
    ],
)
def test_a_training_equals_a_plain_loop(fields: dict[str, Any], reference: Any) -> None:
    recipe = TINY.replace(precision="fp32", **fields).resolved()  # the reference casts nothing
    training, epochs = run(recipe.replace(landscape=ONCE))
    with in_place_of_the_global(generator(recipe.seed, "initialisation")):
        model = build(recipe, training.dataset.shape, 10)
    with in_place_of_the_global(generator(recipe.seed, "dropout")):
        expected = plain_loop(recipe, reference(model.parameters()), model.train(), training.dataset)
    assert [loss for epoch in epochs for loss in epoch.step_losses] == pytest.approx(expected, rel=1e-3, abs=1e-4)


def lrs_of_torch(scheduler: Any, steps: int) -> list[float]:
    lrs = []
    for _ in range(steps):
        lrs.append(scheduler.get_last_lr()[0])
        scheduler.optimizer.step()
        scheduler.step()
    return lrs


@pytest.mark.parametrize(
    ("name", "options", "reference"),
    [
        ("step", {"step_size": 2, "gamma": 0.3}, lambda o: optim.lr_scheduler.StepLR(o, 2 * 7, 0.3)),
        ("cosine", {}, lambda o: optim.lr_scheduler.CosineAnnealingLR(o, 70)),
        ("cyclic", {}, lambda o: optim.lr_scheduler.CyclicLR(o, 0.05, 0.5, step_size_up=7, cycle_momentum=False)),
        ("one_cycle", {}, lambda o: optim.lr_scheduler.OneCycleLR(o, 0.5, total_steps=70)),
        ("constant", {}, lambda o: optim.lr_scheduler.ConstantLR(o, factor=1.0)),
    ],
)
def test_a_schedule_equals_torchs(name: str, options: dict[str, Any], reference: Any) -> None:
    schedule = SCHEDULES[name](10, 7, **options)
    expected = lrs_of_torch(reference(optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5, momentum=0.9)), 70)
    assert [0.5 * schedule(step) for step in range(70)] == pytest.approx(expected, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize(("epochs", "steps"), [(1, 1), (1, 2), (1, 3), (2, 5), (30, 1)])
def test_a_schedule_of_any_length_stays_between_0_and_the_learning_rate(name: str, epochs: int, steps: int) -> None:
    shares = [SCHEDULES[name](epochs, steps)(step) for step in range(epochs * steps)]
    assert all(0 < share <= 1 + 1e-9 for share in shares)


def test_the_schedule_reaches_the_optimiser() -> None:
    _, epochs = run(TINY.replace(schedule="step", step_size=1, gamma=0.1, epochs=3))
    assert [epoch.lr for epoch in epochs] == pytest.approx([0.01, 0.001, 0.0001])


def test_the_losses_are_what_they_are_called() -> None:
    logits, labels = torch.tensor([[2.0, -1.0, 0.5], [0.0, 3.0, -2.0]]), torch.tensor([0, 2])
    truth = torch.tensor([[1.0, 0, 0], [0, 0, 1]])
    log_p, distance = logits.log_softmax(1), (logits - truth).abs()
    by_hand = {
        "cross_entropy": -(log_p[0, 0] + log_p[1, 2]) / 2,
        "smooth_l1": torch.where(distance < 1, distance**2 / 2, distance - 0.5).mean(),
        "bce": -(truth * F.logsigmoid(logits) + (1 - truth) * F.logsigmoid(-logits)).mean(),
    }
    assert {name: loss_of(name)(logits, labels).item() for name in LOSSES} == pytest.approx(
        {name: value.item() for name, value in by_hand.items()}
    )
    smoothed = loss_of("cross_entropy", 0.3)(logits, labels)
    assert smoothed.item() == pytest.approx(-((0.7 * truth + 0.1) * log_p).sum(1).mean().item())


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_trains(loss: str) -> None:
    _, epochs = run(TINY.replace(loss=loss, epochs=3, optimizer="adam", lr=2e-3))
    assert epochs[-1].train_loss < epochs[0].train_loss


@pytest.mark.parametrize("fields", [{"lr": 1e30}, {"lr": 1e10, "optimizer": "adam", "loss": "smooth_l1"}])
def test_divergence_ends_the_training_after_the_epoch_it_happened_in(fields: dict[str, Any]) -> None:
    training, epochs = run(TINY.replace(**fields, epochs=50))
    assert training.outcome == "diverged"
    assert 1 <= len(epochs) < 50
    assert not math.isfinite(epochs[-1].train_loss) or not math.isfinite(epochs[-1].val_loss)
    assert all(math.isfinite(epoch.train_loss) for epoch in epochs[:-1])


def test_a_last_step_that_leads_nowhere_is_seen_without_validation_data_too() -> None:
    training, epochs = run(TINY.replace(lr=1e30, epochs=1, batch_size=100, validation=0.0))
    assert math.isfinite(epochs[0].train_loss)
    assert training.outcome == "diverged"


def test_a_batch_larger_than_the_training_split_is_refused_before_it_starts() -> None:
    with pytest.raises(ValueError, match=r"batch_size must be at most the 100 training images of mnist5k.*but got 101"):
        train(TINY.replace(batch_size=101))


def test_an_image_too_small_for_the_network_is_refused_before_it_starts() -> None:
    with pytest.raises(ValueError, match="32x32"):
        train(TINY.replace(model="vgg_a"))


@pytest.mark.parametrize(("batch_size", "steps"), [(33, 3), (32, 4), (100, 1), (99, 1), (50, 2), (1, 100)])
def test_a_last_batch_of_one_image_is_left_out(batch_size: int, steps: int) -> None:
    _, epochs = run(TINY.replace(batch_size=batch_size, epochs=1, landscape=ONCE))
    assert len(epochs[0].step_losses) == steps


def test_the_score_counts_right_and_among_the_first_five() -> None:
    tally = Tally(10, torch.device("cpu"))
    logits = torch.arange(10.0).repeat(4, 1)
    tally.add(torch.tensor(1.0), logits, torch.tensor([9, 9, 5, 4]))
    tally.add(torch.tensor(4.0), logits[:2], torch.tensor([0, 8]))
    assert asdict(tally.score()) == pytest.approx({"loss": 2.0, "acc1": 100 * 2 / 6, "acc5": 100 * 4 / 6})


def test_acc5_of_five_classes_says_nothing() -> None:
    tally = Tally(5, torch.device("cpu"))
    tally.add(torch.tensor(1.0), torch.eye(5), torch.arange(5))
    score = tally.score()
    assert score.acc1 == 100
    assert math.isnan(score.acc5)


def test_the_test_score_is_that_of_the_test_split_alone() -> None:
    training, _ = run(TINY)
    data = training.dataset
    pixels = data.test.images[data.test.index].permute(0, 3, 1, 2).float() / 255
    with torch.inference_mode():
        logits = training.model((pixels - data.mean[0]) / data.std[0])
    labels = data.test.labels[data.test.index]
    score = training.test()
    assert score.acc1 == pytest.approx(100 * (logits.argmax(1) == labels).float().mean().item(), abs=0.11)
    assert score.loss == pytest.approx(F.cross_entropy(logits, labels).item(), rel=1e-4)


def test_precision_is_decided_by_a_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True}, raising=False)
    assert settle(Recipe(model="resnet18"), "cpu").precision == "bf16"
    assert settle(Recipe(model="lenet"), "cpu").precision == "fp32"
    assert settle(Recipe(model="resnet18", precision="fp32"), "cpu").precision == "fp32"
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": False, "avx2": True}, raising=False)
    assert settle(Recipe(model="resnet18"), "cpu").precision == "fp32"
    assert settle(Recipe(model="resnet18", precision="bf16"), "cpu").precision == "bf16"


def test_settling_fills_in_every_default() -> None:
    settled = settle(Recipe(model="lenet", precision="fp32"), "cpu")
    assert settled == Recipe(model="lenet", precision="fp32").resolved() == settle(settled, "cpu")


def test_bf16_trains_and_measures_in_fp32() -> None:
    training, epochs = run(TINY.replace(precision="bf16", epochs=1))
    assert training.recipe.precision == "bf16"
    assert math.isfinite(epochs[0].train_loss)
    assert {p.dtype for p in training.model.parameters()} == {torch.float32}


def test_a_device_out_of_memory_is_the_callers_to_handle() -> None:
    training = train(TINY, device="cpu")

    def run_out(*_: Any) -> None:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    training.model.register_forward_pre_hook(run_out)
    with pytest.raises(torch.cuda.OutOfMemoryError):
        list(training)

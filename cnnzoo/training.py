"""Training as something to iterate over: ``for epoch in train(recipe, resume=path): ...``

recipe -> data set, network, optimiser, schedule, random streams -> epoch by epoch, a checkpoint after each
"""

import dataclasses
import json
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn.utils import get_total_norm

from cnnzoo import checkpoint, streams
from cnnzoo.augment import training_batches
from cnnzoo.data import Dataset, open_dataset
from cnnzoo.evaluate import Epoch, Score, Tally, evaluate
from cnnzoo.landscape import look
from cnnzoo.losses import training_loss
from cnnzoo.memory import keep_freed_memory
from cnnzoo.mistake import Mistake
from cnnzoo.nets import source_digest
from cnnzoo.optim import OPTIMIZERS, SCHEDULES
from cnnzoo.precision import casting, choose_device, settle
from cnnzoo.predictions import Predictions
from cnnzoo.recipe import Recipe, build


def train(
    recipe: Recipe,
    *,
    data_dir: Path | str = "data",
    device: torch.device | str | None = None,
    resume: Path | str | None = None,
) -> "Training":
    """Make everything ready to train a recipe; its epochs run while the result is iterated over.

    ``resume`` names the checkpoint: it is gone on from if it exists, and written anew before each epoch is handed out,
    so an epoch that was seen is not redone.
    """
    keep_freed_memory()
    device = choose_device(device)
    dataset = open_dataset(
        recipe.dataset,
        image_size=recipe.image_size,
        train_size=recipe.train_size,
        validation=recipe.validation,
        data_dir=data_dir,
    )
    return Training(settle(recipe, device), dataset, device, Path(resume) if resume else None)


class Training:
    """One training, driven by whoever iterates over it; break off at any epoch, iterate again to go on.

    ``recipe`` is the recipe as it is trained, its precision decided. ``outcome`` is None until the training has ended,
    then "completed" or "diverged". ``history`` holds the epochs done, those from before a resume too.
    """

    def __init__(self, recipe: Recipe, dataset: Dataset, device: torch.device, resume: Path | None) -> None:
        steps = steps_an_epoch(recipe, len(dataset.train))
        self.recipe, self.dataset, self.device = recipe, dataset, device
        self.outcome: str | None = None
        self.history: list[Epoch] = []
        with streams.in_place_of_the_global(streams.generator(recipe.seed, "initialisation")):
            model = build(recipe, dataset.shape, len(dataset.classes))
        self.model = model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        optimizer, schedule = OPTIMIZERS[recipe.optimizer], SCHEDULES[recipe.schedule]
        self._optimizer = optimizer(
            self.model.parameters(), lr=recipe.lr, weight_decay=recipe.weight_decay, **recipe.taken_by(optimizer)
        )
        self._schedule = schedule(recipe.epochs, steps, **recipe.taken_by(schedule))
        self._steps_done = 0
        self._loss = training_loss(recipe.loss, recipe.label_smoothing)
        self._streams = {
            use: streams.generator(recipe.seed, use, device if use == "dropout" else "cpu")
            for use in ("order", "augmentation", "dropout")
        }
        self._train_split, self._validation_split = dataset.train.to(device), dataset.validation.to(device)
        self._checkpoint = resume
        self._looks: list[tuple[float, ...]] = []  # of the epoch that is running
        if resume is not None and (state := checkpoint.read(resume)) is not None:
            checkpoint.refuse_another_training(resume, state, self._identity())
            self._restore(state)

    def __iter__(self) -> Iterator[Epoch]:
        while self.outcome is None:
            epoch = self._run_epoch()
            self.history.append(epoch)
            if self._has_diverged(epoch):
                self.outcome = "diverged"
            elif len(self.history) == self.recipe.epochs:
                self.outcome = "completed"
            if self._checkpoint is not None:
                checkpoint.write(self._checkpoint, self._state())
            yield epoch

    def test(self, predictions: Path | None = None) -> Score:
        """The score on the test split, which nothing else here looks at; what is said of each image goes to a file."""
        of_each = Predictions(self.recipe.loss, len(self.dataset.classes))
        score = evaluate(self.model, self.dataset.test.to(self.device), self.dataset, self.recipe, of_each)
        if predictions is not None:
            of_each.save(predictions)
        return score

    def _run_epoch(self) -> Epoch:
        tally = Tally(len(self.dataset.classes), self.device)
        losses: list[Tensor] = []
        self._looks = []
        seconds_data = 0.0
        started = asked = time.perf_counter()
        self.model.train()
        with streams.in_place_of_the_global(self._streams["dropout"]):
            for images, labels in training_batches(
                self._train_split,
                self.recipe,
                mean=self.dataset.mean,
                std=self.dataset.std,
                order=self._streams["order"],
                noise=self._streams["augmentation"],
            ):
                seconds_data += time.perf_counter() - asked
                loss, logits = self._step(images, labels)
                tally.add(loss, logits, labels)
                if self.recipe.landscape:
                    losses.append(loss)
                asked = time.perf_counter()
        trained = tally.score()  # the first time in the epoch that a GPU is waited for
        seconds = time.perf_counter() - started
        validation = evaluate(self.model, self._validation_split, self.dataset, self.recipe)
        seconds_evaluation = time.perf_counter() - started - seconds
        return Epoch(
            number=len(self.history) + 1,
            train_loss=trained.loss,
            train_acc1=trained.acc1,
            train_acc5=trained.acc5,
            val_loss=validation.loss,
            val_acc1=validation.acc1,
            val_acc5=validation.acc5,
            lr=self._optimizer.param_groups[0]["lr"],
            images_per_second=tally.images / seconds,
            seconds=seconds + seconds_evaluation,
            seconds_data=seconds_data,
            seconds_compute=seconds - seconds_data,
            seconds_evaluation=seconds_evaluation,
            step_losses=tuple(torch.stack(losses).tolist()) if losses else (),
            looks=tuple(self._looks),
        )

    def _step(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """One update of the weights; returns the loss and the logits it was made from."""
        for group in self._optimizer.param_groups:
            group["lr"] = self.recipe.lr * self._schedule(self._steps_done)
        loss, learned, logits = self._forward(images, labels)
        learned.backward()  # type: ignore[no-untyped-call]
        if self.recipe.l1:
            self._add_gradient_of_l1()
        looks = self.recipe.landscape > 0 and self._steps_done % self.recipe.landscape == 0
        origin = [weight.detach().clone() for weight in self.model.parameters()] if looks else []
        self._optimizer.step()
        self._optimizer.zero_grad()
        self._steps_done += 1
        if looks:
            self._looks.append(look(self._steps_done, self.model, origin, lambda: self._forward(images, labels)[1]))
        return loss.detach(), logits.detach()

    def _forward(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The loss of the main head, the loss that is learned from, and the logits."""
        with casting(self.recipe.precision, self.device):
            output = self.model(images)
        logits, *auxiliary = output if isinstance(output, tuple) else (output,)
        loss = learned = self._loss(logits, labels)
        if auxiliary:
            learned = loss + cast(float, self.model.aux_weight) * sum(self._loss(each, labels) for each in auxiliary)
        return loss, learned, logits

    def _add_gradient_of_l1(self) -> None:
        """As if l1 times the sum of all |w| stood in the loss, for a fraction of the time."""
        with torch.no_grad():
            for weight in self.model.parameters():
                if weight.grad is not None:  # None: of a part that takes no part
                    weight.grad.add_(weight.sign(), alpha=self.recipe.l1)

    def _has_diverged(self, epoch: Epoch) -> bool:
        """Without validation images it is the length of the weights that shows where the last step has led."""
        led_to = epoch.val_loss if len(self.dataset.validation) else get_total_norm(self.model.parameters()).item()
        return not (math.isfinite(epoch.train_loss) and math.isfinite(led_to))

    def _identity(self) -> dict[str, str]:
        """What has to be the same where a training goes on."""
        return {
            "recipe": json.dumps(self.recipe.to_json()),
            "dataset": self.dataset.digest,
            "network": source_digest(self.recipe.model),
            "device": self.device.type,
        }

    def _state(self) -> dict[str, Any]:
        return {
            **self._identity(),
            "outcome": self.outcome,
            "steps_done": self._steps_done,  # all the state that a schedule has
            "history": [dataclasses.asdict(epoch) for epoch in self.history],
            "model": self.model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "streams": {use: stream.get_state() for use, stream in self._streams.items()},
        }

    def _restore(self, state: dict[str, Any]) -> None:
        self.outcome, self._steps_done = state["outcome"], state["steps_done"]
        self.history = [Epoch(**epoch) for epoch in state["history"]]
        self.model.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        for use, stream in self._streams.items():
            stream.set_state(state["streams"][use])


def steps_an_epoch(recipe: Recipe, images: int) -> int:
    """A last batch of a single image is left out: batch normalisation could not be computed from it."""
    if recipe.batch_size > images:
        raise Mistake(
            f"batch_size must be at most the {images} training images of {recipe.dataset} "
            f"(those held out for validation are not among them), but got {recipe.batch_size}."
        )
    full, rest = divmod(images, recipe.batch_size)
    return full + (rest > 1)

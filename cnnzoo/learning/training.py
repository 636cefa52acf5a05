"""Training as something to iterate over: ``for epoch in train(recipe, resume=path): ...``, a checkpoint after each."""

import dataclasses
import json
import math
import time
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils import get_total_norm

from cnnzoo.data import Dataset, Split, open_dataset
from cnnzoo.device import streams
from cnnzoo.device.memory import keep_freed_memory
from cnnzoo.device.precision import choose_device, set_up_gpu, settle
from cnnzoo.learning.augment import batches_of, changed_blocks, own_streams, training_batches
from cnnzoo.learning.evaluate import Epoch, Score, Tally, evaluate
from cnnzoo.learning.landscape import look
from cnnzoo.learning.replay import BLOCK_BYTES, ReplayedSteps, can_be_replayed
from cnnzoo.learning.update import Update
from cnnzoo.mistake import Mistake
from cnnzoo.recipe import Recipe, build
from cnnzoo.storage import checkpoint


def train(
    recipe: Recipe,
    *,
    data_dir: Path | str = "data",
    device: torch.device | str | None = None,
    resume: Path | str | None = None,
    test_every_epoch: bool = False,
) -> "Training":
    """Make everything ready to train a recipe; its epochs run while the result is iterated over.

    ``resume`` names the checkpoint: it is gone on from if it exists, and written anew before each epoch is handed out,
    so an epoch that was seen is not redone. ``test_every_epoch`` adds the score on the test split to each epoch, for
    figures: whoever asks for it may choose nothing by what comes back.
    """
    keep_freed_memory()
    device = choose_device(device)
    set_up_gpu()
    dataset = open_dataset(*recipe.data(), data_dir=data_dir)
    return Training(settle(recipe, device), dataset, device, Path(resume) if resume else None, test_every_epoch)


class Training:
    """One training, driven by whoever iterates over it; break off at any epoch, iterate again to go on.

    ``recipe`` is the recipe as it is trained, its precision decided. ``outcome`` is None until the training has ended,
    then "completed" or "diverged". ``history`` holds the epochs done, those from before a resume too.
    """

    def __init__(
        self,
        recipe: Recipe,
        dataset: Dataset,
        device: torch.device,
        resume: Path | None,
        test_every_epoch: bool = False,
    ) -> None:
        steps = steps_an_epoch(recipe, len(dataset.train))
        self.recipe, self.dataset, self.device = recipe, dataset, device
        self.outcome: str | None = None
        self.history: list[Epoch] = []
        with streams.in_place_of_the_global(streams.generator(recipe.seed, "initialisation")):
            model = build(recipe, dataset.shape, len(dataset.classes))
        self.model = model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.update = Update(recipe, self.model, steps, device)
        self._streams = {
            use: streams.generator(recipe.seed, use, device if use == "dropout" else "cpu")
            for use in ("order", "augmentation", "dropout")
        } | own_streams(recipe, device)
        self._train_split, self._validation_split = dataset.train.to(device), dataset.validation.to(device)
        self._checkpoint, self._test_every_epoch = resume, test_every_epoch
        self._losses: list[Tensor] = []  # of the steps of the epoch that is running
        self._looks: list[tuple[float, ...]] = []
        if resume is not None and (state := checkpoint.read(resume)) is not None:
            checkpoint.refuse_another_training(resume, state, self._identity())
            self._restore(state)
        replayed = can_be_replayed(recipe, device)
        self._replayed = ReplayedSteps(self.update, dataset, self._train_split) if replayed else None

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
        return evaluate(self.model, self._test_split, self.dataset, self.recipe, predictions)

    @cached_property
    def _test_split(self) -> Split:
        """On the device from the first look at it: a candidate of a search never looks."""
        return self.dataset.test.to(self.device)

    def _run_epoch(self) -> Epoch:
        tally = Tally(len(self.dataset.classes), self.device)
        self._losses, self._looks = [], []
        started = time.perf_counter()
        self.model.train()
        with streams.in_place_of_the_global(self._streams["dropout"]):
            seconds_data = self._take_steps(tally)
        trained = tally.score()  # the first time in the epoch that a GPU is waited for
        seconds = time.perf_counter() - started
        validation = evaluate(self.model, self._validation_split, self.dataset, self.recipe)
        tested = self.test() if self._test_every_epoch else None
        seconds_evaluation = time.perf_counter() - started - seconds
        return Epoch(
            number=len(self.history) + 1,
            train_loss=trained.loss,
            train_acc1=trained.acc1,
            train_acc5=trained.acc5,
            val_loss=validation.loss,
            val_acc1=validation.acc1,
            val_acc5=validation.acc5,
            test_loss=tested.loss if tested else None,
            test_acc1=tested.acc1 if tested else None,
            test_acc5=tested.acc5 if tested else None,
            lr=self.update.rate(self.update.steps_done - 1),
            images_per_second=tally.images / seconds,
            seconds=seconds + seconds_evaluation,
            seconds_data=seconds_data,
            seconds_compute=seconds - seconds_data,
            seconds_evaluation=seconds_evaluation,
            step_losses=tuple(torch.stack(self._losses).tolist()) if self._losses else (),
            looks=tuple(self._looks),
        )

    def _take_steps(self, tally: Tally) -> float:
        """Take the steps of an epoch, replayed a block of batches at a time; the seconds that handing out images took."""
        split, recipe, data = self._train_split, self.recipe, self.dataset
        if self._replayed:
            batches, learn = changed_blocks(split, recipe, data.mean, self._streams, BLOCK_BYTES), self._replayed.run
        else:
            batches, learn = training_batches(split, recipe, data.mean, data.std, self._streams), self._step
        seconds_data, asked = 0.0, time.perf_counter()
        for images, labels in batches:
            seconds_data += time.perf_counter() - asked
            learn(images, labels, tally)
            asked = time.perf_counter()
        return seconds_data

    def _step(self, images: Tensor, labels: Tensor, tally: Tally) -> None:
        """One step at the learning rate that is due, counted in, and a look around where one is due."""
        update, every = self.update, self.recipe.landscape
        update.set_rate(update.rate(update.steps_done))
        looks = every > 0 and update.steps_done % every == 0
        origin = [weight.detach().clone() for weight in self.model.parameters()] if looks else []
        loss, logits = update(images, labels)
        update.steps_done += 1
        if looks:
            self._looks.append(look(update.steps_done, self.model, origin, lambda: update.forward(images, labels)[1]))
        tally.add(loss, logits, labels)
        if every:
            self._losses.append(loss)

    def _has_diverged(self, epoch: Epoch) -> bool:
        """Without validation images, the norm of the weights shows whether the last step was finite."""
        validated = len(self.dataset.validation) > 0
        after_the_last_step = epoch.val_loss if validated else get_total_norm(self.model.parameters()).item()
        return not (math.isfinite(epoch.train_loss) and math.isfinite(after_the_last_step))

    def _identity(self) -> dict[str, str]:
        """What has to be the same where a training goes on."""
        return {
            "recipe": json.dumps(self.recipe.to_json()),
            "dataset": self.dataset.digest,
            "network": " ".join(self.recipe.sources().values()),
            "device": self.device.type,
        }

    def _state(self) -> dict[str, Any]:
        return {
            **self._identity(),
            "outcome": self.outcome,
            "steps_done": self.update.steps_done,  # all the state that a schedule has
            "history": [dataclasses.asdict(epoch) for epoch in self.history],
            "model": self.model.state_dict(),
            "optimizer": self.update.optimizer.state_dict(),
            "streams": {use: stream.get_state() for use, stream in self._streams.items()},
        }

    def _restore(self, state: dict[str, Any]) -> None:
        self.outcome, self.update.steps_done = state["outcome"], state["steps_done"]
        self.history = [Epoch(**epoch) for epoch in state["history"]]
        self.model.load_state_dict(state["model"])
        self.update.optimizer.load_state_dict(state["optimizer"])
        for use, stream in self._streams.items():
            stream.set_state(state["streams"][use])


def steps_an_epoch(recipe: Recipe, images: int) -> int:
    if recipe.batch_size > images:
        raise Mistake(
            f"batch_size must be at most the {images} training images of {recipe.dataset} "
            f"(those held out for validation are not among them), but got {recipe.batch_size}."
        )
    return len(list(batches_of(images, recipe.batch_size)))

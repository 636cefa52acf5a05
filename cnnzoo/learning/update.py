"""One step of a training: forward, backward, update; and the learning rate that is due at each."""

from typing import cast

import torch
from torch import Tensor, nn

from cnnzoo.device.precision import casting
from cnnzoo.optimising.losses import loss_of
from cnnzoo.optimising.optim import OPTIMIZERS, SCHEDULES
from cnnzoo.recipe import Recipe


class Update:
    """Changes the weights of a network by one batch after another. ``steps_done`` counts them."""

    def __init__(self, recipe: Recipe, model: nn.Module, steps_an_epoch: int, device: torch.device) -> None:
        optimizer, schedule = OPTIMIZERS[recipe.optimizer], SCHEDULES[recipe.schedule]
        self.recipe, self.model, self.device = recipe, model, device
        self.optimizer = optimizer(
            model.parameters(), lr=recipe.lr, weight_decay=recipe.weight_decay, **recipe.taken_by(optimizer)
        )
        self.steps_done = 0
        self._share = schedule(recipe.epochs, steps_an_epoch, **recipe.taken_by(schedule))
        self._loss = loss_of(recipe.loss, recipe.label_smoothing)

    def __call__(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Change the weights, at the learning rate that the optimiser has; the loss and the logits from before."""
        loss, learned, logits = self.forward(images, labels)
        learned.backward()  # type: ignore[no-untyped-call]
        if self.recipe.l1:
            self._add_gradient_of_l1()
        self.optimizer.step()
        self.optimizer.zero_grad()
        return loss.detach(), logits.detach()

    def rate(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        return self.recipe.lr * self._share(step)

    def set_rate(self, rate: float | Tensor) -> None:
        """Let the optimiser take this learning rate; a tensor is read anew at every step."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate
            if isinstance(rate, Tensor) and "capturable" in group:  # Adam's; SGD can be captured as it is
                group["capturable"] = rate.device.type == "cuda"

    def forward(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
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
                if weight.grad is not None:  # None: the forward pass did not use this parameter
                    weight.grad.add_(weight.sign(), alpha=self.recipe.l1)

"""What a network says of each image of a split: the class, and the loss. From these come confusions, pairs and the test set's own luck."""

import io
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from cnnzoo.optimising.losses import loss_of_each
from cnnzoo.storage.files import write_atomically

SMALL = 256  # classes that a byte can name


class Predictions:
    """Collects them batch by batch, on the device; in the order of the split."""

    def __init__(self, loss: str, classes: int) -> None:
        self._loss = loss
        self._places = 5 if classes > 5 else 1
        self._type = np.uint8 if classes <= SMALL else np.uint16
        self._predicted: list[Tensor] = []
        self._losses: list[Tensor] = []

    def add(self, logits: Tensor, labels: Tensor) -> None:
        """Take in a batch. Where classes are level, the score counts the first of `topk`: so it is kept here."""
        self._predicted.append(logits.topk(self._places).indices[:, 0])
        self._losses.append(loss_of_each(self._loss, logits, labels))

    def save(self, path: Path) -> None:
        """As `predicted` and `loss` in a compressed file of numpy's: about 2.5 bytes an image."""
        predicted = torch.cat(self._predicted).cpu().numpy().astype(self._type)
        largest = np.finfo(np.float16).max
        loss = np.minimum(torch.cat(self._losses).cpu().numpy(), largest).astype(np.float16)
        buffer = io.BytesIO()
        np.savez_compressed(buffer, predicted=predicted, loss=loss)
        write_atomically(path, buffer.getbuffer())

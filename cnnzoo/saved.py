"""A trained network in one file: safetensors, with all that is needed to use them in the metadata. Reading it runs no code."""

import hashlib
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor, nn

from cnnzoo.device.precision import choose_device
from cnnzoo.device.streams import in_place_of_the_global
from cnnzoo.learning.augment import normaliser
from cnnzoo.learning.evaluate import EVALUATION_BATCH
from cnnzoo.learning.training import Training
from cnnzoo.mistake import Mistake
from cnnzoo.recipe import Recipe, build
from cnnzoo.storage.files import write_atomically

_FORMAT = "cnnzoo network 1"
_OF_THE_DATA = ("classes", "shape", "mean", "std")
Pixels = np.ndarray[Any, np.dtype[np.uint8]]
Array = np.ndarray[Any, np.dtype[np.float32]]
_MARGIN = 2  # pixels that the ten crops of an image of the network's own size are shifted by, if training shifted none


@dataclass(frozen=True, eq=False)
class Network:
    """A trained network and what it was trained on."""

    model: nn.Module
    recipe: Recipe
    classes: tuple[str, ...]
    shape: tuple[int, int, int]  # channels, height, width
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @torch.inference_mode()
    def predict(self, images: Tensor | np.ndarray[Any, Any], *, ten_crop: bool = False) -> Tensor:
        """The probability of each class for each image (uint8; NHWC or NCHW), in a row that sums to 1.

        With ``ten_crop`` it is the average over the four corners, the centre and their mirror images. Crops need images
        larger than the network's; those of exactly its size get a margin: black if training had one, else as their edge is.
        """
        pixels = self._as_nchw(torch.as_tensor(images), larger_allowed=ten_crop)
        return torch.cat([self._probabilities(batch, ten_crop) for batch in torch.split(pixels, EVALUATION_BATCH)])

    def feature_maps(self, image: Tensor | Pixels) -> dict[str, Array]:
        """What each convolution gives of one image (uint8; HWC or CHW), by its place in the network: (channels, height, width)."""
        maps: dict[str, Array] = {}

        def keep(path: str, _module: nn.Module, _inputs: object, output: Tensor) -> None:
            maps[path] = output[0].float().cpu().clone().numpy()  # an activation may work in its place

        with ExitStack() as hooks:
            for path, part in self.model.named_modules():
                if isinstance(part, nn.Conv2d):
                    hooks.enter_context(part.register_forward_hook(partial(keep, path)))
            self.predict(torch.as_tensor(image)[None])
        return maps

    def filters(self) -> Array | None:
        """The weights of the convolution that an image meets first: (filters, channels, height, width); None without one."""
        channels, height, width = self.shape
        first = next(iter(self.feature_maps(np.zeros((height, width, channels), np.uint8))), None)
        return None if first is None else self.model.get_parameter(f"{first}.weight").detach().cpu().numpy()

    def _probabilities(self, pixels: Tensor, ten_crop: bool) -> Tensor:
        device = next(self.model.parameters()).device
        channels, height, width = self.shape
        normalise = normaliser((height, width, channels), self.mean, self.std, device)
        views = self._ten_crops(pixels) if ten_crop else [pixels]
        total = torch.zeros(len(pixels), len(self.classes))
        for view in views:
            logits = self.model(normalise(view.to(device).permute(0, 2, 3, 1)))
            total += logits.softmax(1).cpu()
        return total / len(views)

    def _ten_crops(self, pixels: Tensor) -> list[Tensor]:
        from torchvision.transforms.functional import pad, ten_crop  # seconds, for what is seldom asked for

        _, height, width = self.shape
        if pixels.shape[2:] == (height, width):
            crop = self.recipe.crop
            pixels = pad(pixels, [crop or _MARGIN], padding_mode="constant" if crop else "edge")
        return list(ten_crop(pixels, [height, width]))

    def _as_nchw(self, images: Tensor, *, larger_allowed: bool) -> Tensor:
        channels, height, width = self.shape
        if images.dtype == torch.uint8 and images.ndim == 4 and len(images):
            for layout in (images, images.movedim(3, 1)):
                tall, wide = layout.shape[2:]
                fits = tall >= height and wide >= width if larger_allowed else (tall, wide) == (height, width)
                if layout.shape[1] == channels and fits:
                    return layout
        raise Mistake(
            f"this network takes uint8 images of {height}x{width}{' or larger' * larger_allowed} with {channels} "
            "channels, as an array (images, height, width, channels) or (images, channels, height, width), "
            f"but got {images.dtype} of shape {tuple(images.shape)}."
        )


def save(training: Training, path: Path | str) -> None:
    """Write the network, as it is now, to one file."""
    dataset = training.dataset
    weights = {  # copies: safetensors refuses tensors that share memory, as tied weights do
        name: tensor.to("cpu", copy=True, memory_format=torch.contiguous_format)
        for name, tensor in training.model.state_dict().items()
    }
    metadata = {
        "format": _FORMAT,
        "digest": _digest(weights),
        "recipe": json.dumps(training.recipe.to_json()),
        **{key: json.dumps(getattr(dataset, key)) for key in _OF_THE_DATA},
    }
    write_atomically(Path(path), to_bytes(weights, metadata))


def load(path: Path | str, device: torch.device | str | None = None) -> Network:
    """The network that ``save`` wrote, ready to predict."""
    with _damage_told(path):
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (no dict, only looks like one)
        if metadata.get("format") != _FORMAT:
            raise Mistake(f"its format is {metadata.get('format')!r}, not {_FORMAT!r}")
        if metadata.get("digest") != _digest(weights):
            raise Mistake("its weights are not those that were saved")
        fields = dict(json.loads(metadata["recipe"]))
    _refuse_foreign(path, fields)
    with _damage_told(path):
        recipe = Recipe.from_json(fields)
        classes, shape, mean, std = (tuple(json.loads(metadata[key])) for key in _OF_THE_DATA)
        # Not to be trusted: it is passed to the function that the recipe names.
        if len(shape) != 3 or not all(type(side) is int for side in shape):
            raise Mistake(f"its shape is {shape}")
        if not len(mean) == len(std) == shape[0]:
            raise Mistake(f"it has {len(mean)} means and {len(std)} deviations for {shape[0]} channels")
        with in_place_of_the_global(torch.Generator()):  # its first weights are drawn, and thrown away
            model = build(recipe, shape, len(classes))
        model.load_state_dict(weights)
    model.to(choose_device(device), memory_format=torch.channels_last)  # type: ignore[call-overload]
    return Network(model.eval(), recipe, classes, shape, mean, std)


@contextmanager
def _damage_told(path: Path | str) -> Iterator[None]:
    try:
        yield
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        first_line = str(error).partition("\n")[0]
        raise Mistake(
            f"{path} is no network saved by cnnzoo, or it is damaged ({first_line}); save it again."
        ) from error


def _refuse_foreign(path: Path | str, fields: dict[str, Any]) -> None:
    """A file may name a function of somebody's own, but not make us import it."""
    for kind, what in {"model": "network", "loss": "loss", "augmentation": "augmentation"}.items():
        module, colon, _ = str(fields.get(kind)).partition(":")
        if colon and module not in sys.modules:
            how = f"import {module} before, if you trust it (on a command line: --trust {module})"
            raise Mistake(f"{path}: its {what} is {fields[kind]!r}; {how}.")


def _digest(weights: dict[str, Tensor]) -> str:
    """A digest of every weight, because a weight with a flipped bit is still read as a number."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        digest.update(f"{name} {tuple(weights[name].shape)}".encode())
        digest.update(weights[name].numpy().tobytes())
    return digest.hexdigest()

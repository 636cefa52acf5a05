"""An epoch as a line of ``epochs.jsonl``, under the names of the schema."""

import json
import math
from collections.abc import Mapping
from typing import Any

from cnnzoo import Epoch
from studies.engine import schema

Curve = list[tuple[float, float]]  # pairs of training step and value


def metrics(epoch: Epoch) -> dict[str, float]:
    """The metrics of an epoch by their names in the schema."""
    return {name: getattr(epoch, _field(name)) for name in schema.EPOCH_METRICS}


def step_metrics(epoch: Epoch) -> dict[str, Curve]:
    """The curves by training step, which only trials have that record the loss landscape."""
    if not epoch.step_losses:
        return {}
    first = (epoch.number - 1) * len(epoch.step_losses) + 1
    looks = {name: [(look[0], look[column]) for look in epoch.looks] for column, name in enumerate(schema.LOOKS, 1)}
    return {schema.STEP_LOSS: list(enumerate(epoch.step_losses, first)), **looks}


def to_line(epoch: Epoch) -> str:
    return json.dumps({"epoch": epoch.number, **metrics(epoch), **step_metrics(epoch)}) + "\n"


def from_line(content: Mapping[str, Any]) -> Epoch:
    """The epoch that ``to_line`` wrote; a metric that an earlier version did not know is NaN."""
    curves = [content.get(name, ()) for name in schema.LOOKS]
    return Epoch(
        number=content["epoch"],
        **{_field(name): content.get(name, math.nan) for name in schema.EPOCH_METRICS},
        step_losses=tuple(value for _, value in content.get(schema.STEP_LOSS, ())),
        looks=tuple((points[0][0], *(value for _, value in points)) for points in zip(*curves, strict=True)),
    )


def _field(name: str) -> str:
    return name.replace("/", "_")

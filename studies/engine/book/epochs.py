"""An epoch as a line of ``epochs.jsonl``, under the names of the schema."""

import json
import math
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from studies.engine import schema

if TYPE_CHECKING:
    from cnnzoo import Epoch

Curve = list[tuple[float, float]]  # pairs of training step and value


def metrics(epoch: "Epoch") -> dict[str, float]:
    """The metrics of an epoch by their names in the schema; the test set's only where it was looked at."""
    named = {name: getattr(epoch, field_of(name)) for name in schema.EPOCH_METRICS}
    return {name: value for name, value in named.items() if value is not None}


def step_metrics(epoch: "Epoch") -> dict[str, Curve]:
    """The curves by training step, which only trials have that record the loss landscape."""
    if not epoch.step_losses:
        return {}
    first = (epoch.number - 1) * len(epoch.step_losses) + 1
    looks = {name: [(look[0], look[column]) for look in epoch.looks] for column, name in enumerate(schema.LOOKS, 1)}
    return {schema.STEP_LOSS: list(enumerate(epoch.step_losses, first)), **looks}


def to_line(epoch: "Epoch") -> str:
    return json.dumps({"epoch": epoch.number, **metrics(epoch), **step_metrics(epoch)}) + "\n"


def from_line(content: Mapping[str, Any]) -> "Epoch":
    """The epoch that ``to_line`` wrote."""
    from cnnzoo.learning.evaluate import Epoch  # brings torch, which takes seconds: without epochs it is not needed

    curves = [content.get(name, ()) for name in schema.LOOKS]
    return Epoch(
        number=content["epoch"],
        **{field_of(name): value for name, value in metrics_in(content).items()},
        step_losses=tuple(value for _, value in content.get(schema.STEP_LOSS, ())),
        looks=tuple((points[0][0], *(value for _, value in points)) for points in zip(*curves, strict=True)),
    )


def metrics_in(content: Mapping[str, Any]) -> dict[str, float]:
    """Those of a line; what an earlier version did not know is NaN."""
    known = [name for name in schema.EPOCH_METRICS if name in content or name not in schema.TEST_BY_EPOCH]
    return {name: content.get(name, math.nan) for name in known}


@cache
def field_of(metric: str) -> str:
    return metric.replace("test_by_epoch/", "test/").replace("/", "_")

"""One trial, trained from where it stands to its end, every epoch booked in the ledger. Knows neither Ray nor the agenda."""

import traceback
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from cnnzoo import Epoch as TrainedEpoch
from cnnzoo import Recipe, save, train
from cnnzoo.structure import measure
from cnnzoo.training import Training
from studies.engine import schema
from studies.engine.book.ledger import Entry, Epoch, Ledger, Result

OUT_OF_MEMORY = "out of GPU memory: use a smaller batch_size, or fewer trials on one GPU (--gpus-per-trial 1)"
LAST_LINES = 5  # of a traceback, as the reason of a failed trial


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a worker needs to know of a trial; plain values, so that it travels to any process."""

    signature: str
    recipe: dict[str, Any]
    tested: bool  # a candidate is not: test data never take part in a choice
    origin: dict[str, str]
    results: str
    data_dir: str


def work(order: Order) -> Generator[Epoch, None, None]:
    """Yield every epoch of the trial, those from before an interruption too; at the end its result is in the ledger.

    What goes wrong in the training is the result of this trial, and ends neither the worker nor the study.
    """
    recipe, ledger = Recipe.from_json(order.recipe), Ledger(Path(order.results))
    with ledger.writing(order.signature, order.recipe) as entry:
        record = ledger.read(order.signature)
        yield from record.epochs  # what whoever held the entry until now has booked; it may say that this one stops
        if record.result is not None:
            return
        entry.come_from(order.origin)
        try:
            yield from _train(recipe, order, entry, len(record.epochs))
        except OSError as error:  # a full disk is no result of a training: the study stops here
            raise OSError(f"{entry.folder}: {error}") from error
        except torch.cuda.OutOfMemoryError:
            entry.end(Result("failed", reason=OUT_OF_MEMORY))
        except Exception:
            entry.end(Result("failed", reason="\n".join(traceback.format_exc().strip().splitlines()[-LAST_LINES:])))


def _train(recipe: Recipe, order: Order, entry: Entry, told: int) -> Iterator[Epoch]:
    device = order.origin.get(schema.DEVICE)  # the one that was announced, and that MLflow is told
    if device != "cuda":
        torch.set_num_threads(1)  # as many threads as slots; how sums are split over threads shows in the last digits
    training = train(recipe, data_dir=Path(order.data_dir), device=device, resume=entry.checkpoint)
    before = [as_metrics(epoch) for epoch in training.history]
    entry.begin(before)
    yield from before[told:]
    for epoch in training:
        metrics = as_metrics(epoch)
        entry.add(metrics)
        yield metrics
    entry.end(_result(training, order, entry))


def _result(training: Training, order: Order, entry: Entry) -> Result:
    assert training.outcome is not None
    size = measure(training.recipe, training.dataset.shape, len(training.dataset.classes))
    metrics = {
        schema.EPOCHS_DONE: float(len(training.history)),
        schema.PARAMETERS: float(size.parameters),
        schema.SIZE_MB: size.size_mb,
        schema.FLOPS: float(size.flops),
    }
    if order.tested and training.outcome == "completed":
        score = training.test(entry.predictions)
        metrics |= {schema.TEST_LOSS: score.loss, schema.TEST_ACC1: score.acc1, schema.TEST_ACC5: score.acc5}
        save(training, entry.model)
    return Result(training.outcome, metrics)


def as_metrics(epoch: TrainedEpoch) -> Epoch:
    """An epoch under the names of the schema."""
    named = {name: getattr(epoch, name.replace("/", "_")) for name in schema.EPOCH_METRICS}
    return {"epoch": epoch.number, **named, **_by_step(epoch)}


def _by_step(epoch: TrainedEpoch) -> dict[str, list[tuple[float, float]]]:
    """Of a trial that records the loss landscape, by metric: pairs of training step and value."""
    if not epoch.step_losses:
        return {}
    first = (epoch.number - 1) * len(epoch.step_losses) + 1
    looks = {name: [(look[0], look[column]) for look in epoch.looks] for column, name in enumerate(schema.LOOKS, 1)}
    return {schema.STEP_LOSS: list(enumerate(epoch.step_losses, first)), **looks}

"""One trial, trained from where it stands to its end. Knows neither Ray nor the agenda, and writes only what is large."""

import math
import traceback
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock

from cnnzoo import Epoch, Recipe, save, train
from cnnzoo.learning.training import Training
from cnnzoo.structure import measure
from studies.engine import schema
from studies.engine.book.book import CHECKPOINT, MODEL, PREDICTIONS, Book
from studies.engine.book.lock import LOCK
from studies.engine.book.premises import DATA, OtherPremisesError, Premises, check_premises, compare
from studies.engine.book.provenance import Origin, here
from studies.engine.course import Outcome

OUT_OF_MEMORY = "out of GPU memory: use a smaller batch_size, or fewer trials on one GPU (--gpus-per-trial 1)"
LAST_LINES = 5  # of a traceback, as the reason of a failed trial

News = Origin | Epoch | Outcome  # what a worker tells of a trial, in this order: the first once, the last once


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a worker needs to know of a trial; plain values, so that it travels to any process."""

    signature: str
    recipe: dict[str, Any]
    tested: bool  # a candidate is not: test data never take part in a choice
    tested_by_epoch: bool = False  # as reported, for the reports' figures
    device: str
    results: str
    data_dir: str
    premises: Premises  # the data, the code and the versions of the study; a machine that has others trains nothing


def work(order: Order) -> Generator[News, None, None]:
    """Yield where the trial is trained, every epoch of it, those from before an interruption too, and how it ended.

    A machine that would train something else raises OtherPremisesError before anything is begun. What goes wrong in the
    training is the outcome of this trial, and ends neither the worker nor the study.
    """
    check_premises(Recipe.from_json(order.recipe), order.premises, Path(order.data_dir))
    book = Book(Path(order.results))
    folder = book.folder(order.signature)
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / LOCK):  # whoever holds it lets go: a worker that outlived its driver finishes its epoch
        yield here(order.device)
        if (outcome := book.outcome(order.signature)) is not None:
            yield from book.epochs(order.signature)  # whoever held the trial until now has come to its end
            yield outcome
            return
        try:
            yield from _train(order, folder)
        except OtherPremisesError:
            raise
        except OSError as error:  # a full disk is no outcome of a training: the study stops here
            raise OSError(f"{folder}: {error}") from error
        except torch.cuda.OutOfMemoryError:
            yield failed(OUT_OF_MEMORY)
        except Exception:
            yield failed("\n".join(traceback.format_exc().strip().splitlines()[-LAST_LINES:]))


def failed(reason: str) -> Outcome:
    return Outcome("failed", 0, math.nan, reason=reason)


def _train(order: Order, folder: Path) -> Iterator[News]:
    if order.device != "cuda":
        torch.set_num_threads(1)  # as many threads as slots; how sums are split over threads shows in the last digits
    recipe = Recipe.from_json(order.recipe)
    training = train(
        recipe,
        data_dir=Path(order.data_dir),
        device=order.device,
        resume=folder / CHECKPOINT,
        test_every_epoch=order.tested_by_epoch,
    )
    compare(order.premises, {DATA: training.dataset.digest}, Path(order.data_dir))  # not edited since
    yield from training.history
    yield from training
    yield _outcome(training, folder if order.tested else None)


def _outcome(training: Training, folder: Path | None) -> Outcome:
    """How a training ended; where there is a place for its network and what it predicts, it is tested, and they are saved."""
    assert training.outcome is not None
    size = measure(training.recipe, training.dataset.shape, len(training.dataset.classes))
    epochs = len(training.history)
    metrics = {
        schema.EPOCHS_DONE: float(epochs),
        schema.PARAMETERS: float(size.parameters),
        schema.SIZE_MB: size.size_mb,
        schema.FLOPS: float(size.flops),
    }
    if folder is not None and training.outcome == "completed":
        score = training.test(folder / PREDICTIONS)
        metrics |= {schema.TEST_LOSS: score.loss, schema.TEST_ACC1: score.acc1, schema.TEST_ACC5: score.acc5}
        save(training, folder / MODEL)
    return Outcome(training.outcome, epochs, training.history[-1].val_acc1, metrics)

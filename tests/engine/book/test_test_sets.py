"""What a study keeps of the images that it tests on: enough to read predictions, and to find the pictures again."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from cnnzoo.data import open_dataset
from studies.engine import Arm
from studies.engine.book.book import Book
from studies.engine.book.table import keep_test_set
from studies.engine.plan import prepare
from studies.engine.plan.machine import Machine
from studies.engine.plan.options import Options
from tests.engine.tiny_study import STUDY


def test_the_classes_of_the_test_images_and_where_they_are(tmp_path: Path) -> None:
    dataset = open_dataset("mnist5k")
    keep_test_set(tmp_path, dataset)
    (path,) = tmp_path.iterdir()
    assert path.name == f"test_set.{dataset.digest}.npz"
    assert path.stat().st_size < 5000
    kept = np.load(path)
    assert list(kept["labels"]) == dataset.test.labels[dataset.test.index].tolist()
    assert list(kept["classes"]) == list("0123456789")
    images = np.load(str(kept["array"]), mmap_mode="r")[kept["rows"]]
    assert np.array_equal(images, dataset.test.images[dataset.test.index].numpy())


def test_arms_that_learn_from_different_data_are_tested_on_each() -> None:
    def tested_on(**options: float) -> list[str]:
        arms = {"relu": Arm(), "tanh": Arm(activation="tanh", **options)}
        of = replace(STUDY, arms=arms)
        machine = Machine(cpus=1, gpus=0)
        return [data.digest for data in prepare.prepare(of, Options(), machine, Book(Path("nowhere"))).tested_on]

    assert len(tested_on()) == 1
    assert len({*tested_on(validation=0.5)}) == 2

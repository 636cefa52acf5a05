"""Predictions in the book: read back as they were written, missing, or damaged."""

from pathlib import Path

import numpy as np
import pytest
from fake_predictions import keep_test_set, small_study, write_all
from fake_study import signature_of, write_book

import analysis
from analysis.read.book import Book
from cnnzoo.mistake import Mistake
from studies.engine import schema


def test_a_frame_has_a_row_an_image() -> None:
    write_all(*small_study())
    frame = analysis.load("activations").predictions
    assert len(frame) == 4 * 10
    row = frame.query("arm == 'mish' and seed == 1 and image == 4").iloc[0]
    assert (row["true"], row["predicted"], row["right"]) == ("dog", "ox", False)
    assert row["loss"] == pytest.approx(4 / 9, abs=1e-3)
    assert frame.groupby("seed")["right"].mean().tolist() == [0.8, 0.9]


def test_an_older_book_has_none() -> None:
    write_book(*small_study())
    frame = analysis.load("activations").predictions
    assert frame.empty
    assert {"arm", "image", "true", "predicted", "right", "loss"} <= {*frame.columns}


def test_a_damaged_file_is_named() -> None:
    plan, trials = small_study()
    write_all(plan, trials)
    (Path("results/trials") / signature_of(trials[0]) / "predictions.npz").write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(Mistake, match=r"predictions.npz is damaged; delete it"):
        analysis.load("activations").plot.confusion()


def test_pictures_are_there_as_long_as_the_prepared_data_are() -> None:
    plan, trials = small_study()
    write_all(plan, trials)
    images = np.arange(20 * 4, dtype=np.uint8).reshape(20, 2, 2, 1)
    np.save("images.npy", images)
    keep_test_set(plan, range(10), array="images.npy", first_row=10)
    kept = Book(schema.RESULTS).test_set("activations", "demo", "d1")
    assert kept is not None
    pictures = kept.pictures(np.array([9, 0]))
    assert pictures is not None
    assert np.array_equal(pictures, images[[19, 10]])
    Path("images.npy").unlink()
    assert kept.pictures(np.array([0])) is None

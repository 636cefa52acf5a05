"""A study for notebooks and scripts: ``analysis.load("activations")``."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from analysis.judge.verdicts import Judged, judged
from analysis.read.book import Book
from analysis.read.from_mlflow import download
from analysis.read.runs import load as read
from analysis.write import claims, render
from studies.engine import schema

if TYPE_CHECKING:
    from analysis.front.plots import Plots

_WHOSE = [schema.ARM, schema.STAGE, schema.SEED, schema.SEARCH, schema.NUMBER, schema.SIGNATURE]


@dataclass(frozen=True, repr=False)
class Study:
    """One study at one scale, as it was run."""

    results: Judged

    @property
    def trials(self) -> pd.DataFrame:
        """One row per trial that ended.

        ``arm``, ``stage`` (reported, search, runoff, confirm), ``seed``, ``search`` (which of the arm's, from 1) and
        ``number`` (which candidate of it), ``signature``, ``outcome`` (completed, stopped, diverged, failed), ``reason``,
        ``name``, ``started`` and ``ended`` (seconds since 1970), ``device``, ``host``, ``versions``, ``dataset_digest``;
        one column per field of the recipe; and the metrics: ``test/acc1`` and others in percent, losses, ``seconds`` an
        epoch, ``epochs_done``, ``model/parameters``.
        """
        return self.results.runs.trials

    @cached_property
    def history(self) -> pd.DataFrame:
        """One row per epoch of a trial: arm, stage and seed, ``epoch`` from 1, and the metrics of that epoch."""
        return self.trials[_WHOSE].merge(self.results.runs.curves(self.trials), on=schema.SIGNATURE)

    @cached_property
    def steps(self) -> pd.DataFrame:
        """One row per value recorded at a training step: arm, stage and seed, ``metric``, ``step``, ``value``. Often empty."""
        return self.trials[_WHOSE].merge(self.results.runs.steps(self.trials), on=schema.SIGNATURE)

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """One row per test image of each network that was tested: arm, stage and seed, ``image`` (its place in the test set, from 0),
        ``true`` and ``predicted`` (names of classes), ``right``, and ``loss`` to three digits. Empty where that was not kept.
        """
        return self.trials[_WHOSE].merge(self.results.runs.said(self.trials), on=schema.SIGNATURE)

    def table(self) -> pd.DataFrame:
        """One row per arm as reported, and one as tuned: means, intervals, differences and verdicts, as numbers."""
        return render.numbers(self.results)

    def claims(self) -> pd.DataFrame:
        """One row per claim as reported, and one as tuned: ``claim``, ``looked_at``, ``verdict``, ``why``."""
        return claims.frame(self.results)

    @cached_property
    def plot(self) -> "Plots":
        """The figures."""
        from analysis.front.plots import Plots  # matplotlib, which tables do not need

        return Plots(self.results)

    def __repr__(self) -> str:
        return render.render(self.results, "plain")

    def _repr_html_(self) -> str:
        return render.fragment(self.results)


def load(
    study: str, scale: str | None = None, *, results_dir: str | Path = schema.RESULTS, from_mlflow: str | None = None
) -> Study:
    """A study that was run here, or that an MLflow server has the book of; at the largest scale if none is given."""
    book = download(from_mlflow, study, scale) if from_mlflow else Book(Path(results_dir))
    return Study(judged(read(book, study, scale)))

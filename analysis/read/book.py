"""The files of the book that belong to a study: its spec, its table of trials, and their epochs.

    results/studies/<study>.<scale>/spec.json      the study as it was run
                                    trials.jsonl   one line per trial that ended
    results/trials/<signature>/epochs.jsonl        one line per epoch

A study downloaded from an MLflow server has the epochs of all its trials in ``curves.jsonl``, beside the table.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.read.kept.networks import network
from analysis.read.kept.predictions import Predictions, TestSet, predictions, test_set
from cnnzoo.mistake import Mistake
from studies.engine import schema, typed

if TYPE_CHECKING:
    from analysis.read.kept.networks import Network

Row = dict[str, Any]
_OF_A_TRIAL = {schema.ARM: str, schema.STAGE: str, schema.SEED: int, schema.SIGNATURE: str, schema.OUTCOME: str}
_WRITTEN_ANEW = "{} is damaged; run the study again: it is written anew."


@dataclass(frozen=True)
class Book:
    """The folder ``results`` of this or of another machine."""

    root: Path
    source: str = ""  # where it was downloaded from

    def studies(self) -> list[tuple[str, str]]:
        """The name and scale of every study that was run, sorted by name; the largest scale comes first."""
        if not self.root.is_dir():
            raise Mistake(
                f"there is no folder {self.root.absolute()}: run a study first ({typed.study('activations')}), "
                "go to the folder it was run in, or name its results with --results."
            )
        folders = [path.parent.name for path in self.root.glob(f"{schema.STUDIES_FOLDER}/*/{schema.SPEC_FILE}")]
        known = [(name, scale) for name, _, scale in (f.rpartition(".") for f in folders) if scale in schema.SCALES]
        return sorted(known, key=lambda study: (study[0], schema.SCALES.index(study[1])))

    def scales(self, study: str, wanted: str | None = None) -> list[str]:
        """The scales that a study was run at. The first one is to be read: the wanted one, or else the largest."""
        every = self.studies()
        found = [scale for name, scale in every if name == study]
        if not found or wanted not in (None, *found):
            raise self._never_run(study, wanted, every)
        return sorted(found, key=lambda scale: (scale != wanted, schema.SCALES.index(scale)))

    def spec(self, study: str, scale: str) -> Row:
        path = self._folder(study, scale) / schema.SPEC_FILE
        (spec,) = _parsed([path.read_bytes()], _WRITTEN_ANEW.format(path), {"name": str})
        return spec

    def rows(self, study: str, scale: str) -> list[Row]:
        """The lines of the table: one per trial that ended."""
        path = self._folder(study, scale) / schema.ROWS_FILE
        return _parsed(_lines(path), _WRITTEN_ANEW.format(path), _OF_A_TRIAL)

    def epochs(self, study: str, scale: str, signatures: Sequence[str]) -> dict[str, list[Row]]:
        """The epochs of these trials, by signature."""
        downloaded = self._folder(study, scale) / schema.CURVES_FILE
        if downloaded.exists():
            damaged = f"{downloaded} is damaged; download it again."
            by_trial: dict[str, list[Row]] = {signature: [] for signature in signatures}
            for row in _parsed(_lines(downloaded), damaged, {"epoch": int, schema.SIGNATURE: str}):
                by_trial.get(row[schema.SIGNATURE], []).append(row)
            return by_trial
        folder = self.root / schema.TRIALS_FOLDER
        lines = {signature: _lines(folder / signature / "epochs.jsonl") for signature in signatures}
        damaged = f"an epochs.jsonl in {folder} is damaged; run the study again: it names the trial."
        parsed = iter(_parsed([line for own in lines.values() for line in own], damaged, {"epoch": int}))
        return {signature: [next(parsed) for _ in own] for signature, own in lines.items()}

    def test_set(self, study: str, scale: str, digest: str) -> TestSet | None:
        """What trials on the data of this digest were tested on; None where that was not kept."""
        return test_set(self._folder(study, scale) / schema.TEST_SET_FILE.format(digest))

    def predictions(self, signature: str) -> Predictions | None:
        """What a trial's network says of each test image; None where that was not kept."""
        return predictions(self.root / schema.TRIALS_FOLDER / signature / schema.PREDICTIONS_FILE)

    def network(self, signature: str) -> "Network | None":
        """The network that a trial has trained; None where it was not kept."""
        return network(self.root / schema.TRIALS_FOLDER / signature / schema.MODEL_FILE)

    def _folder(self, study: str, scale: str) -> Path:
        return self.root / schema.STUDIES_FOLDER / f"{study}.{scale}"

    def _never_run(self, study: str, scale: str | None, every: Sequence[tuple[str, str]]) -> Mistake:
        where = self.source or self.root
        at = f" at scale {scale!r}" if scale else ""
        if not every:
            return Mistake(f"no study was run in {where} yet; run one first, e.g. {typed.study('activations')}")
        close = get_close_matches(study, [name for name, _ in every], n=1)
        meant = f" Did you mean {close[0]!r}?" if close and close[0] != study else ""
        there = ", ".join(f"{name} ({scale})" for name, scale in every)
        return Mistake(f"study {study!r} was never run{at} in {where}.{meant} There are: {there}.")


def _lines(path: Path) -> list[bytes]:
    """The complete lines of a file. A last line without its end is being written at this moment, and is left out."""
    if not path.exists():
        return []
    return [line for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]


def _parsed(lines: Sequence[bytes], damaged: str, needed: Mapping[str, type]) -> list[Row]:
    """The lines as values. They are parsed together, which is faster; a line without the needed fields is a Mistake."""
    try:
        rows: list[Row] = json.loads(b"[" + b",".join(lines) + b"]")
        if all(type(row[name]) is kind for row in rows for name, kind in needed.items()):
            return rows
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise Mistake(damaged)

"""The conductor of a study: between the agenda, which decides, the ledger, which remembers, and the tracker, which tells MLflow.

Who trains (``on_ray``, ``in_process``) asks it for orders and tells it what came of them. It lives in the driver alone.
"""

import math
import os
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from cnnzoo.mistake import Mistake
from studies.engine import schema
from studies.engine.book.ledger import Booked, Epoch, Ledger, Result
from studies.engine.course import Course
from studies.engine.mirror.optuna_store import export
from studies.engine.mirror.tracking import Settled, Tracker
from studies.engine.plan.plan import Plan, Trial
from studies.engine.run.worker import Order
from studies.engine.search.agenda import Agenda
from studies.engine.terminal.progress import Progress

RAYS = os.environ.get("RAY_TMPDIR", tempfile.gettempdir())  # where Ray, too, looks where to write
GONE = f"the worker died (killed, or out of memory); see {RAYS}/ray/session_latest/logs"
EXPORT_EVERY = 30.0  # seconds at least between two writings of Optuna's journal while the study runs


class Conductor:
    def __init__(
        self,
        plan: Plan,
        ledger: Ledger,
        tracker: Tracker,
        progress: Progress,
        *,
        data_dir: Path,
        slots: int,
        origin: Mapping[str, str],
    ) -> None:
        self.plan = plan
        self.ledger = ledger
        self.tracker = tracker
        self.data_dir = data_dir
        self.slots = slots
        self.origin = origin  # of the trials that are trained now
        self.progress = progress
        self.agenda = Agenda(plan, self._recall)
        self._told = 0  # so many of the agenda's ends the tracker has been told
        self._exported, self._exported_at = 0, -math.inf  # how many ends Optuna's journal holds, and since when

    def next(self) -> Order | None:
        """What to train next; None while there is nothing to begin."""
        if len(self.agenda.running) >= self.slots:
            return None
        trial = self.agenda.next()
        if trial is not None:
            self.tracker.begin(trial, self.ledger.origin(trial.signature) or self.origin)
        self._tell_settled()
        return None if trial is None else self._order(trial)

    def _order(self, trial: Trial) -> Order:
        return Order(
            signature=trial.signature,
            recipe=trial.recipe.to_json(),
            tested=trial.tested,
            origin=dict(self.origin),
            results=str(self.ledger.root),
            data_dir=str(self.data_dir),
        )

    def heard(self, signature: str, epoch: Epoch) -> bool:
        """Take in an epoch; True says that the trial has to stop."""
        trial = self.agenda.trials[signature]
        self.progress.epoch_took(trial.arm, epoch[schema.SECONDS])
        stop = self.agenda.heard(trial, epoch["epoch"], epoch[schema.CHOSEN_BY])
        self.tracker.advance(trial, Booked(self.ledger, signature, self.agenda.counted(trial)))
        self._tell_settled()
        return stop

    def ended(self, signature: str, *, stopped: bool = False) -> None:
        """The trial is no longer being trained: it had to stop, or its result stands in the ledger."""
        trial = self.agenda.trials[signature]
        if stopped:
            self.agenda.ended(trial, "stopped")
        else:
            result = self.ledger.read(signature).result or self.ledger.fail(signature, GONE)
            self.agenda.ended(trial, result.outcome)
        self.ledger.drop_checkpoint(signature)  # here too: where its elders settled it, it was still being written
        self._tell_settled()

    def finished(self) -> bool:
        return self.agenda.finished()

    def outcomes(self) -> Counter[str]:
        """How many trials ended in which way."""
        return Counter(outcome.ended for outcome in self.agenda.settled.values())

    def failures(self) -> list[tuple[Trial, str]]:
        """The trials that failed, each with its reason; but for candidates the next start tries them again."""
        failed = [self.agenda.trials[s] for s, v in self.agenda.settled.items() if v.ended == "failed"]
        results = [(trial, self.ledger.read(trial.signature).result) for trial in failed]
        again = f"\nto try this candidate again, delete the folder {self.ledger.root.name}/trials/"
        return [(t, r.reason + ("" if t.tested else f"{again}{t.signature}")) for t, r in results if r]

    def close(self, status: str) -> int:
        """Hand over what is to be handed over; returns how many records MLflow could not be sent."""
        try:
            self._export()
            if self.finished():
                for trial in self._best_of_each_arm():
                    self.tracker.keep_model(trial, self.ledger.folder(trial.signature) / "model.safetensors")
        finally:  # also with a full disk
            unsent = self.tracker.close(status)
        return unsent

    def _export(self) -> None:
        export(self.plan, self.agenda.searches, self.ledger.root / "optuna.journal")
        self._exported, self._exported_at = self._told, time.monotonic()

    def _recall(self, trial: Trial) -> Course:
        """What the ledger holds of a trial that is about to begin."""
        record = self.ledger.read(trial.signature)
        result = record.result
        if not trial.tested and result and schema.TEST_ACC1 in result.metrics:
            raise Mistake(
                f"trial {trial.name!r} ({trial.signature}) has a test score already, so it may not be a candidate of a choice; "
                f"give the study other seeds, or another results folder."
            )
        if trial.tested and result and result.outcome == "failed":
            self.ledger.forget_failure(trial.signature)  # a candidate stays failed: what came later rests on that
            record = replace(record, result=None)
        return record.course()

    def _tell_settled(self) -> None:
        """Every epoch passes here, so the usual case, that nothing was settled, costs nothing."""
        if self._told < len(self.agenda.ends):
            for signature in self.agenda.ends[self._told :]:
                self._told += 1
                if signature not in self.agenda.running:  # its worker may be writing it at this moment
                    self.ledger.drop_checkpoint(signature)  # one that a kill left behind
                self.tracker.settle(self._settled(self.agenda.trials[signature]))
        if self._exported < self._told and time.monotonic() - self._exported_at > EXPORT_EVERY:
            self._export()
        self.progress.changed()

    def _settled(self, trial: Trial) -> Settled:
        outcome, record = self.agenda.settled[trial.signature], self.ledger.read(trial.signature)
        result = record.result if outcome.ended != "stopped" and record.result else Result(outcome.ended)
        counted = record.epochs[: outcome.epochs] if trial.stage == "search" else record.epochs
        return Settled(
            trial=trial,
            outcome=outcome.ended,
            epochs=Booked(self.ledger, trial.signature, len(counted)),
            metrics={**result.metrics, schema.EPOCHS_DONE: float(len(counted))},
            origin=self.ledger.origin(trial.signature) or self.origin,
            reason=result.reason,
        )

    def _best_of_each_arm(self) -> list[Trial]:
        """Of the tested trials of each arm and stage, the one with the best validation score, or the first without any."""
        best: dict[tuple[str, str], tuple[float, Trial]] = {}
        for signature, outcome in self.agenda.settled.items():
            trial = self.agenda.trials[signature]
            key, score = (trial.arm, trial.stage), -1.0 if math.isnan(outcome.score) else outcome.score
            if trial.tested and outcome.ended == "completed" and score > best.get(key, (-math.inf, trial))[0]:
                best[key] = (score, trial)
        return [trial for _, trial in best.values()]

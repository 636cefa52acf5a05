"""A training that hangs: it cannot be told from a long epoch, so the person at the terminal is told, once."""

import io
import time

import pytest
from rich.console import Console

from studies.engine.course import Course
from studies.engine.search.agenda import Agenda
from studies.engine.terminal import progress
from studies.engine.terminal.progress import Progress
from tests.engine.driving import epoch
from tests.engine.runs import until
from tests.engine.simulated import plan, study


def test_a_long_silence_is_told_once_with_what_is_being_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(progress, "SILENCE_SECONDS", 0.05)
    agenda = Agenda(plan(study()), lambda trial: Course())
    trial = agenda.next()
    assert trial is not None
    said = io.StringIO()
    shown = Progress(1, Console(file=said))
    shown.opened(agenda)
    until(lambda: "and the same command goes on" in said.getvalue(), "the line")
    time.sleep(0.1)
    shown.closed("FINISHED")
    assert said.getvalue().count("No epoch has ended for") == 1
    assert f"being trained: {trial.name}." in said.getvalue()


def test_a_study_of_long_epochs_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LOOK_SECONDS", 0.001)
    monkeypatch.setattr(progress, "SILENCE_SECONDS", 0.01)
    said = io.StringIO()
    agenda = Agenda(plan(study()), lambda trial: Course())
    shown = Progress(1, Console(file=said))
    trial = agenda.next()
    assert trial is not None
    shown.advanced(trial, epoch(1, seconds=3600.0), 1)
    shown.opened(agenda)
    time.sleep(0.1)
    shown.closed("FINISHED")
    assert said.getvalue() == ""

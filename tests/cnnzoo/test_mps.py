"""NVIDIA's multi-process service, with a program in its place that notes what it is told."""

import os
from pathlib import Path

import pytest
import torch

from cnnzoo import Recipe, pace
from cnnzoo.device import mps


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, answer: str) -> Path:
    """A control program that writes down its arguments, and what it is told, before it answers."""
    told, program = folder / "told", folder / mps.CONTROL
    program.write_text(
        f'#!/bin/sh\necho "$CUDA_MPS_PIPE_DIRECTORY $*" >> {told}\n[ -n "$1" ] || cat >> {told}\n{answer}\n'
    )
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return told


def test_it_runs_as_long_as_it_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = install(tmp_path, monkeypatch, "exit 0")
    with mps.shared_gpu() as why_not:
        assert why_not == ""
        pipes = os.environ[mps.PIPES]
        assert Path(pipes).is_dir()
    assert told.read_text().splitlines() == [f"{pipes} -d", f"{pipes} ", "quit"]
    assert not Path(pipes).exists()
    assert mps.PIPES not in os.environ


def test_one_that_does_not_start_is_told_and_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "echo An instance of this daemon is already running >&2; exit 1")
    with mps.shared_gpu() as why_not:
        assert why_not == f"{mps.CONTROL} did not start (An instance of this daemon is already running)"
        assert mps.PIPES not in os.environ


def test_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert not mps.runs_or_can_run()
    with mps.shared_gpu() as why_not:
        assert why_not == f"{mps.CONTROL} is not installed"


def test_somebody_elses_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = install(tmp_path, monkeypatch, "exit 0")
    monkeypatch.setenv(mps.PIPES, str(tmp_path))
    with mps.shared_gpu() as why_not:
        assert (why_not, os.environ[mps.PIPES]) == ("", str(tmp_path))
    assert not told.exists()


def test_where_not_one_step_fits_the_gpu_a_trial_has_it_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_large(*_: object) -> None:
        raise torch.cuda.OutOfMemoryError

    monkeypatch.setattr(pace, "runs_or_can_run", lambda: True)
    monkeypatch.setattr(pace, "BareStep", too_large)
    assert pace.trials_at_once(Recipe(model="lenet"), (1, 28, 28), 10, "cpu") == 1

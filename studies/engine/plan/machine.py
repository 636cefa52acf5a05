"""What there is to train on, and how many trials train at once on it."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from cnnzoo.mistake import Mistake
from studies.engine.plan.options import Options


@dataclass(frozen=True)
class Machine:
    """What there is to train on: here, or in a cluster."""

    cpus: int
    gpus: int
    ask: Callable[..., Any] = lambda question, *about: question(*about)  # calls a function where the trials will run
    room: Callable[[float], int] | None = None  # by GPUs a trial, how many fit at once; a cluster counts by node

    @classmethod
    def here(cls) -> "Machine":
        """This machine; where the system can say so, only the cores that this process may use."""
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return cls(cores, torch.cuda.device_count())

    def fitting(self, gpus_per_trial: float) -> int:
        """How many trials fit at once; none lies on two GPUs."""
        if self.room is not None:
            return self.room(gpus_per_trial)
        return self.gpus * int(1 / gpus_per_trial) if gpus_per_trial else self.cpus


def gpus_per_trial_of(options: Options, machine: Machine) -> float:
    """The share that was asked for; a whole GPU where it is still to be measured."""
    asked = options.gpus_per_trial
    if asked == "auto" and not machine.gpus:
        raise Mistake("--gpus-per-trial auto measures on a GPU, and there is none; leave it out to train on CPUs.")
    if asked is None or asked == "auto":
        return 1.0 if machine.gpus else 0.0
    if asked > machine.gpus:
        raise Mistake(
            f"each trial would ask for {asked:g} GPUs, but there are {machine.gpus}; use --gpus-per-trial 0 to train on CPUs."
        )
    return asked


def slots_of(options: Options, machine: Machine, gpus_per_trial: float) -> int:
    if options.in_process:
        return 1
    each, there = (f"{gpus_per_trial:g} GPUs", machine.gpus) if gpus_per_trial else ("a core", machine.cpus)
    fit = machine.fitting(gpus_per_trial)
    if options.concurrent and options.concurrent > fit:
        raise Mistake(
            f"--concurrent {options.concurrent} is more than fit: {each} a trial on {there} makes {fit}; leave it out for as many as fit."
        )
    return options.concurrent or fit

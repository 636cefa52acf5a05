"""``--decide``: seeds where they decide. Round by round, until every question of the study is decided or has all it may have.

The engine does not judge. What is open, and how many seeds would let it be looked at again, the analysis says: a command
like any other, and the engine knows only its name and what it prints.
"""

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from rich.console import Console

from studies.engine.plan.plan import Plan
from studies.engine.study.study import Study
from studies.engine.terminal.estimate import duration

Seeds = Mapping[tuple[str, str], int]  # by stage and arm


def named_stage(study: Study, stage: str) -> str:
    """As a person says it; where no report gave figures, arms are as they were set."""
    names = {"reported": "as reported" if study.reported else "as set", "confirm": "tuned"}
    return names.get(stage, stage)


@dataclass(frozen=True)
class Standing:
    """How the questions of a study stand."""

    questions: int
    open: tuple[str, ...]  # a line each
    wanted: Seeds  # that the arms of open questions need to be looked at again


@dataclass
class Rounds:
    """Called when all trials are done: the wider plan of the next round, or None where nothing more is to be done."""

    console: Console
    seconds: Callable[[Plan], float]  # a guess of what a whole plan takes
    ask: Callable[[Plan], Standing]
    number: int = 1

    def __call__(self, plan: Plan) -> Plan | None:
        standing, say = self.ask(plan), partial(self.console.print, soft_wrap=True)
        asked, still_open = standing.questions, len(standing.open)
        say(f"{still_open} of {asked} questions are open:" if still_open else f"All {asked} questions are decided.")
        for line in standing.open:
            say(f"  {line}")
        wider = plan.with_seeds(standing.wanted)
        new = _runs(wider) - _runs(plan)
        if not new:
            if standing.open:
                most = plan.budget.at_most
                say(f"They stay open: they have {most} seeds, or {most} would hardly decide them (--at-most).")
            return None
        self.number += 1
        cost = duration(self.seconds(wider) - self.seconds(plan))
        say(f"Round {self.number}: {spelled(standing.wanted, plan.study)}; {new} trials, about {cost}.")
        return wider


def ask_the_analysis(plan: Plan) -> Standing:
    """How the questions stand by what is in the book now."""
    asked = ["--study", plan.study.name, "--scale", plan.scale]
    done = subprocess.run(
        [sys.executable, "-m", "analysis.tables", "--undecided", *asked], stdout=subprocess.PIPE, check=False, text=True
    )
    if done.returncode:
        raise OSError(f"the analysis could not say what is undecided (exit code {done.returncode})")
    printed = json.loads(done.stdout)
    wanted = {(stage, arm): count for stage, arm, count in printed["wanted"]}
    return Standing(printed["questions"], tuple(printed["open"]), wanted)


def _runs(plan: Plan) -> int:
    confirming = sum(plan.seeds("confirm", arm.name) for arm in plan.searched())
    return len(plan.reported_runs()) + plan.budget.searches * confirming


def spelled(wanted: Seeds, study: Study) -> str:
    """`8 seeds of relu, gelu (as reported), 12 seeds of relu (tuned)`."""
    arms = defaultdict(list)
    for (stage, arm), count in wanted.items():
        arms[count, named_stage(study, stage)].append(arm)
    return ", ".join(f"{count} seeds of {', '.join(names)} ({way})" for (count, way), names in sorted(arms.items()))

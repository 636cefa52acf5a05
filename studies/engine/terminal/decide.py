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


@dataclass(frozen=True)
class OpenQuestions:
    """How the questions of a study stand."""

    questions: int
    open: tuple[str, ...]  # a line each
    wanted: Seeds  # that the arms of open questions need to be looked at again


@dataclass
class Rounds:
    """Called when all trials are done: the wider plan of the next round, or None where nothing more is to be done."""

    console: Console
    seconds: Callable[[Plan], float]  # a guess of what a whole plan takes
    ask: Callable[[Plan], OpenQuestions]
    number: int = 1

    def __call__(self, plan: Plan) -> Plan | None:
        found, say = self.ask(plan), partial(self.console.print, soft_wrap=True)
        asked, still_open = found.questions, len(found.open)
        say(f"{still_open} of {asked} questions are open:" if still_open else f"All {asked} questions are decided.")
        for line in found.open:
            say(f"  {line}")
        here = {("reported", arm) for arm in plan.compared()} | {("confirm", arm.name) for arm in plan.searched()}
        wanted = {key: count for key, count in found.wanted.items() if key in here}
        wider = plan.with_seeds(wanted)
        new = _runs(wider) - _runs(plan)
        if not new:
            most = plan.budget.at_most
            why = f"these questions have {most} seeds already, or even {most} would hardly decide them (--at-most)"
            if len(wanted) < len(found.wanted):
                why = "they would be of arms that this start does not train; leave out --only"
            if found.open:
                say(f"No seeds are added: {why}.")
            return None
        self.number += 1
        cost = duration(self.seconds(wider) - self.seconds(plan))
        say(f"Round {self.number}: {spelled(wanted, plan.study)}; {new} trials, about {cost}.")
        return wider


def ask_the_analysis(plan: Plan) -> OpenQuestions:
    """How the questions stand by what is in the book now."""
    asked = ["--study", plan.study.name, "--scale", plan.scale]
    done = subprocess.run(
        [sys.executable, "-m", "analysis.tables", "--undecided", *asked], stdout=subprocess.PIPE, check=False, text=True
    )
    if done.returncode:
        raise OSError(f"the analysis could not say what is undecided (exit code {done.returncode})")
    printed = json.loads(done.stdout)
    wanted = {(stage, arm): count for stage, arm, count in printed["wanted"]}
    return OpenQuestions(printed["questions"], tuple(printed["open"]), wanted)


def _runs(plan: Plan) -> int:
    confirming = sum(plan.seeds("confirm", arm.name) for arm in plan.searched())
    return len(plan.reported_runs()) + plan.budget.searches * confirming


def spelled(wanted: Seeds, study: Study) -> str:
    """`8 seeds of relu, gelu (as reported), 12 seeds of relu (tuned)`."""
    arms = defaultdict(list)
    for (stage, arm), count in wanted.items():
        arms[count, study.named_stage(stage)].append(arm)
    return ", ".join(f"{count} seeds of {', '.join(names)} ({way})" for (count, way), names in sorted(arms.items()))

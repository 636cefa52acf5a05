"""What the person at the terminal sees: what is going to happen, then a table by arm that moves, then how it ended."""

import os
import re
import shlex
import subprocess
import sys

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from studies.engine.agenda import Agenda
from studies.engine.conduct import Conductor
from studies.engine.estimate import duration
from studies.engine.prepare import Prepared
from studies.engine.tracking_uri import viewer


def announce(prepared: Prepared, console: Console, seconds: float) -> None:
    """What is compared, on what, and what it will take."""
    plan, data = prepared.plan, prepared.dataset
    study, budget = plan.study, plan.budget
    facts = Table.grid(padding=(0, 2))
    shape = "x".join(map(str, data.shape))
    counts = f"{len(data.train)} training, {len(data.validation)} validation, {len(data.test)} test images"
    facts.add_row("data", f"{data.name}: {counts} of {shape}")
    arms = (f"{arm} (baseline)" if arm == study.baseline else arm for arm in plan.arms if arm in plan.wanted)
    facts.add_row("arms", ", ".join(arms))
    reported, searched = plan.reported(), plan.searched()
    if reported:
        facts.add_row(
            "as reported",
            f"{len(reported)} trials: every arm on seeds {_range(budget.reported_seeds)}, tested once at the end",
        )
    if searched:
        space = ", ".join(sorted({name for arm in searched for name in arm.space}))
        candidates = (
            f"{len(searched) * budget.trials_per_arm} trials: {budget.trials_per_arm} settings of {space} for each arm"
        )
        facts.add_row("search", f"{candidates} ({', '.join(arm.name for arm in searched)}), on validation data alone")
        seeds = f"fresh seeds {_range(budget.confirm_seeds)}, tested once at the end"
        facts.add_row("confirm", f"{len(searched) * budget.seeds} trials: each arm's best setting on {seeds}")
    slots = "1 trial" if prepared.slots == 1 else f"{prepared.slots} trials"
    epochs = " or ".join(map(str, sorted({recipe.epochs for arm, recipe in plan.arms.items() if arm in plan.wanted})))
    facts.add_row("trials", f"{epochs} epochs each, {slots} at a time on {prepared.device}, {plan.base.precision}")
    facts.add_row("time", f"about {duration(seconds)} if nothing is done yet (a rough guess)")
    console.print(f"Scale: [bold]{plan.scale}[/bold] ({prepared.why_scale}).\n\n[bold]{study.question}[/bold]\n")
    console.print(facts)
    console.print()


def _range(seeds: tuple[int, ...]) -> str:
    return str(seeds[0]) if len(seeds) == 1 else f"{seeds[0]}-{seeds[-1]}"


def interrupted(agenda: Agenda, console: Console) -> None:
    console.print(
        f"\nInterrupted: {len(agenda.settled)} of {agenda.total()} trials are done, and kept. "
        f"To go on: [bold]{escape(_again())}[/bold]",
        soft_wrap=True,
    )


def farewell(prepared: Prepared, conductor: Conductor, unsent: int, console: Console) -> int:
    """The table, how the trials ended, and the next commands; returns the exit code."""
    study, scale = prepared.plan.study.name, prepared.plan.scale
    outcomes = conductor.outcomes()
    ends = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
    console.print(f"\n{sum(outcomes.values())} trials: {ends}\n")
    if unsent:
        console.print(
            f"{unsent} records are not in MLflow yet; to send them, run the same command again: "
            f"[bold]{escape(_again())}[/bold]",
            soft_wrap=True,
        )
    else:
        subprocess.run([sys.executable, "-m", "analysis.tables", "--study", study, "--scale", scale], check=False)
    as_given = re.sub(r" --seeds[ =]\d+", "", _again())
    more = f"{as_given} --seeds {prepared.plan.budget.seeds + 2}"
    look = viewer(os.environ.get("MLFLOW_TRACKING_URI"))
    width = len(f"python analysis/report.py --study {study} --scale {scale}")  # as the table's own last lines have it
    for command, what in ((look, "every trial, by arm"), (more, "narrower intervals: only new seeds are trained")):
        console.print(f"      {command:<{width}}   {what}", markup=False, highlight=False, soft_wrap=True)
    for trial, reason in conductor.failures():
        console.print(f"\nfailed: {trial.name}\n{reason}", markup=False, highlight=False)
    return 1 if outcomes["failed"] else 0


def _again() -> str:
    return shlex.join(["python", *sys.argv])

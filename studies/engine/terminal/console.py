"""What the person at the terminal sees: what is going to happen, then a table by arm that moves, then how it ended."""

import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from studies.engine import typed
from studies.engine.mirror.tracker import Tracker
from studies.engine.mirror.tracking_uri import page_of, viewer
from studies.engine.plan.plan import Plan
from studies.engine.plan.prepare import Prepared
from studies.engine.run.conduct import Conductor
from studies.engine.search.agenda import Agenda
from studies.engine.study.budget import RUNNERS
from studies.engine.terminal.decide import spelled
from studies.engine.terminal.estimate import duration


def terminal() -> Console:
    """Prints what it is given: a bracket in a question, an arm or an error is a bracket, and no markup."""
    return Console(markup=False, emoji=False, highlight=False)


def announce(prepared: Prepared, console: Console, seconds: float, shown: Sequence[str], done: int, total: int) -> None:
    """What is compared, on what, in how many `seconds` (NaN: not known) in all, and what differences it can show."""
    plan, data = prepared.plan, prepared.dataset
    study, budget = plan.study, plan.budget
    facts = Table.grid(padding=(0, 2))
    shape = "x".join(map(str, data.shape))
    counts = f"{len(data.train)} training, {len(data.validation)} validation, {len(data.test)} test images"
    facts.add_row("data", f"{data.name}: {counts} of {shape}")
    if smaller := _smaller(plan):
        facts.add_row("smaller", smaller)
    arms = (f"{arm} (baseline)" if arm == study.baseline else arm for arm in plan.arms if arm in plan.wanted)
    facts.add_row("arms", ", ".join(arms))
    reported, searched = len(plan.reported_runs()), plan.searched()
    if reported:
        seeds = f"seeds {_range(plan.reported_seeds(budget.seeds))}, tested after every epoch, for its curve"
        facts.add_row(study.named_stage("reported"), f"{reported} trials: every arm on {seeds}")
    if searched:
        space = ", ".join(sorted({name for arm in searched for name in arm.space}))
        searches = len(searched) * budget.searches
        often = "" if budget.searches == 1 else f", {budget.searches} times over"
        each = f"{budget.trials_per_arm} settings of {space} for each arm ({', '.join(arm.name for arm in searched)})"
        facts.add_row("search", f"{searches * budget.trials_per_arm} trials: {each}{often}, on validation data alone")
        if budget.runoff_trials:
            best = f"each arm's best {RUNNERS} on {len(budget.runoff_seeds)} more seeds, on validation data alone"
            facts.add_row("run-off", f"{searches * budget.runoff_trials} trials: {best}")
        best = "each arm's best setting" if budget.searches == 1 else "what each search has chosen"
        further = "" if budget.searches == 1 else " and as many for each further search"
        seeds = f"fresh seeds {_range(budget.confirm_seeds[: budget.seeds])}{further}, tested once at the end"
        facts.add_row("confirm", f"{len(searched) * len(budget.confirm_seeds)} trials: {best} on {seeds}")
    if plan.more_seeds:
        facts.add_row("more", f"{spelled(plan.more_seeds, study)}, as undecided questions needed them")
    slots = "1 trial" if prepared.slots == 1 else f"{prepared.slots} trials"
    epochs = " or ".join(map(str, sorted({recipe.epochs for arm, recipe in plan.arms.items() if arm in plan.wanted})))
    facts.add_row(
        "trials",
        f"{epochs} epochs each, {slots} at a time on {prepared.device}, {plan.arms[study.baseline].precision}",
    )
    if done:
        facts.add_row("done", f"{done} of {total} trials already, which are not trained again")
    left, of = seconds * (1 - done / total), "for the others" if done else "if nothing is done yet"
    guess = f"about {duration(left)} {of} (a rough guess)" if math.isfinite(left) else "unknown: a first step failed"
    facts.add_row("time", guess)
    for title, line in zip(("can show", ""), shown, strict=False):
        facts.add_row(title, line)
    scale = ("Scale: ", (plan.scale, "bold"), f" ({prepared.why_scale}).\n\n")
    console.print(Text.assemble(*scale, (study.question, "bold"), "\n"))
    console.print(facts)
    console.print()
    for line in _to_beware_of(plan):
        console.print(f"! {line}", soft_wrap=True)


def warn_of_another_study_of_that_name(before: Mapping[str, Any], source: Path, console: Console) -> None:
    """Two studies of one name would share their table; `before` is the spec that the table has now."""
    other = Path(before.get("origin", {}).get("mlflow.source.name", source))
    if other != source and other.exists():
        line = f"! {other} has a study of the same name, {before['name']!r}, whose table this one replaces: rename one of them."
        console.print(line, soft_wrap=True)


def _smaller(plan: Plan) -> str:
    """What the scale changes of the report's setting: `dataset mnist5k (not cifar10), epochs 3 (not 50)`."""
    study = plan.study
    before = vars(study.base)
    changed = [
        f"{name} {value} (not {'all' if before[name] is None else before[name]})"
        for name, value in plan.smaller.items()
    ]
    seeds, given = study.budget_at(plan.scale).seeds, study.budget.seeds
    return ", ".join([*changed, *([f"{seeds} seeds (not {given})"] if seeds != given else [])])


def _to_beware_of(plan: Plan) -> Iterator[str]:
    """What makes a comparison weaker than it looks."""
    if len(plan.wanted) == 1:
        yield "Only one arm: nothing is compared."
    if plan.budget.seeds == 1:
        yield "Only one seed: no interval can be given, and nothing can be called better."
    epochs = {arm: recipe.epochs for arm, recipe in plan.arms.items() if arm in plan.wanted}
    if len(set(epochs.values())) > 1:
        spelled_out = ", ".join(f"{arm} {count}" for arm, count in epochs.items())
        yield f"The arms train for different numbers of epochs ({spelled_out}): what differs is more than the arm."


def _range(seeds: Sequence[int]) -> str:
    return str(seeds[0]) if len(seeds) == 1 else f"{seeds[0]}-{seeds[-1]}"


def interrupted(agenda: Agenda, console: Console) -> None:
    done = f"{len(agenda.settled)} of {agenda.total()} trials are done, and kept"
    console.print(
        Text.assemble(f"\nInterrupted: {done}. To go on: ", (typed.again(*sys.argv[1:]), "bold")), soft_wrap=True
    )


def farewell(conductor: Conductor, tracker: Tracker, console: Console) -> int:
    """The table, how the trials ended, and the next commands; returns the exit code."""
    plan = conductor.agenda.plan
    study, scale = plan.study.name, plan.scale
    outcomes = conductor.outcomes()
    ends = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
    console.print(f"\n{sum(outcomes.values())} trials: {ends}\n")
    tell_the_result(study, scale, tracker)
    if tracker.unsent:
        again = f"\n{tracker.unsent} records are not in MLflow yet; to send them, run the same command again: "
        console.print(Text.assemble(again, (typed.again(*sys.argv[1:]), "bold")), soft_wrap=True)
    uri = os.environ.get("MLFLOW_TRACKING_URI")
    width = len(typed.tool("report", "--study", study, "--scale", scale))  # as the table's own last lines have it
    decide = typed.again(*sys.argv[1:], "--decide")
    given = {word.partition("=")[0] for word in sys.argv}
    more = [] if given & {"--decide", "--arms"} or scale == "smoke" else [(decide, "more seeds, where they decide")]
    shown = [(viewer(uri), "every trial, at this address:"), (page_of(uri, tracker.experiment), "")]
    for command, what in (*(shown if tracker.experiment else shown[:1]), *more):
        console.print(f"      {command:<{width}}   {what}".rstrip(), soft_wrap=True)
    for trial, reason in conductor.failures():
        folder = f"{conductor.book.root.name}/trials/{trial.signature}"
        again = f"\nto try it again, delete the folder {folder}" if not trial.tested else ""
        console.print(f"\nfailed: {trial.name}\n{reason}{again}", soft_wrap=True)
    return 1 if outcomes["failed"] else 0


def tell_the_result(study: str, scale: str, tracker: Tracker) -> None:
    """Print the table. It and the curves become artifacts in MLflow, so that `mlflow ui` alone shows the result."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "analysis.tables", "--study", study, "--scale", scale, "--keep", folder]
        subprocess.run(command, check=False)
        if not tracker.unsent:
            tracker.keep_result(sorted(Path(folder).iterdir()))

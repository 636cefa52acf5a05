"""From a study and the command line to a plan that can run: scale, data, device and slots are settled here, or refused."""

import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from cnnzoo import Recipe, settle
from cnnzoo.data import Dataset, open_dataset
from cnnzoo.mistake import Mistake
from cnnzoo.pace import trials_at_once
from cnnzoo.recipe import MODEL_OPTIONS
from cnnzoo.spelling import unknown
from cnnzoo.structure import check_fits
from search_spaces import Space
from studies.engine.book.book import Book
from studies.engine.plan.chosen import with_chosen_settings
from studies.engine.plan.machine import Machine, gpus_per_trial_of, slots_of
from studies.engine.plan.options import Options
from studies.engine.plan.plan import Plan, tuned_arms
from studies.engine.plan.spec import given_before
from studies.engine.study.budget import Budget
from studies.engine.study.spaces import check_distinct, extremes, spelled
from studies.engine.study.study import Study

GAIN_OF_SHARING = 1.3  # measured: docs/decisions/0017
JOB_FOLDER = "working_dir_files"  # where Ray unpacks what `ray job submit --working-dir` sends
Opener = Callable[[Recipe], Dataset]  # the data that a recipe trains on
SHAPING = {"batch_size", "model", *MODEL_OPTIONS, "optimizer", "schedule"}  # decide whether it can be trained at all


@dataclass(frozen=True)
class Prepared:
    plan: Plan
    dataset: Dataset
    device: str
    slots: int
    gpus_per_trial: float
    why_scale: str
    tested_on: Sequence[Dataset]  # the data of all arms, as reported and tuned: often only one

    @property
    def speedup(self) -> float:
        """How many times faster all trials at once are than one after another; trials that share a GPU gain little."""
        shared = 0 < self.gpus_per_trial < 1
        return max(1.0, self.slots * self.gpus_per_trial * GAIN_OF_SHARING) if shared else self.slots

    @property
    def sharing(self) -> int:
        """How many trials share a device at a time, at most."""
        return min(self.slots, int(1 / self.gpus_per_trial)) if self.gpus_per_trial else self.slots


def prepare(study: Study, options: Options, machine: Machine, book: Book) -> Prepared:
    gpus_per_trial = gpus_per_trial_of(options, machine)
    slots = slots_of(options, machine, gpus_per_trial)
    _check_asked(study, options)
    device = "cuda" if gpus_per_trial else "cpu"
    open_for = _opener(options.data_dir)
    scale, why = _scale(study, options, device, open_for)
    _check_at_most(options, _budget(study, scale, options).seeds)
    plan_of = partial(
        _plan,
        scale=scale,
        open_for=open_for,
        settled=lambda recipe: machine.ask(settle, _with_dataset(recipe, options), device),
    )

    def plan_to_choose_by(source: Study) -> Plan:
        planned = source.budget_at(scale).seeds
        seeds = min(options.seeds or planned, planned)  # more than planned narrow an interval, and choose nothing anew
        alike = replace(options, arms=None, only="reported", seeds=seeds, trials=None, at_most=None)
        return plan_of(source, options=alike)

    plan = plan_of(with_chosen_settings(study, scale, plan_to_choose_by, book), options=options)
    plan = plan.with_seeds(given_before(book.table(study.name, scale).spec()))
    baseline = plan.arms[study.baseline]
    data = open_for(baseline)
    if options.gpus_per_trial == "auto":
        gpus_per_trial = 1 / machine.ask(trials_at_once, baseline, data.shape, len(data.classes), device)
        slots = slots_of(options, machine, gpus_per_trial)
    recipes = [*plan.arms.values(), *(tuned.base for tuned in plan.tuned.values())]
    tested_on = list({dataset.digest: dataset for dataset in map(open_for, recipes)}.values())
    return Prepared(plan, data, device, slots, gpus_per_trial, why, tested_on)


def _check_asked(study: Study, options: Options) -> None:
    """Refuse what is wrong whatever the data are, before they are downloaded."""
    _budget(study, "report", options)
    tuned = [name for name in _wanted(study, options) if study.space_of(study.arms[name])]
    if options.only == "tuned" and not tuned:
        raise Mistake(f"study {study.name!r} tunes nothing, so --only tuned leaves nothing to do; leave it out.")


def _plan(
    study: Study,
    scale: str,
    options: Options,
    open_for: Opener,
    settled: Callable[[Recipe], Recipe],
) -> Plan:
    recipes = {name: settled(study.recipe(name, scale)) for name in study.arms}
    check_distinct(recipes, f"at scale {scale}, once precision and --dataset are settled")
    plan = Plan(
        study=study,
        scale=scale,
        budget=_budget(study, scale, options),
        base=settled(study.base.replace(**study.changes_at(scale))),
        arms=recipes,
        tuned=tuned_arms(study, recipes),
        digest_of=lambda recipe: open_for(recipe).digest,
        wanted=_wanted(study, options),
        only=options.only,
    )
    for name, recipe in plan.arms.items():
        _check_fits(name, recipe, open_for(recipe))
    for arm in plan.searched():
        for setting in _shaping(arm.space):
            _check_fits(arm.name, arm.base, open_for(arm.base), **setting)
    return plan


def _shaping(space: Space) -> Iterator[dict[str, Any]]:
    """Every extreme of each field that shapes a training, beside the first extreme of all other fields."""
    first = {name: extremes(distribution)[0] for name, distribution in space.items()}
    for field in filter(SHAPING.__contains__, space):
        for value in extremes(space[field]):
            yield {**first, field: value}


def _budget(study: Study, scale: str, options: Options) -> Budget:
    asked: dict[str, Any] = {"seeds": options.seeds, "trials_per_arm": options.trials, "at_most": options.at_most}
    budget = replace(study.budget_at(scale), **{name: value for name, value in asked.items() if value is not None})
    return replace(budget, at_most=max(budget.at_most, budget.seeds))


def _check_at_most(options: Options, seeds: int) -> None:
    if options.at_most and options.at_most < seeds:
        raise Mistake(f"--at-most {options.at_most} is less than the {seeds} seeds that every arm gets at first.")


def check_cluster(address: str) -> None:
    """Whether anybody answers there: Ray itself takes minutes to say no. And whether the results stay."""
    if JOB_FOLDER in Path.cwd().parts:
        raise Mistake(
            f"the results would lie in {Path.cwd()}, which Ray deletes after the job: go to a folder that stays first, as in "
            "`ray job submit -- bash -c 'cd ~/my-studies && cnn-studies run ... --address auto'`."
        )
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except OSError as error:
        raise ConnectionError(
            f"no Ray cluster answers at {address} ({error.strerror or error}); `ray start --head` begins one."
        ) from error


def _scale(study: Study, options: Options, device: str, open_for: Opener) -> tuple[str, str]:
    """The scale, and why it is this one."""
    if options.scale:
        return options.scale, "as asked"
    if device == "cpu":
        return "demo", "there is no GPU; --scale report runs the report's full setting all the same"
    try:
        open_for(_with_dataset(study.base, options))
    except (Mistake, OSError) as error:
        return "demo", f"the report's data set is not available: {error}"
    return "report", "there is a GPU, and the data set"


def _wanted(study: Study, options: Options) -> frozenset[str]:
    for name in options.arms or ():
        if name not in study.arms:
            raise unknown("arm", name, study.arms)
    return frozenset(options.arms or study.arms) | {study.baseline}  # nothing can be compared without it


def _with_dataset(recipe: Recipe, options: Options) -> Recipe:
    return recipe.replace(dataset=options.dataset) if options.dataset else recipe


def _opener(data_dir: Path) -> Opener:
    opened = cache(partial(open_dataset, data_dir=data_dir))
    return lambda recipe: opened(*recipe.data())


def _check_fits(arm: str, recipe: Recipe, dataset: Dataset, **tuned: Any) -> None:
    """A network that cannot take these images, or a batch that the data cannot fill, is found here and not in the first trial."""
    what = f"arm {arm!r}" + (f": tune reaches {spelled(tuned)}" if tuned else "")
    try:
        recipe = recipe.replace(**tuned)
        check_fits(recipe, dataset.shape, len(dataset.classes))
    except Mistake as error:
        raise Mistake(f"{what}: {error}") from None
    if recipe.batch_size > len(dataset.train):
        raise Mistake(
            f"{what}: batch_size {recipe.batch_size} is more than the {len(dataset.train)} training images of {dataset.name}."
        )

"""All that is said about a study, put together, and written in the form that was asked for."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from analysis.judge import stats
from analysis.judge.images.luck import luck_of
from analysis.judge.page import NO_CONTRAST
from analysis.judge.verdicts import Judged
from analysis.words import count, listed, setting, space, span
from analysis.write.formats import Page, csv, latex, markdown, plain, screen, template
from analysis.write.images import tables as images
from analysis.write.lints import lints, missing
from analysis.write.notes import found, images_of, notes, on_seeds, under, verdict
from analysis.write.tables import tables
from studies.engine import schema

COMMIT = "mlflow.source.git.commit"  # its key in the spec's origin
_SHARED = (
    "model", "optimizer", "lr", "momentum", "weight_decay", "schedule", "batch_size", "loss", "crop", "flip", "precision",
)  # fmt: skip
FORMATS = ("plain", "md", "csv", "latex", "html")
_SAID = (
    schema.TEST_ACC1, schema.TRAIN_ACC1, schema.TRAIN_ACC5, schema.GAP, schema.VAL_ACC1,
    schema.PARAMETERS, schema.SIZE_MB, schema.SECONDS,
)  # fmt: skip


def page(results: Judged, only: str | None = None) -> Page:
    """All that is said about a study, as texts; with ``only``, just the tables of that name."""
    made = tables(results, only)
    first = {table.name: table for table in reversed(made)}
    noted = [replace(one, notes=under(results, one.name)) if one is first[one.name] else one for one in made]
    spec, warnings = results.spec, [*missing(results), *lints(results)]
    title, label = f"{spec.name}, scale {spec.scale}", f"{spec.name}-{spec.scale}"
    return Page(title, spec.question, noted, verdict(results), notes(results), warnings, label)


def render(results: Judged, form: str, only: str | None = None, color: bool = False) -> str:
    """The page in one of the FORMATS; ``color`` is for a terminal."""
    if form == "csv":
        return csv(numbers(results))
    made = page(results, only)
    if form == "plain":
        return plain(made, screen(), color)
    if form == "html":
        return template("tables.html", page=made)
    return {"md": markdown, "latex": latex}[form](made)


def fragment(results: Judged) -> str:
    """The page as HTML to be put into another page, such as a notebook."""
    return template("fragment.html", page=page(results))


def numbers(results: Judged) -> pd.DataFrame:
    """One row per arm and stage that was run: what the tables show, as numbers."""
    return pd.DataFrame([_row(results, stage, arm) for stage in results.stages() for arm in results.samples[stage]])


def _row(results: Judged, stage: str, arm: str) -> dict[str, Any]:
    sample, cost = results.samples[stage][arm], results.cost(arm)
    contrast = results.contrasts[stage].get(arm, NO_CONTRAST)
    difference, alone, shown = contrast.difference, contrast.evidence.latest, contrast.shown
    test, train, gap, val = map(sample.mean, (schema.JUDGED_BY, schema.TRAIN_ACC1, schema.GAP, schema.VAL_ACC1))
    reported = results.spec.reported.get(arm, {}) if stage == "reported" else {}
    said = {name: span(value) if isinstance(value, Sequence) else value for name, value in reported.items()}
    luck, of_difference = luck_of(results, stage, [arm]), images.of_difference(results, stage, arm)
    flips = improves = math.nan
    if difference.n:
        baseline = results.samples[stage][str(results.spec.baseline_of(stage))]
        own, base = (one.by_unit(one.values(schema.JUDGED_BY)) for one in (sample, baseline))
        flips, improves = stats.sign_flip_p((own - base).dropna()), stats.probability_of_improvement(own, base)
    return {
        "study": results.spec.name, "scale": results.spec.scale, "dataset": results.spec.dataset["name"], "stage": stage, "arm": arm,
        "setting": setting(results.setting(arm)) if stage == "confirm" else "",
        **{f"report_{name.removeprefix('model/').replace('/', '_')}": said.get(name, math.nan) for name in _SAID},
        "test_acc1": test.mean, "test_acc1_low": test.low, "test_acc1_high": test.high,
        "test_acc1_test_set_half": luck.half, "seed_sd": luck.seed_sd, "network_sd": luck.network_sd,
        "n": test.n, "planned": sample.units, "diverged": len(sample.diverged), "failed": len(sample.failed),
        "train_acc1": train.mean, "train_acc1_half": train.half, "gap": gap.mean, "gap_half": gap.half,
        "val_acc1": val.mean, "val_acc1_half": val.half, "chosen": results.chosen_arm(stage) == arm,
        "difference": difference.mean, "difference_low": difference.low, "difference_high": difference.high,
        "difference_test_set_half": of_difference.half,
        "p": alone.either(2), "p_corrected": shown.either(1), "p_equal": alone.inside, "p_equal_corrected": shown.inside,
        "p_sign_flip": flips, "probability_of_improvement": improves,
        "verdict": "" if contrast is NO_CONTRAST else contrast.verdict,
        "seeds_to_decide_low": contrast.needed[0], "seeds_to_decide_high": contrast.needed[1],
        "parameters": sample.mean(schema.PARAMETERS).mean, "size_mb": sample.mean(schema.SIZE_MB).mean,
        "seconds_per_epoch": results.seconds(sample).mean,
        "trials": cost["trials"], "search_trials": cost["searched"], "epochs": cost["epochs"], "stopped": cost["stopped"],
    }  # fmt: skip


def methods(results: Judged) -> str:
    """A paragraph on how the study was made, for a lab report to take over: data, training, budget, statistics."""
    spec = results.spec
    sentences = [_trained(results), *_tuned(results)]
    if any(results.contrasts.values()) and not spec.is_smoke:
        sentences.append(
            "Means over seeds have 95 % Student-t intervals. Arms are compared with the baseline by the paired difference over "
            f"shared seeds; a difference shown to lie within {spec.margin:g} points counts as none. All comparisons are "
            "corrected together, so that at most one such study in twenty says anything wrong by chance."
        )
    origin = results.spec.origin
    commit = f", commit {origin[COMMIT][:12]}" if COMMIT in origin else ""
    versions = f" ({origin[schema.VERSIONS]})" if schema.VERSIONS in origin else ""
    return " ".join([*sentences, f"Trained and evaluated with cnn-studies{commit}{versions}."])


def _trained(results: Judged) -> str:
    """What was compared, on which data and seeds, and what all arms share."""
    spec = results.spec
    left = [name for name in _SHARED if not all(name in arm for arm in spec.arms.values())]
    shared = setting({name: spec.base[name] for name in left if spec.base.get(name)})
    return (
        f"{count(len(spec.arms), 'arm')} ({listed(spec.arms)}; baseline: {spec.baseline}) were compared on {images_of(results)}. "
        f"Every arm was trained for {listed(found(results, 'epochs'))} epochs ({shared}, where the arm sets no other) "
        f"on {on_seeds(spec, 'reported')}; those of a seed see the same images in the same order."
    )


def _tuned(results: Judged) -> list[str]:
    """How the settings of the tuned arms were found; nothing where nothing was tuned."""
    spec = results.spec
    if not spec.tuned_arms or "confirm" not in results.stages():
        return []
    spaces = [space_of for by_field in spec.tune.values() for space_of in by_field.items()]
    ranges = dict.fromkeys(f"{name} ({space(limits)})" for name, limits in spaces)
    early = "TPE, early stopping within the arm" if spec.early_stopping else "TPE"
    runoff = results.runs.trials.query("stage == 'runoff'")[schema.SEED].nunique()
    best = f"; its best settings were scored on {count(runoff, 'more seed')}" if runoff else ""
    repeated = f", {spec.searches} times over" if spec.searches > 1 else ""
    return [
        f"For the tuned results {listed(ranges)} was searched separately for each arm with {count(spec.trials_per_arm, 'trial')}"
        f"{repeated} ({early}) by validation accuracy alone{best}, and the setting chosen was trained anew on "
        f"{on_seeds(spec, 'confirm')}. The test set took part in no choice."
    ]

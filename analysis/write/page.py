"""A study as one page that stands alone: the question, what was found, how far it can be believed, and how to repeat it."""

import base64
import shlex
from collections.abc import Mapping, Sequence

from analysis.draw.curves import curves
from analysis.draw.figures import Make, draw, encoded
from analysis.draw.forest import forest
from analysis.draw.heatmap import heatmap
from analysis.draw.isolation import isolation
from analysis.draw.landscape import landscape
from analysis.draw.tradeoff import tradeoff
from analysis.judge.results import NAMES
from analysis.judge.verdicts import Judged, Ruling
from analysis.words import setting, short
from analysis.write import claims
from analysis.write.formats import Column, Page, Table, template
from studies.engine import schema, typed

_COMMIT = "mlflow.source.git.commit"  # among what the spec says of its origin
_RESULT: Sequence[tuple[Make, str, str]] = (
    (forest, "reported", "As reported: every seed (hollow), the mean and its 95 % interval; right, the difference to the baseline."),
    (forest, "confirm", "Tuned: the same with every arm at its own best setting."),
)  # fmt: skip
_FIGURES: Sequence[tuple[Make, str, str]] = (
    (curves, "reported", "Loss and accuracy by epoch as reported: the mean over seeds, in a band from the lowest to the highest."),
    (curves, "confirm", "The same for the tuned arms."),
    (heatmap, "reported", "Test accuracy by the two factors; lines that are not parallel mean that they act on one another."),
    (tradeoff, "reported", "Test accuracy against what it costs; nothing lies above and to the left of the grey front."),
    (tradeoff, "confirm", "The same for the tuned arms."),
    (isolation, "confirm", "Every search trial by what was tuned; hollow: stopped early; a line stands at the best of each arm."),
    (landscape, "reported", "Along the training, in bands over the learning rates; each point is a mean over some steps."),
)  # fmt: skip


GLOSSARY = (
    ("arm", "one of the things that are compared"),
    ("test acc@1", "percent of the test images whose most likely class is the right one; the test set takes part in no choice"),
    ("seed", "the number that fixes what is random in a training; arms are compared on the same seeds, in brackets: how many"),
    ("±", "half the 95 % interval: how far the mean over so few seeds may be from that over many"),
    ("as reported", "every arm at the setting that the report used"),
    ("tuned", "every arm at the best setting of a search of its own, on validation data, trained anew on fresh seeds"),
    ("Δ, baseline", "the difference to the arm that the others are held against, seed by seed"),
    ("practically equal", "shown to differ by less than the margin, the difference that is too small to matter"),
    ("undecided", "may be chance; in brackets how many seeds would tell"),
    ("diverged", "the loss became infinite or no number: there is no network to test"),
)  # fmt: skip


def report(of: Judged, said: Page) -> str:
    """The page of one study."""
    return template(
        "report.html",
        page=said,
        claims=[(claim.text, [_ruling(of, ruling) for ruling in own]) for claim, own in of.rulings],
        claim_notes=[claims.verdicts(of)],
        smoke=of.spec.is_smoke,
        unjudged=claims.unjudged(of),
        result=[(drawn, caption) for make, way, caption in _RESULT if (drawn := _drawn(of, make, way))],
        figures=[(drawn, caption) for make, way, caption in _FIGURES if (drawn := _drawn(of, make, way))],
        glossary=GLOSSARY,
        settings=_settings(of),
        origin=_origin(of),
        repeat=_repeat(of),
    )


def _ruling(of: Judged, ruling: Ruling) -> tuple[str, str, str, list[str]]:
    return NAMES[ruling.way], ruling.verdict, claims.sentence(of, ruling), claims.figures(of, ruling)


def _drawn(of: Judged, make: Make, way: str) -> str | None:
    """A figure as the address of an image that is part of the page; each keeps its own names of shapes that way."""
    figure = draw(make, of, way)
    return f"data:image/svg+xml;base64,{base64.b64encode(encoded(figure, 'svg')).decode()}" if figure else None


def _settings(of: Judged) -> list[Table]:
    """What each arm sets, and what every trial had in common."""
    arms = {arm: setting(fields) or "nothing" for arm, fields in {**of.spec.arms, **of.spec.tuned_arms}.items()}
    base = {name: short(value) for name, value in of.spec.base.items() if value is not None}
    return [_pairs("The arms", ("arm", "sets"), arms), _pairs("The base recipe", ("field", "value"), base)]


def _pairs(caption: str, heads: tuple[str, str], pairs: Mapping[str, str]) -> Table:
    cells = (list(pairs), list(pairs.values()))
    return Table(heads[0], caption, [Column(*column, figures=False) for column in zip(heads, cells, strict=True)])


def _origin(of: Judged) -> list[str]:
    origin, devices = of.runs.origin, of.runs.trials[schema.DEVICE].dropna().unique()
    dirty = " with changes that were not committed" if origin.get("git_dirty") == "true" else ""
    lines = [f"Code: commit {origin[_COMMIT]}{dirty}."] if _COMMIT in origin else []
    lines += [origin[schema.VERSIONS]] if schema.VERSIONS in origin else []
    lines += [f"Device: {', '.join(devices)}."] if len(devices) else []
    return [*lines, f"Data set: {of.spec.dataset['name']}, digest {of.spec.dataset['digest']}."]


def _repeat(of: Judged) -> list[str]:
    """Commands for what is on the page; what was not run is not in them."""
    spec, stages, study = of.spec, {*of.runs.trials[schema.STAGE]}, ("--study", of.spec.name, "--scale", of.spec.scale)
    options = ["--scale", spec.scale, "--seeds", str(max(len(spec.seeds), len(spec.confirm_seeds)))]
    if spec.tuned_arms:
        options += ["--trials", str(spec.trials_per_arm)] if stages != {"reported"} else ["--only", "reported"]
        options += ["--only", "tuned"] if stages and "reported" not in stages else []
    if not any("dataset" in fields for fields in spec.arms.values()):  # the spec does not say if --dataset was given
        options += ["--dataset", spec.base["dataset"]]
    return [
        shlex.join([typed.FRONT, *command])
        for command in (
            ("run", spec.name, *options),
            ("tables", *study),
            ("claims", *study),
            ("trials", *study, "--out", "trials.csv"),
        )
    ]

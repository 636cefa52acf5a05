"""A study as one page that stands alone: the question, what was found, how far it can be believed, and how to repeat it."""

import base64
import shlex
from collections.abc import Mapping, Sequence

from analysis.draw.curves import curves
from analysis.draw.figures import Make, draw, encoded
from analysis.draw.forest import forest
from analysis.draw.heatmap import heatmap
from analysis.draw.images import classes, confusion, hardest
from analysis.draw.landscape import landscape
from analysis.draw.scatter import isolation, tradeoff
from analysis.judge.verdicts import Judged, Ruling
from analysis.words import setting, short
from analysis.write import claims
from analysis.write.formats import Column, Page, Table, template
from analysis.write.images import tables as images
from analysis.write.images.words import under
from analysis.write.lints import on_time
from analysis.write.render import COMMIT, methods
from studies.engine import schema, typed

_RESULT: Sequence[tuple[Make, str, str]] = (
    (forest, "reported", "{Stage}: every seed (hollow), the mean and its 95 % interval; right, the difference to the baseline."),
    (forest, "confirm", "{Stage}: every seed (hollow), the mean and its 95 % interval; right, the difference to the baseline."),
)  # fmt: skip
_FIGURES: Sequence[tuple[Make, str, str]] = (
    (curves, "reported", "Loss and accuracy by epoch, {stage}: the mean over seeds, in a band from the lowest to the highest."),
    (curves, "confirm", "Loss and accuracy by epoch, {stage}: the mean over seeds, in a band from the lowest to the highest."),
    (heatmap, "reported", "Test accuracy by the two factors; lines that are not parallel mean that the factors interact."),
    (tradeoff, "reported", "Test accuracy against what it costs, {stage}; nothing lies above and to the left of the grey front."),
    (tradeoff, "confirm", "Test accuracy against what it costs, {stage}; nothing lies above and to the left of the grey front."),
    (isolation, "confirm", "Every search trial by what was tuned; hollow: stopped early; a line stands at the best of each arm."),
    (landscape, "reported", "Along the training, in bands over the learning rates; each point is a mean over some steps."),
)  # fmt: skip

_IMAGES: Sequence[tuple[Make, str]] = (
    (classes, "Accuracy by class: the mean of each arm over its seeds, on a line from its lowest to its highest seed."),
    (confusion, "What is taken for what, in percent of the true class: a row adds up to 100; unshaded: what is right."),
    (hardest, "The test images that most networks get wrong: place in the test set, what it is, what most of those that are wrong say."),
)  # fmt: skip


def report(results: Judged, said: Page) -> str:
    """The page of one study."""
    return template(
        "report.html",
        page=said,
        claims=[(claim.text, [_ruled(results, ruling) for ruling in own]) for claim, own in results.rulings],
        claim_notes=[claims.verdicts(results), *on_time(results)],
        smoke=results.spec.is_smoke,
        unjudged=claims.unjudged(results),
        result=_pictures(results, _RESULT),
        figures=_pictures(results, _FIGURES),
        by_image=[_by_image(results, stage) for stage in results.stages() if results.seen[stage].test],
        image_notes=under(results),
        settings=_settings(results),
        origin=_origin(results),
        repeat=_repeat(results),
        methods=methods(results),
    )


def _ruled(results: Judged, ruling: Ruling) -> tuple[str, str, str, list[str]]:
    sentence, figures = claims.sentence(results, ruling), claims.figures(results, ruling)
    return results.spec.named_stage(ruling.stage), ruling.verdict, sentence, figures


def _pictures(results: Judged, wanted: Sequence[tuple[Make, str, str]]) -> list[tuple[str, str]]:
    """Those of the figures that there is anything to draw of, each with its caption.

    As an embedded image the names of its shapes cannot clash with those of another figure.
    """
    pictures = []
    for make, stage, caption in wanted:
        if figure := draw(make, results, stage):
            image, named = base64.b64encode(encoded(figure, "svg")).decode(), results.spec.named_stage(stage)
            said = caption.format(stage=named, Stage=named.capitalize())
            pictures.append((f"data:image/svg+xml;base64,{image}", said))
    return pictures


def _by_image(results: Judged, stage: str) -> tuple[str, list[Table], list[tuple[str, str]]]:
    """What the networks of a stage say of each test image: tables, and figures with their captions."""
    pictures = _pictures(results, [(make, stage, caption) for make, caption in _IMAGES])
    return results.spec.named_stage(stage), images.tables(results, stage), pictures


def _settings(results: Judged) -> list[Table]:
    spec = results.spec
    arms = {arm: setting(fields) or "nothing" for arm, fields in {**spec.arms, **spec.tuned_arms}.items()}
    base = {name: short(value) for name, value in spec.base.items() if value is not None}
    return [_pairs("The arms", "arm", "sets", arms), _pairs("The base recipe", "field", "value", base)]


def _pairs(caption: str, name: str, value: str, pairs: Mapping[str, str]) -> Table:
    columns = [Column(name, [*pairs], figures=False), Column(value, [*pairs.values()], figures=False)]
    return Table(name, caption, columns)


def _origin(results: Judged) -> list[str]:
    origin, devices = results.spec.origin, results.runs.trials[schema.DEVICE].dropna().unique()
    dirty = " with changes that were not committed" if origin.get("git_dirty") == "true" else ""
    lines = [
        f"Code: commit {origin[COMMIT]}{dirty}." if COMMIT in origin else "",
        origin.get(schema.VERSIONS, ""),
        f"Device: {', '.join(devices)}." if len(devices) else "",
        f"Data set: {results.spec.dataset['name']}, digest {results.spec.dataset['digest']}.",
    ]
    return [line for line in lines if line]


def _repeat(results: Judged) -> list[str]:
    """The commands that repeat what is on the page, without the stages that were not run."""
    spec, stages = results.spec, {*results.runs.trials[schema.STAGE]}
    study = ("--study", spec.name, "--scale", spec.scale)
    options = ["--scale", spec.scale, "--seeds", str(len(spec.seeds))]
    if any(spec.more_seeds.values()):
        options += ["--decide", "--at-most", str(spec.at_most)]
    if spec.tuned_arms:
        options += ["--trials", str(spec.trials_per_arm)] if stages != {"reported"} else ["--only", "reported"]
        options += ["--only", "tuned"] if stages and "reported" not in stages else []
    if not any("dataset" in fields for fields in spec.arms.values()):  # the spec does not say if --dataset was given
        options += ["--dataset", spec.base["dataset"]]
    run, trials = ["run", spec.name, *options], ["trials", *study, "--out", "trials.csv"]
    commands = [run, ["tables", *study], ["claims", *study], trials]
    return [shlex.join([typed.FRONT, *command]) for command in commands]

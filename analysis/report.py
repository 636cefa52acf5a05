"""A study as one page that stands alone: the question, what was found, how far it can be believed, and how to repeat it.

python analysis/report.py --study activations
python analysis/report.py --all --out reports        # every study in the store, and an index over them
"""

import argparse
import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from analysis.claims import figures as claim_figures
from analysis.claims import notes as claim_notes
from analysis.claims import sentence
from analysis.commands import command
from analysis.figures import curves, draw, heatmap, isolation, svg, tradeoff
from analysis.formats import Column, Table
from analysis.judging import rulings
from analysis.markup import template
from analysis.results import NAMES, Results, results
from analysis.runs import load, studies
from analysis.store import COMMIT, tracking_uri
from analysis.tables import page
from analysis.words import setting
from studies.engine import schema

_FIGURES = (
    (
        curves,
        "reported",
        "Loss and accuracy by epoch as reported: the mean over seeds, in a band from the lowest to the highest.",
    ),
    (curves, "confirm", "The same for the tuned arms."),
    (
        heatmap,
        "reported",
        "Test accuracy by the two factors; lines that are not parallel mean that the factors act on one another.",
    ),
    (
        tradeoff,
        "reported",
        "Test accuracy against what it costs; nothing lies above and to the left of the grey front.",
    ),
    (tradeoff, "confirm", "The same for the tuned arms."),
    (
        isolation,
        "confirm",
        "Every search trial by what was tuned; hollow ones were stopped early, a line stands at the best of each arm.",
    ),
)


def report(of: Results) -> str:
    """The page of one study."""
    return template(
        "report.html",
        page=page(of),
        claims=_claims(of),
        claim_notes=claim_notes(of)[:1],
        figures=[(drawn, caption) for make, way, caption in _FIGURES if (drawn := _drawn(of, make, way))],
        settings=_settings(of),
        origin=_origin(of),
        repeat=_repeat(of),
    )


def _claims(of: Results) -> list[dict[str, Any]]:
    judged = rulings(of)
    return [
        {
            "text": claim.text,
            "rulings": [
                {"way": NAMES[r.way], "verdict": r.verdict, "sentence": sentence(of, r), "figures": claim_figures(r)}
                for r in judged
                if r.claim is claim
            ],
        }
        for claim in of.spec.claims
    ]


def _drawn(of: Results, make: Any, way: str) -> str | None:
    """A figure as the address of an image that is part of the page; each keeps its own names of shapes that way."""
    figure = draw(make, of, way) if way in of.ways() or make is isolation else None
    return None if figure is None else f"data:image/svg+xml;base64,{base64.b64encode(svg(figure)).decode()}"


def _settings(of: Results) -> list[Table]:
    """What every trial had in common, and what each arm sets."""
    base = [
        [name, setting({name: value}).removeprefix(f"{name} ")]
        for name, value in of.spec.base.items()
        if value is not None
    ]
    arms = [[arm, setting(fields) or "nothing"] for arm, fields in {**of.spec.arms, **of.spec.tuned_arms}.items()]
    return [
        Table("The arms", [Column("arm", figures=False), Column("sets", figures=False)], arms),
        Table("The base recipe", [Column("field", figures=False), Column("value", figures=False)], base),
    ]


def _origin(of: Results) -> list[str]:
    tags, device = of.runs.origin, of.runs.trials[schema.DEVICE].dropna().unique()
    dirty = " with changes that were not committed" if tags.get("git_dirty") == "true" else ""
    lines = [f"Code: commit {tags[COMMIT]}{dirty}." if COMMIT in tags else "", tags.get("versions", "")]
    data = of.spec.dataset
    return [
        line
        for line in (
            *lines,
            f"Device: {', '.join(device)}." if len(device) else "",
            f"Data set: {data['name']}, digest {data['digest']}.",
        )
        if line
    ]


def _repeat(of: Results) -> list[str]:
    name, scale = of.spec.name, of.spec.scale
    seeds = max(len(of.spec.seeds), len(of.spec.confirm_seeds))
    return [
        f"python studies/{name}.py --scale {scale} --seeds {seeds} --trials {of.spec.trials_per_arm}",
        f"python analysis/tables.py --study {name} --scale {scale}",
        f"python analysis/claims.py --study {name} --scale {scale}",
        f"python analysis/trials.py --study {name} --scale {scale} --out trials.csv",
    ]


def write(study: str, scale: str | None, uri: str, folder: Path) -> dict[str, str]:
    """Write one page; returns its line in the index."""
    of = results(load(study, scale, uri))
    path = folder / f"{of.spec.name}-{of.spec.scale}.html"
    path.write_text(report(of), encoding="utf-8")
    print(f"wrote {path}")
    return {
        "file": path.name,
        "name": of.spec.name,
        "scale": of.spec.scale,
        "question": of.spec.question,
        "verdict": page(of).verdict,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    options = argparse.ArgumentParser(description="Write a study, or all of them, as pages that stand alone.")
    which = options.add_mutually_exclusive_group(required=True)
    which.add_argument("--study", help="the study's name, e.g. activations")
    which.add_argument(
        "--all", action="store_true", help="every study in the store at each of its scales, with an index"
    )
    options.add_argument(
        "--scale", choices=schema.SCALES, help="which of the scales it was run at; otherwise the largest"
    )
    options.add_argument(
        "--out", type=Path, default=Path("reports"), metavar="DIR", help="folder for the pages; default: reports"
    )
    given = options.parse_args(arguments)
    uri = tracking_uri()
    wanted = [(name, scale) for name, scale, _ in studies(uri)] if given.all else [(given.study, given.scale)]
    if given.all and given.scale:
        wanted = [(name, scale) for name, scale in wanted if scale == given.scale]
    try:
        given.out.mkdir(parents=True, exist_ok=True)
        written = [write(name, scale, uri, given.out) for name, scale in wanted]
        if given.all:
            (given.out / "index.html").write_text(template("index.html", studies=written), encoding="utf-8")
            print(f"wrote {given.out / 'index.html'}")
    except OSError as error:
        raise ValueError(
            f"cannot write to {given.out}: {error.strerror}.\nhint: give another folder with --out."
        ) from None
    return 0


if __name__ == "__main__":
    command(main)

"""What predictions say, in words: the notes on the test set's own error, and what is left out without them."""

from collections.abc import Iterator

from analysis.judge.evidence import value_at
from analysis.judge.images.luck import luck_of
from analysis.judge.page import BETTER, WORSE, Contrast
from analysis.judge.verdicts import Judged, Ruling
from analysis.words import arms as named
from analysis.words import listed, number, plus_minus
from analysis.write.images.tables import of_difference
from studies.engine import schema
from studies.engine.study.assertions import Above, Within

TEST_SET = (
    "± test set: how far the figure may be off because these test images were used and not others of the same kind. Together with "
    "the ± over seeds: √(a² + b²), so 3 and 4 give 5. Verdicts are about this test set."
)
NETWORKS = (
    "Sd over seeds: as measured. Sd of the networks: what would be left of it on endlessly many images (arXiv 2304.01910); the rest "
    "is that networks which are equally good get other images wrong."
)
MCNEMAR = (
    "McNemar: the images that only this network, and only the baseline's, gets right, and the exact p that both are equally many; it "
    "speaks of these two networks, not of the arms."
)


def notes(results: Judged) -> list[str]:
    """The note on the test set's error, where it is known, and a line on the arms whose predictions are not known."""
    known = [TEST_SET] if any(results.seen[stage].test for stage in results.stages()) else []
    every = results.spec.every_arm()
    arms = [arm for arm in every if any(arm in results.seen[stage].left_out for stage in results.stages())]
    left_out = (
        f"Left out for {named(arms, every)}: the test set's own error, accuracy by class and confusions, as what these networks say of the "
        "same test images is not in this book. If an older version ran the study, run it again: what can be written down still is, and "
        "nothing is trained twice."
    )
    return [*known, *([left_out] if arms else [])]


def under(results: Judged) -> list[str]:
    """The notes on the table of the test set's error."""
    seeds = {len(own) for stage in results.stages() for own in results.seen[stage].predicted.values()}
    return [TEST_SET, NETWORKS, *([MCNEMAR] if 1 in seeds else [])]


def here_alone(results: Judged) -> Iterator[str]:
    """A warning on differences that another test set might turn over."""
    for stage in results.stages():
        doubtful = []
        for arm, contrast in results.contrasts[stage].items():
            found, d = of_difference(results, stage, arm), contrast.difference
            if found.known and contrast.verdict in (BETTER, WORSE) and not abs(d.mean) > found.both(d.half):
                doubtful.append(f"{arm} ({plus_minus(d.mean, found.both(d.half), sign=True)})")
        if doubtful:
            yield (
                f"Shown for this test set alone ({results.spec.named_stage(stage)}, ± seeds and test set together): "
                f"{listed(doubtful)}; another one might turn it over."
            )


def of_a_claim(results: Judged, ruling: Ruling, contrast: Contrast) -> str:
    """The test set's error of a difference that a claim speaks of, as ``± 0.60 for the test set``; else nothing."""
    of_tests = value_at(ruling.claim.metric, ruling.claim.at) == schema.JUDGED_BY
    if not of_tests or not isinstance(contrast.said, Above | Within):
        return ""
    found = luck_of(results, ruling.stage, contrast.said.arms, contrast.said.than)
    return f"± {number(found.half)} for the test set" if found.known else ""

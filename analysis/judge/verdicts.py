"""What a page may say about each arm beside the baseline, and about each conclusion of the report.

A question that is asked twice (by the table and by a claim, or as a against b and b against a) is one question. What one
question shows follows for the others, so that no two lines of a page contradict one another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from analysis.judge.correction import Tails
from analysis.judge.evidence import Question, value_at
from analysis.judge.page import EQUAL, WORSE, Contrast, Interacting, Page
from analysis.judge.results import Results, results_of
from analysis.read.runs import StudyRuns
from analysis.read.spec import JUDGED_STAGES, Spec
from analysis.words import listed
from studies.engine import schema
from studies.engine.study.assertions import POINTS, Above, Narrower, Within
from studies.engine.study.claims import Claim
from studies.engine.study.error_budget import LEVEL

SUPPORTED, CONTRADICTED, NEGLIGIBLE, UNDECIDED, INVALID = (
    "SUPPORTED", "CONTRADICTED", "NEGLIGIBLE", "UNDECIDED", "INVALID",
)  # fmt: skip
_VALIDATION = (schema.VAL_LOSS, schema.VAL_ACC1, schema.VAL_ACC5)


@dataclass(frozen=True)
class Ruling:
    """What the trials say about a claim in one stage."""

    claim: Claim
    stage: str
    verdict: str
    reason: str = ""  # why it is INVALID, or what is not there yet
    contrasts: Sequence[Contrast] = ()  # one for each assertion
    shown: Tails = field(default_factory=Tails)  # the corrected p of each answer


@dataclass(frozen=True)
class Judged(Results):
    """The results with what they show."""

    contrasts: Mapping[str, Mapping[str, Contrast]]  # by stage, then arm: test accuracy against the baseline's
    rulings: Sequence[tuple[Claim, Sequence[Ruling]]]
    interacting: Interacting | None


def judged(runs: StudyRuns) -> Judged:
    """The results of a study with what they show; nothing at scale smoke, whose numbers mean nothing."""
    results, spec = results_of(runs), runs.spec
    if spec.is_smoke:
        nothing: dict[str, dict[str, Contrast]] = {stage: {} for stage in JUDGED_STAGES}
        return Judged(runs, results.samples, nothing, [(claim, []) for claim in spec.claims], None)
    rows = {stage: _rows(spec, stage) for stage in JUDGED_STAGES}
    asked = [(claim, own) for stage in JUDGED_STAGES for claim in spec.claims if (own := _asked(spec, stage, claim))]
    page = Page(results, [row for own in rows.values() for row in own.values()], [question for _, question in asked])
    contrasts = {stage: {arm: page.contrast(row) for arm, row in by_arm.items()} for stage, by_arm in rows.items()}
    stages = results.stages()
    ruled = [_ruling(page, claim, question) for claim, question in asked if question.stage in stages]
    rulings = [(claim, [ruling for ruling in ruled if ruling.claim is claim]) for claim in spec.claims]
    return Judged(runs, results.samples, contrasts, rulings, page.interacting)


def _rows(spec: Spec, stage: str) -> dict[str, Question]:
    """Each arm against the baseline, as a question; empty where the stage has no baseline."""
    baseline, arms = spec.baseline_of(stage), spec.arms_of(stage)
    if baseline is None or baseline not in arms:
        return {}
    others = [arm for arm in arms if arm != baseline]
    return {arm: Question(stage, schema.JUDGED_BY, None, (Above((arm,), (baseline,)),)) for arm in others}


def _asked(spec: Spec, stage: str, claim: Claim) -> Question | None:
    """The claim with the arms of this stage; None where tuning changed what the claim speaks of."""
    said = claim.assertions(list(spec.arms))
    if stage == "reported":
        return Question(stage, claim.metric, claim.at, said)
    names, named = spec.tuned_of, {arm for one in said for arm in one.about}
    meant = {names.get(arm) for arm in named}
    if None in meant or any(tuned in meant and arm not in named for arm, tuned in names.items()):
        return None  # it stands for other settings too: "at lr 2e-3" is not asked of an arm that chose another rate
    here = claim.renamed(names)
    said = here.assertions(list(spec.tuned_arms)) if here else ()
    return Question(stage, claim.metric, claim.at, tuple(dict.fromkeys(said))) if said else None


def _ruling(page: Page, claim: Claim, question: Question) -> Ruling:
    if fault := _fault(page.results, question):
        return Ruling(claim, question.stage, *fault)
    contrasts = [page.contrast(part, question) for part in question.parts()]
    shown = page.shown(question)
    words = {contrast.verdict for contrast in contrasts}
    verdict = UNDECIDED
    if isinstance(question.said[0], Above | Narrower) and words & {WORSE, EQUAL}:
        verdict = CONTRADICTED if WORSE in words else NEGLIGIBLE
    elif shown.above <= LEVEL or shown.below <= LEVEL:
        verdict = SUPPORTED if shown.above <= LEVEL else CONTRADICTED
    elif reason := _nothing_to_compare(page.results, question, contrasts):
        return Ruling(claim, question.stage, INVALID, reason)
    return Ruling(claim, question.stage, verdict, "", contrasts, shown)


def _fault(results: Results, question: Question) -> tuple[str, str] | None:
    """Why a claim cannot be judged in its stage: a verdict and its reason; None where it can be."""
    stage, metric, at, said = question
    arms = list(dict.fromkeys(arm for one in said for arm in one.about))
    samples = {arm: results.samples[stage][arm] for arm in arms}
    if absent := [arm for arm, sample in samples.items() if not sample.ended]:
        return UNDECIDED, f"not trained yet: {', '.join(absent)}"
    if len({digest for sample in samples.values() for digest in sample.trials[schema.DATASET_DIGEST].dropna()}) > 1:
        return INVALID, "the data set changed between its trials"
    if stage == "confirm" and (searches := results.unequal_searches(arms)):
        return INVALID, f"unequal search budgets ({searches})"
    if isinstance(said[0], Within) and metric not in POINTS:
        return INVALID, f"the margin is in points of accuracy, and {metric} is not"
    if value_at(metric, at) in _VALIDATION and not results.spec.dataset["validation"]:
        return INVALID, f"it needs {value_at(metric, at)}, and the study has no validation data"
    return None


def _nothing_to_compare(results: Results, question: Question, contrasts: Sequence[Contrast]) -> str:
    """Why the trials say nothing about a claim, and never will; empty where they do or may."""
    if lost := list(dict.fromkeys(arm for c in contrasts if c.evidence.one_sided for arm in c.evidence.lost)):
        ends = {arm: results.samples[question.stage][arm] for arm in lost}
        seeds = listed(f"{arm} on {len(own.diverged)} of {own.ended} seeds" for arm, own in ends.items())
        return f"diverged: {seeds}; the seeds that are left do not speak for all"
    metric = value_at(question.metric, question.at)
    if any(sum(n for _, _, n in contrast.evidence.trained) == 0 for contrast in contrasts if contrast.evidence.trained):
        return f"no trial has {metric}"
    if any(contrast.difference.n == 0 for contrast in contrasts if not contrast.evidence.trained):
        return f"there is no seed on which all its arms have {metric}"
    return ""

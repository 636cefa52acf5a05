"""A sentence of a report as a contrast that trials can support or contradict. What judges it is ``analysis/claims.py``."""

from collections.abc import Sequence

from cnnzoo.mistake import Mistake
from cnnzoo.spelling import says_what_it_takes, unknown
from studies.engine import schema
from studies.engine.schema import EPOCH_METRICS, JUDGED_BY, STEP_METRICS, Claim

METRICS = (*EPOCH_METRICS, *schema.TRIAL_METRICS, *STEP_METRICS, schema.GAP, schema.FLUCTUATION)
# What has a value before the end; of a test metric that is validation's.
_BEFORE_THE_END = (*EPOCH_METRICS, schema.TEST_LOSS, schema.TEST_ACC1, schema.TEST_ACC5)


@says_what_it_takes
def claim(
    text: str,
    *,
    better: str | Sequence[str] = (),
    than: str | Sequence[str] = (),
    best: str = "",
    equal: Sequence[str] = (),
    trains: str | Sequence[str] = (),
    fails: str | Sequence[str] = (),
    unstable: str | Sequence[str] = (),
    grows: Sequence[str] = (),
    narrower: Sequence[str] = (),
    metric: str = JUDGED_BY,
    at: float | None = None,
) -> Claim:
    """A claim of exactly one kind.

    better=a, than=b    each arm of a beats each arm of b on the metric (a loss, a gap, a time, a size: lower is better)
    best=a              a beats every other arm
    equal=[a, b, ...]   these differ by no more than the study's margin
    trains=a, fails=a                every seed, or none, comes above twice the accuracy of chance
    unstable=a                       of at least one of these arms only some seeds do
    grows=[a, b], than=[c, d]        the difference a - b is larger than the difference c - d
    narrower=[a, b], than=[c, d]     a and b lie closer together than c and d, step by step or epoch by epoch
    at=0.2              the metric as it stood after that share of the epochs, not at the end
    """
    given = {
        "better": better, "best": best, "equal": equal, "trains": trains, "fails": fails, "unstable": unstable,
        "interaction": grows, "narrower": narrower,
    }  # fmt: skip
    kinds = [kind for kind, arms in given.items() if arms]
    if len(kinds) != 1:
        raise Mistake(
            f"claim {text!r} must say exactly one of better, best, equal, trains, fails, unstable, grows, narrower, "
            f"but says {kinds}."
        )
    if bool(than) != (kinds[0] in ("better", "interaction", "narrower")):
        raise Mistake(f"claim {text!r}: `than` belongs to better=..., grows=... and narrower=..., which need it.")
    made = Claim(text, kinds[0], _names(given[kinds[0]]), _names(than), metric, at)
    _check_metric(made)
    return made


def _check_metric(claim: Claim) -> None:
    if claim.metric not in METRICS:
        raise unknown("metric", claim.metric, METRICS)
    if claim.kind == "narrower" and claim.metric not in (*EPOCH_METRICS, *STEP_METRICS):
        raise Mistake(f"claim {claim.text!r}: narrower=... needs a metric with a curve, but got {claim.metric!r}.")
    if claim.at is not None and not 0 < claim.at <= 1:
        raise Mistake(
            f"claim {claim.text!r}: `at` is a share of the epochs, above 0 and at most 1, but got {claim.at}."
        )
    if claim.at is not None and (claim.metric not in _BEFORE_THE_END or claim.kind == "narrower"):
        got = f"{claim.kind} on {claim.metric!r}"
        raise Mistake(
            f"claim {claim.text!r}: `at` needs a metric by epoch or of the test set, not a band, but got {got}."
        )


def _names(arms: str | Sequence[str]) -> tuple[str, ...]:
    return (arms,) if isinstance(arms, str) else tuple(arms)

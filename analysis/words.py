"""How numbers and lists read, in every table, sentence and page alike."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from studies.engine import schema

MINUS = "−"
NOTHING = "–"
PERFECT = 100.0  # percent
SMOKE = "SMOKE: trained for seconds, to see that everything runs. The numbers mean nothing, so nothing is compared."
LABELS = {
    schema.TEST_ACC1: "test acc@1", schema.TEST_ACC5: "test acc@5", schema.TEST_LOSS: "test loss",
    schema.VAL_ACC1: "validation acc@1", schema.VAL_ACC5: "validation acc@5", schema.VAL_LOSS: "validation loss",
    schema.TEST_ACC1_BY_EPOCH: "test acc@1 by epoch", schema.TEST_ACC5_BY_EPOCH: "test acc@5 by epoch",
    schema.TEST_LOSS_BY_EPOCH: "test loss by epoch",
    schema.TRAIN_ACC1: "train acc@1", schema.TRAIN_ACC5: "train acc@5", schema.TRAIN_LOSS: "train loss",
    schema.SECONDS: "seconds an epoch", schema.SIZE_MB: "size", schema.PARAMETERS: "parameters", schema.FLOPS: "FLOPs",
    schema.GAP: "train minus test acc@1", schema.FLUCTUATION: "jumps of validation acc@1 between late epochs",
    schema.LATE_GAIN: "rise of validation acc@1 from the third to the last quarter of the epochs",
    schema.STEP_LOSS: "training loss (mean over the steps)",
    "landscape/loss_min": "lowest loss along the gradient (mean over the steps)",
    "landscape/loss_max": "highest loss along the gradient (mean over the steps)",
    "landscape/gradient_min": "smallest change of the gradient (mean over the steps)",
    "landscape/gradient_max": "largest change of the gradient (mean over the steps)",
    "landscape/smoothness": "effective smoothness (mean over the steps)",
}  # fmt: skip


def number(value: float, digits: int = 2, *, sign: bool = False) -> str:
    """The number with a real minus sign, and no minus zero."""
    if math.isnan(value):
        return NOTHING
    text = f"{value:{'+' if sign else ''},.{digits}f}"
    if not text.strip("+-0.,"):
        text = text.replace("-", "+" if sign else "")
    return text.replace("-", MINUS)


def plus_minus(mean: float, half: float, digits: int = 2, *, sign: bool = False) -> str:
    """``91.20 ± 0.45``; without an interval the mean alone."""
    half_text = "" if math.isnan(half) else f" ± {number(half, digits)}"
    return f"{number(mean, digits, sign=sign)}{half_text}"


def percentage(mean: float, half: float) -> str:
    """``91.20 ± 0.45``; an interval that would reach beyond 0 or 100 % by its ends, cut off there: ``99.10 [97.80, 100]``."""
    low, high = mean - half, mean + half
    if math.isnan(half) or (low >= 0 and high <= PERFECT):
        return plus_minus(mean, half)
    return f"{number(mean)} [{_end(max(low, 0))}, {_end(min(high, PERFECT))}]"


def _end(value: float) -> str:
    return f"{value:g}" if value in (0, PERFECT) else number(value)


def probability(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.0995 else f"p = {p:.2f}"


def short(value: Any) -> str:
    """A value of a recipe as short as a reader wants it: 0.002 is 2e-3, (3, 3) is 3x3+3x3."""
    if isinstance(value, list | tuple):
        return "+".join(f"{item}x{item}" for item in value)
    if isinstance(value, float) and value and not 0.01 <= abs(value) < 10_000:
        mantissa, exponent = f"{value:.2e}".split("e")
        return f"{float(mantissa):g}e{int(exponent)}"
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def setting(fields: Mapping[str, Any]) -> str:
    """The fields of a recipe with their values; options of a network of one's own by their own names."""
    return ", ".join(
        setting(value) if isinstance(value, Mapping) else f"{name} {short(value)}" for name, value in fields.items()
    )


def listed(items: Iterable[Any]) -> str:
    """``a, b and c``."""
    words = [str(item) for item in items]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def seeds(numbers: Sequence[int]) -> str:
    """``seeds 1 to 5``, ``seed 2``, ``seeds 1 and 3``."""
    if len(numbers) > 2 and list(numbers) == list(range(numbers[0], numbers[-1] + 1)):
        return f"seeds {numbers[0]} to {numbers[-1]}"
    return f"seed{'s' if len(numbers) != 1 else ''} {listed(numbers)}"


def between(least: float, most: float) -> str:
    """``5 to 120``, or one number where they are the same."""
    return f"{least:,.0f}" if least == most else f"{least:,.0f} to {most:,.0f}"


MANY = 100_000  # seeds: nobody can act on a larger number


def needs(least: float, most: float) -> str:
    """``needs 17 to 62 seeds``; numbers above a hundred thousand are not written out."""
    if most <= MANY:
        return f"needs {between(least, most)} seeds"
    return f"needs {'' if least > MANY else f'{least:,.0f} to '}over {MANY:,} seeds"


def span(ends: Sequence[float]) -> str:
    """``99.1 to 99.4``: both with all their digits."""
    return " to ".join(f"{end:,.10g}" for end in ends)


def figure(said: float | Sequence[float] | None) -> str:
    """What a report says: a value, or a range that was read off a curve."""
    return NOTHING if said is None else span(said) if isinstance(said, Sequence) else number(said)


def arms(some: Sequence[str], every: Iterable[str]) -> str:
    """The arms by name; ``every arm`` where these are all of more than two."""
    return "every arm" if len(some) > 2 and set(some) == set(every) else listed(some)


def count(n: int, noun: str, most: int | None = None) -> str:
    """``1 seed``, ``3 searches``, ``8 to 12 seeds``."""
    most = n if most is None else most
    return f"{between(n, most)} {noun}{'' if n == most == 1 else 'es' if noun.endswith('ch') else 's'}"


def space(limits: Mapping[str, Any]) -> str:
    """A range as ``1e-4 to 1, log``, or its choices."""
    if "choices" in limits:
        return " / ".join(short(choice) for choice in limits["choices"])
    return f"{short(limits['low'])} to {short(limits['high'])}{', log' if limits['log'] else ''}"

"""What a recipe may call the parts of a network that can be swapped. Told without torch; ``layers`` has what they name."""

from cnnzoo.mistake import Mistake

CHOICES: dict[str, tuple[str, ...]] = {
    "activation": ("relu", "sigmoid", "tanh", "elu", "rrelu", "gelu", "mish"),
    "norm": ("batch", "lrn", "none"),
    "pooling": ("max", "average"),
    "strides": ("first", "every"),  # which blocks of a stage after the first halve height and width
    "initialisation": ("he", "torch"),
    "dropout_at": ("none", "instead", "after", "before"),  # of every BatchNorm: in its place, after it or before it
}


def check_dropout_at(norm: str, dropout: float, dropout_at: str) -> None:
    """Refuse a combination of these three options in which one of them would be ignored."""
    if dropout_at == "none" and dropout > 0:
        raise Mistake(
            f"dropout={dropout} would be ignored with dropout_at='none'; set dropout_at to instead, after or before."
        )
    if dropout_at != "none" and dropout == 0:
        raise Mistake(f"dropout_at={dropout_at!r} needs a dropout above 0, but got 0; set dropout=0.2, for example.")
    if dropout_at in ("before", "after") and norm == "none":
        raise Mistake(f"dropout_at={dropout_at!r} needs a norm to stand {dropout_at}; set norm, or leave it out.")
    if dropout_at == "instead" and norm != "batch":
        raise Mistake(f"norm={norm!r} would be ignored with dropout_at='instead', which replaces it; leave norm out.")

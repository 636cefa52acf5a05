"""The grids that several studies have in common, as values by recipe field."""

from collections.abc import Mapping, Sequence

# Report C does not say which three of each; these contain all that it chose from them.
RATE_AND_DROPOUT: Mapping[str, Sequence[float]] = {"lr": [1e-3, 5e-4, 1e-4], "dropout": [0.0, 0.2, 0.4]}
NORM: Mapping[str, str] = {"bn": "batch", "no bn": "none"}

"""What is tuned when a network learns by Adam or AdamW."""

from optuna.distributions import FloatDistribution

from search_spaces import Space

LEARNING_RATE: Space = {"lr": FloatDistribution(1e-5, 1e-2, log=True)}

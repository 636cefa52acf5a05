"""What is tuned when a network learns by SGD with momentum."""

from optuna.distributions import FloatDistribution

from search_spaces import Space

LEARNING_RATE: Space = {"lr": FloatDistribution(1e-3, 1.0, log=True)}

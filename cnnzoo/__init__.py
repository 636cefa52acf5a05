"""Every network of the four reports, trained from one recipe: pure PyTorch, without Ray, Optuna or MLflow."""

from cnnzoo.evaluate import Epoch, Score
from cnnzoo.precision import settle
from cnnzoo.recipe import Recipe
from cnnzoo.saved import Network, load, save
from cnnzoo.training import Training, train

__all__ = ["Epoch", "Network", "Recipe", "Score", "Training", "load", "save", "settle", "train"]

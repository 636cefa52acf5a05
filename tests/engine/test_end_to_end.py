"""A study from the command line to MLflow, Optuna's journal and the printed table; and what happens when it is run again."""

import os
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
from mlflow import MlflowClient
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from cnnzoo import Recipe
from studies.engine import schema
from tests.engine.runs import (
    ROOT, TINY, Warm, booked, epochs_booked, processes_in, results, runs, train_in, trials, until,
)  # fmt: skip

pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")  # within MLflow

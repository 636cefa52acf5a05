"""The names that the engine writes and the analysis reads: of the files in the book, of the columns of a study's table, of the
tags and metrics in MLflow; the stages, scales and outcomes; and what a claim is. On the ground floor, without torch.

In MLflow a study is an experiment. It has one parent run for each scale (tagged ``kind=study``) and one child run a trial
(``kind=trial``), whose parameters are the fields of its resolved recipe. Accuracies are percentages, sizes are MB of
2**20 bytes, times are seconds.
"""

import re
from pathlib import Path

# Tags of a run.
KIND, STUDY, ARM, STAGE, SCALE, SEED = "kind", "study", "arm", "stage", "scale", "seed"
SIGNATURE, OUTCOME, SEARCH, NUMBER = "signature", "outcome", "search", "number"
DEVICE, REASON = "device", "reason"
DATASET_DIGEST, SHARED_DEVICE, VERSIONS = "dataset_digest", "trials_on_device", "versions"
HOST, STARTED, ENDED = "host", "started", "ended"

RESULTS = Path("results")  # the book, in the folder where a study is started
# The files of a study in it: ``results/studies/<study>.<scale>/`` holds them.
STUDIES_FOLDER, SPEC_FILE, ROWS_FILE = "studies", "spec.json", "trials.jsonl"
TEST_SET_FILE = "test_set.{}.npz"  # by the digest of the data: the classes of the test images
TRIALS_FOLDER, PREDICTIONS_FILE = "trials", "predictions.npz"  # a folder a trial: what it says of each test image
MODEL_FILE = "model.safetensors"  # beside it: the network
CURVES_FILE = "curves.jsonl"  # beside them among the artifacts in MLflow: the epochs of all trials
PREDICTIONS_FOLDER = "predictions"  # and there, too: a file a trial

STAGES = ("reported", "search", "runoff", "confirm")
SCALES = ("report", "demo", "smoke")
OUTCOMES = ("completed", "stopped", "diverged", "failed")

# Metrics by epoch: the step is the epoch, counted from 1.
TRAIN_LOSS, TRAIN_ACC1, TRAIN_ACC5 = "train/loss", "train/acc1", "train/acc5"
VAL_LOSS, VAL_ACC1, VAL_ACC5 = "val/loss", "val/acc1", "val/acc5"
LEARNING_RATE, IMAGES_PER_SECOND = "lr", "images_per_second"
SECONDS, SECONDS_DATA, SECONDS_COMPUTE, SECONDS_EVALUATION = (
    "seconds", "seconds/data", "seconds/compute", "seconds/evaluation",
)  # fmt: skip
# Only trials as reported have these, for the reports' figures; no choice reads them.
TEST_BY_EPOCH = TEST_LOSS_BY_EPOCH, TEST_ACC1_BY_EPOCH, TEST_ACC5_BY_EPOCH = (
    "test_by_epoch/loss", "test_by_epoch/acc1", "test_by_epoch/acc5",
)  # fmt: skip
EPOCH_METRICS = (
    TRAIN_LOSS, TRAIN_ACC1, TRAIN_ACC5, VAL_LOSS, VAL_ACC1, VAL_ACC5, LEARNING_RATE, IMAGES_PER_SECOND,
    SECONDS, SECONDS_DATA, SECONDS_COMPUTE, SECONDS_EVALUATION,
    *TEST_BY_EPOCH,
)  # fmt: skip

# Metrics of a whole trial: logged once, at the step of its last epoch.
TEST_LOSS, TEST_ACC1, TEST_ACC5 = "test/loss", "test/acc1", "test/acc5"
EPOCHS_DONE = "epochs_done"
PARAMETERS, SIZE_MB, FLOPS = "model/parameters", "model/size_mb", "model/flops"
TRIAL_METRICS = (TEST_LOSS, TEST_ACC1, TEST_ACC5, EPOCHS_DONE, PARAMETERS, SIZE_MB, FLOPS)

# Metrics by training step, counted from 1, of trials that record the loss landscape.
STEP_LOSS, LOOKS = "step/loss", (
    "landscape/loss_min", "landscape/loss_max", "landscape/gradient_min", "landscape/gradient_max", "landscape/smoothness",
)  # fmt: skip
STEP_METRICS = (STEP_LOSS, *LOOKS)

# What a claim may also be about: train minus test accuracy; how far validation accuracy jumps from epoch to epoch in the second
# half of a training, and how much it still rises from the third to the last quarter.
GAP, FLUCTUATION, LATE_GAIN = "gap", "fluctuation", "late_gain"

# A study is chosen by its validation accuracy and judged by its test accuracy.
CHOSEN_BY, JUDGED_BY = VAL_ACC1, TEST_ACC1

_LOGIN = re.compile(r"(?<=://)\S*@")
_SECRET = re.compile(r"(?i)((?:token|password|passwd)=)[^&\s]+")
_NOT_LET_IN = "failed with error code 401"  # in MLflow's words


def redact(text: str) -> str:
    """The text without the logins and the secrets of the URIs in it."""
    return _SECRET.sub(r"\1***", _LOGIN.sub("***@", text))


def trouble(error: Exception) -> str:
    """What MLflow, or the database behind it, says in a line; of a login that is missing or wrong, what to do."""
    first = (str(error).strip() or type(error).__name__).partition("\n")[0]
    if _NOT_LET_IN in first:
        return "it wants another login: set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
    return first

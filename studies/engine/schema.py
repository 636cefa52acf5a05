"""The names under which a study stands in MLflow: all that the engine that writes it and the analysis that reads it share.

One experiment a study. In it one parent run for each scale (tagged ``kind=study``, with the study's spec in its tags)
and one child run a trial (``kind=trial``). The parameters of a trial are the fields of its resolved recipe.
Accuracies are percentages, sizes are MB of 2**20 bytes, times are seconds.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

# Tags of a run.
KIND, STUDY, ARM, STAGE, SCALE, SEED = "kind", "study", "arm", "stage", "scale", "seed"
SIGNATURE, OUTCOME, SEARCH, NUMBER, DEVICE, REASON = "signature", "outcome", "search", "number", "device", "reason"
DATASET_DIGEST, SHARED_DEVICE, VERSIONS = "dataset_digest", "trials_on_device", "versions"
SPEC = "spec"

STAGES = ("reported", "search", "confirm")
SCALES = ("report", "demo", "smoke")
OUTCOMES = ("completed", "stopped", "diverged", "failed")

# Metrics by epoch: the step is the epoch, counted from 1.
TRAIN_LOSS, TRAIN_ACC1, TRAIN_ACC5 = "train/loss", "train/acc1", "train/acc5"
VAL_LOSS, VAL_ACC1, VAL_ACC5 = "val/loss", "val/acc1", "val/acc5"
LEARNING_RATE, IMAGES_PER_SECOND = "lr", "images_per_second"
SECONDS, SECONDS_DATA, SECONDS_COMPUTE, SECONDS_EVALUATION = (
    "seconds", "seconds/data", "seconds/compute", "seconds/evaluation",
)  # fmt: skip
EPOCH_METRICS = (
    TRAIN_LOSS, TRAIN_ACC1, TRAIN_ACC5, VAL_LOSS, VAL_ACC1, VAL_ACC5, LEARNING_RATE, IMAGES_PER_SECOND,
    SECONDS, SECONDS_DATA, SECONDS_COMPUTE, SECONDS_EVALUATION,
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

# What a claim may also be about: train minus test accuracy, and how far validation accuracy jumps from epoch to epoch.
GAP, FLUCTUATION = "gap", "fluctuation"

# A study is chosen by its validation accuracy and judged by its test accuracy.
CHOSEN_BY, JUDGED_BY = VAL_ACC1, TEST_ACC1

_CHUNK = 4000  # MLflow keeps at most 8,000 characters of a tag
_LOGIN = re.compile(r"(?<=://)\S*@")
_SECRET = re.compile(r"(?i)((?:token|password|passwd)=)[^&\s]+")


def redact(text: str) -> str:
    """The text without the logins and the secrets of the URIs in it."""
    return _SECRET.sub(r"\1***", _LOGIN.sub("***@", text))


def spec_to_tags(spec: Mapping[str, Any]) -> dict[str, str]:
    """A study's spec as tags of its parent run: its JSON, cut into pieces ``spec.0``, ``spec.1``, ..."""
    text = json.dumps(spec, ensure_ascii=False)
    return {f"{SPEC}.{i}": text[at : at + _CHUNK] for i, at in enumerate(range(0, len(text), _CHUNK))}


def spec_from_tags(tags: Mapping[str, str]) -> dict[str, Any]:
    """The spec that ``spec_to_tags`` cut up."""
    pieces = sorted((int(name.split(".")[1]), text) for name, text in tags.items() if name.startswith(f"{SPEC}."))
    spec: dict[str, Any] = json.loads("".join(text for _, text in pieces))
    return spec

"""What a GPU gives: python -m benchmarks.on_a_gpu OUT [--seconds 540] [--parts studies,pace,correctness,numbers] [--study NAME ...]

In ten minutes at most: how fast the networks train (eager, captured, packed), whether their losses are those of the CPU, what
deterministic kernels cost, and then the studies themselves at report scale, by the ordinary command, until the time is up.
A study that is broken off goes on the next time from OUT/results.tgz. Options that are none of these are the studies' own
(``--only reported --gpus-per-trial 0.2``). Prints each figure when it is found; writes all of them to OUT/gpu.json.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tarfile
import time
from itertools import islice
from pathlib import Path
from typing import Any

import torch

from cnnzoo import Epoch, Recipe, settle
from cnnzoo.data import Dataset, Split
from cnnzoo.device.precision import set_up_gpu
from cnnzoo.learning import training as training_module
from cnnzoo.learning.augment import training_batches
from cnnzoo.learning.training import Training
from cnnzoo.pace import BareStep, by_trials_at_once, images_a_second

DEVICE = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
NETWORKS = ("simp_res9", "res9", "res18", "vgg_a", "lenet", "alexnet", "googlenet")
STUDIES = ("activations", "vgg_bn_vs_nobn", "schedules", "losses", "stem_kernels", "model_size")
IMAGES, SHAPE, CLASSES, STEPS_COMPARED = 25_600, (3, 32, 32), 10, 15
# They are large; a trial that was broken off begins anew.
LEFT_BEHIND = (".safetensors", "checkpoint.pt", "checkpoint.pt.previous")
Figures = dict[str, Any]


def random_images() -> Dataset:
    """As large as CIFAR-10's; what they show does not matter for speed."""
    noise = torch.Generator().manual_seed(0)
    images = torch.randint(256, (IMAGES + 1000, *SHAPE[1:], 3), dtype=torch.uint8, generator=noise)
    labels = torch.randint(CLASSES, (len(images),), generator=noise)
    train, test = (Split(images, labels, torch.arange(*ends)) for ends in ((0, IMAGES), (IMAGES, len(images))))
    names = tuple(map(str, range(CLASSES)))
    return Dataset("random", "random", names, SHAPE, (0.5,) * 3, (0.25,) * 3, train, test, test, "random", None)


def recipe_of(model: str, precision: str, **fields: Any) -> Recipe:
    """Report D's setting."""
    setting = {"lr": 1e-2, "weight_decay": 5e-4, "crop": 4, "flip": True, "batch_size": 128, "epochs": 1000}
    return settle(Recipe(model=model, dataset="cifar10", precision=precision, **setting | fields), DEVICE)


def pace(data: Dataset, until: float, found: Figures) -> None:
    """Images a second of each network: eager, the bare captured step, our whole training, and trials side by side."""
    for model in NETWORKS:
        if time.monotonic() > until:
            break
        recipe = recipe_of(model, "auto")
        bare = BareStep(recipe, SHAPE, CLASSES, DEVICE)
        ours, eager = Training(recipe, data, DEVICE, None), eagerly(recipe, data)
        epochs = {"ours": iter(ours), "eager": iter(eager)}
        next(epochs["ours"]), next(epochs["ours"]), next(epochs["eager"])
        rates: dict[str, list[float]] = {"bare": [], "ours": [], "eager": []}
        for _ in range(3):
            rates["bare"].append(images_a_second([bare], recipe.batch_size, DEVICE))
            rates["ours"].append(next(epochs["ours"]).images_per_second)
            rates["eager"].append(next(epochs["eager"]).images_per_second)
        found[model] = {name: statistics.median(each) for name, each in rates.items()} | {"precision": recipe.precision}
        show("pace", model, found[model])
    for model in ("simp_res9", "lenet"):
        if time.monotonic() < until:
            found[model]["together"] = by_trials_at_once(recipe_of(model, "auto"), SHAPE, CLASSES, DEVICE)
            show("together", model, found[model]["together"])


def eagerly(recipe: Recipe, data: Dataset) -> Training:
    """The same training without a graph."""
    decide, training_module.can_be_replayed = training_module.can_be_replayed, lambda recipe, device: False
    training = Training(recipe, data, DEVICE, None)
    training_module.can_be_replayed = decide
    return training


def correctness(data: Dataset, until: float, found: Figures) -> None:
    """Each network's losses over some steps on the same images: on the CPU in fp32, on the GPU in fp32 and bf16."""
    for model in NETWORKS:
        if time.monotonic() > until:
            break
        reference = first_losses(recipe_of(model, "fp32", lr=1e-3), data, torch.device("cpu"))
        found[model] = {"last loss": float(reference[-1])}
        for precision in ("fp32", "bf16"):
            losses = first_losses(recipe_of(model, precision, lr=1e-3), data, DEVICE)
            found[model][f"gpu {precision}"] = float((losses - reference).abs().max())
        show("correctness", model, found[model])


def first_losses(recipe: Recipe, data: Dataset, device: torch.device) -> torch.Tensor:
    """On the CPU's weights and images, whatever the device."""
    training = Training(recipe, data, device, None)
    training.model.load_state_dict(Training(recipe, data, torch.device("cpu"), None).model.state_dict())
    training.update.set_rate(recipe.lr)  # a captured step would have read it from the device before each update
    stream = torch.Generator().manual_seed(0)
    plain = recipe.replace(crop=0, flip=False)
    batches = training_batches(data.train, plain, data.mean, data.std, {"order": stream, "augmentation": stream})
    first = islice(batches, STEPS_COMPARED)
    losses = [training.update(images.to(device), labels.to(device))[0] for images, labels in first]
    return torch.stack(losses).cpu()


def numbers(data: Dataset, until: float, found: Figures) -> None:
    """Whether the same training gives the same numbers twice and after a resume, and what deterministic kernels cost."""
    recipe, path = recipe_of("simp_res9", "auto", epochs=4), Path("resume.pt")
    for name, deterministic in (("as it is", False), ("deterministic", True)):
        torch.use_deterministic_algorithms(deterministic, warn_only=True)
        torch.backends.cudnn.benchmark = not deterministic
        path.unlink(missing_ok=True)
        next(iter(Training(recipe, data, DEVICE, path)))
        first, again, resumed = (last_epoch(Training(recipe, data, DEVICE, each)) for each in (None, None, path))
        found[name] = {
            "images/s": first.images_per_second,
            "epochs": first.number,  # fewer than asked for: it diverged
            "twice": abs(first.train_loss - again.train_loss),
            "resumed": abs(first.train_loss - resumed.train_loss),
        }
        show("numbers", name, found[name])
        if time.monotonic() > until:
            break
    torch.use_deterministic_algorithms(False)


def last_epoch(training: Training) -> Epoch:
    """Where a training ends; it may have ended before."""
    for _ in training:
        pass
    return training.history[-1]


def studies(names: list[str], out: Path, until: float, options: list[str], found: Figures) -> None:
    """Run the studies in turn, as their command line has it, until the time is up; what they wrote is packed whatever happens."""
    if (out / "results.tgz").exists():
        with tarfile.open(out / "results.tgz") as tar:
            tar.extractall(filter="data")
    for name in names:
        began, left = time.monotonic(), until - time.monotonic()
        if left < 30:
            break
        code = command([f"studies/{name}.py", "--scale", "report", "--data-dir", "data", *options], left)
        found[name] = {"seconds": time.monotonic() - began, "exit code": code}
        show("study", name, found[name])
        table = [sys.executable, "analysis/tables.py", "--study", name, "--scale", "report", "--format", "md"]
        (out / f"{name}.md").write_text(subprocess.run(table, capture_output=True, text=True, check=False).stdout)
    if Path("results").is_dir():
        with tarfile.open(out / "results.tgz", "w:gz") as tar:
            tar.add("results", filter=lambda entry: None if entry.name.endswith(LEFT_BEHIND) else entry)


def command(arguments: list[str], seconds: float) -> int | None:
    """Run a script of ours; break it off as a person would when the time is up. None: it had to be killed."""
    process = subprocess.Popen([sys.executable, *arguments])
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        try:
            return process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            return None


def show(part: str, name: str, figures: Figures) -> None:
    told = ", ".join(f"{k} {v:,.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in figures.items())
    print(f"{part:12} {name:12} {told}", flush=True)


# With the seconds that each may take. The studies come before them: the evidence is what the time is for.
MEASURES = {"pace": (pace, 100), "correctness": (correctness, 40), "numbers": (numbers, 40)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seconds", type=float, default=540)
    parser.add_argument("--parts", default=",".join(["studies", *MEASURES]))
    parser.add_argument("--study", nargs="*", default=list(STUDIES))
    given, options = parser.parse_known_args()
    until, found = time.monotonic() + given.seconds, dict[str, Any]()
    given.out.mkdir(parents=True, exist_ok=True)
    found["card"] = torch.cuda.get_device_name(DEVICE) if DEVICE.type == "cuda" else "no GPU"
    found["versions"] = {"torch": torch.__version__, "cuda": torch.version.cuda, "cores": os.cpu_count()}
    set_up_gpu()
    parts, data = given.parts.split(","), random_images()
    measures = {part: measure for part, measure in MEASURES.items() if part in parts}
    until -= sum(seconds for _, seconds in measures.values())
    try:
        if "studies" in parts:
            studies(given.study, given.out, until, options, found.setdefault("studies", {}))
        for part, (measure, seconds) in measures.items():
            measure(data, time.monotonic() + seconds, found.setdefault(part, {}))
    finally:
        (given.out / "gpu.json").write_text(json.dumps(found, indent=1))
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()

"""One network trained, tested and asked from the command line, as reports B and C do it."""

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from cnnzoo.data import Dataset, open_dataset
from cnnzoo.data.images import decode, resize
from cnnzoo.learning.evaluate import Epoch
from cnnzoo.learning.training import train
from cnnzoo.mistake import Mistake, Parser
from cnnzoo.recipe import FIELDS, Recipe
from cnnzoo.saved import Network, load, save
from cnnzoo.spelling import unknown
from cnnzoo.storage.own import trust
from cnnzoo.structure import check_fits
from cnnzoo.terminal.options import add_recipe_options, recipe_fields
from cnnzoo.terminal.tables import accuracies, confusions, predictions

AT_ONCE = 1000  # images between two moves of the bar


def train_command(arguments: Sequence[str], console: Console) -> int:
    parser = _parser("train", "Train one network, test it, and save it to one file.")
    parser.add_argument("model", metavar="NAME", help="a network of the zoo, or one's own as module:function")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where to save it (default: NAME.safetensors)")
    _add_data(parser)
    add_recipe_options(parser)
    options, rest = parser.parse_known_args(arguments)
    if rest:
        known = dict.fromkeys((*FIELDS, *vars(options)))
        raise unknown("option", rest[0], [f"--{name.replace('_', '-')}" for name in known if name != "model"])
    trust(())  # a network of one's own may stand in the folder one is in
    recipe = Recipe(**recipe_fields(options))
    out: Path = options.out or Path(f"{recipe.model.replace(':', '.')}.safetensors")
    if not out.absolute().parent.is_dir():
        raise Mistake(f"--out {out}: there is no folder {out.absolute().parent}; make it, or name another file.")
    if out.is_dir():
        raise Mistake(f"--out {out} is a folder; name a file in it, such as {out / 'network.safetensors'}.")
    training = train(recipe, data_dir=options.data_dir, device=options.device)
    check_fits(training.recipe, training.dataset.shape, len(training.dataset.classes))
    with _progress() as progress:
        for epoch in progress.track(training, total=recipe.epochs, description=recipe.model):
            progress.print(_line_of(epoch, recipe.epochs))
    if training.outcome == "diverged":
        console.print("The loss is no longer a finite number: nothing is saved. A smaller --lr may help.")
        return 1
    score = training.test()
    console.print(f"test: accuracy {score.acc1:.2f} %, loss {score.loss:.4f}, on {len(training.dataset.test):,} images")
    save(training, out)
    console.print(f"saved {out}; python -m cnnzoo test {out}   shows how well it does on each class")
    return 0


def test_command(arguments: Sequence[str], console: Console) -> int:
    parser = _parser("test", "Test a saved network: its accuracy on each class, and which classes it confuses.")
    _add_file(parser)
    parser.add_argument("--dataset", metavar="NAME", help="another data set than the one it was trained on")
    _add_data(parser)
    options = parser.parse_args(arguments)
    network = _loaded(options)
    dataset = _opened(network, options.dataset, options.data_dir)
    split, size = dataset.test, len(network.classes)
    confusion, in_five = torch.zeros(size, size, dtype=torch.int64), 0
    with _progress() as progress:
        for rows in progress.track(torch.split(split.index, AT_ONCE), description="test"):
            likely = network.predict(split.images[rows], ten_crop=options.ten_crop).topk(min(5, size)).indices
            truth = split.labels[rows]
            confusion.index_put_((truth, likely[:, 0]), torch.ones_like(truth), accumulate=True)
            in_five += int((likely == truth[:, None]).any(1).sum())
    console.print(f"{options.file}: {network.recipe.model} on the test set of {dataset.name} ({dataset.source})")
    console.print(accuracies(network.classes, confusion))
    if size > 5:
        console.print(f"among the first five: {100 * in_five / len(split):.2f} %\n")
    console.print(confusions(network.classes, confusion))
    return 0


def predict_command(arguments: Sequence[str], console: Console) -> int:
    parser = _parser("predict", "The class that a saved network predicts for each image.")
    _add_file(parser)
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="files; another size is stretched to the network's")
    options = parser.parse_args(arguments)
    network = _loaded(options)
    channels, height, width = network.shape
    rows = []
    for path in options.images:
        pixels = decode(path, channels)
        if height == width and not options.ten_crop:
            pixels = resize(pixels, height)
        rows.append(network.predict(pixels, ten_crop=options.ten_crop)[0])
    console.print(predictions(options.images, network.classes, torch.stack(rows)))
    return 0


def _parser(command: str, description: str) -> Parser:
    parser = Parser(prog=f"python -m cnnzoo {command}", description=description, allow_abbrev=False)
    parser.add_argument("--device", choices=("cpu", "cuda"), help="default: the first GPU, else the CPU")
    return parser


def _add_data(parser: Parser) -> None:
    about = "where data sets are, or go (default: data)"
    parser.add_argument("--data-dir", type=Path, default=Path("data"), metavar="DIR", help=about)


def _add_file(parser: Parser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="a network that `train`, or a study, has saved")
    about = "average over the four corners, the centre and their mirror images"
    parser.add_argument("--ten-crop", action="store_true", help=about)
    about = "a file of your own that the network, its loss or augmentation stands in, e.g. my_net"
    parser.add_argument("--trust", action="append", default=[], metavar="MODULE", help=about)


def _loaded(options: argparse.Namespace) -> Network:
    if not options.file.is_file():
        raise Mistake(f"there is no file {options.file}; `python -m cnnzoo train NAME --out {options.file}` makes one.")
    trust(options.trust)
    return load(options.file, options.device)


def _opened(network: Network, other: str | None, data_dir: Path) -> Dataset:
    """The data set to test on: the network's own, or another one with the same classes."""
    recipe = network.recipe
    side = recipe.image_size if other is None else network.shape[1]
    dataset = open_dataset(other or recipe.dataset, image_size=side, validation=0.0, data_dir=data_dir)
    if dataset.classes != network.classes:
        raise Mistake(
            f"{dataset.name} has the classes {', '.join(dataset.classes[:5])}, ..., but the network knows "
            f"{', '.join(network.classes[:5])}, ...; name a data set with these."
        )
    return dataset


def _progress() -> Progress:
    """A bar on stderr, so that what stdout is piped into gets the results alone."""
    counts = (MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    console = Console(stderr=True, highlight=False)
    return Progress(TextColumn("{task.description}"), BarColumn(), *counts, console=console)


def _line_of(epoch: Epoch, epochs: int) -> str:
    trained = f"epoch {epoch.number:>{len(str(epochs))}}/{epochs}  train {epoch.train_acc1:6.2f} %, loss {epoch.train_loss:.4f}"
    held_out = f"   validation {epoch.val_acc1:6.2f} %, loss {epoch.val_loss:.4f}"
    return trained + (held_out if not math.isnan(epoch.val_acc1) else "")

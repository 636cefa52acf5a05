"""The script people write today: Ray's own PyTorch example, with twelve learning rates and its MLflow callback.

Every trial loads its own MNIST through torchvision, transforms image by image with PIL, batches with a DataLoader,
evaluates in batches of 64, and reports to Tune; MLflowLoggerCallback writes each metric. The baseline of ``study_overhead``.
"""

import sys
from pathlib import Path

import torch
from ray import tune
from ray.air.integrations.mlflow import MLflowLoggerCallback
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Subset
from torchvision import datasets, transforms

EPOCHS, BATCH, VALIDATION = 3, 128, 6_000
RATES = [1e-3 * 1.5**k for k in range(12)]


class LeNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.relu(self.fc1(torch.flatten(x, 1)))
        return self.fc3(F.relu(self.fc2(x)))


def loaders(data: str) -> tuple[DataLoader, DataLoader, DataLoader]:
    transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    train = datasets.MNIST(data, train=True, transform=transform)
    test = datasets.MNIST(data, train=False, transform=transform)
    cut = len(train) - VALIDATION
    return (
        DataLoader(Subset(train, range(cut)), batch_size=BATCH, shuffle=True),
        DataLoader(Subset(train, range(cut, len(train))), batch_size=64),
        DataLoader(test, batch_size=64),
    )


def accuracy(model: nn.Module, loader: DataLoader) -> float:
    model.eval()
    right = total = 0
    with torch.no_grad():
        for images, labels in loader:
            right += int((model(images).argmax(1) == labels).sum())
            total += len(labels)
    return right / total


def train_mnist(config: dict[str, object]) -> None:
    train, validation, test = loaders(str(config["data"]))
    model = LeNet()
    optimizer = torch.optim.SGD(model.parameters(), lr=float(str(config["lr"])), momentum=0.9)
    for epoch in range(EPOCHS):
        model.train()
        for images, labels in train:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
        scores = {"loss": loss.item(), "val_acc": accuracy(model, validation)}
        if epoch == EPOCHS - 1:
            scores["test_acc"] = accuracy(model, test)
        tune.report(scores)


if __name__ == "__main__":
    data, folder = Path(sys.argv[1]).absolute(), Path(sys.argv[2]).absolute()
    callback = MLflowLoggerCallback(
        tracking_uri=f"sqlite:///{folder}/mlflow.db", experiment_name="ordinary", save_artifact=False
    )
    tuner = tune.Tuner(
        tune.with_resources(train_mnist, {"cpu": 1}),
        param_space={"lr": tune.grid_search(RATES), "data": str(data)},
        run_config=tune.RunConfig(storage_path=str(folder), callbacks=[callback]),
    )
    tuner.fit()

"""The parts of a PyTorch loop as tutorials have it: ImageFolder, DataLoader, an epoch."""

from collections.abc import Callable, Iterator

import torch
from job import Job
from torch import Tensor, nn
from torch.utils.data import DataLoader

from foodcls.network import model_zoo

Loss = Callable[[Tensor, Tensor], Tensor]


def loaders(job: Job, train: list[object], val: list[object], batch: int) -> list[DataLoader]:
    """A shuffled loader of train/ and one of val/, each with its transforms."""
    datasets, transforms = model_zoo.torchvision.datasets, model_zoo.torchvision.transforms
    folders = [
        datasets.ImageFolder(str(job.folder / name), transforms.Compose(steps))
        for name, steps in (("train", train), ("val", val))
    ]
    torch.manual_seed(job.settings.seed)
    return [
        DataLoader(
            folder,
            batch,
            shuffle=is_train,
            num_workers=job.workers,
            pin_memory=job.device.type == "cuda",
        )
        for folder, is_train in zip(folders, (True, False), strict=True)
    ]


def to_numbers(job: Job) -> list[object]:
    """What makes a normalised tensor of a picture."""
    network, transforms = job.network(), model_zoo.torchvision.transforms
    return [
        transforms.ToTensor(),
        transforms.Normalize(network.mean.flatten().tolist(), network.std.flatten().tolist()),
    ]


def learn(
    model: nn.Module, loader: DataLoader, optimiser: torch.optim.Optimizer, loss: Loss
) -> float:
    """An epoch; the mean loss."""
    total = 0.0
    for pictures, targets in on_device(model, loader):
        value = loss(model(pictures), targets)
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        total += value.item() * len(targets)
    return total / len(loader.dataset)  # type: ignore[arg-type]


@torch.no_grad()
def judge(model: nn.Module, loader: DataLoader, loss: Loss) -> tuple[float, float]:
    """The mean loss and the accuracy."""
    model.eval()
    total, right = 0.0, 0
    for pictures, targets in on_device(model, loader):
        answers = model(pictures)
        total += loss(answers, targets).item() * len(targets)
        right += int((answers.argmax(1) == targets).sum())
    count = len(loader.dataset)  # type: ignore[arg-type]
    return total / count, right / count


def on_device(model: nn.Module, loader: DataLoader) -> Iterator[tuple[Tensor, Tensor]]:
    """The batches, where the model lies."""
    device = next(model.parameters()).device
    for pictures, targets in loader:
        yield pictures.to(device, non_blocking=True), targets.to(device, non_blocking=True)

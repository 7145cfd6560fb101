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
    """Transforms from a Pillow image to a normalized tensor, float32 (3, H, W)."""
    network, transforms = job.network(), model_zoo.torchvision.transforms
    return [
        transforms.ToTensor(),
        transforms.Normalize(network.mean.flatten().tolist(), network.std.flatten().tolist()),
    ]


def train_epoch(
    model: nn.Module, loader: DataLoader, optimizer: torch.optim.Optimizer, loss: Loss
) -> float:
    """Train for an epoch; the mean loss of a picture, in nats."""
    total = 0.0
    for pictures, targets in on_device(model, loader):
        value = loss(model(pictures), targets)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        total += value.item() * len(targets)
    return total / len(loader.dataset)  # type: ignore[arg-type]


@torch.no_grad()
def validate(model: nn.Module, loader: DataLoader, loss: Loss) -> tuple[float, float]:
    """The mean loss of a picture, in nats, and the accuracy, 0 to 1."""
    model.eval()
    total, right = 0.0, 0
    for pictures, targets in on_device(model, loader):
        answers = model(pictures)
        total += loss(answers, targets).item() * len(targets)
        right += int((answers.argmax(1) == targets).sum())
    count = len(loader.dataset)  # type: ignore[arg-type]
    return total / count, right / count


def on_device(model: nn.Module, loader: DataLoader) -> Iterator[tuple[Tensor, Tensor]]:
    """The batches on the model's device: images float32 (N, 3, H, W), classes int64 (N,)."""
    device = next(model.parameters()).device
    for pictures, targets in loader:
        yield pictures.to(device, non_blocking=True), targets.to(device, non_blocking=True)

"""The input of every loop of benchmarks/train.py, and the lines that it prints."""

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from foodcls.network.network import Network, start_network
from foodcls.recipe.train_settings import Train
from foodcls.train.learner import choose_device


@dataclass(frozen=True)
class Job:
    """The same pictures, network and epochs for all; `folder` holds train/ and val/."""

    folder: Path
    labels: tuple[str, ...]
    settings: Train
    workers: int  # of a DataLoader
    faults: bool  # the seed's loop with the faults that change its curve

    @property
    def device(self) -> torch.device:
        """The device to train on."""
        return choose_device(self.settings.device)

    def network(self) -> Network:
        """The network before training, the same for all loops."""
        return start_network(self.settings, len(self.labels))[1]


def read_job() -> Job:
    """Read the job from the file that the command line names."""
    given = json.loads(Path(sys.argv[1]).read_text())
    settings = Train.model_validate_json(json.dumps(given["settings"]))
    return Job(Path(given["folder"]), tuple(given["labels"]), settings, given["workers"],
               given["faults"])  # fmt: skip


class Clock:
    """Prints a line of JSON an epoch, with the seconds since it was made."""

    def __init__(self) -> None:
        self.begun = time.perf_counter()

    def print_epoch(
        self, epoch: int, train_loss: float, val_loss: float, val_accuracy: float
    ) -> None:
        """Print the figures of an epoch, after its validation; losses in nats, accuracy 0 to 1."""
        seconds = time.perf_counter() - self.begun
        figures = {"train_loss": train_loss, "val_loss": val_loss, "val_accuracy": val_accuracy}
        print(json.dumps({"epoch": epoch, "seconds": seconds} | figures), flush=True)

"""What every loop of benchmarks/train.py is given, and how it tells of its epochs."""

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
        """Where the network shall learn."""
        return choose_device(self.settings.device)

    def network(self) -> Network:
        """The network before training: one seed, one network, whoever asks."""
        return start_network(self.settings, len(self.labels))[1]


def read_job() -> Job:
    """The job whose file the command line names."""
    given = json.loads(Path(sys.argv[1]).read_text())
    settings = Train.model_validate_json(json.dumps(given["settings"]))
    return Job(Path(given["folder"]), tuple(given["labels"]), settings, given["workers"],
               given["faults"])  # fmt: skip


class Clock:
    """Prints a line of JSON an epoch, with the seconds since it was made."""

    def __init__(self) -> None:
        self.begun = time.perf_counter()

    def tell(self, epoch: int, train_loss: float, val_loss: float, val_accuracy: float) -> None:
        """An epoch is over, and so is its validation."""
        seconds = time.perf_counter() - self.begun
        told = {"train_loss": train_loss, "val_loss": val_loss, "val_accuracy": val_accuracy}
        print(json.dumps({"epoch": epoch, "seconds": seconds} | told), flush=True)

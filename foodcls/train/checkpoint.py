"""Records a trained network: its epochs, where its weights lie, and how to build it again."""

import dataclasses
import json
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator

from foodcls.recipe.train_settings import Extras, Train
from foodcls.store.store import digest_json


@dataclass(frozen=True)
class EpochReport:
    """The figures of an epoch; those of training are means over its batches, with dropout."""

    epoch: int  # from 1
    train_loss: float  # mean cross entropy of a picture, in nats
    train_accuracy: float
    val_loss: float
    val_accuracy: float
    val_average_position: float  # macro, see metrics.average_position
    seconds: float
    lr: float
    l2: float = 0.0  # strength of regularization that validation chose for a probe


@dataclass(frozen=True)
class RejectionRef:
    """A learnt score by which a model refuses pictures of none of its classes."""

    score: str  # its name, see network.rejection
    weights: str  # blob: safetensors
    known_from: float  # a probability to be of some class below this is a refusal
    reasons: tuple[str, ...]  # of the filter, that tell the strangers it was learnt from


def read_settings(record: Any) -> Any:
    """Training settings from the JSON of a cache entry; other objects stay as they are."""
    if not isinstance(record, dict):
        return record
    # a record names no file of weights, and is read where there may be none
    settings = Train.model_validate_json(json.dumps(record | {"weights": "none"}))
    return settings.model_copy(update={"weights": record["weights"]})


@dataclass(frozen=True)
class Checkpoint:
    """A trained network: the weights of its best epoch, and all that it takes to build it again."""

    weights: str  # blob: safetensors of the whole network
    labels: tuple[str, ...]  # in output order
    # as they were carried out: device and precision as chosen, weights imagenet, none or file
    settings: Annotated[Train, BeforeValidator(read_settings)]
    pretrained_digest: str  # of the backbone's tensors before training
    license: str  # of the pretrained weights; empty for random ones
    mean: tuple[float, ...]  # of red, green and blue, as shares of 255
    std: tuple[float, ...]
    threads: int  # of torch: another number rounds sums otherwise in the last bit
    best_epoch: int  # by validation accuracy, then by validation loss
    reports: tuple[EpochReport, ...]
    train_count: int
    val_count: int
    data_digest: str  # of the pictures and labels of all that was learnt from
    own_count: int = 0  # of own photos, see train.own
    # that each step's gradient is a sum over: another number rounds otherwise, too
    processes: int = 1
    temperature: float = 1.0  # logits are divided by it; fitted on validation
    abstain_below: float = 0.0  # a highest probability below this is no answer
    rejection: RejectionRef | None = None  # None where there were too few strangers

    @property
    def facts(self) -> dict[str, Any]:
        """All fields and settings by name, as JSON values; of the extras those that are in use."""
        record = dataclasses.asdict(self)
        del record["settings"]
        # how much is kept on disk changes no weight
        chosen = self.settings.model_dump(exclude={"weights", "cache_gb", "extras"})
        extras = self.settings.extras
        named = {
            "pretrained": self.settings.weights,
            "extras": describe_extras(extras),
            "tta": extras.tta,
        }
        return record | chosen | named

    @property
    def digest(self) -> str:
        """SHA-256 of all but the seconds that the epochs took."""
        record = self.facts
        for report in record["reports"]:
            del report["seconds"]
        return digest_json(record)

    @property
    def best(self) -> EpochReport:
        """The report of the epoch whose weights were kept."""
        return next(report for report in self.reports if report.epoch == self.best_epoch)


def describe_extras(extras: Extras) -> tuple[str, ...]:
    """The extras that differ from their defaults, as `name=value`."""
    chosen, usual = extras.model_dump(mode="json"), Extras(tta=1).model_dump(mode="json")
    return tuple(
        f"{name}={value}" for name, value in chosen.items() if value not in (None, usual[name])
    )

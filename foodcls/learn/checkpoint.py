"""Records a trained network: where its weights lie, and all that it takes to build it again."""

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

from foodcls.errors import StoreError
from foodcls.judge.epochs import EpochReport
from foodcls.store import digest_json


@dataclass(frozen=True)
class Checkpoint:
    """The best epoch of a training. All fields are JSON values or become some."""

    weights: str  # blob: safetensors of the whole network
    labels: tuple[str, ...]  # in output order
    backbone: str
    pretrained: str  # imagenet, none or file
    pretrained_digest: str  # of the backbone's tensors before training
    trainable: tuple[str, ...]
    head: int
    dropout: float
    input_size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    lr: float
    epochs: int
    batch_size: int
    seed: int
    device: str  # where it was trained: cpu or cuda
    precision: str  # with which numbers: fp32 or bf16
    max_minutes: float | None
    extras: tuple[str, ...]  # what was added to the original's way of learning, as `name=value`
    views: int  # of a picture, whose mean it answers with
    threads: int  # of torch: another number rounds sums otherwise in the last bit
    best_epoch: int  # by validation accuracy, then by validation loss
    reports: tuple[EpochReport, ...]
    train_count: int
    val_count: int
    data_digest: str  # of the pictures and labels it learnt from and was chosen by
    temperature: float = 1.0  # logits are divided by it; fitted on validation
    abstain_below: float = 0.0  # a highest probability below this is no answer

    @property
    def digest(self) -> str:
        """SHA-256 of all but the seconds that the epochs took."""
        record = dataclasses.asdict(self)
        for report in record["reports"]:
            del report["seconds"]
        return digest_json(record)

    @property
    def best(self) -> EpochReport:
        """The report of the epoch whose weights were kept."""
        return next(report for report in self.reports if report.epoch == self.best_epoch)

    def to_json(self) -> str:
        """The record as JSON text, with its digest."""
        return json.dumps(dataclasses.asdict(self) | {"digest": self.digest}, indent=1)

    @classmethod
    def from_json(cls, text: str) -> "Checkpoint":
        """Read what `to_json` wrote; StoreError when it is not that or was altered."""
        try:
            record: dict[str, Any] = json.loads(text)
            digest = record.pop("digest")
            record["reports"] = tuple(EpochReport(**report) for report in record["reports"])
            for name in ("labels", "trainable", "mean", "std", "extras"):
                record[name] = tuple(record[name])
            checkpoint = cls(**record)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise StoreError(f"this is no record of a checkpoint: {error}; train again") from error
        if checkpoint.digest != digest:
            raise StoreError("the record of this checkpoint was altered; train again")
        return checkpoint

"""Says how an epoch of training went."""

from dataclasses import dataclass


@dataclass(frozen=True)
class EpochReport:
    """The figures of an epoch; those of training are taken while it learns, with dropout."""

    epoch: int  # from 1
    train_loss: float  # mean cross entropy of a picture, in nats
    train_accuracy: float
    val_loss: float
    val_accuracy: float
    val_average_position: float  # macro, see metrics.average_position
    seconds: float
    lr: float

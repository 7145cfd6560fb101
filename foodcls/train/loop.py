"""The training loop: trains a learner epoch by epoch and validates it after each."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np

from foodcls.errors import TrainingError
from foodcls.metrics.ranks import Floats, average_position, ranks
from foodcls.network.seeds import seeded
from foodcls.network.whole_batch import as_in_whole
from foodcls.recipe.train_settings import Train
from foodcls.train.batches import Batch, epoch_batches, iterate_batches
from foodcls.train.checkpoint import EpochReport
from foodcls.train.dataset import Dataset, TrainVal, predict_all
from foodcls.train.learner import Learner
from foodcls.train.optimizer import lr_factor
from foodcls.train.own import fit_with_own
from foodcls.train.probe import fit_probe

USUAL_EPOCHS = 8


@dataclass(frozen=True)
class _Totals:
    loss: float  # mean over the examples
    accuracy: float
    lr_factor: float  # of the last step; 0 where there was none
    is_cut: bool = False  # by the time budget
    l2: float = 0.0


def fit(
    learner: Learner,
    train_val: TrainVal,
    settings: Train,
    first_epoch: int = 1,
    clock: Callable[[], float] = time.perf_counter,
    is_over: Callable[[], bool] = lambda: False,
) -> Iterator[EpochReport]:
    """Train for the epochs from `first_epoch` to the last; report each when it is over.

    By the recipe's method the first epoch is a probe, or the only one.

    What is drawn depends on seed, epoch and batch alone, so that a training taken up again at an
    epoch goes on as it would have. Once `is_over`, the epoch is cut short and is the last.
    TrainingError when a loss is no number.
    """
    truth = train_val.val.targets
    for epoch in range(first_epoch, count_epochs(settings) + 1):
        if epoch > 1 and is_over():
            return
        begun = clock()
        totals = (
            _probe(learner, train_val, settings)
            if epoch == 1 and settings.method.startswith("probe")
            else _train_epoch(learner, train_val, settings, epoch, is_over)
        )
        loss, probabilities = validate(learner, train_val.val, settings.batch_size)
        if not np.isfinite(loss):
            raise TrainingError(
                f"epoch {epoch}: the validation loss is {loss}; lr {settings.lr} is too high, "
                "try a tenth of it"
            )
        yield EpochReport(
            epoch=epoch,
            train_loss=totals.loss,
            train_accuracy=totals.accuracy,
            val_loss=loss,
            val_accuracy=float((probabilities.argmax(axis=1) == truth).mean()),
            val_average_position=average_position(ranks(probabilities, truth), truth),
            seconds=max(0.0, clock() - begun),
            lr=learner.lrs[0] * totals.lr_factor,
            l2=totals.l2,
        )
        if totals.is_cut:
            return


def count_epochs(settings: Train) -> int:
    """How many epochs a training has; a probe, fitted to convergence, is one."""
    if settings.method == "probe":
        return 1
    return USUAL_EPOCHS if settings.epochs == "auto" else settings.epochs


def validate(learner: Learner, dataset: Dataset, batch_size: int) -> tuple[float, Floats]:
    """The mean loss in nats and the probabilities, float64 (N, C), by the EMA if there is one."""
    ema, network = learner.ema, learner.network
    with ema.swapped_into(network) if ema else nullcontext():
        network.eval()
        return predict_all(learner.logits, dataset, batch_size, learner.group)


def _probe(learner: Learner, train_val: TrainVal, settings: Train) -> _Totals:
    probe = (
        fit_with_own(learner, train_val, settings)
        if train_val.own
        else fit_probe(learner, train_val, settings)
    )
    learner.group.share(learner.network.head.state_dict().values())
    if learner.ema:
        learner.ema.restart(learner.network)
    return _Totals(probe.train_loss, probe.train_accuracy, lr_factor=0.0, l2=probe.l2)


def _train_epoch(
    learner: Learner, train_val: TrainVal, settings: Train, epoch: int, is_over: Callable[[], bool]
) -> _Totals:
    learner.network.train()
    batches = epoch_batches(train_val.train, settings, epoch)
    losses, right, seen, factor = 0.0, 0.0, 0, 1.0
    reading = iterate_batches(
        train_val.train, batches, settings, train_val.classes, epoch, learner.group
    )
    for batch in reading:
        if seen and is_over():
            break
        step = (epoch - 1) * len(batches) + batch.number
        factor = lr_factor(
            step, count_epochs(settings) * len(batches), len(batches), settings.extras
        )
        count = len(batch.indices)
        with (
            seeded("dropout", settings.seed, epoch, batch.number),
            as_in_whole(learner.group, count),
        ):
            logits = learner.logits(batch.inputs)
        own = learner.loss(logits, batch.targets, train_val.train.targets[batch.indices])
        hits = (logits.argmax(1).cpu() == batch.truth).sum().item()
        loss, hits = learner.group.add(own.item(), hits)
        if not math.isfinite(loss):
            raise TrainingError(_explain_loss(loss, train_val.train, batch, settings, epoch))
        learner.step(own, factor, step)
        losses += loss * count
        right += hits
        seen += count
    return _Totals(losses / seen, right / seen, factor, is_cut=seen < sum(map(len, batches)))


def _explain_loss(loss: float, train: Dataset, batch: Batch, settings: Train, epoch: int) -> str:
    names = ", ".join(train.names[index] for index in batch.indices)
    return (
        f"epoch {epoch}: the loss is {loss}; lr {settings.lr} is too high (try a tenth of it), "
        f"or one of these pictures is at fault: {names}"
    )

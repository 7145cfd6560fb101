"""Turns a learner and its examples into a trained network, one report an epoch."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
import torch

from foodcls.errors import TrainingError
from foodcls.metrics.ranks import Floats, average_position, ranks
from foodcls.network.seeds import seeded
from foodcls.recipe.train_settings import Train
from foodcls.train.batches import epoch_batches, give_lessons
from foodcls.train.checkpoint import EpochReport
from foodcls.train.dataset import Course, Examples, answer_all
from foodcls.train.learner import Learner
from foodcls.train.optimizer import rate_share
from foodcls.train.row_cache import Array


@dataclass(frozen=True)
class _Tally:
    loss: float
    accuracy: float
    share: float  # of the full rate, at the end
    is_cut: bool = False  # by the time budget


def fit(
    learner: Learner,
    course: Course,
    settings: Train,
    first_epoch: int = 1,
    clock: Callable[[], float] = time.perf_counter,
    is_over: Callable[[], bool] = lambda: False,
) -> Iterator[EpochReport]:
    """Train for the epochs from `first_epoch` to `settings.epochs`; report each when it is over.

    What is drawn depends on seed, epoch and batch alone, so that a training taken up again at an
    epoch goes on as it would have. Once `is_over`, the epoch is cut short and is the last.
    TrainingError when a loss is no number.
    """
    truth = course.val.targets
    for epoch in range(first_epoch, settings.epochs + 1):
        if epoch > 1 and is_over():
            return
        begun = clock()
        learnt = _learn_epoch(learner, course, settings, epoch, is_over)
        loss, probabilities = judge(learner, course.val, settings.batch_size)
        if not np.isfinite(loss):
            raise TrainingError(
                f"epoch {epoch}: the validation loss is {loss}; lr {settings.lr} is too high, "
                "try a tenth of it"
            )
        yield EpochReport(
            epoch=epoch,
            train_loss=learnt.loss,
            train_accuracy=learnt.accuracy,
            val_loss=loss,
            val_accuracy=float((probabilities.argmax(axis=1) == truth).mean()),
            val_average_position=average_position(ranks(probabilities, truth), truth),
            seconds=max(0.0, clock() - begun),
            lr=settings.lr * learnt.share,
        )
        if learnt.is_cut:
            return


def judge(learner: Learner, examples: Examples, batch_size: int) -> tuple[float, Floats]:
    """The mean loss and the probabilities (N, C), by the average of the weights if there is one."""
    with _judged(learner):
        learner.network.eval()
        return answer_all(learner.answer, examples, batch_size)


def _learn_epoch(
    learner: Learner, course: Course, settings: Train, epoch: int, is_over: Callable[[], bool]
) -> _Tally:
    learner.network.train()
    batches = epoch_batches(course.train, settings, epoch)
    losses, right, seen, share = 0.0, 0, 0, 1.0
    for lesson in give_lessons(course.train, batches, settings, course.classes, epoch):
        if seen and is_over():
            break
        step = (epoch - 1) * len(batches) + lesson.number
        share = rate_share(step, settings.epochs * len(batches), len(batches), settings.extras)
        with seeded("dropout", settings.seed, epoch, lesson.number):
            logits = learner.answer(lesson.inputs)
        loss = learner.loss(logits, lesson.wanted)
        if not torch.isfinite(loss):
            places = lesson.places
            raise TrainingError(_explain_loss(loss.item(), course.train, places, settings, epoch))
        learner.step(loss, share, step)
        losses += loss.item() * len(lesson.places)
        right += int((logits.argmax(1).cpu() == lesson.truth).sum())
        seen += len(lesson.places)
    return _Tally(losses / seen, right / seen, share, is_cut=seen < sum(map(len, batches)))


def _judged(learner: Learner) -> AbstractContextManager[None]:
    average = learner.average
    return average.standing_in(learner.network) if average else nullcontext()


def _explain_loss(loss: float, train: Examples, places: Array, settings: Train, epoch: int) -> str:
    names = ", ".join(train.names[place] for place in places)
    return (
        f"epoch {epoch}: the loss is {loss}; lr {settings.lr} is too high (try a tenth of it), "
        f"or one of these pictures is at fault: {names}"
    )

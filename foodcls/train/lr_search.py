"""Chooses a learning rate by short trials, each judged on the validation pictures."""

import itertools
import logging
import math

from foodcls.errors import TrainingError
from foodcls.recipe.train_settings import Train
from foodcls.train.budget import Budget
from foodcls.train.dataset import TrainVal
from foodcls.train.ema import copy_tensors, trainable_state
from foodcls.train.learner import Learner, start_learner
from foodcls.train.loop import count_epochs, fit
from foodcls.train.resume import CheckpointFiles

log = logging.getLogger(__name__)

RATES = (3e-5, 1e-4, 3e-4, 1e-3, 3e-3)
STEPS = 50  # of a trial, or an epoch where that has fewer
SHARE = 0.1  # of the time that is left, for a trial


def settle_lr(
    learner: Learner, train_val: TrainVal, settings: Train, budget: Budget, files: CheckpointFiles
) -> tuple[Learner, Train, Budget]:
    """Settle `lr: auto`: a learning rate chosen by trials, or the one chosen before a kill."""
    is_probe_alone = settings.method.startswith("probe") and count_epochs(settings) == 1
    if settings.lr != "auto" or is_probe_alone:
        return learner, settings, budget
    group = learner.group
    if chosen := group.agree(files.load_lr):
        lr, seconds = chosen
        log.info("lr: %g, as it was chosen before", lr)
        budget = budget.less(seconds)
    else:
        begun = budget.clock()
        lr = choose_lr(learner, train_val, settings, budget)
        spent = budget.clock() - begun
        if group.is_first:
            files.save_lr(lr, spent)
    settings = settings.model_copy(update={"lr": lr})
    return _start_anew(learner, settings), settings, budget


def choose_lr(learner: Learner, train_val: TrainVal, settings: Train, budget: Budget) -> float:
    """The rate of `RATES` after whose first steps the validation loss is least.

    Each trial begins at the learner's network as it is, or at the probe where fine-tuning begins
    with one; in the end the network is as it was. Trials have no moving average, which lags behind,
    and no warmup, in which no rate would be tried. All have as much time, half of the budget at
    most.
    TrainingError when no rate gives a loss that is a number.
    """
    untouched = copy_tensors(trainable_state(learner.network))
    first_epoch = 1
    if settings.method == "probe_then_finetune":
        next(fit(learner, train_val, settings))
        first_epoch = 2
    begun = copy_tensors(trainable_state(learner.network))
    losses, seconds = {}, SHARE * budget.left
    for rate in RATES:
        learner.network.load_state_dict(begun, strict=False)
        losses[rate] = _try_lr(
            learner, train_val, settings, rate, first_epoch, budget.part(seconds)
        )
    learner.network.load_state_dict(untouched, strict=False)
    best = min(losses, key=lambda rate: losses[rate])
    if not math.isfinite(losses[best]):
        raise TrainingError("no learning rate gives a loss that is a number; set train.lr")
    told = ", ".join(f"{rate:g} {loss:.3f}" for rate, loss in losses.items())
    log.info("lr: %g, by the validation loss after %d steps at most: %s", best, STEPS, told)
    return best


def _try_lr(
    learner: Learner,
    train_val: TrainVal,
    settings: Train,
    lr: float,
    first_epoch: int,
    budget: Budget,
) -> float:
    """The validation loss after the trial's steps; infinite where they lead nowhere."""
    extras = settings.extras.model_copy(update={"ema": 0.0, "warmup": 0.0})
    tried = settings.model_copy(update={"lr": lr, "extras": extras})
    trial = _start_anew(learner, tried)
    # `fit` asks before each step but the very first of a training
    done = itertools.count(1 if first_epoch == 1 else 0)

    def is_over() -> bool:
        steps = next(done)
        return steps >= STEPS or (steps > 0 and budget.is_over())

    try:
        report = next(fit(trial, train_val, tried, first_epoch, is_over=is_over))
    except TrainingError:
        return math.inf
    return report.val_loss


def _start_anew(learner: Learner, settings: Train) -> Learner:
    """A learner of the same network, without moments, by other settings."""
    return start_learner(learner.network, learner.tail, settings, learner.precision,
                         learner.weights, learner.group)  # fmt: skip

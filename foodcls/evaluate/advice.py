"""Says what to do about a model's accuracy, by its learning curves, its counts and its mistakes."""

from collections.abc import Sequence

from foodcls.metrics.evaluation import Evaluation
from foodcls.train.checkpoint import Checkpoint, EpochReport

# of a loss, from one epoch to the next: what falls by less has come to rest
FALL = 0.02
# and in itself: losses near 0 still halve, and nothing is gained by it
LEAST = 0.01
# training accuracy above validation's; of less nothing follows, as both are measured
GAP = 0.15
# of a class's pictures, and in number: what is taken so often for one other class is no accident
SHARE, OFTEN = 0.2, 3
# a temperature is fitted on these; on 88 it made the probabilities of 240 test pictures worse
FEW = 200


def advise(checkpoint: Checkpoint, evaluation: Evaluation) -> list[str]:
    """A sentence for each thing that speaks against the model; none where nothing does."""
    found = [
        _advise_longer(checkpoint.reports),
        _advise_more(checkpoint),
        *_advise_classes(evaluation),
        _advise_temperature(checkpoint, evaluation),
    ]
    return [sentence for sentence in found if sentence]


def _advise_longer(reports: Sequence[EpochReport]) -> str:
    if len(reports) < 2:
        return ""
    before, last = reports[-2:]
    pairs = (before.train_loss, last.train_loss), (before.val_loss, last.val_loss)
    if not all(earlier - later >= max(FALL * earlier, LEAST) for earlier, later in pairs):
        return ""
    return (
        f"Both losses still fall in the last epoch (validation {before.val_loss:.2f} to "
        f"{last.val_loss:.2f}): more epochs or a higher rate, train.epochs and train.lr."
    )


def _advise_more(checkpoint: Checkpoint) -> str:
    best = next(one for one in checkpoint.reports if one.epoch == checkpoint.best_epoch)
    if best.train_accuracy - best.val_accuracy < GAP:
        return ""
    # a probe has no modules that learn beside its head
    less = "" if checkpoint.settings.method == "probe" else ", or fewer modules in train.trainable"
    return (
        f"It knows its training pictures ({best.train_accuracy:.2f}) far better than new ones "
        f"({best.val_accuracy:.2f} of validation): more pictures (`foodcls worth`), or fewer wrong "
        f"ones (`foodcls suspects`){less}."
    )


def _advise_classes(evaluation: Evaluation) -> list[str]:
    """The class that is clearly weaker than the rest, and the pair that is confused most."""
    mean, sentences = evaluation.scores.macro_recall.value, []
    rated = [one for one in evaluation.per_class if one.recall_bounds and one.recall is not None]
    weak = min(rated, key=lambda one: one.recall_bounds[1] if one.recall_bounds else 1)
    if weak.recall is not None and weak.recall_bounds and weak.recall_bounds[1] < mean:
        sentences.append(
            f"{weak.label} is weaker than the rest (recall {weak.recall:.2f}, of all {mean:.2f}): "
            "look at its pictures first, `foodcls review`."
        )
    count, own, taken, of = max(
        (count, own, taken, sum(counts))
        for own, counts in enumerate(evaluation.confusion)
        for taken, count in enumerate(counts)
        if own != taken
    )
    if count >= OFTEN and count >= SHARE * of:
        labels = evaluation.labels
        sentences.append(
            f"{labels[own]} is taken for {labels[taken]} in {count} of {of}: do both hold pictures "
            "of the other, could a person tell them apart, should they be one class?"
        )
    return sentences


def _advise_temperature(checkpoint: Checkpoint, evaluation: Evaluation) -> str:
    calibration = evaluation.calibration
    is_worse = calibration.error > calibration.error_before and checkpoint.temperature != 1
    if not is_worse or checkpoint.val_count >= FEW:
        return ""
    return (
        f"A temperature fitted on {checkpoint.val_count} validation pictures is not worth "
        "trusting; it made probabilities worse here: inference.calibrate: false, or more pictures."
    )

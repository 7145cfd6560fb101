"""Explains figures in plain sentences."""

from collections.abc import Sequence

from foodcls.evaluate.quotas import Worth
from foodcls.metrics.calibration import Calibration
from foodcls.metrics.evaluation import Evaluation
from foodcls.metrics.own_worth import OwnWorth
from foodcls.metrics.paired_test import Figure, PairedTest
from foodcls.recipe.train_settings import Train

# with fewer pictures, a recall's 95 % interval (Wilson) reaches 0.2 to a side at best
FEW = 20
SHOWN = 5  # classes in a sentence


def explain_scores(evaluation: Evaluation) -> list[str]:
    """What the figures mean, the most frequent mistake, and how uncertain the figures are."""
    scores, n = evaluation.scores, evaluation.n
    held = scores.accuracy_by_group
    sentences = [
        f"Of 100 new pictures like these, expect {round(100 * held.low)} to "
        f"{round(100 * held.high)} to be named right; in this test it was "
        f"{round(held.value * n)} of {n}."
    ]
    if len(evaluation.labels) > 3:
        share = scores.top3.value
        sentences.append(f"The right class is among the first three in {percent(share)}.")
    sentences += [*_explain_abstaining(evaluation), *_explain_rejection(evaluation)]
    sentences += _explain_confusion(evaluation)
    return [*sentences, *_explain_doubt(evaluation)]


def frequent_mistakes(evaluation: Evaluation, most: int) -> list[tuple[str, str, int, int]]:
    """True class, class it was taken for, how often, and of how many; the most frequent first."""
    found = [
        (evaluation.labels[row], evaluation.labels[column], count, sum(counts))
        for row, counts in enumerate(evaluation.confusion)
        for column, count in enumerate(counts)
        if count and row != column
    ]
    return sorted(found, key=lambda item: (-item[2], -item[2] / item[3]))[:most]


def explain_calibration(calibration: Calibration) -> str:
    """Whether the calibration error is larger than chance explains."""
    miss = f"{100 * calibration.error:.1f} points"
    chance = f"{100 * calibration.error_by_chance:.1f}"
    if calibration.error > calibration.error_by_chance:
        return (
            f"They miss what comes true by {miss} on average, more than the {chance} that chance "
            "explains on so many pictures."
        )
    return (
        f"They miss what comes true by {miss} on average; true ones would miss it by up to "
        f"{chance} on so few pictures, so nothing speaks against them."
    )


def explain_learning(learnt: Train) -> str:
    """How a network learnt, from the settings of its checkpoint, of which none is `auto`."""
    if learnt.method == "probe":
        return (
            f"By the method probe: a new last layer, on what {learnt.backbone} says; nothing else "
            "learnt."
        )
    begun = ", which began as a probe" if learnt.method == "probe_then_finetune" else ""
    inner = f", and {', '.join(learnt.trainable)} of {learnt.backbone}" if learnt.trainable else ""
    return f"By the method {learnt.method}, at the rate {learnt.lr}: a new head{begun}{inner}."


def explain_own(own: OwnWorth) -> list[str]:
    """What own photos were worth, and how far the crawl is from them."""
    sentences = [
        f"Own photos are told from the crawl's, as the network is given them, in {own.auc:.3f} of "
        f"pairs (AUC; 0.5: they look alike, 1: nothing of the crawl looks like them); from the "
        f"crawl's as they came, in {own.auc_as_crawled:.3f}."
    ]
    if own.gain is None:
        return [
            f"All {own.n} own photos are of one group: what they are worth shows on a second one.",
            *sentences,
        ]
    gain, better = own.gain.accuracy, own.gain.average_position
    return [
        f"Of {own.n} own photos in {own.groups} groups, each judged by a head that has not seen "
        f"its group, {own.gain.b.accuracy.value:.3f} are named right; without own photos "
        f"{own.gain.a.accuracy.value:.3f}: {in_points(gain.value)} points (95 %: "
        f"{in_points(gain.low)} to {in_points(gain.high)}).",
        f"Their average position is {own.gain.b.average_position.value:.2f}; without own photos "
        f"{own.gain.a.average_position.value:.2f}: {better.value:+.2f} (95 %: {better.low:+.2f} to "
        f"{better.high:+.2f}). The model here has learnt from all of them.",
        *sentences,
    ]


def explain_pair(test: PairedTest, a: str = "A", b: str = "B") -> list[str]:
    """Whether B is better than A, worse or neither; then by which figures."""
    verdict = {
        "better": f"{b} is better than {a}.",
        "worse": f"{b} is worse than {a}.",
        "mixed": f"{b} is better than {a} in one figure and worse in the other.",
        "open": f"These {test.n} pictures do not tell {a} and {b} apart.",
    }
    return [verdict[test.verdict], _explain_accuracy(test), _explain_position(test)]


def explain_worth(worths: Sequence[Worth]) -> list[str]:
    """Which classes more pictures are worth it, or that collecting may stop."""
    classes = [one for one in worths if one.label]
    good = [one for one in classes if one.is_worthwhile]
    if not classes:
        return []
    more, every = classes[0].more, [one for one in worths if not one.label]
    told = [f"{one.label} {_in_gain(one)}" for one in good[:SHOWN]]
    told += [f"{len(good) - SHOWN} more classes a point or more"] if len(good) > SHOWN else []
    told += [f"{len(classes) - len(good)} classes nothing"] if len(classes) > len(good) else []
    sentences = [
        f"What {more} more pictures of a class would add to its recall: {'; '.join(told)}."
    ]
    sentences += [f"So many more of each class would add {_in_gain(one)} on average."
                  for one in every]  # fmt: skip
    if not good:
        sentences.append(
            "Stop collecting: no class is expected to gain a point. Look for wrong labels "
            "(foodcls suspects), or try another backbone."
        )
    return sentences


def _in_gain(one: Worth) -> str:
    return f"{in_points(one.gain)} points ({in_points(one.low)} to {in_points(one.high)})"


def _explain_abstaining(evaluation: Evaluation) -> list[str]:
    calibration = evaluation.calibration
    if calibration.abstain_below <= 0 or calibration.answered is None:
        return []
    return [
        f"If it keeps silent below a probability of {calibration.abstain_below:.2f}, it answers "
        f"{percent(calibration.coverage)} of the pictures and is right in "
        f"{percent(calibration.answered.value)} of those."
    ]


def _explain_rejection(evaluation: Evaluation) -> list[str]:
    found = evaluation.rejection
    if found is None:
        return []
    low, high = percent(found.accepted.low), percent(found.accepted.high)
    parts = [f"{one.kind} {round(one.n * one.accepted.value)} of {one.n}" for one in found.by_kind]
    return [
        f"Shown a picture of none of its classes, it takes it for one in {low} to {high} "
        f"of the cases ({', '.join(parts)}, by the score {found.score}), "
        f"while it keeps {percent(found.kept.value)} of pictures of its classes."
    ]


def _explain_confusion(evaluation: Evaluation) -> list[str]:
    worst = frequent_mistakes(evaluation, 1)
    if not worst:
        return ["No picture of the test was named wrong."]
    label, taken, count, of = worst[0]
    return [f"Its most frequent mistake: {label} taken for {taken}, {count} of {of}."]


def _explain_doubt(evaluation: Evaluation) -> list[str]:
    few = [score.label for score in evaluation.per_class if score.n < FEW]
    doubts = []
    if few:
        some = f"{few[0]} has" if len(few) == 1 else f"{len(few)} classes have"
        which = "Each class has" if len(few) == len(evaluation.labels) else some
        doubts.append(
            f"{which} fewer than {FEW} test pictures: believe a class's figures only as far as "
            "their intervals."
        )
    if evaluation.groups < evaluation.n:
        doubts.append(_explain_groups(evaluation))
    return doubts


def _explain_groups(evaluation: Evaluation) -> str:
    alone, together = evaluation.scores.accuracy, evaluation.scores.accuracy_by_group
    rough = f", roughly, as {evaluation.groups} are few" if evaluation.groups < FEW else ""
    return (
        f"The {evaluation.n} pictures fall into {evaluation.groups} groups that belong together. "
        f"Counted by group, the accuracy lies within {together.low:.3f} and {together.high:.3f}"
        f"{rough}; had the pictures nothing in common, within {alone.low:.3f} and {alone.high:.3f}."
    )


def _explain_accuracy(test: PairedTest) -> str:
    shift = test.accuracy
    figures = (
        f"{in_points(shift.value)} points, 95 %: {in_points(shift.low)} to "
        f"{in_points(shift.high)}; B alone is right on {test.only_b}, A alone on {test.only_a} of "
        f"{test.n} pictures; {_chance(test, 'accuracy')}"
    )
    if winner := test.winner("accuracy"):
        return f"{winner} is more accurate ({figures})."
    return f"No difference in accuracy is shown ({figures})."


def _explain_position(test: PairedTest) -> str:
    shift = test.average_position
    figures = (
        f"{shift.value:+.3f}, 95 %: {shift.low:+.3f} to {shift.high:+.3f}; "
        f"{_chance(test, 'average_position')}"
    )
    if winner := test.winner("average_position"):
        whose = " of B" if winner == "A" else ""
        return f"{winner} ranks the true class better (average position{whose} {figures})."
    return f"No difference in average position is shown ({figures})."


def _chance(test: PairedTest, figure: Figure) -> str:
    grouped = ", group by group" if test.groups < test.n else ""
    return f"p = {test.chance(figure):.2g}{grouped}"


def in_points(share: float) -> str:
    """A difference of shares in points, e.g. `+1.2`; nothing is `+0.0`, never `-0.0`."""
    return f"{round(100 * share, 1) + 0:+.1f}"


def percent(share: float) -> str:
    """A share from 0 to 1, e.g. `83 %`."""
    return f"{100 * share:.0f} %"

"""Turns figures into plain sentences about what they mean."""

from collections.abc import Sequence

from foodcls.judge.evaluation import Evaluation
from foodcls.judge.paired import PairedTest

# below so many pictures of a class, its recall is known to a fifth at best (Wilson, 95 %)
FEW = 20


def explain_scores(evaluation: Evaluation) -> list[str]:
    """What the figures promise, where the model is weak, and how far to believe the figures."""
    scores, n = evaluation.scores, evaluation.n
    low, high = round(100 * scores.accuracy.low), round(100 * scores.accuracy.high)
    sentences = [
        f"Of 100 new pictures like these, expect {low} to {high} to be named right; in this test "
        f"it was {round(scores.accuracy.value * n)} of {n}."
    ]
    if len(evaluation.labels) > 3:
        share = scores.top3.value
        sentences.append(f"The right class is among the first three in {share:.0%}.")
    sentences += [*_explain_abstaining(evaluation), *_explain_confusion(evaluation)]
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


def explain_pair(test: PairedTest, a: str = "A", b: str = "B") -> str:
    """Whether B differs from A, by accuracy and by average position, in a sentence or two."""
    return f"{_explain_accuracy(test, a, b)} {_explain_position(test, a, b)}"


def _explain_abstaining(evaluation: Evaluation) -> list[str]:
    calibration = evaluation.calibration
    if calibration.abstain_below <= 0 or calibration.answered is None:
        return []
    return [
        f"If it keeps silent below a probability of {calibration.abstain_below:.2f}, it answers "
        f"{calibration.coverage:.0%} of the pictures and is right in "
        f"{calibration.answered.value:.0%} of those."
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
        which = "Each class has" if len(few) == len(evaluation.labels) else _count_classes(few)
        doubts.append(
            f"{which} fewer than {FEW} test pictures: believe a class's figures only as far as "
            "their intervals."
        )
    if evaluation.groups < evaluation.n:
        doubts.append(
            f"The {evaluation.n} pictures fall into {evaluation.groups} groups that look alike, "
            "so they tell less than as many unlike ones."
        )
    return doubts


def _count_classes(labels: Sequence[str]) -> str:
    return f"{labels[0]} has" if len(labels) == 1 else f"{len(labels)} classes have"


def _explain_accuracy(test: PairedTest, a: str, b: str) -> str:
    counts = (
        f"{b} alone is right on {test.only_b}, {a} alone on {test.only_a} of {test.n} pictures "
        f"(McNemar's p = {test.p_value:.2g})"
    )
    if test.is_more_accurate:
        return f"{b} is more accurate: {counts}."
    if test.is_less_accurate:
        return f"{a} is more accurate: {counts}."
    reach = max(abs(test.accuracy.low), abs(test.accuracy.high))
    return (
        f"No difference in accuracy is shown: {counts}; one of {100 * reach:.1f} points or less "
        "may still be there."
    )


def _explain_position(test: PairedTest, a: str, b: str) -> str:
    shift = test.average_position
    figures = f"{shift.value:+.3f}, 95 %: {shift.low:+.3f} to {shift.high:+.3f}"
    if shift.high < 0:
        return f"{b} ranks the true class better (average position {figures})."
    if shift.low > 0:
        return f"{a} ranks the true class better (average position of {b} {figures})."
    return f"No difference in average position is shown ({figures})."

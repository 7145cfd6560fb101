"""Decides by a paired test whether a new model replaces the champion."""

from dataclasses import dataclass

from foodcls.metrics.metrics import wilson
from foodcls.metrics.paired_test import PairedTest, compare_predictions
from foodcls.metrics.ranks import Floats, Ints
from foodcls.recipe.train_settings import Promote

NAMES = {"accuracy": "accuracy", "average_position": "average position"}


@dataclass(frozen=True)
class ChampionComparison:
    """The champion, A, and a new model, B, on pictures that neither was trained on."""

    test: PairedTest
    classes: int

    def describe(self) -> str:
        """The figures in words, e.g. `accuracy 0.853 against 0.809 (95 %: … to …, p = 0.01)`."""
        shown = [
            f"{NAMES[name]} {getattr(self.test.b, name).value:.4g} against "
            f"{getattr(self.test.a, name).value:.4g} "
            f"(95 % of the difference: {getattr(self.test, name).low:+.3f} to "
            f"{getattr(self.test, name).high:+.3f}, p = {getattr(self.test.gain, name):.2g})"
            for name in NAMES
        ]
        return (
            f"{', '.join(shown)}, on {self.test.n} test pictures in {self.test.groups} groups of "
            "look-alikes that neither learnt from"
        )


@dataclass(frozen=True)
class PromotionDecision:
    """Whether the new model should serve, and why; `is_new` is False if nothing has changed."""

    is_promoted: bool
    reason: str
    is_new: bool = True


def compare_models(a: Floats, b: Floats, truth: Ints, groups: Ints) -> ChampionComparison:
    """Compare probabilities (N, C) of the same pictures; `truth` and `groups` are (N,) from 0."""
    return ChampionComparison(compare_predictions(a, b, truth, groups), a.shape[1])


def judge_challenger(found: ChampionComparison, rule: Promote) -> PromotionDecision:
    """The rule by which a challenger of the same classes becomes the champion.

    It must be significantly better in accuracy or in average position, at the level `rule.alpha`
    for both together; and neither may be worse by more than `rule.margin` at the ends of their
    95 % intervals (non-inferiority). So a model that is no better is promoted in at most about
    that share of all comparisons, and a worse one more seldom.
    """
    better = found.test.gain.figures(rule.alpha)
    if not better:
        reason = f"not shown to be better in either figure at a risk of {rule.alpha:.0%}"
        return PromotionDecision(False, f"{reason}: {found.describe()}")
    gained = f"better in {' and '.join(NAMES[name] for name in better)}"
    doubtful = [name for name in NAMES if name not in better and _loss(found, name) > rule.margin]
    if doubtful:
        reason = (
            f"{gained}, but {NAMES[doubtful[0]]} may be worse by {_loss(found, doubtful[0]):.3f} "
            f"of its scale, beyond the margin of {rule.margin}"
        )
        return PromotionDecision(False, f"{reason}: {found.describe()}")
    return PromotionDecision(True, f"{gained}: {found.describe()}")


def judge_successor(found: ChampionComparison) -> PromotionDecision:
    """The rule for a challenger of other classes, compared by the classes that both know.

    The classes were changed on purpose: it is refused only where it is significantly worse.
    """
    test = found.test
    worse = [
        words
        for words, is_shown in (
            ("accuracy", test.winner("accuracy") == "A" or test.accuracy.high < 0),
            ("average position", test.average_position.low > 0),
        )
        if is_shown
    ]
    said = f"the classes have changed; of the {found.classes} that both know, {found.describe()}"
    if worse:
        return PromotionDecision(False, f"worse in {' and '.join(worse)}: {said}")
    return PromotionDecision(True, said)


def _loss(found: ChampionComparison, name: str) -> float:
    """How much worse B may be at the end of the 95 % interval, as a share of the figure's scale."""
    test = found.test
    if name == "average_position":
        # from first place to last
        return test.average_position.high / max(1, found.classes - 1)
    if test.only_a == 0:
        # no resample shows a loss where none was seen, but Wilson's interval allows one
        return max(-test.accuracy.low, wilson(0, test.groups)[1] - test.accuracy.value)
    return -test.accuracy.low

"""Decides by a paired test whether a new model may take the place of the one that serves."""

from dataclasses import dataclass

from foodcls.metrics.metrics import wilson
from foodcls.metrics.paired_test import Better, PairedTest, compare_answers
from foodcls.metrics.ranks import Floats, Ints
from foodcls.recipe.train_settings import Promote

NAMES = {"accuracy": "accuracy", "average_position": "average position"}


@dataclass(frozen=True)
class Comparison:
    """A serving model, A, and a new one, B, on pictures that neither has learnt from."""

    test: PairedTest
    classes: int

    @property
    def better(self) -> Better:
        """How likely chance shows as much of a gain for B."""
        return self.test.gain

    def describe(self) -> str:
        """The figures in words, e.g. `accuracy 0.853 against 0.809 (95 %: … to …, p = 0.01)`."""
        shown = [
            f"{NAMES[name]} {getattr(self.test.b, name).value:.4g} against "
            f"{getattr(self.test.a, name).value:.4g} "
            f"(95 % of the difference: {getattr(self.test, name).low:+.3f} to "
            f"{getattr(self.test, name).high:+.3f}, p = {getattr(self.better, name):.2g})"
            for name in NAMES
        ]
        return f"{', '.join(shown)}, on {self.test.n} test pictures that neither learnt from"


@dataclass(frozen=True)
class Verdict:
    """Whether the new model should serve, and why; `is_new` is False if nothing has changed."""

    is_promoted: bool
    reason: str
    is_new: bool = True
    comparison: Comparison | None = None


def compare_models(a: Floats, b: Floats, truth: Ints, groups: Ints) -> Comparison:
    """Compare probabilities (N, C) for the same pictures; `truth` and `groups` (N,) from 0."""
    return Comparison(compare_answers(a, b, truth, groups), a.shape[1])


def judge_challenger(found: Comparison, rule: Promote) -> Verdict:
    """The rule by which a challenger of the same classes becomes the champion.

    It must be shown to be better in accuracy or in average position, at a risk of `rule.alpha`
    for both together; and neither may be worse by more than `rule.margin`, as far as the ends of
    the 95 % intervals tell. So a model that is no better is promoted in at most about that share
    of all comparisons, and a worse one more seldom.
    """
    better = found.better.figures(rule.alpha)
    if not better:
        reason = f"not shown to be better in either figure at a risk of {rule.alpha:.0%}"
        return Verdict(False, f"{reason}: {found.describe()}", comparison=found)
    gained = f"better in {' and '.join(NAMES[name] for name in better)}"
    doubtful = [name for name in NAMES if name not in better and _loss(found, name) > rule.margin]
    if doubtful:
        reason = (
            f"{gained}, but {NAMES[doubtful[0]]} may be worse by {_loss(found, doubtful[0]):.3f} "
            f"of its scale, beyond the margin of {rule.margin}"
        )
        return Verdict(False, f"{reason}: {found.describe()}", comparison=found)
    return Verdict(True, f"{gained}: {found.describe()}", comparison=found)


def judge_successor(found: Comparison) -> Verdict:
    """The rule for a challenger of other classes, compared by the classes that both know.

    The classes were changed on purpose: it gives way only where it is shown to be worse.
    """
    test = found.test
    worse = [
        words
        for words, is_shown in (
            ("accuracy", test.is_less_accurate or test.accuracy.high < 0),
            ("average position", test.average_position.low > 0),
        )
        if is_shown
    ]
    said = f"the classes have changed; of the {found.classes} that both know, {found.describe()}"
    if worse:
        return Verdict(False, f"worse in {' and '.join(worse)}: {said}", comparison=found)
    return Verdict(True, said, comparison=found)


def _loss(found: Comparison, name: str) -> float:
    """How much worse B may be, as a share of the figure's scale."""
    test = found.test
    if name == "average_position":
        # from first place to last
        return test.average_position.high / max(1, found.classes - 1)
    if test.only_a == 0:
        # no resample shows a loss where none was seen; so many groups leave this much possible
        return max(-test.accuracy.low, wilson(0, test.groups)[1] - test.accuracy.value)
    return -test.accuracy.low

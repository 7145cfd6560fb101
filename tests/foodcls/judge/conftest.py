"""Answers of simulated models, and tests of them whose true figures are known."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from foodcls.judge.answers import Answers
from foodcls.judge.scores import Graded


@pytest.fixture
def answered() -> Callable[..., Answers]:
    """Answers with these probabilities; what is left out is made up."""

    def make(
        truth: Sequence[int],
        probabilities: Sequence[Sequence[float]],
        labels: Sequence[str] = (),
        groups: Sequence[str] = (),
        ids: Sequence[str] = (),
    ) -> Answers:
        scores = np.array(probabilities, dtype=float)
        count = range(len(truth))
        return Answers(
            labels=tuple(labels) or tuple(f"dish {place}" for place in range(scores.shape[1])),
            ids=tuple(ids) or tuple(f"{number:064x}" for number in count),
            origins=tuple(f"https://example.org/{number}.jpg" for number in count),
            groups=tuple(groups) or ("",) * len(truth),
            truth=np.array(truth),
            probabilities=scores,
        )

    return make


@pytest.fixture(scope="session")
def simulate() -> Callable[..., Graded]:
    """A test of `size` groups of `each` pictures: ranks 1 to 4, as likely as each class's skill.

    A share `alike` of a group's pictures fares as the group's first one does.
    """

    def draw(
        rng: np.random.Generator,
        skills: Sequence[float],
        size: int,
        each: int = 1,
        alike: float = 0.0,
    ) -> Graded:
        groups = np.repeat(np.arange(size), each)
        truth = (np.arange(size) % len(skills)).repeat(each)
        own = _draw_ranks(rng, np.array(skills)[truth])
        first = own[groups * each]
        places = np.where(rng.random(len(truth)) < alike, first, own)
        predicted = np.where(places == 1, truth, (truth + 1) % len(skills))
        return Graded(truth, groups, len(skills), places, predicted)

    return draw


def _draw_ranks(rng: np.random.Generator, skills: np.ndarray) -> np.ndarray:
    # who is not first is second, third or fourth: 2.75 on average
    missed = rng.choice([2, 3, 4], size=len(skills), p=[0.5, 0.25, 0.25])
    return np.where(rng.random(len(skills)) < skills, 1, missed)

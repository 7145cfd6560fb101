"""Orders what is left to look at anew, from what was decided so far.

A least-squares classifier of the classes, and of strangers as one class more, is fitted to all
pictures: decided ones count in full by their decision, the others a little by the class that they
have. Its leave-one-out predictions have a closed form (Allen's PRESS), so a picture never speaks
for itself, and a fit takes a tenth of a second for thousands of pictures. They are averaged with
what `foodcls suspects` found before anything was decided.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.sparse import csr_array

from foodcls.evaluate.likeness import Likeness, float_parts
from foodcls.metrics.ranks import Floats, Ints

# of 0.3, 1 and 3: no clear difference on foods13_web and grocery_small with planted errors
RIDGE = 1.0
# how much an undecided picture counts against a decided one
UNDECIDED = 0.3
# of 0.1 and 0.2 the one that needed fewer gestures there
TEMPERATURE = 0.2
# beside rows of length 1, so that classes may differ in size
CONSTANT = 0.3
# strangers that must be known until the classifier's word for them counts half
FEW = 10
# from this doubt on, one key decides about a picture together with its like
SURE = 0.5
# pictures that make a group; fewer are looked at among others
GROUP = 5

Kind = Literal["drop", "relabel", "look"]
LEFT, STRANGER = -2, -1


@dataclass(frozen=True)
class Doubt:
    """What is doubtful about each of N pictures."""

    stranger: Floats  # (N,), 0 to 1: how likely it is of no class
    moved: Floats  # (N,), 0 to 1: how likely it is of another class, and not of its own
    guess: Ints  # (N,), which

    @property
    def worst(self) -> Floats:
        """The larger of both doubts, (N,)."""
        return np.maximum(self.stranger, self.moved)


@dataclass(frozen=True)
class Group:
    """Pictures to look at together, the most doubtful first, and what probably holds for most."""

    kind: Kind
    places: Ints


def judge_doubts(likeness: Likeness, given: Ints, decided: Ints) -> Doubt:
    """The doubt about each of N pictures, whether it is decided or not.

    `given` (N,) are the classes they have by their places in `likeness.labels`, -1 for a picture
    that is no longer there, from which nothing is learnt; `decided` (N,) the classes that a person
    said, -1 for one that was dropped, and -2 where nothing was decided.
    """
    classes, known, is_gone = len(likeness.labels), decided != LEFT, given < 0
    given = np.maximum(given, 0)
    own, other = likeness.own.astype(np.float32), likeness.other.astype(np.float32)
    taught = np.where(known, np.where(decided == STRANGER, classes, decided), given)
    weights = np.where(is_gone, 0.0, np.where(known, 1.0, UNDECIDED * own)).astype(np.float32)
    strangers = int((decided == STRANGER).sum())
    trust = strangers / (strangers + FEW)
    live = _predict(likeness, taught, weights, given)
    stranger = (1 - trust) * (1 - np.maximum(own, other)) + trust * live.stranger
    # either what was likeliest before, or what is now; a class that was corrected since is neither
    before = np.where(likeness.guess == given, 0, (other + live.at_guess) / 2)
    elsewhere = np.maximum(before, live.other / 2)
    moved = elsewhere * (1 - (own + live.own) / 2)
    return Doubt(stranger, moved, np.where(before >= live.other / 2, likeness.guess, live.best))


def next_group(doubt: Doubt, left: Ints, size: int) -> Group:
    """The next `size` pictures of those at the places `left`, of the kind that is surest."""
    groups: tuple[tuple[Kind, Floats], ...] = (("drop", doubt.stranger), ("relabel", doubt.moved))
    sure = [
        Group(kind, _first(left[(doubts[left] >= SURE) & (doubts[left] >= doubt.worst[left])],
                           doubts, size))
        for kind, doubts in groups
    ]  # fmt: skip
    largest = max(sure, key=lambda group: float(doubt.worst[group.places].sum()))
    if len(largest.places) >= min(GROUP, size, len(left)) > 0:
        return largest
    return Group("look", _first(left, doubt.worst, size))


def _first(places: Ints, doubts: Floats, size: int) -> Ints:
    return places[np.argsort(-doubts[places], kind="stable")[:size]]


@dataclass(frozen=True)
class _Live:
    """What the classifier says of N pictures, each (N,): probabilities, and classes."""

    stranger: Floats
    own: Floats
    other: Floats
    best: Ints  # the class of `other`
    at_guess: Floats  # of the class in `Likeness.guess`


def _predict(likeness: Likeness, taught: Ints, weights: Floats, given: Ints) -> _Live:
    """Fit to the classes `taught` (N,) with weights (N,); predict each without itself."""
    width, classes = likeness.rows.shape[1] + 1, len(likeness.labels)
    gram, moments = RIDGE * np.eye(width), np.zeros((width, classes + 1))
    for here, part in _parts(likeness):
        gram += (part * weights[here, None]).T @ part
        chosen = csr_array(
            (weights[here], (taught[here], np.arange(len(part)))), (classes + 1, len(part))
        )
        moments += (chosen @ part).T
    inverse = np.linalg.inv(gram).astype(np.float32)
    weights_of = inverse @ moments.astype(np.float32)
    found = []
    for here, part in _parts(likeness):
        rows = np.arange(len(part))
        leverage = weights[here] * np.einsum("nd,nd->n", part @ inverse, part)
        outputs = part @ weights_of
        outputs[rows, taught[here]] -= leverage
        outputs /= (1 - leverage)[:, None] * TEMPERATURE
        shares = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        own = shares[rows, given[here]]
        stranger = shares[:, classes].copy()
        at_guess = shares[rows, likeness.guess[here]]
        shares[rows, given[here]] = shares[:, classes] = -1
        best = shares.argmax(axis=1)
        found.append((stranger, own, np.maximum(shares[rows, best], 0), best, at_guess))
    return _Live(*(np.concatenate(one) for one in zip(*found, strict=True)))


def _parts(likeness: Likeness) -> Iterator[tuple[slice, Floats]]:
    start = 0
    for part in float_parts(likeness.rows):
        constant = np.full((len(part), 1), CONSTANT, np.float32)
        yield slice(start, start + len(part)), np.hstack([part, constant])
        start += len(part)

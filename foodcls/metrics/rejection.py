"""Measures open-set recognition: how many strangers a model takes for one of its classes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from foodcls.metrics.ranks import Floats, Ints
from foodcls.metrics.scores import Estimate, share_by_group
from foodcls.metrics.separation import auroc, keeping_threshold

# the share of the known at which the literature compares scores
USUAL = 0.95


@dataclass(frozen=True)
class Side:
    """N pictures, all known or all strangers; a group of look-alikes counts as one draw."""

    scores: Floats  # float64 (N,), higher for what is known
    groups: Ints  # int64 (N,), see `number_groups`


@dataclass(frozen=True)
class KindScore:
    """The false acceptances of one kind of strangers."""

    kind: str  # the reason for which they were dropped
    n: int
    accepted: Estimate


@dataclass(frozen=True)
class RejectionScore:
    """What a score makes of known test pictures, and of strangers that it was not learnt from."""

    score: str
    known_from: float
    n: int  # strangers
    groups: int
    kept: Estimate  # known pictures that the threshold lets pass
    accepted: Estimate  # strangers that it lets pass too: false acceptances
    accepted_at_95: Estimate  # the same at the threshold that keeps 95 % of these very known ones
    auroc: float
    by_kind: tuple[KindScore, ...]


def measure_rejection(
    score: str, known_from: float, known: Side, strangers: Side, kinds: Sequence[str]
) -> RejectionScore:
    """The figures of probabilities to be known; `kinds` are those of the strangers."""
    passed, at_95 = (
        (strangers.scores >= lowest).astype(int)
        for lowest in (known_from, keeping_threshold(known.scores, USUAL))
    )
    names = np.array(kinds, dtype=object)
    owns = {kind: names == kind for kind in sorted(set(kinds))}
    by_kind = [
        KindScore(kind, int(own.sum()), share_by_group(passed[own], strangers.groups[own]))
        for kind, own in owns.items()
    ]
    return RejectionScore(
        score=score,
        known_from=known_from,
        n=len(passed),
        groups=len(set(strangers.groups.tolist())),
        kept=share_by_group((known.scores >= known_from).astype(int), known.groups),
        accepted=share_by_group(passed, strangers.groups),
        accepted_at_95=share_by_group(at_95, strangers.groups),
        auroc=auroc(known.scores, strangers.scores),
        by_kind=tuple(by_kind),
    )

"""Moves clusters from split to split where chance has left a class off its shares."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import combinations

import numpy as np
import pandas as pd

from foodcls.columnar import find_texts
from foodcls.errors import StageError

LOG = logging.getLogger(__name__)

# where look-alikes were assigned to several splits before, all go to the first of these
SPLITS = ("test", "val", "train")
# a class may be off its share by this many pictures, and by this share of it without a warning
NEAR, FAR = 1, 0.05
OFF = (
    "%s: %d of %d pictures are %s, %.1f were asked for: look-alikes stay together, and pictures "
    "where they stood before; more different pictures would even it out"
)


@dataclass(frozen=True, eq=False)
class Clusters:
    """Pictures that look alike; and the members of classes, by cluster.

    The first four are of shape (clusters,), the others of shape (members,): what a cluster has of
    one of the recipe's classes.
    """

    place: np.ndarray  # float in [0, 1), by the seed and the name alone
    split: np.ndarray  # int, of SPLITS
    stood: np.ndarray  # bool, there before
    width: np.ndarray  # int, classes, strange ones too
    cluster: np.ndarray  # int
    label: np.ndarray  # int
    size: np.ndarray  # int, pictures


Moves = tuple[tuple[int, int], ...]  # members of a class, and the splits that they go to
Kind = tuple[int, ...]  # of a member: all that a move's worth hangs on


def list_clusters(
    number: np.ndarray,
    names: pd.Series,
    labels: Sequence[str],
    place: np.ndarray,
    split: np.ndarray,
    stood: np.ndarray,
) -> Clusters:
    """The clusters of rows: each row has the number of its cluster, and a class's name."""
    kind, found = pd.factorize(names)
    pairs, sizes = np.unique(number * len(found) + kind, return_counts=True)
    cluster, kind = np.divmod(pairs, max(1, len(found)))
    width = np.bincount(cluster, minlength=len(place))
    label = find_texts(pd.Series(found, dtype="str"), labels)[kind]
    known = label >= 0
    return Clusters(place, split, stood, width, cluster[known], label[known], sizes[known])


def settle_clusters(clusters: Clusters, labels: Sequence[str], shares: Mapping[str, float]) -> None:
    """Move clusters where chance has left a split of a class empty, or off its share."""
    held = np.zeros((len(labels), len(SPLITS)), int)  # clusters by class and split
    np.add.at(held, (clusters.label, clusters.split[clusters.cluster]), 1)
    counts = dict(zip(labels, held.sum(axis=1).tolist(), strict=True))
    if poor := {label: count for label, count in counts.items() if count < len(shares)}:
        raise _too_few(poor, list(shares))
    for number, label in enumerate(labels):
        _Class(clusters, held, number).settle(label, shares)


class _Class:
    """The members of a class, by place."""

    def __init__(self, clusters: Clusters, held: np.ndarray, number: int) -> None:
        members = np.flatnonzero(clusters.label == number)
        # of two clusters at one place, of which 53 bits are known, the first row's comes first
        order = np.argsort(clusters.place[clusters.cluster[members]], kind="stable")
        members = members[order]
        self.clusters, self.held = clusters, held
        self.own, self.sizes = clusters.cluster[members], clusters.size[members]

    def settle(self, label: str, shares: Mapping[str, float]) -> None:
        """Move clusters until no move, and no two at once, do the class any good."""
        counts = np.bincount(self._splits(), self.sizes, len(SPLITS)).astype(int).tolist()
        total = sum(counts)
        goals = {SPLITS.index(name): share * total for name, share in shares.items()}
        rankings = self._rank(shares)

        def after(moves: Moves) -> list[int]:
            changed = list(counts)
            for place, split in moves:
                changed[self.kind(place)[0]] -= int(self.sizes[place])
                changed[split] += int(self.sizes[place])
            return changed

        def cost(moves: Moves) -> tuple[int, int, float]:
            found = after(moves)
            empty = sum(found[split] == 0 for split in goals)
            gaps = (max(0.0, abs(found[split] - goal) - NEAR) for split, goal in goals.items())
            return empty, sum(self.kind(place)[2] for place, _ in moves), sum(gaps)

        while moves := min(self._list_moves(rankings), key=cost):
            counts = after(moves)
            for place, split in moves:
                self._move(place, split)
                for ranking in rankings.values():
                    ranking.add(place)
        if not all(counts[split] for split in goals):
            raise _too_few({label: len(self.own)}, list(shares))
        for split, goal in goals.items():
            if abs(counts[split] - goal) > max(NEAR, FAR * total):
                LOG.warning(OFF, label, counts[split], total, SPLITS[split], goal)

    def kind(self, place: int) -> Kind:
        """Split, size, whether it stood there before, and number of classes."""
        found, own = self.clusters, self.own[place]
        one = found.split[own], self.sizes[place], found.stood[own], found.width[own]
        return tuple(map(int, one))

    def _splits(self) -> np.ndarray:
        return np.asarray(self.clusters.split[self.own])

    def _rank(self, shares: Mapping[str, float]) -> dict[int, "_Ranking"]:
        """The ranking for each split."""
        found = self.clusters
        kinds = [self._splits(), self.sizes, found.stood[self.own], found.width[self.own]]
        alike = pd.Series(self.sizes).groupby(kinds).indices.values()
        places, start, rankings = found.place[self.own], 0.0, {}
        for name, share in shares.items():
            nearness = np.minimum(places - start, start + share - places)
            rankings[SPLITS.index(name)] = _Ranking(self, nearness, map(np.asarray, alike))
            start += share
        return rankings

    def _list_moves(self, rankings: Mapping[int, "_Ranking"]) -> list[Moves]:
        """No move, single ones and pairs: of clusters alike in all but place, the nearest moves."""
        ones: list[Moves] = [
            ((place, split),)
            for split, ranking in rankings.items()
            for place in ranking.nearest()
            if self._may_move(place, split)
        ]
        twos = [one + two for one, two in combinations(ones, 2) if one[0][0] != two[0][0]]
        return [(), *ones, *twos]

    def _held(self, place: int) -> np.ndarray:
        """Which rows of `held` count the member's cluster."""
        ends = [np.searchsorted(self.clusters.cluster, self.own[place], side)
                for side in ("left", "right")]  # fmt: skip
        return np.asarray(self.clusters.label[slice(*ends)])

    def _may_move(self, place: int, split: int) -> bool:
        """Whether a cluster is elsewhere, and is the last one of its split in no class."""
        now = self.kind(place)[0]
        return now != split and bool((self.held[self._held(place), now] > 1).all())

    def _move(self, place: int, split: int) -> None:
        self.held[self._held(place), self.kind(place)[0]] -= 1
        self.held[self._held(place), split] += 1
        self.clusters.split[self.own[place]] = split


class _Ranking:
    """A class's members by how near chance brought them to a split, those of each kind apart.

    One that has moved stays where its old kind was until it is found there: few move.
    """

    def __init__(self, of: _Class, nearness: np.ndarray, alike: Iterable[np.ndarray]) -> None:
        self.of = of
        self.places = np.argsort(nearness, kind="stable")
        self.ranks = np.empty_like(self.places)
        self.ranks[self.places] = np.arange(len(nearness))
        # of each kind the ranks as a heap, and their negatives as another
        self.heaps: dict[Kind, tuple[list[int], list[int]]] = {}
        for places in alike:
            ranks = np.sort(self.ranks[places])
            self.heaps[of.kind(places[0])] = ranks.tolist(), (-ranks[::-1]).tolist()

    def add(self, place: int) -> None:
        """Put a member that has moved among those of its kind."""
        heaps = self.heaps.setdefault(self.of.kind(place), ([], []))
        for heap, sign in zip(heaps, (1, -1), strict=True):
            heappush(heap, sign * int(self.ranks[place]))

    def nearest(self) -> Iterator[int]:
        """The nearest member of each kind; the kind with the furthest member comes first."""
        for kind, heaps in self.heaps.items():
            for heap in heaps:
                while heap and self.of.kind(self.places[abs(heap[0])]) != kind:
                    heappop(heap)
        ends = sorted((low[0], high[0]) for low, high in self.heaps.values() if low)
        return (int(self.places[-high]) for _, high in ends)


def _too_few(poor: dict[str, int], wanted: Sequence[str]) -> StageError:
    counts = ", ".join(f"{label}: {count}" for label, count in poor.items())
    return StageError(
        f"too few different pictures for {', '.join(wanted)}, which need at least {len(wanted)} "
        f"of each class (near duplicates count as one): {counts}; collect more pictures of these "
        "classes, drop fewer, or take the classes out of the recipe"
    )

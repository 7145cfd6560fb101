"""Moves clusters from split to split where chance has left a class off its shares."""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import combinations

import numpy as np

from foodcls.errors import StageError

LOG = logging.getLogger(__name__)

# a class may be off its share by this many pictures, and by this share of it without a warning
NEAR, FAR = 1, 0.05
OFF = (
    "%s: %d of %d pictures are %s, %.1f were asked for: look-alikes stay together, and pictures "
    "where they stood before; more different pictures would even it out"
)


@dataclass(slots=True, eq=False)
class Cluster:
    """Pictures that look alike, and the split that they are in."""

    name: str
    sizes: dict[str, int]  # pictures by label
    place: float  # in [0, 1), by the seed and the name alone
    split: str
    stood: bool  # there before


Moves = tuple[tuple[Cluster, str], ...]  # clusters and the splits that they go to
Kind = tuple[str, int, bool, int]  # of a cluster within a class: all that a move's worth hangs on


def settle_clusters(
    clusters: dict[str, Cluster], labels: Sequence[str], shares: Mapping[str, float]
) -> None:
    """Move clusters where chance has left a split of a class empty, or off its share."""
    own: dict[str, list[Cluster]] = {label: [] for label in labels}
    held: dict[str, Counter[str]] = {label: Counter() for label in labels}  # clusters by split
    for item in sorted(clusters.values(), key=lambda item: (item.place, item.name)):
        for label in item.sizes.keys() & own.keys():
            own[label].append(item)
            held[label][item.split] += 1
    poor = {label: len(items) for label, items in own.items() if len(items) < len(shares)}
    if poor:
        raise _too_few(poor, list(shares))
    for label in labels:
        _settle(own[label], held, label, shares)


def _settle(
    own: list[Cluster], held: dict[str, Counter[str]], label: str, shares: Mapping[str, float]
) -> None:
    """Move clusters of a class until no move, and no two at once, do it any good."""
    counts: Counter[str] = Counter()
    for item in own:
        counts[item.split] += item.sizes[label]
    goals = {name: share * counts.total() for name, share in shares.items()}
    rankings = _rank(own, label, shares)
    places = {id(item): place for place, item in enumerate(own)}

    def after(moves: Moves) -> Counter[str]:
        changed = Counter(counts)
        for item, split in moves:
            changed[item.split] -= item.sizes[label]
            changed[split] += item.sizes[label]
        return changed

    def cost(moves: Moves) -> tuple[int, int, float]:
        found = after(moves)
        empty = sum(found[name] == 0 for name in goals)
        gaps = (max(0.0, abs(found[name] - goal) - NEAR) for name, goal in goals.items())
        return empty, sum(item.stood for item, _ in moves), sum(gaps)

    while moves := min(_list_moves(rankings, held), key=cost):
        counts = after(moves)
        for item, split in moves:
            for name in item.sizes.keys() & held.keys():
                held[name][item.split] -= 1
                held[name][split] += 1
            item.split = split
            for ranking in rankings.values():
                ranking.add(item, places[id(item)])
    if not all(counts[name] for name in goals):
        raise _too_few({label: len(own)}, list(goals))
    for name, goal in goals.items():
        if abs(counts[name] - goal) > max(NEAR, FAR * counts.total()):
            LOG.warning(OFF, label, counts[name], counts.total(), name, goal)


class _Ranking:
    """A class's clusters by how near chance brought them to a split, those of each kind apart.

    A cluster that has moved stays where its old kind was until it is found there: few move.
    """

    def __init__(
        self, own: list[Cluster], label: str, nearness: np.ndarray, kinds: Mapping[Kind, np.ndarray]
    ) -> None:
        self.label = label
        order = np.argsort(nearness, kind="stable")
        self.items = [own[place] for place in order.tolist()]
        self.ranks = np.empty(len(own), dtype=int)
        self.ranks[order] = np.arange(len(own))
        # of each kind the ranks as a heap, and their negatives as another
        self.heaps: dict[Kind, tuple[list[int], list[int]]] = {}
        for kind, places in kinds.items():
            ranks = np.sort(self.ranks[places])
            self.heaps[kind] = ranks.tolist(), (-ranks[::-1]).tolist()

    def add(self, item: Cluster, place: int) -> None:
        """Put a cluster that has moved, at its place in the class, among those of its kind."""
        heaps = self.heaps.setdefault(_kind(item, self.label), ([], []))
        for heap, sign in zip(heaps, (1, -1), strict=True):
            heappush(heap, sign * int(self.ranks[place]))

    def nearest(self) -> Iterator[Cluster]:
        """Of each kind the nearest cluster; first the kind of which one is the furthest away."""
        for kind, heaps in self.heaps.items():
            for heap in heaps:
                while heap and _kind(self.items[abs(heap[0])], self.label) != kind:
                    heappop(heap)
        ends = sorted((low[0], high[0]) for low, high in self.heaps.values() if low)
        return (self.items[-high] for _, high in ends)


def _rank(own: list[Cluster], label: str, shares: Mapping[str, float]) -> dict[str, _Ranking]:
    """The ranking for each split."""
    places, start = np.array([item.place for item in own]), 0.0
    numbers: dict[Kind, int] = {}
    found = np.array([numbers.setdefault(_kind(item, label), len(numbers)) for item in own])
    kinds = {kind: np.flatnonzero(found == number) for kind, number in numbers.items()}
    rankings = {}
    for split, share in shares.items():
        nearness = np.minimum(places - start, start + share - places)
        rankings[split] = _Ranking(own, label, nearness, kinds)
        start += share
    return rankings


def _kind(item: Cluster, label: str) -> Kind:
    return item.split, item.sizes[label], item.stood, len(item.sizes)


def _list_moves(rankings: Mapping[str, _Ranking], held: Mapping[str, Counter[str]]) -> list[Moves]:
    """No move, single ones and pairs: of clusters alike in all but place, the nearest moves."""
    ones: list[Moves] = [
        ((item, split),)
        for split, ranking in rankings.items()
        for item in ranking.nearest()
        if _may_move(held, item, split)
    ]
    twos = [one + two for one, two in combinations(ones, 2) if one[0][0] is not two[0][0]]
    return [(), *ones, *twos]


def _may_move(held: Mapping[str, Counter[str]], item: Cluster, split: str) -> bool:
    """Whether a cluster is elsewhere, and is the last one of its split in no class."""
    rest = (held[name] for name in item.sizes if name in held)
    return item.split != split and all(counts[item.split] > 1 for counts in rest)


def _too_few(poor: dict[str, int], wanted: Sequence[str]) -> StageError:
    counts = ", ".join(f"{label}: {count}" for label, count in poor.items())
    return StageError(
        f"too few different pictures for {', '.join(wanted)}, which need at least {len(wanted)} "
        f"of each class (near duplicates count as one): {counts}; collect more pictures of these "
        "classes, drop fewer, or take the classes out of the recipe"
    )

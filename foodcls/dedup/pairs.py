"""Finds pairs of pictures that show the same by their fingerprints; knows no labels or rows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from threadpoolctl import threadpool_limits

from foodcls.dedup.cells import Share, share_here
from foodcls.dedup.confirm import SAME_COLORS, confirm_pairs
from foodcls.dedup.correlation import coarse_units, correlate_best, correlate_coarse
from foodcls.dedup.hamming import NearPairs, search_hamming
from foodcls.dedup.views import search_views
from foodcls.image.hashes import Columns, Fingerprints
from foodcls.recipe.data_settings import Dedup

# Of 2,266 web photos of 13 dishes, 444 pairs within 18 bits showed one photo (looked at where the
# ground truth did not say so): they correlated by 0.971 or more, by 0.968 where files were drafts.
# All other pairs had 0.950 or less, but for two with one photo whose contrast had been raised, at
# 0.959.
SAME = 0.965
# look-alikes, e.g. the same loaf photographed twice: not duplicates, yet not to be split
ALIKE = 0.9
ALIKE_BITS = 4  # beyond the recipe's distance
# a crop between two windows is not confirmed in all detail: where whole and foreground correlate so
# and colors are the same it is alike as far as crops reach; no other pair of those photos did
CROPPED = 0.96
# a window is searched only where the coarse wholes correlate: of the same 444 pairs the least, an
# 8 % crop of the side, had 0.82
WORTH_SEARCHING = 0.75
# a crop of 8 % of the side moves up to 18 bits of a phash
REACH = 18
# up to so many pictures all pairs are looked at, beyond those that share a view
EXACT = 100_000
TOGETHER = 100_000  # pairs whose pictures are held in cells at once: at most 1.8 GB


@dataclass(frozen=True)
class Pairs(Columns):
    """n pairs of pictures by their places, left < right; arrays of shape (n,)."""

    left: np.ndarray  # int
    right: np.ndarray  # int
    distance: np.ndarray  # int, bits between the hashes
    mirrored: np.ndarray  # bool
    correlation: np.ndarray  # float, of one thumbnail with a window of the other


@dataclass(frozen=True)
class Distances:
    """Pairs at each distance from 0 bits on: shown to be the same by thumbnails, or vetoed.

    A pair counts once, at the lower of its straight and its mirrored distance.
    """

    confirmed: tuple[int, ...]
    vetoed: tuple[int, ...]
    distance: int  # the recipe's
    reach: int  # up to here crops are looked for

    @property
    def vetoed_within(self) -> int:
        """Pairs within the recipe's distance that the thumbnails tell apart."""
        return sum(self.vetoed[: self.distance + 1])


@dataclass(frozen=True)
class PairSearch:
    """Pairs that are the same or alike, and how many were compared at each distance."""

    pairs: Pairs
    distances: Distances


@dataclass(frozen=True)
class _Candidates:
    """Pairs of a strip that are to be compared, and how many it had at each distance."""

    left: np.ndarray
    right: np.ndarray
    bits: np.ndarray
    nearest: np.ndarray  # straight or mirrored, whichever has fewer bits
    mirrored: np.ndarray
    counts: np.ndarray  # of shape (widest + 1,), all others of one length


def find_pairs(prints: Fingerprints, settings: Dedup, share: Share = share_here) -> PairSearch:
    """Pairs that are the same or alike: near in Hamming distance, confirmed by thumbnails.

    Hashes alone take different dishes on white for one picture, and miss crops: pairs up to three
    times the recipe's distance (at most REACH) are compared too. Among more than EXACT pictures
    the search is approximate (foodcls.dedup.views), and `share` does most of it.
    """
    distance = reach = settings.distance
    # a hash of colors says nothing of where they are
    if settings.hash != "colorhash":
        reach = max(distance, min(3 * distance, REACH))
    widest = max(reach, distance + ALIKE_BITS)
    candidates = _join(_search(prints, widest, share), widest)
    least = np.where(candidates.bits <= distance + ALIKE_BITS, ALIKE, SAME)
    # pairs are spread over threads, which the threads of BLAS would slow down
    with threadpool_limits(1, user_api="blas"):
        correlation = _correlate(prints.thumbnails, candidates, least)
        _lower_unconfirmed(prints.thumbnails, candidates, correlation)
    correlation[_equal_flats(prints, candidates)] = 1
    pairs = Pairs(
        candidates.left, candidates.right, candidates.bits, candidates.mirrored, correlation
    )
    is_same = (correlation >= SAME) & (pairs.distance <= reach)
    is_alike = (correlation >= ALIKE) & (pairs.distance <= distance + ALIKE_BITS)
    is_alike |= (correlation >= CROPPED) & (pairs.distance <= reach)
    confirmed = _count_confirmed(pairs, candidates.nearest, is_same, widest)
    return PairSearch(
        _best(pairs.pick(is_same | is_alike)),
        Distances(
            tuple(confirmed.tolist()),
            tuple((candidates.counts - confirmed).tolist()),
            distance,
            reach,
        ),
    )


def _search(prints: Fingerprints, widest: int, share: Share) -> Iterator[_Candidates]:
    if len(prints) > EXACT:
        few = partial(_choose_seldom, prints.thumbnails, widest)
        return search_views(prints, widest, few, share)
    coarse = coarse_units(prints.thumbnails, np.arange(len(prints)))
    return search_hamming(
        prints.hashes, prints.mirrors, widest, lambda near: _choose_candidates(near, coarse, widest)
    )


def _choose_seldom(thumbnails: np.ndarray, widest: int, near: NearPairs) -> _Candidates:
    """Choose candidates where most pictures are in no pair, and need no coarse thumbnail."""
    places, ends = np.unique(np.concatenate([near.left, near.right]), return_inverse=True)
    few = replace(near, left=ends[: len(near.left)], right=ends[len(near.left) :])
    chosen = _choose_candidates(few, coarse_units(thumbnails, places), widest)
    return replace(chosen, left=places[chosen.left], right=places[chosen.right])


def _choose_candidates(near: NearPairs, coarse: np.ndarray, widest: int) -> _Candidates:
    """The pairs whose coarse thumbnails correlate enough to be compared closely."""
    nearest = np.minimum(near.distance, near.mirror_distance)
    parts = []
    for bits, mirrored in ((near.distance, False), (near.mirror_distance, True)):
        within = np.flatnonzero(bits <= widest)
        left, right = near.left[within], near.right[within]
        keep = correlate_coarse(coarse, left, right, mirrored=mirrored) >= WORTH_SEARCHING
        # equal hashes of flat pictures stay: their thumbnails may be the same
        keep |= (bits[within] == 0) & (not mirrored)
        parts.append((within[keep], bits, mirrored))
    chosen = np.concatenate([kept for kept, _, _ in parts])
    return _Candidates(
        near.left[chosen],
        near.right[chosen],
        np.concatenate([bits[kept] for kept, bits, _ in parts]).astype(int),
        nearest[chosen].astype(int),
        np.concatenate([np.full(len(kept), mirrored) for kept, _, mirrored in parts]),
        np.bincount(nearest, minlength=widest + 1),
    )


def _join(strips: Iterable[_Candidates], widest: int) -> _Candidates:
    whole, truth, counts = np.empty(0, int), np.empty(0, bool), np.zeros(widest + 1, int)
    none = _Candidates(whole, whole, whole, whole, truth, counts)
    *ends, counted = zip(*(vars(strip).values() for strip in (none, *strips)), strict=True)
    return _Candidates(*[*map(np.concatenate, ends), np.sum(counted, axis=0)])


def _correlate(thumbnails: np.ndarray, candidates: _Candidates, least: np.ndarray) -> np.ndarray:
    best = np.empty(len(least))
    # pairs of one picture lie together, so that it is put into cells once or twice
    by_left = np.argsort(candidates.left, kind="stable")
    for start in range(0, len(best), TOGETHER):
        part = by_left[start : start + TOGETHER]
        ends = candidates.left[part], candidates.right[part], candidates.mirrored[part]
        best[part] = correlate_best(thumbnails, *ends, least[part], SAME)
    return best


def _equal_flats(prints: Fingerprints, candidates: _Candidates) -> np.ndarray:
    """Pairs with one hash and one thumbnail: correlation says nothing where all is one tone."""
    zero = np.flatnonzero((candidates.bits == 0) & ~candidates.mirrored)
    same = prints.thumbnails[candidates.left[zero]] == prints.thumbnails[candidates.right[zero]]
    return zero[same.all(axis=(1, 2, 3))]


def _lower_unconfirmed(
    thumbnails: np.ndarray, candidates: _Candidates, correlation: np.ndarray
) -> None:
    """Lower the correlation of pairs that `confirm_pairs` does not confirm, in place."""
    alike = np.flatnonzero(correlation >= ALIKE)
    ends = candidates.left[alike], candidates.right[alike], candidates.mirrored[alike]
    found = confirm_pairs(thumbnails, *ends)
    is_cropped = (found.foreground >= CROPPED) & (found.gap <= SAME_COLORS)
    most = np.where(found.is_same, 1, np.where(is_cropped, CROPPED, ALIKE))
    correlation[alike] = np.minimum(correlation[alike], np.where(found.foreground < ALIKE, 0, most))


def _count_confirmed(
    pairs: Pairs, nearest: np.ndarray, is_same: np.ndarray, widest: int
) -> np.ndarray:
    # a symmetric picture is found straight and mirrored: it counts once
    first = _first_of_each(pairs.pick(is_same))
    return np.bincount(nearest[is_same][first], minlength=widest + 1)


def _best(pairs: Pairs) -> Pairs:
    """Each pair once, sorted by left: straight or mirrored, whichever correlates more."""
    ordered = pairs.pick(np.lexsort((pairs.mirrored, -pairs.correlation)))
    return ordered.pick(_first_of_each(ordered))


def _first_of_each(pairs: Pairs) -> np.ndarray:
    """Where each pair stands first, sorted by left and right: int of shape (distinct pairs,)."""
    _, first = np.unique(np.stack([pairs.left, pairs.right], axis=1), axis=0, return_index=True)
    return first

"""Finds pairs of pictures that show the same; knows nothing of labels or of rows."""

from dataclasses import dataclass, fields

import numpy as np
from threadpoolctl import threadpool_limits

from foodcls.dedup.confirm import look_closer
from foodcls.dedup.correlation import coarse_units, correlate_best, correlate_coarse
from foodcls.dedup.hamming import Near, search_near
from foodcls.image.hashes import Looks
from foodcls.recipe.data_settings import Dedup

# Of 2,266 web photos of 13 dishes, 444 pairs within 18 bits showed one photo (looked at where the
# ground truth did not say so): they correlated by 0.971 or more, by 0.968 where files were skimmed.
# All other pairs had 0.950 or less, but for two with one photo whose contrast had been raised, at
# 0.959.
SAME = 0.965
# look-alikes, e.g. the same loaf photographed twice: not duplicates, yet not to be split
ALIKE = 0.9
ALIKE_BITS = 4  # beyond the recipe's distance
# a window is searched only where the coarse wholes correlate: of the same 444 pairs the least, an
# 8 % crop of the side, had 0.82
WORTH = 0.75
# a crop of 8 % of the side moves up to 18 bits of a phash
REACH = 18


@dataclass(frozen=True)
class Pairs:
    """Pairs of pictures by their places, left < right, as arrays of one length."""

    left: np.ndarray
    right: np.ndarray
    distance: np.ndarray  # bits between the hashes
    mirrored: np.ndarray
    likeness: np.ndarray  # correlation of the thumbnails, the one laid over a window of the other

    def pick(self, chosen: np.ndarray) -> "Pairs":
        """The pairs at these places."""
        return Pairs(**{name: values[chosen] for name, values in vars(self).items()})


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

    def rows(self) -> list[dict[str, int]]:
        """A row for each distance that any pair has."""
        counts = enumerate(zip(self.confirmed, self.vetoed, strict=True))
        return [
            {"distance": bits, "confirmed": same, "vetoed": other}
            for bits, (same, other) in counts
            if same or other
        ]


@dataclass(frozen=True)
class Found:
    """What a search found: pairs that are the same or alike, and how many were looked at."""

    pairs: Pairs
    distances: Distances


@dataclass(frozen=True)
class _Worthy:
    """What a strip leaves to be looked at closely, and how many pairs it had at each distance."""

    left: np.ndarray
    right: np.ndarray
    bits: np.ndarray
    nearest: np.ndarray  # straight or mirrored, whichever has fewer bits
    mirrored: np.ndarray
    counts: np.ndarray


def find_alike(looks: Looks, settings: Dedup) -> Found:
    """What `find_pairs` finds by the settings of a recipe."""
    # a hash of colours says nothing of where they are: its reach is the recipe's
    return find_pairs(looks, settings.distance, with_crops=settings.hash != "colorhash")


def find_pairs(looks: Looks, distance: int, *, with_crops: bool = True) -> Found:
    """Pairs that are the same or alike: hashes near or mirrored, confirmed by thumbnails.

    Hashes alone take different dishes on white for one picture, and lose crops. With
    `with_crops` pairs up to three times `distance` (at most REACH) are looked at too.
    """
    reach = max(distance, min(3 * distance, REACH)) if with_crops else distance
    widest = max(reach, distance + ALIKE_BITS)
    coarse = coarse_units(looks.signatures)
    strips = search_near(
        looks.hashes, looks.mirrors, widest, lambda near: _worthwhile(near, coarse, widest)
    )
    worthy = _join(list(strips), widest)
    least = np.where(worthy.bits <= distance + ALIKE_BITS, ALIKE, SAME)
    # pairs are spread over threads: those of each product of matrices would stand in their way
    with threadpool_limits(1, user_api="blas"):
        likeness = correlate_best(
            looks.signatures, worthy.left, worthy.right, worthy.mirrored, least, SAME
        )
        _doubt(looks.signatures, worthy, likeness)
    likeness[_equal_flats(looks, worthy)] = 1
    pairs = Pairs(worthy.left, worthy.right, worthy.bits, worthy.mirrored, likeness)
    is_same = (likeness >= SAME) & (pairs.distance <= reach)
    is_alike = (likeness >= ALIKE) & (pairs.distance <= distance + ALIKE_BITS)
    confirmed = _count_confirmed(pairs, worthy.nearest, is_same, widest)
    return Found(
        _best(pairs.pick(is_same | is_alike)),
        Distances(
            tuple(confirmed.tolist()),
            tuple((worthy.counts - confirmed).tolist()),
            distance,
            reach,
        ),
    )


def _worthwhile(near: Near, coarse: np.ndarray, widest: int) -> _Worthy:
    """Leave out pairs whose thumbnails have nothing in common."""
    nearest = np.minimum(near.straight, near.turned)
    parts = []
    for bits, mirrored in ((near.straight, False), (near.turned, True)):
        within = np.flatnonzero(bits <= widest)
        left, right = near.left[within], near.right[within]
        keep = correlate_coarse(coarse, left, right, mirrored=mirrored) >= WORTH
        # equal hashes of flat pictures stay: their thumbnails may be the same
        keep |= (bits[within] == 0) & (not mirrored)
        parts.append((within[keep], bits, mirrored))
    chosen = np.concatenate([kept for kept, _, _ in parts])
    return _Worthy(
        near.left[chosen],
        near.right[chosen],
        np.concatenate([bits[kept] for kept, bits, _ in parts]).astype(int),
        nearest[chosen].astype(int),
        np.concatenate([np.full(len(kept), mirrored) for kept, _, mirrored in parts]),
        np.bincount(nearest, minlength=widest + 1),
    )


def _join(strips: list[_Worthy], widest: int) -> _Worthy:
    whole, truth, counts = np.empty(0, int), np.empty(0, bool), np.zeros(widest + 1, int)
    strips = [_Worthy(whole, whole, whole, whole, truth, counts), *strips]
    joined = {
        field.name: np.concatenate([getattr(strip, field.name) for strip in strips])
        for field in fields(_Worthy)
        if field.name != "counts"
    }
    return _Worthy(**joined, counts=np.sum([strip.counts for strip in strips], axis=0))


def _equal_flats(looks: Looks, worthy: _Worthy) -> np.ndarray:
    """Pairs with one hash and one thumbnail: correlation says nothing where all is one tone."""
    zero = np.flatnonzero((worthy.bits == 0) & ~worthy.mirrored)
    same = looks.signatures[worthy.left[zero]] == looks.signatures[worthy.right[zero]]
    return zero[same.all(axis=(1, 2, 3))]


def _doubt(signatures: np.ndarray, worthy: _Worthy, likeness: np.ndarray) -> None:
    """Lower the likeness of pairs that a closer look does not confirm."""
    alike = np.flatnonzero(likeness >= ALIKE)
    ends = worthy.left[alike], worthy.right[alike], worthy.mirrored[alike]
    found = look_closer(signatures, *ends)
    most = np.where(found.is_same, 1, ALIKE)
    likeness[alike] = np.minimum(likeness[alike], np.where(found.standing < ALIKE, 0, most))


def _count_confirmed(
    pairs: Pairs, nearest: np.ndarray, is_same: np.ndarray, widest: int
) -> np.ndarray:
    # a symmetric picture is found straight and mirrored: it counts once
    ends = np.stack([pairs.left[is_same], pairs.right[is_same]], axis=1)
    _, first = np.unique(ends, axis=0, return_index=True)
    return np.bincount(nearest[is_same][first], minlength=widest + 1)


def _best(pairs: Pairs) -> Pairs:
    """Each pair once: the way round, straight or mirrored, that is more alike."""
    order = np.lexsort((pairs.mirrored, -pairs.likeness, pairs.right, pairs.left))
    pairs = pairs.pick(order)
    is_first = np.ones(len(order), bool)
    is_first[1:] = (np.diff(pairs.left) != 0) | (np.diff(pairs.right) != 0)
    return pairs.pick(is_first)

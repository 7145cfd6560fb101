"""Drops copies and near-duplicate pictures, and tells which pictures the split must not part."""

from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from foodcls.columnar import find_texts, to_arrow
from foodcls.dedup.cells import share_over
from foodcls.dedup.groups import NEAR, choose_keepers, join_clusters
from foodcls.dedup.pairs import Distances, find_pairs
from foodcls.dedup.turned import find_turned
from foodcls.image.decode import load_picture
from foodcls.inspect.fingerprints import recall_fingerprints
from foodcls.manifest import (
    OWN_SOURCE,
    TEST_SOURCE,
    TEXT,
    ManifestRef,
    drop_rows,
    fill_cells,
    kept_rows,
    picture_blobs,
    save_manifest,
)
from foodcls.recipe.data_settings import Dedup
from foodcls.store.store import Store
from foodcls.work.parallel import Spread, in_threads

# of equally large pictures, the texts and numbers by which one goes before another
RANKING = ("source", "id", "origin", "label", "query", "rank", "page")
SHOWN = ("picture", "width", "height", "bytes")


@dataclass(frozen=True)
class Deduped:
    """The marked manifest, and how far apart the compared pairs were."""

    manifest: pd.DataFrame
    distances: Distances


@dataclass(frozen=True)
class DedupRef(ManifestRef):
    """The written manifest of a `Deduped`, with its distances."""

    distances: Distances


def save_deduped(found: Deduped, store: Store) -> DedupRef:
    """Write the marked manifest into the store."""
    return DedupRef(
        **vars(save_manifest(found.manifest, store, "dedup")), distances=found.distances
    )


def dedup(
    manifest: pd.DataFrame, store: Store, settings: Dedup, spread: Spread = in_threads
) -> Deduped:
    """Drop copies, near duplicates and mirror images of a better row; fill `cluster`.

    A row is dropped only for a keeper that it resembles itself: similarity is not passed on, so
    chains do not grow. Keepers are rows of the test set, then own photos, then the largest in
    pixels and bytes, then the first by id and origin; the order of rows does not matter. Rows of
    the test set are never dropped. A picture found under several labels teaches none of them: all
    its rows go, unless it is an own photo, whose label is known.
    `cluster` is wider: it also joins what merely looks alike or is turned, link by link.
    """
    rows = _by_priority(kept_rows(manifest, *RANKING, *SHOWN))
    contents = rows.drop_duplicates("id")
    blobs = picture_blobs(contents).to_numpy(dtype=object)
    ids = contents["id"].to_numpy(dtype=object)
    prints = recall_fingerprints(store, dict(zip(ids, blobs, strict=True)), settings.hash, spread)
    share = partial(share_over, store, spread)
    found = find_pairs(prints, settings, share)
    is_test = (contents["source"] == TEST_SOURCE).to_numpy()
    keeper, how = choose_keepers(len(contents), found.pairs, is_test)
    near = np.flatnonzero(how == f"{NEAR}, distance 0")
    same = (prints.thumbnails[keeper[near]] == prints.thumbnails[near]).all(axis=(1, 2, 3))
    _mark_same_pixels(how, keeper, blobs, near[same], store)
    alike = np.stack([found.pairs.left, found.pairs.right], axis=1)
    alike = np.concatenate([alike, find_turned(prints.thumbnails, settings.distance, share)])
    place = find_texts(rows["id"], contents["id"])
    rows = rows.assign(
        keeper=ids[keeper[place]],
        how=how[place],
        cluster=ids[join_clusters(len(contents), alike)[place]],
    )
    return Deduped(_mark(manifest, rows), found.distances)


def _by_priority(rows: pd.DataFrame) -> pd.DataFrame:
    pixels = (rows["width"] * rows["height"]).fillna(0)
    keys = rows.assign(
        # any other source, -1, comes last
        place=find_texts(rows["source"], (TEST_SOURCE, OWN_SOURCE)) % 3,
        pixels=-pixels,
        size=-rows["bytes"].fillna(0),
    )
    names = ["place", "pixels", "size", *RANKING[1:]]
    # Arrow compares texts where numbers are equal alone; what is absent comes last, as in pandas
    order = pc.sort_indices(to_arrow(keys[names]), [(name, "ascending") for name in names])
    return rows[["id", "label", "source", "picture"]].iloc[order.to_numpy()]


def _mark_same_pixels(
    how: np.ndarray, keeper: np.ndarray, blobs: np.ndarray, likely: np.ndarray, store: Store
) -> None:
    """Say so where a copy has its keeper's very pixels; only the likely ones are decoded for it."""
    for place in likely:
        one, other = (load_picture(store.read(blobs[end])) for end in (place, keeper[place]))
        if one.size == other.size and one.tobytes() == other.tobytes():
            how[place] = "same pixels"


def _mark(manifest: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    is_test = rows["source"] == TEST_SOURCE
    is_copy = rows.duplicated("id")
    surplus = rows[~is_test & (is_copy | (rows["keeper"] != rows["id"]))]
    reasons = surplus["how"].where(~is_copy & (surplus["how"] != ""), "exact copy")
    is_own = rows["source"] == OWN_SOURCE
    tested, owned = (find_texts(rows["keeper"], rows["id"][one].unique()) >= 0
                     for one in (is_test, is_own))  # fmt: skip
    whose = pd.Series(np.select([tested, owned], [", of a test picture", ", of an own photo"], ""),
                      rows.index, dtype=TEXT)  # fmt: skip
    reasons += whose[surplus.index]
    conflicts = _conflicts(rows[~tested & (~owned | is_own)])
    reasons = pd.concat([reasons[~reasons.index.isin(conflicts.index)], conflicts])
    marked = drop_rows(manifest, reasons, "dedup")
    marked = fill_cells(marked, surplus.index, {"duplicate_of": surplus["keeper"]})
    return fill_cells(marked, rows.index, {"cluster": rows["cluster"]})


def _conflicts(rows: pd.DataFrame) -> pd.Series:
    """Reasons for all rows of pictures that stand under several labels."""
    rows = rows[rows["keeper"].duplicated(keep=False)]
    keeper, kept = pd.factorize(rows["keeper"])
    label, names = pd.factorize(rows["label"], sort=True)
    picture, number = np.divmod(np.unique(keeper * len(names) + label), max(1, len(names)))
    counts = np.bincount(picture, minlength=len(kept))
    is_mixed = counts[keeper] > 1
    # the labels of each picture lie behind each other
    starts, numbers = [0, *np.cumsum(counts).tolist()], number.tolist()

    @cache
    def say(labels: tuple[int, ...], own: int) -> str:
        return "label conflict: also " + ", ".join(names[one] for one in labels if one != own)

    said = [say(tuple(numbers[starts[one] : starts[one + 1]]), own) for one, own in
            zip(keeper[is_mixed].tolist(), label[is_mixed].tolist(), strict=True)]  # fmt: skip
    return pd.Series(said, rows.index[is_mixed], dtype=TEXT)

"""Turns arrived pictures into sound ones that are ready to read, and rejects the others.

From here on a kept row's `picture` is trusted: later stages decode it in their own process.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import unquote, urlsplit

import numpy as np
import pandas as pd
from pydantic import BaseModel, Field, ValidationError

from foodcls.image.hashes import Fingerprint, pack_fingerprints
from foodcls.image.quality import Measures
from foodcls.inspect.fingerprints import remember_fingerprints
from foodcls.inspect.measures import remember_measures
from foodcls.inspect.sandbox import CRASH, TIMEOUT, ResourceLimits, WorkerDied, WorkerPool, get_pool
from foodcls.inspect.sandbox_worker import EXAMINE
from foodcls.manifest import drop_rows, fill_cells, kept_rows
from foodcls.progress import Track, silent
from foodcls.recipe.data_settings import Inspect
from foodcls.store.store import Store, key_of
from foodcls.work.code_digest import code_digest
from foodcls.work.memo import MemoizedMap, map_memoized
from foodcls.work.parallel import Spread, in_threads, prefetch

LOG = logging.getLogger(__name__)

# a machine that was short of time or memory may not be so the next time
PASSING = (CRASH, TIMEOUT)
# half as much again as the hungriest kind of file takes: 16-bit gray, 27 bytes a pixel
MEMORY_PER_PIXEL = 40  # bytes
SPARE_MEMORY = 512 << 20  # bytes, whatever the size: threads of a codec reserve some
# five times what the slowest kind of file takes on a core of a server: AVIF, 0.2 s
SECONDS_PER_MILLION = 1  # pixels
SPARE_SECONDS = 20
# what a decoder that a picture has taken over may tell has to fit the table: no broken Unicode,
# no endless numbers, and no more than a word where a terminal shows it
Word = Annotated[str, Field(pattern=r"^\w{1,40}$")]
Text = Annotated[str, Field(pattern="(?s)^.{0,1000}$")]
Hexadecimal = Annotated[str, Field(pattern="^[0-9a-f]{1,16}$")]
Pixels = Annotated[int, Field(gt=0, lt=1 << 31)]


class Fault(BaseModel):
    """Why a picture is none."""

    reason: Word
    detail: Text


class Facts(BaseModel):
    """What is known of a sound picture."""

    format: Word
    width: Pixels
    height: Pixels
    hash: Hexadecimal
    mirror_hash: Hexadecimal


class Sound(BaseModel):
    """What a worker tells of a sound picture; `data` is a PNG where pixels had to change."""

    fact: Facts
    fingerprint: Fingerprint
    measures: Measures
    data: bytes | None = None


def inspect(
    manifest: pd.DataFrame,
    store: Store,
    settings: Inspect,
    hash_kind: str,
    track: Track = silent,
    spread: Spread = in_threads,
) -> pd.DataFrame:
    """Decode each kept picture once: fill size, hashes and `picture`, or drop it with its reason.

    `hash_kind` is the recipe's `dedup.hash`: pixels are at hand here and nowhere else. What
    `dedup` compares, and what `flag_pictures` judges, is remembered in the store.
    Pictures are decoded in processes of their own: one that kills its decoder, or keeps it for
    ever, is dropped as decoder_crash or timeout, and tried again when it is inspected again.
    """
    rows = kept_rows(manifest, "id")
    terms = [code_digest((__name__,)), settings.min_side, settings.max_pixels, hash_kind]
    keys = {digest: key_of(digest, *terms) for digest in rows["id"].unique()}
    answer = partial(_examine_all, store, settings, hash_kind)
    try:
        found = map_memoized(
            store,
            MemoizedMap("inspect", answer, _blobs, _is_final),
            {key: digest for digest, key in keys.items()},
            track,
            spread,
        )
    finally:
        get_pool(EXAMINE, resource_limits(settings)).end()
    return _fill(manifest, rows, {digest: found[key] for digest, key in keys.items()})


def resource_limits(settings: Inspect) -> ResourceLimits:
    """What the sandbox may use for one picture of at most that many pixels."""
    return ResourceLimits(
        memory=SPARE_MEMORY + MEMORY_PER_PIXEL * settings.max_pixels,
        cpu=SPARE_SECONDS + SECONDS_PER_MILLION * settings.max_pixels // 1_000_000,
    )


def _examine_all(
    store: Store, settings: Inspect, hash_kind: str, batch: Mapping[str, str]
) -> dict[str, Any]:
    """Facts of a batch of pictures; what they tell to later stages is remembered by their ids."""
    prints: dict[str, Fingerprint] = {}
    measures: dict[str, Measures] = {}
    facts: dict[str, Any] = {}
    pool = get_pool(EXAMINE, resource_limits(settings))
    terms = {"hash_kind": hash_kind, **settings.model_dump()}
    # files are prefetched, and decoded in turn: each thread keeps one worker busy
    files = prefetch(batch.values(), store.read, store.lanes, store.lanes)
    for (key, digest), data in zip(batch.items(), files, strict=True):
        told = _ask(pool, {**terms, "data": data})
        if isinstance(told, Fault):
            facts[key] = told.model_dump()
            continue
        # the blob to read from now on: the file itself, or a PNG where pixels had to change
        picture = digest if told.data is None else store.put(told.data)
        facts[key] = told.fact.model_dump() | {"picture": picture}
        prints[digest] = told.fingerprint
        measures[digest] = told.measures
    # before the facts: a run that is killed here finds both later, or neither
    remember_fingerprints(store, prints, hash_kind)
    remember_measures(store, measures)
    return facts


def _ask(pool: WorkerPool, request: dict[str, Any]) -> Sound | Fault:
    try:
        try:
            told = pool.ask(request)
        except WorkerDied as died:
            told = {"fact": {"reason": died.reason, "detail": died.detail}}
        if "fingerprint" not in told:
            return Fault.model_validate(told["fact"])
        sound = Sound.model_validate(told)
        pack_fingerprints([sound.fingerprint])
        return sound
    # a picture that has taken its decoder over may answer anything
    except (ValidationError, TypeError, ValueError, LookupError, OverflowError):
        return Fault(reason=CRASH, detail="an answer of another kind")


def _blobs(fact: Mapping[str, Any]) -> Iterable[str]:
    return [fact["picture"]] if "picture" in fact else []


def _is_final(fact: Mapping[str, Any]) -> bool:
    return fact.get("reason") not in PASSING


def _fill(
    manifest: pd.DataFrame, rows: pd.DataFrame, facts: dict[str, dict[str, Any]]
) -> pd.DataFrame:
    each = [facts[digest] for digest in rows["id"].tolist()]
    is_bad = np.array(["reason" in fact for fact in each], bool)
    sound = [fact for fact in each if "reason" not in fact]
    names = ("format", "width", "height", "hash", "mirror_hash", "picture")
    told = {name: [fact[name] for fact in sound] for name in names}
    filled = fill_cells(manifest, rows.index[~is_bad], told)
    bad, refused = rows.index[is_bad], [fact for fact in each if "reason" in fact]
    told = {"outcome": [fact["reason"] for fact in refused],
            "detail": [fact["detail"] for fact in refused]}  # fmt: skip
    filled = fill_cells(filled, bad, told)
    _tell_refused(filled.loc[bad, ["outcome", "origin"]])
    return drop_rows(filled, filled.loc[bad, "outcome"], "inspect")


def _tell_refused(rows: pd.DataFrame) -> None:
    """Say how many pictures are refused and why, with the name of a file for each reason."""
    firsts = rows.drop_duplicates("outcome").set_index("outcome")["origin"]
    # the name alone: an address may hold a password
    names = {reason: Path(_path_of(origin)).name for reason, origin in firsts.items()}
    counts = Counter(rows["outcome"]).most_common()
    if counts:
        told = (f"{reason} {count}, e.g. {names[reason]!r}" for reason, count in counts)
        LOG.info("refused %d: %s", len(rows), "; ".join(told))


def _path_of(origin: str) -> str:
    # the name of a file may hold what in an address parts its path from the rest
    return unquote(urlsplit(origin).path) if origin.startswith("http") else origin

"""Turns arrived pictures into sound ones that are ready to read, and rejects the rest."""

import threading
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from foodcls.curate.decode import BadPicture, Picture, decode, png_bytes
from foodcls.curate.hashes import Look, look_at, remember_looks
from foodcls.curate.memo import remembered
from foodcls.curate.quality import Measures, measure, remember_measures
from foodcls.manifest import drop_rows, kept_rows
from foodcls.progress import Track, silent
from foodcls.settings import Inspect
from foodcls.store import Store, digest_json

# raise when the same bytes and settings may give another fact than before
VERSION = 1


@dataclass(frozen=True)
class _Seen:
    """What pictures decoded now tell to later stages, by id."""

    looks: dict[str, Look] = field(default_factory=dict)
    measures: dict[str, Measures] = field(default_factory=dict)


def inspect(
    manifest: pd.DataFrame,
    store: Store,
    settings: Inspect,
    hash_kind: str,
    track: Track = silent,
) -> pd.DataFrame:
    """Decode each kept picture once: fill size, hashes and `picture`, or drop it with its reason.

    `hash_kind` is the recipe's `dedup.hash`: pixels are at hand here and nowhere else. What
    `dedup` compares beyond the hash, and what `flag_pictures` judges, is remembered in the store.
    """
    rows = kept_rows(manifest)
    # pictures of many pixels one at a time: memory stays bounded whatever the number of cores
    gate = threading.Lock()
    settings_key = [VERSION, settings.min_side, settings.max_pixels, hash_kind]
    keys = {digest: digest_json([digest, *settings_key]) for digest in rows["id"].unique()}
    seen = _Seen()
    found = remembered(
        store,
        "inspect",
        {key: digest for digest, key in keys.items()},
        lambda digest: _inspect_one(digest, store, settings, hash_kind, gate, seen),
        track,
        lambda fact: "reason" in fact or store.has(fact["picture"]),
    )
    facts = {digest: found[key] for digest, key in keys.items()}
    remember_looks(store, seen.looks, hash_kind)
    remember_measures(store, seen.measures)
    return _fill(manifest, rows, facts)


def _inspect_one(
    digest: str,
    store: Store,
    settings: Inspect,
    hash_kind: str,
    gate: threading.Lock,
    seen: _Seen,
) -> dict[str, Any]:
    try:
        picture = decode(store.read(digest), settings.max_pixels, settings.min_side, gate)
    except BadPicture as bad:
        return {"reason": bad.reason, "detail": bad.detail}
    look = seen.looks[digest] = look_at(picture.image, hash_kind)
    seen.measures[digest] = measure(picture.image)
    return {
        "format": picture.format,
        "width": picture.image.width,
        "height": picture.image.height,
        "hash": look.hash,
        "mirror_hash": look.mirror_hash,
        "picture": _readable(digest, picture, store),
    }


def _readable(digest: str, picture: Picture, store: Store) -> str:
    """The blob to read from now on: the file itself, or a PNG where its pixels had to change."""
    return digest if picture.is_plain else store.put(png_bytes(picture.image))


def _fill(
    manifest: pd.DataFrame, rows: pd.DataFrame, facts: dict[str, dict[str, Any]]
) -> pd.DataFrame:
    filled = manifest.copy()
    each = [facts[digest] for digest in rows["id"]]
    is_sound = pd.Series(["reason" not in fact for fact in each], index=rows.index, dtype=bool)
    sound, bad = rows.index[is_sound], rows.index[~is_sound]
    sound_facts = [fact for fact in each if "reason" not in fact]
    for name in ("format", "width", "height", "hash", "mirror_hash", "picture"):
        filled.loc[sound, name] = [fact[name] for fact in sound_facts]
    bad_facts = [fact for fact in each if "reason" in fact]
    filled.loc[bad, "outcome"] = [fact["reason"] for fact in bad_facts]
    filled.loc[bad, "detail"] = [fact["detail"] for fact in bad_facts]
    reasons = zip(bad, bad_facts, strict=True)
    return drop_rows(filled, {row: fact["reason"] for row, fact in reasons}, "inspect")

"""Turns arrived pictures into sound ones that are ready to read, and rejects the rest.

From here on a kept row's `picture` is trusted: later stages decode it in their own process.
"""

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from foodcls.curate.children import CRASH, TIMEOUT, Allowance, Children, Lost
from foodcls.curate.examine import EXAMINE
from foodcls.curate.hashes import Look, remember_looks
from foodcls.curate.measures import Measures
from foodcls.curate.memo import remembered
from foodcls.curate.quality import remember_measures
from foodcls.manifest import drop_rows, kept_rows
from foodcls.progress import Track, silent
from foodcls.settings import Inspect
from foodcls.store import Store, digest_json

# raise when the same bytes and settings may give another fact than before
VERSION = 1
# a machine that was short of time or memory may not be so the next time
PASSING = (CRASH, TIMEOUT)
# half as much again as the hungriest kind of file takes: 16-bit grey, 27 bytes a pixel
MEMORY_PER_PIXEL = 40  # bytes
SPARE_MEMORY = 512 << 20  # bytes, whatever the size: threads of a codec reserve some
# five times what the slowest kind of file takes on a core of a server: AVIF, 0.2 s
SECONDS_PER_MILLION = 1  # pixels
SPARE_SECONDS = 20


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
    Pictures are decoded in processes of their own: one that kills its decoder, or keeps it for
    ever, is dropped as decoder_crash or timeout, and tried again when it is inspected again.
    """
    rows = kept_rows(manifest)
    settings_key = [VERSION, settings.min_side, settings.max_pixels, hash_kind]
    keys = {digest: digest_json([digest, *settings_key]) for digest in rows["id"].unique()}
    seen = _Seen()
    question = {
        "store": str(store.root.absolute()),
        "hash_kind": hash_kind,
        **settings.model_dump(),
    }
    with Children(EXAMINE, _allow(settings), len(keys)) as children:
        found = remembered(
            store,
            "inspect",
            {key: digest for digest, key in keys.items()},
            lambda digest: _inspect_one({**question, "digest": digest}, children, seen),
            track,
            lambda fact: _is_final(fact, store),
        )
    facts = {digest: found[key] for digest, key in keys.items()}
    remember_looks(store, seen.looks, hash_kind)
    remember_measures(store, seen.measures)
    return _fill(manifest, rows, facts)


def _allow(settings: Inspect) -> Allowance:
    return Allowance(
        memory=SPARE_MEMORY + MEMORY_PER_PIXEL * settings.max_pixels,
        cpu=SPARE_SECONDS + SECONDS_PER_MILLION * settings.max_pixels // 1_000_000,
    )


def _inspect_one(question: dict[str, Any], children: Children, seen: _Seen) -> dict[str, Any]:
    try:
        answer = children.ask(question)
    except Lost as lost:
        return {"reason": lost.reason, "detail": lost.detail}
    if "look" in answer:
        seen.looks[question["digest"]] = Look(**answer["look"])
        seen.measures[question["digest"]] = Measures(**answer["measures"])
    fact: dict[str, Any] = answer["fact"]
    return fact


def _is_final(fact: dict[str, Any], store: Store) -> bool:
    return fact["reason"] not in PASSING if "reason" in fact else store.has(fact["picture"])


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

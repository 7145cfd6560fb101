"""Puts an exported model where people look for it, with what whoever loads it needs to know."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from foodcls.export.attribution import attribution, credits_page
from foodcls.export.exported_files import (
    CARD,
    DIGESTS,
    FORMATS,
    ExportedRef,
    read_digests,
    sibling,
)
from foodcls.store.store import Store, digest_file, write_whole
from foodcls.tables.spreadsheet import table_csv

ATTRIBUTION, CREDITS = ".attribution.csv", ".CREDITS.md"


def publish_model(
    model: Path, exported: ExportedRef, manifest: pd.DataFrame, card: str, store: Store
) -> None:
    """Copy an exported model from the store to the .pt file `model`.

    Beside it lie the files in other formats, whose pictures the model was trained on, as a table
    and to read, its card, and the digests of all, which whoever loads one of them compares.
    """
    blobs = {sibling(model, ending): digest for ending, digest in exported.blobs().items()}
    for path, digest in blobs.items():
        if not path.exists() or digest_file(path) != digest:
            write_whole(path, store.read(digest))
    sources = attribution(manifest)
    texts = {ATTRIBUTION: table_csv(sources), CREDITS: credits_page(sources), CARD: card}
    for ending, text in texts.items():
        write_whole(path := sibling(model, ending), text)
        blobs[path] = digest_file(path)
    list_digests(model, blobs)


def list_digests(model: Path, digests: Mapping[Path, str]) -> None:
    """Add files of a model to the list beside it, which has the form of `sha256sum`."""
    listed = sibling(model, DIGESTS)
    known = read_digests(listed) | {path.name: digest for path, digest in digests.items()}
    files = (path for path in model_files(model) if path != listed and path.name in known)
    write_whole(listed, "".join(f"{known[path.name]}  {path.name}\n" for path in files))


def model_files(model: Path) -> tuple[Path, ...]:
    """The files that belong to the .pt file `model` and are there, that first, their list last."""
    return tuple(filter(Path.exists, may_belong(model)))


def may_belong(model: Path) -> tuple[Path, ...]:
    """What may lie beside the .pt file `model`, that first, the list of digests last."""
    endings = (*(one.ending for one in FORMATS.values()), ATTRIBUTION, CREDITS, CARD, DIGESTS)
    return tuple(sibling(model, ending) for ending in endings)

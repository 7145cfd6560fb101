"""Puts an exported model where people look for it, with what whoever loads it needs to know."""

from pathlib import Path

import pandas as pd

from foodcls.export.attribution import attribution, credits_page
from foodcls.export.exported_files import CARD, DIGESTS, FORMATS, ExportedRef, sibling
from foodcls.store.store import Store, digest_file, replacing
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
            with replacing(path) as part:
                part.write_bytes(store.read(digest))
    table, page = sibling(model, ATTRIBUTION), sibling(model, CREDITS)
    sources = attribution(manifest)
    _write(table, table_csv(sources))
    _write(page, credits_page(sources))
    _write(sibling(model, CARD), card)
    list_digests(model)


def list_digests(model: Path) -> None:
    """Write the list of a model's files, in the form of `sha256sum`."""
    digests = {path.name: digest_file(path) for path in model_files(model)}
    digests.pop(sibling(model, DIGESTS).name, "")
    lines = (f"{digest}  {name}\n" for name, digest in digests.items())
    _write(sibling(model, DIGESTS), "".join(lines))


def model_files(model: Path) -> tuple[Path, ...]:
    """The files that belong to the .pt file `model` and are there, that first, their list last."""
    return tuple(filter(Path.exists, may_belong(model)))


def may_belong(model: Path) -> tuple[Path, ...]:
    """What may lie beside the .pt file `model`, that first, the list of digests last."""
    endings = (*(one.ending for one in FORMATS.values()), ATTRIBUTION, CREDITS, CARD, DIGESTS)
    return tuple(sibling(model, ending) for ending in endings)


def _write(path: Path, text: str) -> None:
    with replacing(path) as part:
        part.write_text(text, "utf-8")

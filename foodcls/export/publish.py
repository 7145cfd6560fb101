"""Puts an exported model where people look for it, with what whoever loads it needs to know."""

from pathlib import Path

import pandas as pd

from foodcls.export.attribution import attribution, credits_page
from foodcls.export.exported_files import CARD, DIGESTS, PROGRAM, ExportedRef
from foodcls.store.store import Store, digest_file, replacing
from foodcls.tables.spreadsheet import table_csv


def publish_model(
    model: Path, exported: ExportedRef, manifest: pd.DataFrame, card: str, store: Store
) -> None:
    """Copy an exported model from the store to the .pt file `model`.

    Beside it lie the .pt2 file, whose pictures the model was trained on, as a table and to read,
    its card, and the digests of all, which whoever loads one of them compares.
    """
    script, program, table, page, told, digests = model_files(model)
    blobs = {script: exported.blob, program: exported.program}
    for path, digest in blobs.items():
        if not path.exists() or digest_file(path) != digest:
            with replacing(path) as part:
                part.write_bytes(store.read(digest))
    sources = attribution(manifest)
    _write(table, table_csv(sources))
    _write(page, credits_page(sources))
    _write(told, card)
    listed = blobs | {path: digest_file(path) for path in (table, page, told)}
    _write(digests, "".join(f"{digest}  {path.name}\n" for path, digest in listed.items()))


def model_files(model: Path) -> tuple[Path, Path, Path, Path, Path, Path]:
    """The .pt and .pt2 files, whose pictures they learnt from, twice, card, and digests of all."""
    endings = (PROGRAM, ".attribution.csv", ".CREDITS.md", CARD, DIGESTS)
    program, table, page, card, digests = map(model.with_suffix, endings)
    return model.with_suffix(".pt"), program, table, page, card, digests


def _write(path: Path, text: str) -> None:
    with replacing(path) as part:
        part.write_text(text, "utf-8")

"""Puts an exported model where people look for it, with what whoever loads it needs to know."""

from pathlib import Path

import pandas as pd

from foodcls.export.attribution import attribution
from foodcls.export.exported_files import DIGESTS, PROGRAM, ExportedRef
from foodcls.store.store import Store, digest_file, replacing
from foodcls.tables.spreadsheet import table_csv


def publish_model(model: Path, exported: ExportedRef, manifest: pd.DataFrame, store: Store) -> None:
    """Copy an exported model from the store to the .pt file `model`.

    Beside it lie the .pt2 file, whose pictures the model was trained on, and the digests of all,
    which whoever loads one of them compares.
    """
    script, program, credits, digests = model_files(model)
    blobs = {script: exported.blob, program: exported.program}
    for path, digest in blobs.items():
        if not path.exists() or digest_file(path) != digest:
            with replacing(path) as part:
                part.write_bytes(store.read(digest))
    sources = attribution(manifest)
    _write(credits, table_csv(sources))
    listed = blobs | {credits: digest_file(credits)}
    _write(digests, "".join(f"{digest}  {path.name}\n" for path, digest in listed.items()))


def model_files(model: Path) -> tuple[Path, Path, Path, Path]:
    """The .pt file, the .pt2 file, whose pictures they learnt from, and the digests of all."""
    credits = model.with_suffix(".attribution.csv")
    return model, model.with_suffix(PROGRAM), credits, model.with_suffix(DIGESTS)


def _write(path: Path, text: str) -> None:
    with replacing(path) as part:
        part.write_text(text, "utf-8")

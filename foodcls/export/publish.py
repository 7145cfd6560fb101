"""Puts an exported model where people look for it, with what whoever loads it needs to know."""

from pathlib import Path

import pandas as pd

from foodcls.export.attribution import attribution
from foodcls.export.export import ExportedRef
from foodcls.export.load import DIGESTS
from foodcls.store.store import Store, digest_file, replacing
from foodcls.tables.spreadsheet import table_csv


def publish_model(model: Path, exported: ExportedRef, manifest: pd.DataFrame, store: Store) -> None:
    """Copy an exported model from the store to the .pt file `model`.

    Beside it lie the .pt2 file, the digests of both, which whoever loads one of them compares, and
    whose pictures the model was trained on.
    """
    script, program, digests = model_files(model)
    blobs = {script: exported.blob, program: exported.program}
    for path, digest in blobs.items():
        if not path.exists() or digest_file(path) != digest:
            with replacing(path) as part:
                part.write_bytes(store.read(digest))
    _write(digests, "".join(f"{digest}  {path.name}\n" for path, digest in blobs.items()))
    credits = attribution(manifest)
    _write(attribution_path(model), table_csv(credits))


def model_files(model: Path) -> tuple[Path, Path, Path]:
    """The .pt file, the .pt2 file, and the digests of both in the form of `sha256sum`."""
    return model, model.with_suffix(".pt2"), model.with_suffix(DIGESTS)


def attribution_path(model: Path) -> Path:
    """Where it stands whose pictures an exported model was trained on."""
    return model.with_suffix(".attribution.csv")


def _write(path: Path, text: str) -> None:
    with replacing(path) as part:
        part.write_text(text, "utf-8")

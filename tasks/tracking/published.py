"""Puts an exported model where people look for it, and beside it whose pictures it learnt from."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from foodcls.export.attribution import attribution_csv
from foodcls.export.export import ExportedRef
from foodcls.export.load import DIGESTS
from foodcls.manifest import ManifestRef, load_manifest
from foodcls.store.store import digest_file, replacing
from foodcls.workspace.workspace import Workspace


def publish_model(
    workspace: Workspace, name: str, model: ExportedRef, pictures: ManifestRef
) -> Path:
    """Copy the exported model from the store to where people look for it; give the .pt file.

    Beside it lie the .pt2 file, the digests of both, which whoever loads one of them compares, and
    whose pictures the model was trained on.
    """
    script, program, digests = model_files(workspace.model(name, model.blob))
    blobs = {script: model.blob, program: model.program}
    for path, digest in blobs.items():
        if not path.exists() or digest_file(path) != digest:
            with replacing(path) as part:
                part.write_bytes(workspace.store.read(digest))
    _write(digests, "".join(f"{digest}  {path.name}\n" for path, digest in blobs.items()))
    _write(attribution_path(script), attribution_csv(load_manifest(pictures, workspace.store)))
    return script


@contextmanager
def bundled(model: Path) -> Iterator[Path]:
    """A folder with both files of a model and their digests alone, for the length of a block."""
    with TemporaryDirectory() as place:
        # named, as the name stays in what is made of it
        folder = Path(place, "files")
        folder.mkdir()
        for path in model_files(model):
            shutil.copy(path, folder)
        yield folder


def model_files(model: Path) -> tuple[Path, Path, Path]:
    """The .pt file, the .pt2 file, and the digests of both in the form of `sha256sum`."""
    return model, model.with_suffix(".pt2"), model.with_suffix(DIGESTS)


def attribution_path(model: Path) -> Path:
    """Where it stands whose pictures an exported model was trained on."""
    return model.with_suffix(".attribution.csv")


def _write(path: Path, text: str) -> None:
    with replacing(path) as part:
        part.write_text(text, "utf-8")

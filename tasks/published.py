"""Puts an exported model where people look for it, and beside it whose pictures it learnt from."""

from pathlib import Path

from foodcls.collect.attribution import attribution_csv
from foodcls.learn.export import ExportedRef
from foodcls.manifest import ManifestRef, load_manifest
from foodcls.store import replacing
from foodcls.workspace import Workspace


def publish_model(space: Workspace, name: str, model: ExportedRef, pictures: ManifestRef) -> Path:
    """Copy the exported model from the store to where people look for it.

    Beside it lies whose pictures it was trained on.
    """
    path = space.model(name, model.blob)
    if not path.exists():
        with replacing(path) as part:
            part.write_bytes(space.store.read(model.blob))
    with replacing(attribution_path(path)) as part:
        part.write_text(attribution_csv(load_manifest(pictures, space.store)), "utf-8")
    return path


def attribution_path(model: Path) -> Path:
    """Where it stands whose pictures an exported model was trained on."""
    return model.with_suffix(".attribution.csv")

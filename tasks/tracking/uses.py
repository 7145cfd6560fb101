"""Finds which registered versions learnt from, or were tested on, certain pictures."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import mlflow
from mlflow.exceptions import MlflowException

from foodcls.errors import TableError
from foodcls.tables.manifest_csv import read_manifest
from foodcls.workspace.workspace import Workspace
from tasks.tracking.client import explain, is_there, tracking


@dataclass(frozen=True)
class VersionUse:
    """A registered version, its aliases, and how many of the pictures each of its splits has."""

    name: str
    version: str
    aliases: tuple[str, ...]
    counts: Mapping[str, int]
    trouble: str = ""  # why nothing is known of it


def versions_using(workspace: Workspace, ids: Collection[str]) -> Iterator[VersionUse]:
    """The versions that have used the pictures of these ids, or of which it cannot be said.

    Looked up in the manifest that each version's run has kept. ServerError when MLflow fails.
    """
    if not is_there(workspace):
        return
    with tracking(workspace):
        models = {model.name: model for model in mlflow.search_registered_models()}
        for version in mlflow.search_model_versions():
            known = models[version.name].aliases if version.name in models else {}
            aliases = tuple(sorted(name for name, number in known.items()
                                   if str(number) == str(version.version)))  # fmt: skip
            place = (version.name, str(version.version), aliases)
            try:
                counts = _count(workspace, str(version.run_id), ids)
            except (MlflowException, OSError, TableError) as error:
                yield VersionUse(*place, {}, explain(error))
            else:
                if counts:
                    yield VersionUse(*place, counts)


def _count(workspace: Workspace, run_id: str, ids: Collection[str]) -> dict[str, int]:
    with TemporaryDirectory() as folder:
        table = read_manifest(
            Path(
                mlflow.artifacts.download_artifacts(
                    run_id=run_id, artifact_path=workspace.manifest.name, dst_path=folder
                )
            ),
            ("id", "parent", "split"),
        )
    own = table[table["id"].isin(set(ids)) & (table["parent"] == "") & (table["split"] != "")]
    return {str(name): int(count) for name, count in own["split"].value_counts().items()}

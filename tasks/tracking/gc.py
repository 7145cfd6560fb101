"""Finds what runs that a person has deleted in MLflow still keep on disk, and frees it.

MLflow only marks a deleted run; its files stay until `mlflow gc`, which this calls for the store of
a workspace. A server's files are its own: there, who runs it types `mlflow gc`.
"""

from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from urllib.parse import unquote, urlparse

import mlflow
from mlflow.entities import LoggedModel, Run, ViewType
from mlflow.tracking import MlflowClient

from foodcls.store.disk import file_sizes
from foodcls.workspace.workspace import Workspace
from tasks.tracking.client import local_tracking


@dataclass(frozen=True)
class Deleted:
    """A run marked as deleted, the models that only it has, and their bytes."""

    run_id: str
    models: tuple[str, ...]
    size: int


def find_registered(workspace: Workspace) -> frozenset[str]:
    """Digests of the models that are registered in a workspace's own store."""
    if not workspace.database.exists():
        return frozenset()
    with local_tracking(workspace):
        return frozenset(one.tags.get("model_digest", "") for one in mlflow.search_model_versions())


def find_deleted(workspace: Workspace) -> list[Deleted]:
    """The deleted runs of a workspace's own store, with the models that are not registered."""
    if not workspace.database.exists():
        return []
    with local_tracking(workspace) as client:
        return list(_find(client))


def free_deleted(workspace: Workspace, found: list[Deleted]) -> None:
    """Delete these runs for good, with all their files, as `mlflow gc` does."""
    # mlflow.cli takes seconds to import
    from mlflow.cli import gc

    if not found:
        return
    with local_tracking(workspace) as client, redirect_stdout(StringIO()):
        models = [model for one in found for model in one.models]
        for model in models:
            client.delete_logged_model(model)
        uri = client.tracking_uri
        words = ["--backend-store-uri", uri, "--tracking-uri", uri,
                 "--run-ids", ",".join(one.run_id for one in found)]  # fmt: skip
        words += ["--logged-model-ids", ",".join(models)] if models else []
        gc.main(words, standalone_mode=False)


def _find(client: MlflowClient) -> Iterator[Deleted]:
    registered = {str(one.source).rpartition("/")[2] for one in mlflow.search_model_versions()}
    experiments = [one.experiment_id for one in mlflow.search_experiments(ViewType.ALL)]
    runs = mlflow.search_runs(experiments, "", ViewType.DELETED_ONLY, output_format="list")
    for run in runs:
        # those that were sent through a server lie where only it knows
        if run.info.artifact_uri.startswith("file:"):
            models = [model for model in _models(client, run) if model.model_id not in registered]
            places = [run.info.artifact_uri, *(model.artifact_location for model in models)]
            ids = tuple(model.model_id for model in models)
            yield Deleted(run.info.run_id, ids, sum(map(_size, places)))


def _models(client: MlflowClient, run: Run) -> list[LoggedModel]:
    wanted = f"source_run_id = '{run.info.run_id}'"
    return list(client.search_logged_models([run.info.experiment_id], wanted))


def _size(uri: str) -> int:
    return sum(file_sizes(Path(unquote(urlparse(uri).path))))

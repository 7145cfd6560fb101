"""Finds again in MLflow what an earlier run has recorded, by the names that people use."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from foodcls.errors import InputError
from foodcls.metrics.predictions import Answers, read_answers
from foodcls.workspace.workspace import Workspace
from tasks.tracking.client import FAILURES, tracking


def recorded_answers(workspace: Workspace, name: str) -> Answers:
    """What a model said of its run's test pictures; InputError when MLflow knows no such run.

    `name` is the id of a run, or MODEL@ALIAS or MODEL/VERSION of a registered model.
    """
    if not os.environ.get("MLFLOW_TRACKING_URI") and not workspace.database.exists():
        raise InputError(
            f"{name}: no such file or folder, and {workspace.root} has no mlflow.db to look it up "
            "in; name a workspace with --workspace, or a server in MLFLOW_TRACKING_URI"
        )
    table = workspace.predictions.name
    with tracking(workspace) as client, TemporaryDirectory() as folder:
        try:
            run_id = _find_run(client, name)
            text = Path(client.download_artifacts(run_id, table, folder)).read_text("utf-8")
        except FAILURES as error:
            raise InputError(
                f"{name}: MLflow at {client.tracking_uri} has no such run with a {table} "
                f"({str(error).splitlines()[0]}); name a file, a workspace, the id of a run, "
                "MODEL@ALIAS or MODEL/VERSION"
            ) from error
    return read_answers(text)


def _find_run(client: Any, name: str) -> str:
    plain = name.removeprefix("models:/").removeprefix("runs:/")
    model, at, alias = plain.partition("@")
    if at:
        return str(client.get_model_version_by_alias(model, alias).run_id)
    model, slash, version = plain.partition("/")
    if slash:
        return str(client.get_model_version(model, version).run_id)
    return str(client.get_run(plain).info.run_id)

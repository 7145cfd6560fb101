"""Finds in MLflow what earlier runs have recorded: the same run, the latest one, answers."""

import os
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from mlflow.entities import RunData
from mlflow.tracking import MlflowClient

from foodcls.errors import InputError, ServerError
from foodcls.metrics.predictions import Predictions, read_predictions
from foodcls.redact import redact
from foodcls.runs.run_result import Recorded
from foodcls.workspace.workspace import Workspace
from tasks.tracking.client import FAILURES, asking_once, explain, is_there, tracking
from tasks.tracking.send import find_version


def look_back(
    workspace: Workspace, name: str, digest: str
) -> tuple[Recorded | None, RunData | None]:
    """The run that has recorded exactly this already, if there is one, and the latest run.

    Without an answer from the server there are none: what fails then is the sending.
    """
    # to ask a database that is not there would make one
    if not is_there(workspace):
        return None, None
    with suppress(ServerError), tracking(workspace) as client, asking_once():
        if experiment := client.get_experiment_by_name(name):
            place = experiment.experiment_id
            return find_record(client, place, name, digest), find_latest(client, place)
    return None, None


def find_record(client: MlflowClient, experiment: str, name: str, digest: str) -> Recorded | None:
    """The finished run that has recorded exactly this, if its model is still registered."""
    same = f"tags.record_digest = '{digest}' and attributes.status = 'FINISHED'"
    for run in client.search_runs([experiment], same):
        version = find_version(client, name, run.data.tags.get("model_digest", ""))
        if version:
            uri, info = redact(client.tracking_uri), run.info
            return Recorded(uri, info.experiment_id, info.run_id, version, is_new=False)
    return None


def find_latest(client: MlflowClient, experiment: str) -> RunData | None:
    """Settings, figures and tags of the latest run of a whole recipe."""
    latest = ["attributes.start_time DESC"]
    found = client.search_runs([experiment], "tags.stage = 'train'", order_by=latest, max_results=1)
    return found[0].data if found else None


def recorded_answers(workspace: Workspace, name: str) -> Predictions:
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
        # one that is away is not one that knows no such run
        client.search_experiments(max_results=1)
        try:
            run_id = _find_run(client, name)
            text = Path(client.download_artifacts(run_id, table, folder)).read_text("utf-8")
        except FAILURES as error:
            raise InputError(
                f"{name}: MLflow at {client.tracking_uri} has no such run with a "
                f"{table} ({explain(error)}); name a file, a workspace, the id of a run, "
                "MODEL@ALIAS or MODEL/VERSION"
            ) from error
    return read_predictions(text)


def _find_run(client: MlflowClient, name: str) -> str:
    plain = name.removeprefix("models:/").removeprefix("runs:/")
    model, at, alias = plain.partition("@")
    if at:
        return str(client.get_model_version_by_alias(model, alias).run_id)
    model, slash, version = plain.partition("/")
    if slash:
        return str(client.get_model_version(model, version).run_id)
    return str(client.get_run(plain).info.run_id)

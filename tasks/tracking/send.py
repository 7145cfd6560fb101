"""Sends the outbox to an MLflow server that may be slow or down; what is sent twice is there once.

Each run is found again on the server by its record's key, so that a broken sending is completed.
"""

import logging
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import mlflow
from mlflow.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    LifecycleStage,
    LoggedModel,
    LoggedModelOutput,
    Metric,
    Param,
    Run,
)
from mlflow.tracking import MlflowClient
from mlflow.utils import chunk_list

from foodcls.errors import BusyError, ServerError, StoreError
from foodcls.redact import redact
from foodcls.runs.outbox import Pending, Submission, drop_record, keep_record, list_pending
from foodcls.store.disk import file_sizes
from foodcls.workspace.lock import holding
from foodcls.workspace.workspace import Workspace
from tasks.tracking.client import (
    asking_once,
    create_once,
    explain,
    find_uri,
    sending_bytes,
    silenced,
    tracking,
)

log = logging.getLogger("foodcls.stages")

# opens the page for trained models in MLflow's UI, not the one for language models
KIND = {"mlflow.experimentKind": "custom_model_development"}
KEY = "record_key"
PARENT = "mlflow.parentRunId"
PARAMS, METRICS = 100, 1000  # in one request; MLflow's own bounds


@dataclass(frozen=True)
class Sent:
    """Where a record stands on the server, or why it does not."""

    key: str
    address: str
    experiment_id: str = ""
    run_id: str = ""
    version: str = ""  # of the registered model
    trouble: str = ""  # empty when all is there


def send_pending(workspace: Workspace) -> Iterator[Sent]:
    """Send all records that wait in a workspace, the oldest first; those that are sent go.

    StoreError when another process is sending them.
    """
    workspace.records.mkdir(exist_ok=True)
    with holding(workspace.records):
        failed: dict[str, str] = {}
        for waiting in list_pending(workspace.records):
            uri = find_uri(workspace, waiting.submission.address)
            sent = _try(workspace, waiting, failed.get(uri, ""))
            failed[uri] = sent.trouble
            yield sent


def submit(workspace: Workspace, draft: Submission, fill: Callable[[Path], None]) -> Sent:
    """Keep a record, then send it and whatever else waits; a server that is away ends no run."""
    workspace.records.mkdir(exist_ok=True)
    try:
        with holding(workspace.records):
            waiting = keep_record(workspace.records, draft, fill)
            return {sent.key: sent for sent in send_pending(workspace)}[waiting.submission.key]
    except BusyError as error:
        # `foodcls sync` is at it, and began before this record was there
        waiting = keep_record(workspace.records, draft, fill)
        return Sent(waiting.submission.key, draft.address, trouble=str(error))


def _try(workspace: Workspace, waiting: Pending, trouble: str) -> Sent:
    """Send one record, unless its server does not answer; `trouble` is that of the one before."""
    record = waiting.submission
    address = redact(find_uri(workspace, record.address))
    if not trouble or _answers(workspace, record.address):
        try:
            with tracking(workspace, record.address) as client:
                sent = send_record(client, workspace, waiting, address)
            drop_record(waiting)
            return sent
        except StoreError as error:
            trouble = str(error)
        except ServerError as error:
            trouble = explain(error)
    log.warning("%s does not have the record in %s: %s", address, waiting.folder, trouble)
    return Sent(record.key, address, trouble=trouble)


def _answers(workspace: Workspace, address: str) -> bool:
    try:
        with tracking(workspace, address) as client, asking_once():
            client.search_experiments(max_results=1)
    except ServerError:
        return False
    return True


def send_record(client: MlflowClient, workspace: Workspace, waiting: Pending, address: str) -> Sent:
    """Send what the server does not have of a record yet; end its runs when all is there."""
    record = waiting.submission
    if damaged := waiting.damaged():
        raise StoreError(f"{', '.join(damaged)} damaged; delete the folder and run again")
    experiment = open_experiment(client, record.experiment, workspace)
    runs: list[Run] = []
    for number in range(len(record.runs)):
        parent = runs[0].info.run_id if runs else ""
        runs.append(open_run(client, experiment, waiting, number, parent))
        if runs[-1].info.status == "RUNNING":
            send_run(client, runs[-1].info.run_id, waiting, number)
    first = runs[0].info.run_id
    version = runs[0].data.tags.get("model_version", "")
    if record.model and not version:
        version = register_model(client, experiment, first, waiting)
        client.set_tag(first, "model_version", version)
    # the first one last: it is what tells that all has been sent
    for run in reversed(runs):
        client.set_terminated(run.info.run_id, end_time=int(record.ended * 1000))
    return Sent(record.key, address, experiment, first, version)


def open_experiment(client: MlflowClient, name: str, workspace: Workspace) -> str:
    """The experiment of that name; a local store keeps its artifacts in the workspace."""
    # left to itself MLflow puts the artifacts of a SQLite store into the current folder
    local = client.tracking_uri.startswith("sqlite:")
    place = workspace.artifacts.as_uri() if local else None

    def find() -> str | None:
        found = client.get_experiment_by_name(name)
        if found and found.lifecycle_stage == LifecycleStage.DELETED:
            raise StoreError(
                f"somebody has deleted the experiment {name}; bring it back with "
                f"`MLFLOW_TRACKING_URI={client.tracking_uri} mlflow experiments "
                f"restore --experiment-id {found.experiment_id}`"
            )
        return found.experiment_id if found else None

    return create_once(find, lambda: client.create_experiment(name, place, KIND))


def open_run(
    client: MlflowClient, experiment: str, waiting: Pending, number: int, parent: str
) -> Run:
    """One run of a submission, found by its key."""
    record = waiting.submission
    run_record, key = record.runs[number], f"{record.key}-{number}"
    tags = {**run_record.tags, KEY: key, **({PARENT: parent} if parent else {})}

    def find() -> Run | None:
        found = client.search_runs([experiment], f"tags.{KEY} = '{key}'", max_results=1)
        return found[0] if found else None

    started = int(record.started * 1000)
    return create_once(find, lambda: client.create_run(experiment, started, tags, run_record.name))


def send_run(client: MlflowClient, run_id: str, waiting: Pending, number: int) -> None:
    """Send settings, figures, data set and files of a run; what is there already stays as it is."""
    run_record = waiting.submission.runs[number]
    params = [Param(name, text) for name, text in run_record.settings.items()]
    for batch in chunk_list(params, PARAMS):
        client.log_batch(run_id, params=batch)
    send_figures(client, run_id, waiting, number)
    if run_record.dataset:
        dataset = Dataset(**run_record.dataset)
        tags = [InputTag("mlflow.data.context", "training")]
        client.log_inputs(run_id, [DatasetInput(dataset, tags)])
    for file in waiting.files_of(number):
        inner = file.parent.relative_to(waiting.folder / "runs" / str(number)).as_posix()
        with sending_bytes(file.stat().st_size):
            client.log_artifact(run_id, str(file), None if inner == "." else inner)


def send_figures(
    client: MlflowClient, run_id: str, waiting: Pending, number: int, model_id: str | None = None
) -> None:
    """Send a run's figures; with a model, those of the whole run as the model's too."""
    # the same time whenever it is sent: what is equal in all is there once
    moment = int(waiting.submission.ended * 1000)
    metrics = [
        Metric(name, value, moment, epoch, model_id=model_id, run_id=run_id)
        for name, value, epoch in waiting.submission.runs[number].figures
        if model_id is None or epoch == 0
    ]
    for batch in chunk_list(metrics, METRICS):
        client.log_batch(run_id, metrics=batch)


@silenced()
def register_model(client: MlflowClient, experiment: str, run_id: str, waiting: Pending) -> str:
    """Register the model of a record, once what arrived is what was sent; its version's number."""
    model = waiting.submission.model
    assert model
    tags = {**model.tags, "model_digest": model.digest}
    version = find_version(client, model.name, model.digest)
    if not version:
        uri = f"models:/{upload_model(client, experiment, run_id, waiting)}"
        version = create_once(
            lambda: find_version(client, model.name, model.digest),
            lambda: str(mlflow.register_model(uri, model.name, tags=tags).version),
        )
    # what a person has written there stays
    if model.description and not client.get_model_version(model.name, version).description:
        client.update_model_version(model.name, version, model.description)
    return version


def find_version(client: MlflowClient, name: str, digest: str) -> str | None:
    """The registered version that holds exactly this model, if there is one."""
    for version in client.search_model_versions(f"name = '{name}'"):
        if version.tags.get("model_digest") == digest:
            return str(version.version)
    return None


def upload_model(client: MlflowClient, experiment: str, run_id: str, waiting: Pending) -> str:
    """Upload the model's files, read them back, and compare; the id of the logged model."""

    def find() -> LoggedModel | None:
        found = client.search_logged_models([experiment], f"source_run_id = '{run_id}'")
        return found[0] if found else None

    # what a broken sending has left
    while left := find():
        client.delete_logged_model(left.model_id)
    logged = create_once(find, lambda: client.create_logged_model(experiment, "model", run_id))
    client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, step=0)])
    send_figures(client, run_id, waiting, 0, logged.model_id)
    folder = waiting.folder / "model"
    with sending_bytes(sum(file_sizes(folder))), tempfile.TemporaryDirectory() as place:
        client.log_model_artifacts(logged.model_id, str(folder))
        arrived = mlflow.artifacts.download_artifacts(f"models:/{logged.model_id}", dst_path=place)
        if changed := waiting.differing(Path(arrived), "model"):
            raise StoreError(f"{', '.join(changed)} did not arrive as sent")
    client.finalize_logged_model(logged.model_id, "READY")
    return str(logged.model_id)

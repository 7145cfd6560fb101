"""Says where the tracking server is, how long it is waited for, and what it can fail with."""

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from mlflow.utils.logging_utils import disable_logging, enable_logging
from sqlalchemy.exc import SQLAlchemyError

from foodcls.errors import ServerError
from foodcls.redact import redact
from foodcls.store.store import replacing
from foodcls.workspace.workspace import Workspace

Found = TypeVar("Found")

SQLITE = "sqlite:///"

# a server that refuses, answers with errors, answers too late, or a database on a full disk
FAILURES = (MlflowException, SQLAlchemyError, sqlite3.Error, OSError)
# MLflow waits 120 s for an answer and tries 8 times; this gives up after 4 times 5 s, pauses
# included within 30 s. What a person has set themselves stands.
PATIENCE = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER": "0",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    # a server may ask for an hour
    "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER": "false",
}
# bytes a second that a server is trusted to take
SLOWEST = 1_000_000
# where MLflow keeps whole addresses of files
LOCATIONS = (
    ("experiments", "artifact_location"), ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"), ("model_versions", "source"),
    ("model_versions", "storage_location"),
)  # fmt: skip
# seconds between attempts to create something
PAUSES = (1.0, 2.0)
ONE_AT_A_TIME = threading.RLock()


@contextmanager
def tracking(workspace: Workspace, address: str = "") -> Iterator[MlflowClient]:
    """Point MLflow at a server for this thread alone, and bound how long it is waited for.

    ServerError when the server, or the database, fails in the block.
    """
    with ONE_AT_A_TIME:
        uri = find_uri(workspace, address)
        # MLflow writes it into the environment as well, where it is not to stay
        with _changed({"MLFLOW_TRACKING_URI": uri}):
            mlflow.set_tracking_uri(uri)
        with _changed({name: os.environ.get(name, value) for name, value in PATIENCE.items()}):
            quiet()
            try:
                if not is_there(workspace, address):
                    _make_database(Path(uri.removeprefix(SQLITE)))
                if uri == f"{SQLITE}{workspace.database}":
                    _follow(workspace)
                yield MlflowClient(uri)
            except FAILURES as error:
                way = "check that file and its disk" if uri.startswith(SQLITE) else "start it"
                raise ServerError(
                    f"MLflow at {uri} failed: {explain(error)}; {way}, or name "
                    "another by MLFLOW_TRACKING_URI, then run the same command again"
                ) from error


@contextmanager
def local_tracking(workspace: Workspace) -> Iterator[MlflowClient]:
    """Point MLflow at the workspace's own store, whatever server the environment names."""
    home = f"{SQLITE}{workspace.database}"
    with ONE_AT_A_TIME, _changed({"MLFLOW_TRACKING_URI": home}), tracking(workspace) as client:
        yield client


@contextmanager
def silenced() -> Iterator[None]:
    """Silence what MLflow prints of models that it registers: foodcls prints the same."""
    disable_logging()
    try:
        yield
    finally:
        enable_logging()


def quiet() -> None:
    """Silence MLflow's own log (tables created, version created): foodcls logs the same."""
    logging.getLogger("mlflow").setLevel(logging.WARNING)


def find_uri(workspace: Workspace, address: str = "") -> str:
    """MLFLOW_TRACKING_URI, else the address that is given, else SQLite in the workspace."""
    with ONE_AT_A_TIME:
        named = os.environ.get("MLFLOW_TRACKING_URI") or address
    return _anchored(named) or f"{SQLITE}{workspace.database}"


def is_there(workspace: Workspace, address: str = "") -> bool:
    """Whether there is a server, or a database in the workspace, to ask."""
    uri = find_uri(workspace, address)
    return not uri.startswith(SQLITE) or Path(uri.removeprefix(SQLITE)).exists()


def _make_database(path: Path) -> None:
    """Make MLflow's tables, all or none: with half of them it would never start again."""
    with replacing(path) as part:
        MlflowClient(f"{SQLITE}{part}").search_experiments(max_results=1)


def _follow(workspace: Workspace) -> None:
    """Update the paths in MLflow's tables where the workspace was moved or copied."""
    here = workspace.artifacts.as_uri()
    with closing(sqlite3.connect(workspace.database, timeout=60)) as tables, tables:
        homes = tables.execute("SELECT DISTINCT artifact_location FROM experiments"
                               " WHERE artifact_location LIKE ?",
                               [f"file:%/{workspace.artifacts.name}"]).fetchall()  # fmt: skip
        for home in {home for (home,) in homes} - {here}:
            for table, column in LOCATIONS:
                tables.execute(f"UPDATE {table} SET {column} = ? || substr({column}, ?)"
                               f" WHERE substr({column} || '/', 1, ?) = ?",
                               [here, len(home) + 1, len(home) + 1, f"{home}/"])  # fmt: skip


def present_address() -> str:
    """The address of the tracking server; empty for the database in the workspace."""
    with ONE_AT_A_TIME:
        return redact(_anchored(os.environ.get("MLFLOW_TRACKING_URI", "")))


def _anchored(uri: str) -> str:
    """The address with the absolute path of its database."""
    path = uri.removeprefix(SQLITE)
    return uri if path == uri else f"{SQLITE}{os.path.abspath(path)}"


def explain(error: BaseException) -> str:
    """The first cause of an error, in one short line without passwords and keys."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    lines = redact(str(error)).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


def create_once(find: Callable[[], Found | None], create: Callable[[], Found]) -> Found:
    """Find something on the server, or create it; an answer that is lost creates nothing twice."""
    for pause in PAUSES:
        if (found := find()) is not None:
            return found
        try:
            # MLflow itself would ask again without looking
            with asking_once():
                return create()
        except MlflowException:
            time.sleep(pause)
    found = find()
    return create() if found is None else found


@contextmanager
def asking_once() -> Iterator[None]:
    """Let MLflow send each request once in the block, without retries."""
    with _changed({"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}):
        yield


@contextmanager
def sending_bytes(count: int) -> Iterator[None]:
    """Raise the timeout in the block by the time that so many bytes may take."""
    seconds = int(os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"]) + count // SLOWEST
    with _changed({"MLFLOW_HTTP_REQUEST_TIMEOUT": str(seconds)}):
        yield


@contextmanager
def _changed(bounds: dict[str, str]) -> Iterator[None]:
    """Change the environment for the block, which is where MLflow looks for its bounds."""
    before = {name: os.environ.get(name) for name in bounds}
    os.environ.update(bounds)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value

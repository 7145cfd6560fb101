"""Asks whether the servers, stores and workers that the environment names answer.

Nothing that is a secret, or may hold one, is told: no password, no key, no webhook.
"""

import importlib.util
import socket
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from foodcls.collect.engines.registry import ENGINES, read_access
from foodcls.collect.trial import EngineTrial, look_for_keys
from foodcls.errors import StoreError
from foodcls.redact import has_password, redact, without_logins
from foodcls.store.local_store import ASIDE
from foodcls.store.store import Store
from foodcls.workspace.workspace import Workspace

TEAM = "pip install -e '.[team]'"
# seconds
PATIENCE = 10
# no blob has this digest
NOBODY = "0" * 64


@dataclass(frozen=True)
class Check:
    """One thing looked at; `mend` is what to do where it is not fine."""

    name: str
    is_fine: bool
    text: str
    mend: str = ""
    is_needed: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", redact(self.text))


def check_services(workspace: Workspace, environment: Mapping[str, str]) -> Iterator[Check]:
    """Ask Prefect's server, MLflow's, the store and the workers; look for a webhook and keys."""
    yield check_prefect(environment.get("PREFECT_API_URL", ""))
    yield _mlflow(environment.get("MLFLOW_TRACKING_URI", ""))
    yield _store(environment.get("FOODCLS_STORE") or workspace.place, environment)
    yield _runner(environment.get("FOODCLS_RUNNER") or "threads")
    yield _webhook(environment.get("FOODCLS_WEBHOOK", ""))
    yield from map(as_check, look_for_keys(ENGINES, read_access(environment)))


def as_check(trial: EngineTrial) -> Check:
    """What an engine answered, as a line of checks; no run needs all engines."""
    return Check(f"engine {trial.engine}", trial.works, trial.text, trial.mend, is_needed=False)


def check_prefect(api: str) -> Check:
    """Whether Prefect's server answers at an address, if there is one."""
    if not api:
        return Check("Prefect server", True, "none set: each run starts a temporary one")
    mend = "start it: prefect server start; or unset PREFECT_API_URL"
    if not urlsplit(api).path.rstrip("/").endswith("/api"):
        mend += f"; its address ends with /api: {redact(api.rstrip('/'))}/api"
    return _answers("Prefect server", f"{api.rstrip('/')}/health", mend)


def _mlflow(uri: str) -> Check:
    if not uri.startswith("http"):
        told = uri or "SQLite in the workspace"
        return Check("MLflow server", True, f"none set: {told}")
    mend = "start it: mlflow/serve.sh; a run goes on without it, `foodcls sync` sends its record"
    return _answers("MLflow server", f"{uri.rstrip('/')}/health", mend)


def _answers(name: str, url: str, mend: str) -> Check:
    try:
        # a health check needs no login
        with urllib.request.urlopen(without_logins(url), timeout=PATIENCE) as answer:
            # what shows a page there is for people, or another server
            fine = b"<html" not in answer.read(1000).lower()
            shows = "answers" if fine else "shows a page, its API is elsewhere"
            return Check(name, fine, f"{url} {shows}", mend)
    except (OSError, ValueError, HTTPException) as error:
        if getattr(error, "code", 0) in (401, 403):
            return Check(name, True, f"{url} answers, and wants a login", mend)
        said = getattr(error, "reason", error)
        return Check(name, False, f"{url}: {said}", mend)


def _store(place: str, environment: Mapping[str, str]) -> Check:
    if "://" not in place:
        fine = not Path(place).exists() or Path(place).is_dir()
        mend = "FOODCLS_STORE is to name a folder, or a URL such as s3://bucket/folder"
        return Check("store", fine, place if fine else f"{place} is no folder", mend)
    if has_password(place):
        return Check("store", False, place, "leave the password out: its client reads it elsewhere")
    mend = f"check FOODCLS_STORE, AWS_ENDPOINT_URL, the credentials in the environment, and {TEAM}"
    try:
        # of itself a client tries for minutes
        if place.startswith("s3:") and (endpoint := environment.get("AWS_ENDPOINT_URL")):
            _connect(endpoint)
        store = Store(place)
        store.has(NOBODY)
        aside = sum(1 for _ in store.listing(ASIDE))
    except (OSError, StoreError) as error:
        return Check("store", False, f"{place}: {error}", mend)
    damaged = f"; {aside} damaged blobs are set aside there" if aside else ""
    costs = "a run asks it about 7 times for each new picture, see docs/cluster.md"
    return Check("store", True, f"{place} answers{damaged}; {costs}")


def _runner(runner: str) -> Check:
    name, _, address = runner.partition(":")
    if name == "threads":
        return Check("workers", True, "threads of this machine")
    if name != "dask":
        mend = "FOODCLS_RUNNER is to be threads, dask or dask:ADDRESS"
        return Check("workers", False, f"FOODCLS_RUNNER={runner}", mend)
    if not importlib.util.find_spec("prefect_dask"):
        return Check("workers", False, "FOODCLS_RUNNER asks for Dask, not installed", TEAM)
    if not address:
        return Check("workers", True, "Dask, processes of this machine")
    mend = "start it: dask scheduler; then `dask worker ADDRESS` on each machine"
    try:
        _connect(address)
    except OSError as error:
        return Check("workers", False, f"Dask scheduler {address}: {error}", mend)
    return Check("workers", True, f"the Dask scheduler at {address} answers")


def _connect(address: str) -> None:
    """Reach a server at all; OSError when that fails."""
    parts = urlsplit(address if "://" in address else f"tcp://{address}")
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise OSError(str(error)) from error
    with socket.create_connection((parts.hostname or "", port), PATIENCE):
        pass


def _webhook(url: str) -> Check:
    mend = "export FOODCLS_WEBHOOK=… to be told how runs end"
    return Check("webhook", bool(url), "set" if url else "not set", mend, is_needed=False)

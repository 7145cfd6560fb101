"""Opens the store and the cluster of workers that the environment names.

FOODCLS_STORE: a folder, or a URL such as s3://bucket/folder that all machines reach.
FOODCLS_RUNNER: `threads` of this machine, `dask` for processes of this machine, or `dask:ADDRESS`
for the workers of a Dask scheduler.
"""

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import Any

from foodcls.errors import InputError, StageError
from foodcls.redact import redact_logs
from foodcls.work.code_digest import code_digest
from foodcls.work.parallel import Fleet, Item, Result, in_threads, on_worker
from foodcls.workspace.workspace import Workspace

log = logging.getLogger("foodcls.stages")

STORE, RUNNER = "FOODCLS_STORE", "FOODCLS_RUNNER"
# seconds without a worker after which a stage gives up
PATIENCE = 60
# the code that decides what is said of a picture: workers must have the same
CURATING = (
    "foodcls.collect.over_workers",
    "foodcls.inspect.inspect",
    "foodcls.inspect.fingerprints",
    "foodcls.crop.crop",
    "foodcls.augment",
    "foodcls.dedup.cells",
)
# the cluster at hand in this flow: a distributed.Client, or nothing
CLIENT: ContextVar[Any] = ContextVar("foodcls_client", default=None)


def open_workspace(path: Path) -> Workspace:
    """The workspace at `path`, with its store where the environment says.

    Each flow begins with it: from then on no log of Prefect's or MLflow's tells a password.
    """
    redact_logs()
    return Workspace.at(path, os.environ.get(STORE, ""))


@contextmanager
def workers() -> Iterator[None]:
    """Connect to the workers that the environment names; a flow within another has the same."""
    name, _, address = os.environ.get(RUNNER, "threads").partition(":")
    if name not in ("threads", "dask"):
        raise InputError(f"{RUNNER}={name!r}; allowed: threads, dask, dask:ADDRESS")
    if name == "threads" or CLIENT.get():
        yield
        return
    with _connecting(address) as client:
        token = CLIENT.set(client)
        try:
            yield
        finally:
            CLIENT.reset(token)


def spread(function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """Call the function on each item: on the workers at hand, or in threads of this machine."""
    client = CLIENT.get()
    if client is None:
        return in_threads(function, items)
    return _on_cluster(client, function, items) if items else iter(())


def fleet() -> Fleet | None:
    """The workers at hand, if there are any on other machines or in other processes."""
    client = CLIENT.get()
    return Fleet(spread, lambda: sum(client.nthreads().values()), listen) if client else None


def listen() -> Callable[[], bool]:
    """What tells whether anybody still waits for the call that this thread of a worker is in.

    A client that cancels it, or is gone, has the scheduler tell the worker, which cannot stop it.
    """
    from distributed.worker import get_worker, thread_state

    task = get_worker().state.tasks[thread_state.key]
    return lambda: str(task.state) != "cancelled"


@contextmanager
def _connecting(address: str) -> Iterator[Any]:
    """A cluster of this machine for the length of the block, or the one at `address`."""
    try:
        from prefect_dask import DaskTaskRunner
    except ImportError as error:
        raise InputError(f"{RUNNER}=dask needs `pip install -e '.[team]'`: {error}") from error
    # what workers log, this process logs as well
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    own = {"processes": True, "threads_per_worker": 1, "n_workers": os.cpu_count(),
           "host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}  # fmt: skip
    choice: dict[str, Any] = {"address": address} if address else {"cluster_kwargs": own}
    with ExitStack() as leave:
        try:
            client = leave.enter_context(DaskTaskRunner(**choice)).client
        except OSError as error:
            raise StageError(
                f"no Dask scheduler answers at {address or 'this machine'}: {error}; start one "
                "with `dask scheduler`, and `dask worker ADDRESS` on each machine"
            ) from error
        log.info("%d Dask workers at %s", len(client.nthreads()), _address(client))
        yield client


def _address(client: Any) -> str:
    return str(client.scheduler_info()["address"])


def _on_cluster(
    client: Any, function: Callable[[Item], Result], items: Sequence[Item]
) -> Iterator[Result]:
    """Results of the workers of a cluster, as they come; what is lost is done by another."""
    from distributed import as_completed
    from distributed.scheduler import KilledWorker

    work = partial(on_worker, CURATING, code_digest(CURATING), function)
    # the same batch may be asked for twice: its blobs may have been lost
    futures = client.map(work, items, pure=False)
    waiting = set(futures)
    terms: dict[str, Any] = {"loop": client.loop, "timeout": PATIENCE, "with_results": True}
    try:
        while waiting:
            try:
                for future, result in as_completed(waiting, **terms):
                    waiting.discard(future)
                    # the result is then an error that is not raised
                    if future.cancelled():
                        raise StageError(
                            "Dask's scheduler knows no more of a batch, as one that was started "
                            "anew does; run the same command again"
                        )
                    future.release()
                    yield result
            except TimeoutError as error:
                if not client.nthreads():
                    raise StageError(
                        f"no worker was there for {PATIENCE} s; start some with `dask worker "
                        f"{_address(client)}`, then run the same command again"
                    ) from error
    except KilledWorker as error:
        raise StageError(
            f"a batch ended four workers one after another: {error}; look at their logs, most "
            "often memory is short; then run the same command again"
        ) from error
    finally:
        client.cancel(list(waiting))

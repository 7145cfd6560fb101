"""Makes sure of the Prefect server of a run: the one that is set, or a temporary one of its own."""

import atexit
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from foodcls.errors import ServerError

# ends a process when the other end of its standard input does
WATCH = 'cat > /dev/null; kill "$0" 2> /dev/null'
# of starting a temporary server, which on a busy machine may come to nothing
TRIES = 3
START_ONE = "start it with `prefect server start`, or unset PREFECT_API_URL to have one of its own"


@contextmanager
def server_starting() -> Iterator[None]:
    """Reach the server, or start one where none is set, while the body imports what is slow.

    ServerError when the server that is set does not answer.
    """
    with ThreadPoolExecutor(1) as pool:
        reached = pool.submit(_reach)
        yield
        reached.result()


@contextmanager
def server_needed() -> Iterator[None]:
    """Explain it when the server goes away in the block and does not come back."""
    import httpx

    try:
        yield
    except httpx.HTTPError as error:
        raise ServerError(
            f"the Prefect server went away during the run ({type(error).__name__}); what was "
            f"finished is kept: {START_ONE}, then run the same command again"
        ) from error


def _reach() -> None:
    from prefect.settings import get_current_settings

    from foodcls.workspace.services import check_prefect

    found = check_prefect(str(get_current_settings().api.url or ""))
    if not found.is_fine:
        raise ServerError(f"no Prefect server there: {found.text}; {found.mend}")
    if not get_current_settings().api.url:
        _start_one()
        _end_with_us()


def _start_one() -> None:
    import httpx
    from prefect.client.orchestration import get_client
    from prefect.server.api.server import SubprocessASGIServer

    for tried in range(1, TRIES + 1):
        try:
            get_client(sync_client=True)
            return
        # too late, ended by itself, or answered too slowly
        except (RuntimeError, OSError, httpx.HTTPError) as error:
            SubprocessASGIServer().stop()
            if tried == TRIES:
                raise ServerError(
                    f"Prefect's temporary server did not start in {TRIES} tries ({error}); the "
                    "machine may be too busy: run the same command again, or start one yourself "
                    "with `prefect server start` and name it by PREFECT_API_URL"
                ) from error


def _end_with_us() -> None:
    """Let the temporary server end with this process, also when it is killed."""
    from prefect.server.api.server import SubprocessASGIServer

    server = SubprocessASGIServer().server_process
    if server is None:
        return
    # in a session of its own: Ctrl-C must not end it before us
    guard = subprocess.Popen(
        ["sh", "-c", WATCH, str(server.pid)], stdin=subprocess.PIPE, start_new_session=True
    )
    # where all goes well Prefect ends its server itself; the guard has to be gone by then
    atexit.register(guard.wait)
    atexit.register(guard.kill)

"""Makes sure of the Prefect server of a run: the one that is set, or a temporary one of its own."""

import atexit
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from foodcls.errors import ServerError

# ends a process when the other end of its standard input does
WATCH = 'cat > /dev/null; kill "$0" 2> /dev/null'
# seconds for the first answer
PATIENCE = 10
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
    from prefect.client.orchestration import get_client
    from prefect.settings import get_current_settings

    address = get_current_settings().api.url
    if address:
        _check_health(str(address))
    else:
        get_client(sync_client=True)
        _end_with_us()


def _check_health(address: str) -> None:
    try:
        urllib.request.urlopen(f"{address.rstrip('/')}/health", timeout=PATIENCE).close()
    except urllib.error.HTTPError:
        # it wants a password or is a proxy, but it answers
        return
    except (OSError, ValueError) as error:
        raise ServerError(
            f"the Prefect server at {address} does not answer ({error}); {START_ONE}"
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

"""Makes sure of the Prefect server of a run: the one that is set, or a temporary one of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from flows.cli.output import err, say
from foodcls.errors import ServerError

# ends a process when the other end of its standard input does
WATCH = 'cat > /dev/null; kill "$0" && sleep 5 && kill -9 "$0"'
# Prefect's own way imports the whole server into this process too, which takes longer than a run
STARTER = "import gc, uvicorn; gc.set_threshold(100_000, 50, 100); uvicorn.main()"  # as in main.py
SERVER = ("-c", STARTER, "--factory", "prefect.server.api.server:create_app", "--host",
          "127.0.0.1", "--log-level", "error", "--port")  # fmt: skip
AS_PREFECT_DOES = {
    "PREFECT_UI_ENABLED": "0",
    "PREFECT__SERVER_EPHEMERAL": "1",
    "PREFECT__SERVER_FINAL": "1",
}
# where a run of this process tells that the server is its own, and gone with it
OWN = "FOODCLS_OWN_SERVER"
# of starting a temporary server, which on a busy machine may come to nothing
TRIES = 3
START_ONE = "start it with `prefect server start`, or unset PREFECT_API_URL to have one of its own"


@contextmanager
def server_starting() -> Iterator[None]:
    """Reach the server, or start one where none is set, while the body imports what is slow.

    ServerError when the server that is set does not answer.
    """
    if err.is_terminal:
        say("  starting: some seconds until the first step", "dim", err)
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


def find_page(flow_run: str) -> str:
    """The page of a run on the server that is set, or of all where none is named; '' without one.

    An own server, which ends with this process, has no pages.
    """
    address = os.environ.get("PREFECT_API_URL", "")
    if not address or address == os.environ.get(OWN):
        return ""
    pages = os.environ.get("PREFECT_UI_URL") or address.rstrip("/").removesuffix("/api")
    return f"{pages.rstrip('/')}/runs" + (f"/flow-run/{flow_run}" if flow_run else "")


def need_server(address: str) -> None:
    """ServerError where no Prefect server answers at an address."""
    from foodcls.workspace.services import check_prefect

    found = check_prefect(address)
    if not found.is_fine:
        raise ServerError(f"no Prefect server there: {found.text}; {found.mend}")


def _reach() -> None:
    from prefect.context import refresh_global_settings_context
    from prefect.settings import get_current_settings

    settings = get_current_settings()
    if settings.api.url:
        need_server(str(settings.api.url))
        return
    if not settings.server.ephemeral.enabled:
        raise ServerError(f"Prefect's settings forbid a temporary server; {START_ONE}")
    own = _start_one(settings.server.ephemeral.startup_timeout_seconds)
    os.environ |= {"PREFECT_API_URL": own, OWN: own}
    refresh_global_settings_context()


def _start_one(seconds: int) -> str:
    """Start a temporary server, and wait so long for it in each try; its address."""
    for _ in range(TRIES):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        words = [sys.executable, *SERVER, port]
        server = subprocess.Popen(words, env=os.environ | AS_PREFECT_DOES)
        _end_with_us(server.pid)
        address = f"http://127.0.0.1:{port}/api"
        if _answers(server, address, seconds):
            return address
        server.kill()
        server.wait()
    raise ServerError(
        f"Prefect's temporary server did not start in {TRIES} tries; the machine may be too busy: "
        "run the same command again, or start one yourself with `prefect server start` and name "
        "it by PREFECT_API_URL"
    )


def _answers(server: subprocess.Popen[bytes], address: str, seconds: int) -> bool:
    from foodcls.workspace.services import check_prefect

    until = time.monotonic() + seconds
    while server.poll() is None and time.monotonic() < until:
        if check_prefect(address).is_fine:
            return True
        time.sleep(0.1)
    return False


def _end_with_us(pid: int) -> None:
    """Let the temporary server end with this process, also when it is killed."""
    # the other end stays open as long as this process is there
    end, _ = os.pipe()
    words = ["sh", "-c", WATCH, str(pid)]
    # in a session of its own: Ctrl-C must not end it before us
    subprocess.Popen(words, stdin=end, stderr=subprocess.DEVNULL, start_new_session=True)
    os.close(end)

import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from foodcls.store.store import Store
from foodcls.workspace.services import Check, check_services
from foodcls.workspace.workspace import Workspace

# discard, on loopback: nobody listens
NOBODY = "127.0.0.1:9"


def ask(tmp_path: Path, **environment: str) -> dict[str, Check]:
    return {one.name: one for one in check_services(Workspace(tmp_path / "w"), environment)}


@pytest.fixture
def healthy() -> Iterator[str]:
    """A server that is well, has a page beside its API, and a login elsewhere; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(401 if self.path.startswith("/login") else 200)
            self.end_headers()
            is_page = self.path.startswith("/page")
            self.wfile.write(b"<!doctype html><HTML>" if is_page else b"true")

        def log_message(self, *words: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def test_with_nothing_set_all_is_fine_or_not_needed(tmp_path: Path) -> None:
    found = ask(tmp_path)
    assert all(one.is_fine or not one.is_needed for one in found.values())
    assert not list(tmp_path.iterdir())


def test_servers_that_answer_are_fine(tmp_path: Path, healthy: str) -> None:
    found = ask(tmp_path, PREFECT_API_URL=f"http://{healthy}/api",
                MLFLOW_TRACKING_URI=f"http://ann:hidden@{healthy}")  # fmt: skip
    assert found["Prefect server"].is_fine and found["MLflow server"].is_fine


def test_a_page_for_people_is_no_api_and_a_login_is_an_answer(tmp_path: Path, healthy: str) -> None:
    page = ask(tmp_path, PREFECT_API_URL=f"http://ann:hidden@{healthy}/page")["Prefect server"]
    assert not page.is_fine and page.mend.endswith(f"ends with /api: http://{healthy}/page/api")
    login = ask(tmp_path, PREFECT_API_URL=f"http://{healthy}/login/api")["Prefect server"]
    assert login.is_fine and "/api: " not in login.mend


@pytest.mark.parametrize(
    ("variable", "value", "name", "mend"),
    [("PREFECT_API_URL", f"http://{NOBODY}/api", "Prefect server", "prefect server start"),
     ("MLFLOW_TRACKING_URI", f"http://ann:hidden@{NOBODY}", "MLflow server", "mlflow/serve.sh"),
     ("PREFECT_API_URL", "http://ann:hidden@host:port/api", "Prefect server", "server start"),
     ("FOODCLS_STORE", "hidden-scheme://x", "store", "FOODCLS_STORE"),
     ("FOODCLS_RUNNER", f"dask:tcp://{NOBODY}", "workers", "dask scheduler"),
     ("FOODCLS_RUNNER", "dask:host:port", "workers", "dask scheduler"),
     ("FOODCLS_RUNNER", "ray", "workers", "threads, dask")],
)  # fmt: skip
def test_what_does_not_answer_is_named_with_what_to_do(
    tmp_path: Path, variable: str, value: str, name: str, mend: str
) -> None:
    found = ask(tmp_path, **{variable: value})[name]
    assert not found.is_fine and found.is_needed and mend in found.mend
    assert "ann" not in found.text


def test_an_object_store_that_answers_tells_what_is_set_aside(tmp_path: Path, bucket: str) -> None:
    told = ask(tmp_path, FOODCLS_STORE=bucket)["store"].text
    assert told.startswith(f"{bucket} answers; a run asks it about 7 times")
    store = Store(bucket)
    store.set_aside(store.put(b"torn"))
    # the workspace remembers where its store is
    workspace = Workspace.at(tmp_path / "w", bucket)
    assert "1 damaged" in {one.name: one for one in check_services(workspace, {})}["store"].text


def test_an_object_store_that_is_away_is_named_within_seconds(tmp_path: Path) -> None:
    found = ask(tmp_path, FOODCLS_STORE="s3://b/x", AWS_ENDPOINT_URL=f"http://{NOBODY}")["store"]
    assert not found.is_fine and "credentials" in found.mend and "s3://b/x" in found.text


def test_a_scheduler_that_listens_is_fine(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"dask:127.0.0.1:{server.getsockname()[1]}"
        assert ask(tmp_path, FOODCLS_RUNNER=address)["workers"].is_fine


def test_dask_that_is_asked_for_and_not_installed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask(tmp_path, FOODCLS_RUNNER="dask")["workers"].is_fine
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    found = ask(tmp_path, FOODCLS_RUNNER="dask")["workers"]
    assert not found.is_fine and "[team]" in found.mend


def test_a_secret_is_set_or_not_and_never_told(tmp_path: Path) -> None:
    hidden = {"FOODCLS_WEBHOOK": "https://chat/hidden", "FLICKR_API_KEY": "hidden"}
    assert "hidden" not in str(ask(tmp_path, **hidden))
    assert ask(tmp_path, **hidden)["webhook"].text == "set"
    assert "FOODCLS_WEBHOOK" in ask(tmp_path)["webhook"].mend

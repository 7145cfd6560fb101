"""Posts to a real HTTP server on loopback."""

import json
import logging
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any

import pytest
from prefect import flow

from foodcls.errors import CollectError
from foodcls.promote.rule import PromotionDecision
from foodcls.recipe.recipe import Recipe, load_recipe
from foodcls.runs.run_result import Recorded, Retrained, RunResult
from foodcls.runs.stage_result import StageResult
from tasks.engine import webhook
from tasks.engine.webhook import HOOKS, VARIABLE, conclude

pytestmark = pytest.mark.usefixtures("prefect_server")
SECRET = "T0-geheim-token"


class Listener(ThreadingHTTPServer):
    """Takes messages, and answers as it was told to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taker)
        self.messages: list[dict[str, Any]] = []
        self.statuses = [200]
        self.goes_on = Event()
        self.goes_on.set()


class Taker(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.messages.append(json.loads(body))
        self.server.goes_on.wait(30)
        statuses = self.server.statuses
        self.send_response(statuses.pop(0) if len(statuses) > 1 else statuses[0])
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    monkeypatch.setattr(webhook, "PAUSE", 0.0)
    with Listener() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv(VARIABLE, f"http://127.0.0.1:{server.server_port}/{SECRET}?key={SECRET}")
        yield server
        server.goes_on.set()
        server.shutdown()


@flow(name="inner", **HOOKS)
def inner(recipe: Path) -> int:
    return 1


@flow(name="outer", flow_run_name="lunch", **HOOKS)
def outer(recipe: Path) -> RunResult:
    inner(recipe)
    recorded = Recorded("http://me:geheim@tracking:5000/", "7", "r1", "3", "m.pt")
    nothing: Any = None
    return RunResult(nothing, nothing, StageResult("record", recorded, 1.0, cached=False))


@flow(name="handed", **HOOKS)
def handed(recipe: Recipe) -> None: ...


@flow(name="failing", **HOOKS)
def failing(recipe: Path) -> None:
    raise CollectError("too few of http://me:geheim@host/x; add a query")


def test_a_run_that_ends_is_told_once_with_its_links(listener: Listener) -> None:
    outer(Path("lunch.yaml"))
    (message,) = listener.messages
    assert (message["flow"], message["run"], message["state"]) == ("outer", "lunch", "Completed")
    assert message["recipe"] == "lunch.yaml" and message["run_id"] in message["links"]["flow_run"]
    page = "http://tracking:5000/#/experiments/7/runs/r1?workflowType=machine_learning"
    assert message["links"]["mlflow_run"] == page
    assert message["text"].startswith("outer lunch.yaml: Completed")


def test_a_flow_that_was_handed_a_recipe_tells_its_name(listener: Listener, tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("name: lunch\nclasses: [{name: a}, {name: b}]\ncollect: {folder: .}\n")
    handed(load_recipe(path))
    assert listener.messages[0]["text"].startswith("handed lunch: Completed")


def test_a_failure_is_told_with_its_reason_and_no_password(listener: Listener) -> None:
    with pytest.raises(CollectError):
        failing(Path("lunch.yaml"))
    (message,) = listener.messages
    assert message["state"] == "Failed" and "too few of http://host/x" in message["reason"]


def test_a_server_that_fails_once_is_asked_again(
    listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    listener.statuses = [503, 200]
    outer(Path("lunch.yaml"))
    assert len(listener.messages) == 2 and "was not told" not in caplog.text


def test_a_server_that_does_not_answer_delays_the_run_by_the_timeout_alone(
    listener: Listener, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "TIMEOUT", 0.5)
    listener.goes_on.clear()
    started = time.monotonic()
    assert failing_or_not(outer) == "Completed"
    assert len(listener.messages) == 2 and time.monotonic() - started < 20
    assert "was not told: TimeoutError" in caplog.text


def failing_or_not(one: Any) -> str:
    return str(one(Path("lunch.yaml"), return_state=True).name)


@pytest.mark.parametrize(
    "url",
    [f"http://127.0.0.1:9/{SECRET}", f"no address {SECRET}", f"http://[{SECRET}/", f"ftp://{SECRET}/"],
    ids=["nobody listens", "no address", "broken", "no http"],
)  # fmt: skip
def test_a_webhook_that_cannot_be_told_fails_no_run_and_its_secret_is_not_logged(
    url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(webhook, "PAUSE", 0.0)
    monkeypatch.setenv(VARIABLE, url)
    caplog.set_level(logging.DEBUG)
    assert failing_or_not(outer) == "Completed" and failing_or_not(failing) == "Failed"
    said = capfd.readouterr()
    assert "was not told" in caplog.text
    assert SECRET.lower() not in (caplog.text + said.out + said.err).lower()


RECIPE = SimpleNamespace(name="lunch", digest="a" * 64)


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        (
            PromotionDecision(True, "better in accuracy"),
            "version 3 is the champion now, better in accuracy",
        ),
        (PromotionDecision(False, "no better"), "version 3 stays a challenger, no better"),
        (PromotionDecision(False, "it serves", is_new=False), "nothing new, it serves"),
    ],
    ids=["promoted", "not promoted", "nothing new"],
)
def test_the_last_state_says_what_came_of_it_and_of_what(
    verdict: PromotionDecision, said: str, make_run
) -> None:
    run = make_run(
        grown=SimpleNamespace(digest="b" * 64),
        model=SimpleNamespace(blob="c" * 64),
        recorded=SimpleNamespace(version="3"),
    )
    state = conclude(RECIPE, Retrained(run, StageResult("promote", verdict, 1.0, cached=False)))
    digests = f"recipe {'a' * 12}, dataset {'b' * 12}, model {'c' * 12}"
    assert state.message == f"lunch: {said} ({digests})"
    # what automations wait for
    assert state.name == "Completed" and state.is_completed()

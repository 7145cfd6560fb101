import contextlib
import importlib.util
import json
import logging
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from serving import Serving

from foodcls.errors import InputError
from foodcls.export.load import load_model
from foodcls.export.model import Model
from foodcls.export.predict import predict
from foodcls.serve.app import make_app
from foodcls.serve.service import ServiceLimits

PICTURES = Path(__file__).parents[1] / "image" / "hostile_files.py"
LIMITS = ServiceLimits(queue=8, bytes=500_000, seconds=20)


# a busy machine is slow, not wrong
CLIENT = httpx.Client(timeout=60, trust_env=False)
post, get = CLIENT.post, CLIENT.get


def start(model: Model, limits: ServiceLimits) -> Serving:
    return Serving(make_app(model, "lunch <b>", limits))


@pytest.fixture(scope="module")
def url(camera: Path) -> Iterator[str]:
    """A service whose answers tell what the network sees."""
    with start(load_model(camera), LIMITS) as service:
        yield service.origin


@pytest.fixture(scope="module")
def hostile() -> Any:
    spec = importlib.util.spec_from_file_location("hostile_files", PICTURES)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def counted(url: str, name: str) -> dict[str, float]:
    """The samples of a counter or histogram, by their label."""
    families = text_string_to_metric_families(get(f"{url}/metrics").text)
    return {
        "/".join([sample.name, *sample.labels.values()]): sample.value
        for family in families if family.name == name for sample in family.samples
    }  # fmt: skip


def test_answers_are_those_of_predict(url: str, hostile: Any, camera: Path, tmp_path: Path) -> None:
    turned, gray = hostile.noise(1), hostile.noise(2).convert("L")
    files = [
        hostile.encode(turned, "JPEG", exif=hostile.exif(6)),
        hostile.encode(gray), hostile.encode(hostile.noise(3, 90, 200), "WEBP"),
    ]  # fmt: skip
    for number, data in enumerate(files):
        path = tmp_path / str(number)
        path.write_bytes(data)
        [wanted] = predict(load_model(camera), [path])
        raw = post(f"{url}/predict", content=data)
        form = post(f"{url}/predict", files={"file": ("dish", data)}, data={"more": "1"})
        assert raw.status_code == form.status_code == 200
        assert raw.json() == form.json()
        found = raw.json()
        assert list(found["probabilities"].values()) == pytest.approx(wanted.probabilities)
        assert (found["label"], found["guess"]) == (wanted.label or None, wanted.guess)
        assert found["known"] == wanted.known and not found["none"]


def test_hostile_bodies_get_a_reason_and_nothing_else(url: str, hostile: Any) -> None:
    """RELIABILITY 2a: by content, whatever it is; the service goes on."""
    cases = [*hostile.cut(), *hostile.bombs(), *hostile.strangers(), *hostile.useless()]
    wrong = []
    for name, data, reason in cases:
        if reason == "too_small":
            continue
        answer = post(f"{url}/predict", content=data)
        told = answer.json()["detail"]
        is_right = answer.status_code == 422 and told.startswith(f"{reason}: ")
        if not is_right and not (reason == "empty" and answer.status_code == 400):
            wrong.append((name, answer.status_code, told, reason))
    assert len(cases) > 50 and not wrong
    assert not Path("/tmp/CANARY.txt").exists()
    assert post(f"{url}/predict", content=hostile.encode(hostile.noise(4))).is_success


FORM = {"Content-Type": "multipart/form-data; boundary=x"}


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"", {}, 400),
        (b"--x\r\n", FORM, 400),
        (b"no form", FORM, 400),
        (b"--x\r\nContent-Disposition: form-data; name=file\r\n\r\ntext\r\n--x--\r\n", FORM, 400),
        (b"--x\r\nA: b\r\n\r\n\xff\r\n--x--\r\n", FORM, 400),
        (b"--x--", {"Content-Type": "multipart/form-data"}, 400),
        (b"1" * 500_001, {}, 413),
    ],
    ids=["empty", "cut", "no form", "no file", "no name", "no boundary", "too large"],
)
def test_what_brings_no_picture_is_refused(
    url: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    answer = post(f"{url}/predict", content=body, headers=headers)
    assert answer.status_code == status and answer.json()["detail"]


def test_a_hostile_form_prints_nothing(capfd: pytest.CaptureFixture[str], url: str) -> None:
    root = logging.getLogger()
    # as in a program that has not set up logging, which pytest has
    held, root.handlers = root.handlers, []
    try:
        assert post(f"{url}/predict", content=b"--x--junk", headers=FORM).status_code == 400
        logging.getLogger("python_multipart.multipart").warning("Skipping data after last boundary")
    finally:
        root.handlers = held
    assert capfd.readouterr().err == ""


def test_a_form_with_several_pictures_is_refused(url: str, hostile: Any) -> None:
    data = hostile.encode(hostile.noise(5))
    several = [("file", ("a", data)), ("file", ("b", data))]
    assert post(f"{url}/predict", files=several).status_code == 400


def test_what_never_ends_is_cut_off(url: str) -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield bytes(100_000)

    # the answer may be lost with the connection; that it is cut is what counts
    with contextlib.suppress(httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
        assert post(f"{url}/predict", content=endless()).status_code == 413
    assert any(key.endswith("/413") for key in counted(url, "foodcls_requests"))


def test_pictures_that_arrive_together_go_through_together(url: str, hostile: Any) -> None:
    data = hostile.encode(hostile.noise(6), "JPEG")
    before = counted(url, "foodcls_batch_pictures")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(f"{url}/predict", content=data), range(64)))
    after = counted(url, "foodcls_batch_pictures")
    assert all(answer.is_success for answer in answers)
    batches, pictures = (
        after[f"foodcls_batch_pictures_{name}"] - before[f"foodcls_batch_pictures_{name}"]
        for name in ("count", "sum")
    )
    assert pictures == 64 and batches < 64


def wait_for(url: str, under_way: int) -> None:
    name = "foodcls_requests_under_way"
    wait_until(lambda: counted(url, name)[name] == under_way)


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_more_than_the_queue_holds_is_told_to_come_again(camera: Path, hostile: Any) -> None:
    model, go_on = load_model(camera), threading.Event()
    go_on.set()

    def answer(pixels: Any) -> Any:
        assert go_on.wait(30)
        return model.answer(pixels)

    data = hostile.encode(hostile.noise(7))
    service = start(replace(model, answer=answer), ServiceLimits(queue=1))
    url = service.origin
    try:
        go_on.clear()
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(post, f"{url}/predict", content=data)
            wait_for(url, under_way=1)
            turned_away = post(f"{url}/predict", content=data)
            assert turned_away.status_code == 503 and turned_away.headers["Retry-After"] == "1"
            # urllib sends all before it reads
            with pytest.raises(urllib.error.HTTPError, match="503"):
                urllib.request.urlopen(f"{url}/predict", bytes(10_000_000), timeout=10)
            go_on.set()
            assert first.result().is_success
    finally:
        go_on.set()
        service.stop()


def test_slow_clients_take_no_place_in_the_queue_and_are_dropped(
    camera: Path, hostile: Any
) -> None:
    """Their bytes are counted: else many of them would fill the memory."""
    limits = ServiceLimits(queue=1, bytes=100_000, seconds=3)
    service, data = start(load_model(camera), limits), hostile.encode(hostile.noise(7))
    port, url = service.port, service.origin
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n\r\n"
    slow = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(3)]
    try:
        for one in slow:
            one.sendall(head + bytes(9_000))
        assert post(f"{url}/predict", content=data).is_success
        # of what is left, a picture needs twice as much
        slow[0].sendall(bytes(limits.bytes - 3 * 9_000 - len(data) // 2))
        wait_until(lambda: post(f"{url}/predict", content=data).status_code == 503)
        for one in slow:
            # the server ends the connection after its answer
            said = one.makefile("rb").read()
            assert said.startswith(b"HTTP/1.1 408") and b"within 3 s" in said
        assert post(f"{url}/predict", content=data).is_success
    finally:
        for one in slow:
            one.close()
        service.stop()


def test_a_service_that_cannot_answer_does_not_start(camera: Path) -> None:
    before = threading.active_count()
    with pytest.raises(InputError, match=r"--seconds 0: .* give more"):
        make_app(load_model(camera), "lunch", ServiceLimits(seconds=0))
    assert threading.active_count() == before


def test_it_says_that_it_runs_and_what_it_takes(url: str, camera: Path) -> None:
    health = get(f"{url}/health").json()
    assert health == {"status": "ok", "model": "lunch <b>", "digest": load_model(camera).digest}
    described = get(f"{url}/openapi.json").json()
    taken = described["paths"]["/predict"]["post"]["requestBody"]["content"]
    assert set(taken) == {"image/*", "multipart/form-data"}
    answers = described["paths"]["/predict"]["post"]["responses"]
    assert {"200", "400", "408", "413", "422", "503"} <= set(answers)
    # FastAPI's pages, whose scripts lie on another host
    assert get(f"{url}/docs").status_code == get(f"{url}/redoc").status_code == 404


def test_the_page_loads_nothing_from_elsewhere_and_takes_a_picture(
    url: str, browser: Any, hostile: Any, tmp_path: Path
) -> None:
    answer = get(url)
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "<b>" not in answer.text and "lunch &lt;b&gt;" in answer.text
    browser.expected = "404"  # of the answer's own page, which has no icon
    browser.open(f"{url}/", "document.readyState === 'complete'")
    seen = "performance.getEntriesByType('resource').map((e) => new URL(e.name).origin)"
    assert set(browser.value(seen)) <= {url}
    browser.resize(400, 800)
    assert browser.value("document.documentElement.scrollWidth") == 400
    (path := tmp_path / "dish.png").write_bytes(hostile.encode(hostile.noise(8)))
    root = browser.call("DOM.getDocument")["root"]["nodeId"]
    box = browser.call("DOM.querySelector", nodeId=root, selector="input[type=file]")
    browser.call("DOM.setFileInputFiles", nodeId=box["nodeId"], files=[str(path)])
    browser.value("document.forms[0].requestSubmit()")
    browser.wait("location.pathname === '/predict' && document.body")
    assert "guess" in json.loads(browser.value("document.body.innerText"))

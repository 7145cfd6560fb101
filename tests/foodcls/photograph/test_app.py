import re
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from serving import Serving

from foodcls.photograph.app import PAGE, make_app
from foodcls.photograph.photos import PhotoFolder
from foodcls.serve.guard import PHOTOS, WRONG_TOKENS, Guard

CLIENT = httpx.Client(timeout=60, trust_env=False)
JPEG = {"Content-Type": "image/jpeg"}


class Clock:
    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "photos"


@pytest.fixture
def guarded(folder: Path, clock: Clock) -> Iterator[tuple[str, Guard]]:
    """Where the page is served, by whose token; classes `pesto` and `<b>bread`."""
    opened = socket.create_server(("127.0.0.1", 0))
    origin = f"http://127.0.0.1:{opened.getsockname()[1]}"
    guard = Guard([origin], clock)
    app = make_app(PhotoFolder(folder, ["pesto", "<b>bread"]), guard, "lunch")
    with Serving(app, opened):
        yield origin, guard


@pytest.fixture
def url(guarded: tuple[str, Guard]) -> str:
    """The address with the token."""
    return f"{guarded[0]}/{guarded[1].token}/"


@pytest.fixture
def send(url: str) -> Callable[..., httpx.Response]:
    def post(data: bytes, label: str = "pesto", group: object = 1, taken: object = 0,
             **headers: str) -> httpx.Response:  # fmt: skip
        asked = {"label": label, "group": str(group), "taken": str(taken)}
        return CLIENT.post(f"{url}photo", content=data, params=asked, headers=JPEG | headers)

    return post


@pytest.fixture
def photo(noise: Callable[..., Image.Image], encode: Callable[..., bytes]) -> bytes:
    """A photo that EXIF turns: 96 x 64 as it is stored, with a place in it."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[1] = "N"
    return encode(noise(1), "JPEG", exif=exif)


def saved(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.jpg"))


def test_a_photo_is_saved_upright_with_its_time_and_without_its_place(
    send: Callable, folder: Path, photo: bytes
) -> None:
    assert send(photo, group=2, taken=1_777_890_605_000).status_code == 200
    [path] = saved(folder)
    assert path.parent == folder / "pesto" / "tray-02"
    assert path.name.startswith("20260504T103005Z-")
    with Image.open(path) as image:
        assert image.size == (64, 96)
        assert not image.getexif().get_ifd(0x8825) and 0x0112 not in image.getexif()


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"label": "../../etc"}, 422),
        ({"label": "cake"}, 422),
        ({"group": 0}, 422),
        ({"group": "../1"}, 422),
        ({"data": b"no photo"}, 422),
        ({"data": b""}, 422),
        ({"data": bytes(30_000_001)}, 413),
        ({"Content-Type": "text/plain"}, 415),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "evil.example"}, 403),
    ],
    ids=[
        "path",
        "other class",
        "tray 0",
        "tray path",
        "text",
        "empty",
        "too large",
        "type",
        "other origin",
        "no origin",
        "other host",
    ],
)
def test_what_is_no_photo_of_a_class_from_this_page_is_refused(
    send: Callable, folder: Path, photo: bytes, change: dict[str, Any], status: int
) -> None:
    assert send(**{"data": photo} | change).status_code == status
    assert not folder.exists()


def test_a_photo_may_come_slowly_and_not_stop_coming(
    url: str, folder: Path, photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What took longer in all was refused, and sent again without end."""
    monkeypatch.setattr("foodcls.photograph.app.SECONDS", 1.5)

    def pieces(pause: float) -> Iterator[bytes]:
        for start in range(0, len(photo), len(photo) // 5):
            time.sleep(pause)
            yield photo[start : start + len(photo) // 5]

    asked = {"label": "pesto", "group": "1", "taken": "0"}
    for pause, status in ((0.5, 200), (2.5, 408)):
        answer = CLIENT.post(f"{url}photo", content=pieces(pause), params=asked, headers=JPEG)
        assert answer.status_code == status
    assert len(saved(folder)) == 1


def test_a_time_that_cannot_be_is_now(send: Callable, folder: Path, photo: bytes) -> None:
    for taken in (-(10**18), 10**30, 10**15):
        assert send(photo, taken=taken).status_code == 200
    year = time.strftime("%Y", time.gmtime())
    assert all(path.name.startswith(year) for path in saved(folder))


def test_whoever_guesses_tokens_is_told_nothing_for_a_minute_and_shuts_nobody_out(
    url: str, clock: Clock
) -> None:
    wrong = re.sub("/[^/]+/$", "/wrong/", url)
    told = [CLIENT.get(f"{wrong}state").status_code for _ in range(WRONG_TOKENS + 1)]
    assert told == [403] * WRONG_TOKENS + [429]
    assert CLIENT.get(f"{url}state").json()["counts"] == {"pesto": {}, "<b>bread": {}}
    clock.seconds += 61
    assert CLIENT.get(f"{wrong}state").status_code == 403


def test_who_has_no_token_is_told_nothing_of_what_a_request_lacks(url: str) -> None:
    wrong = re.sub("/[^/]+/$", "/wrong/", url)
    for path in ("photo?group=one", "photo", "undo", "nothing", ""):
        answer = CLIENT.post(wrong + path)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (403, "no-store")


def test_photos_faster_than_anybody_takes_them_wait(send: Callable, clock: Clock) -> None:
    told = [send(b"").status_code for _ in range(PHOTOS + 1)]
    assert told == [422] * PHOTOS + [429]
    clock.seconds += 11
    assert send(b"").status_code == 422


def test_nothing_is_served_but_the_page(url: str) -> None:
    for path in ("%2e%2e/app.py", "..%2fapp.py", "page", "docs", "openapi.json", "index.html/x"):
        assert CLIENT.get(url + path).status_code == 404
    for file in PAGE.iterdir():
        answer = CLIENT.get(url + file.name)
        assert answer.status_code == 200 and "blob:" in answer.headers["Content-Security-Policy"]


SHOWS_SOMETHING = """(() => {
    const view = new OffscreenCanvas(8, 8).getContext('2d')
    view.drawImage(video, 0, 0, 8, 8)
    return new Set(view.getImageData(0, 0, 8, 8).data).size > 4
})()"""


def test_the_camera_takes_photos_by_class_and_tray(url: str, browser: Any, folder: Path) -> None:
    browser.resize(400, 800)
    browser.open(url, "document.body?.dataset.ready")
    total = "document.querySelector('#total').textContent"
    assert browser.value(total) == "0 here · 0 in all"
    # the first frames of a busy machine's camera may be of one color, which is no photo
    browser.wait(SHOWS_SOMETHING)
    browser.click("#shutter")
    browser.wait(f"{total} === '1 here · 1 in all'")
    browser.value("label.value = '<b>bread', label.dispatchEvent(new Event('change'))")
    browser.click("#more")
    browser.click("#shutter")
    browser.wait(f"{total} === '1 here · 2 in all'")
    assert [path.parent.relative_to(folder).as_posix() for path in saved(folder)] == [
        "<b>bread/tray-02",
        "pesto/tray-01",
    ]
    with Image.open(saved(folder)[0]) as image:
        seen = browser.value("[video.videoWidth, video.videoHeight]")
        assert list(image.size) == seen and image.convert("L").getextrema()[1] > 100
    browser.click("#undo")
    browser.wait(f"{total} === '0 here · 1 in all'")
    assert len(saved(folder)) == 1
    assert browser.value("document.documentElement.scrollWidth") == 400
    assert browser.value("document.querySelectorAll('option b').length") == 0


# a camera that is open and shows nothing yet
LATE_CAMERA = """navigator.mediaDevices.getUserMedia = async () => {
    const canvas = document.createElement('canvas')
    canvas.getContext('2d')
    const stream = canvas.captureStream(0)
    window.showFrame = () => {
        const pen = canvas.getContext('2d')
        for (const at of [0, 60, 120]) {
            pen.fillStyle = `hsl(${at} 90% 50%)`
            pen.fillRect(at, 0, 60, 150)
        }
        stream.getVideoTracks()[0].requestFrame()
    }
    return stream
}"""


def test_nothing_is_taken_before_the_camera_shows_something(
    url: str, browser: Any, folder: Path
) -> None:
    script = browser.call("Page.addScriptToEvaluateOnNewDocument", source=LATE_CAMERA)
    try:
        browser.open(url, "!!window.showFrame")
        assert browser.value("note.checkVisibility() && note.innerText").startswith("Waiting for")
        browser.click("#shutter")
        browser.value("showFrame()")
        browser.wait("document.body.dataset.ready && note.hidden")
        browser.click("#shutter")
        browser.wait("document.querySelector('#total').textContent === '1 here · 1 in all'")
    finally:
        browser.call("Page.removeScriptToEvaluateOnNewDocument", **script)
    [path] = saved(folder)
    with Image.open(path) as image:
        assert image.convert("L").getextrema()[1] > 100


def test_what_could_not_be_sent_is_sent_again_in_order(
    url: str, browser: Any, folder: Path
) -> None:
    browser.expected = "net::ERR_"  # the browser itself says that nobody answered
    browser.open(url, "document.body?.dataset.ready")
    # a page that waits for seconds waits for tenths
    browser.value("void (setTimeout = ((wait) => (what, ms) => wait(what, ms / 20))(setTimeout))")
    # the first answer is that the network was too slow
    browser.value("""void (fetch = ((ask) => (...asked) => {
        fetch = ask
        return Promise.resolve(Response.json({ detail: 'late' }, { status: 408 }))
    })(fetch))""")
    browser.call("Network.enable")
    offline = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    browser.call("Network.emulateNetworkConditions", offline=True, **offline)
    browser.click("#shutter")
    browser.wait("document.querySelector('#status.bad')?.textContent.startsWith('Not saved')")
    # what is taken back is the photo that was taken before, though it has not been sent yet
    browser.value("label.value = '<b>bread'")
    browser.click("#shutter")
    browser.click("#undo")
    browser.call("Network.emulateNetworkConditions", offline=False, **offline)
    browser.wait("document.querySelector('#status').textContent === 'The last photo is gone'")
    browser.wait("document.querySelector('#total').textContent === '0 here · 1 in all'")
    assert [path.parent.parent.name for path in saved(folder)] == ["pesto"]


def test_what_waits_when_the_server_is_started_anew_goes_to_its_new_address(
    guarded: tuple[str, Guard], url: str, browser: Any, folder: Path
) -> None:
    origin, guard = guarded
    browser.expected = "403"  # to the old address
    browser.open(url, "document.body?.dataset.ready")
    browser.value("void (setTimeout = ((wait) => (what, ms) => wait(what, ms / 20))(setTimeout))")
    guard.token = "new"
    browser.click("#shutter")
    browser.wait("document.querySelector('#status.bad')?.textContent.includes('new address')")
    tab = browser.call("Target.createTarget", url=f"{origin}/new/")
    browser.wait("document.querySelector('#total').textContent === '1 here · 1 in all'")
    browser.call("Target.closeTarget", targetId=tab["targetId"])
    assert [path.parent.parent.name for path in saved(folder)] == ["pesto"]


def test_a_chosen_file_that_is_gone_holds_up_no_other(
    url: str, browser: Any, folder: Path, tmp_path: Path, photo: bytes
) -> None:
    gone, other = tmp_path / "gone.jpg", tmp_path / "other.jpg"
    gone.write_bytes(photo)
    other.write_bytes(photo)
    browser.expected = "net::ERR_"
    browser.open(url, "document.body?.dataset.ready")
    browser.value("void (setTimeout = ((wait) => (what, ms) => wait(what, ms / 20))(setTimeout))")
    browser.call("Network.enable")
    offline = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    browser.call("Network.emulateNetworkConditions", offline=True, **offline)
    root = browser.call("DOM.getDocument")["root"]["nodeId"]
    field = browser.call("DOM.querySelector", nodeId=root, selector="#files")["nodeId"]
    browser.call("DOM.setFileInputFiles", nodeId=field, files=[str(gone), str(other)])
    told = "document.querySelector('#status').textContent"
    browser.wait(f"{told}.startsWith('Not saved')")
    gone.unlink()
    browser.call("Network.emulateNetworkConditions", offline=False, **offline)
    browser.wait("document.querySelector('#total').textContent === '1 here · 1 in all'")
    assert len(saved(folder)) == 1

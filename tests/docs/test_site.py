"""Builds the site as a person would, and looks whether it stands alone."""

import json
import os
import re
import subprocess
import sys
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest
from browser_fixtures import CHROMIUM

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("index", "tutorial", "own-pictures", "sources", "pictures", "low-accuracy", "models",
         "backbones", "use", "service", "cluster", "recipe", "operations", "platforms", "words",
         "measured", "architecture")  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; a warning would have failed it."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


class Loaded(HTMLParser):
    """The addresses that a page loads by itself; what a person may click is not among them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        names = ("src", "srcset", "data", "poster", *(("href",) if tag == "link" else ()))
        self.addresses += [str(given[name]) for name in names if given.get(name)]


@pytest.mark.runs("make docs")
def test_every_page_is_built(site: Path) -> None:
    assert {path.stem for path in site.glob("*.html")} == {*PAGES, "404"}
    assert "\ndocs:" in (ROOT / "Makefile").read_text()


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_nothing_on_another_host(site: Path, page: str) -> None:
    addresses = Loaded((site / f"{page}.html").read_text()).addresses
    assert addresses and not [one for one in addresses if urlsplit(one).netloc]


def test_styles_and_pictures_name_nothing_on_another_host(site: Path) -> None:
    for path in (*site.rglob("*.css"), *(site / ".").glob("*.svg")):
        links = re.findall(r"url\(['\"]?([^)'\"]*)|href=\"([^\"]*)", path.read_text())
        assert not [one for pair in links for one in pair if urlsplit(one).netloc], path


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_a_browser_asks_no_other_host(site: Path, tmp_path: Path) -> None:
    """Scripts may ask for more than pages name: a diagram of mermaid would come from elsewhere."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/architecture.html"
        subprocess.run(
            [str(CHROMIUM), "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             # the browser itself would call home
             "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
             f"--user-data-dir={tmp_path / 'profile'}", f"--log-net-log={tmp_path / 'log.json'}",
             "--timeout=5000", "--dump-dom", url],
            capture_output=True, check=True, timeout=120,
        )  # fmt: skip
        server.shutdown()
    # a line an event; what the page asked for names the page as its initiator
    asked = [found[1] for line in (tmp_path / "log.json").read_text().splitlines()
             if '"initiator":"http://127.0.0.1:' in line
             and (found := re.search(r'"url":"(https?://[^"]*)"', line))]  # fmt: skip
    assert any(one.endswith("architecture.svg") for one in asked)
    assert {urlsplit(one).hostname for one in asked} == {"127.0.0.1"}, asked


def test_each_page_is_linked_from_the_first_ones() -> None:
    first = (ROOT / "README.md").read_text() + (ROOT / "docs" / "index.md").read_text()
    assert not [page for page in PAGES if page != "index" and f"{page}.md" not in first]


def test_pictures_are_small() -> None:
    pictures = {path.name: path.stat().st_size for path in (ROOT / "docs").glob("*.[jps][pnv]g")}
    assert pictures and not {name: size for name, size in pictures.items() if size > 150_000}


def test_the_recipes_page_has_every_setting(site: Path) -> None:
    from foodcls.recipe.recipe import Recipe

    text = (site / "recipe.html").read_text()
    fields = json.dumps(Recipe.model_json_schema()["$defs"])
    for name, model in json.loads(fields).items():
        missing = [key for key in model["properties"] if f"<code>{key}</code>" not in text]
        assert not missing, name

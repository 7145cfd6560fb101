"""What the tests of this package share: a workspace of drawn pictures, and its page."""

import socket
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from serving import Serving

from foodcls.evaluate.likeness import Likeness, pick_shares, save_likeness
from foodcls.manifest import KEPT, new_manifest
from foodcls.review.app import make_app
from foodcls.review.decision_files import ReviewFiles
from foodcls.review.gallery import Suspect
from foodcls.review.session import Session
from foodcls.review.thumbs import Thumbs
from foodcls.serve.guard import Guard
from foodcls.store.store import Store
from foodcls.tables.manifest_csv import write_manifest
from foodcls.tables.spreadsheet import write_csv

LABELS = ("pesto", "bread")


class ServedPage(Serving):
    """The page of a visit, served until it is stopped."""

    def __init__(self, session: Session, thumbs: Thumbs) -> None:
        opened = socket.create_server(("127.0.0.1", 0))
        port = opened.getsockname()[1]
        guard = Guard(f"http://{name}:{port}" for name in ("127.0.0.1", "localhost"))
        super().__init__(make_app(session, thumbs, "lunch", guard), opened)
        self.thumbs, self.token, self.ticket = thumbs, guard.token, guard.ticket
        self.url = f"{self.origin}/{guard.token}/"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


@pytest.fixture
def pictures(
    workspace: Path, noise: Callable[..., Image.Image], encode: Callable[..., bytes]
) -> Callable[..., pd.DataFrame]:
    """Put a workspace there: 6 pictures of each label, 96x64 pixels, further columns as given."""

    def put(count: int = 6, changes: dict[int, dict] | None = None) -> pd.DataFrame:
        store, rows = Store(workspace / "store"), []
        for number in range(count * len(LABELS)):
            data = encode(noise(number), "JPEG")
            label = LABELS[number // count]
            row = {
                "id": store.put(data), "label": label, "source": "urls", "outcome": "ok",
                "origin": f"http://127.0.0.1/{label}-{number:03}.jpg", "state": KEPT,
                "width": 96, "height": 64, "bytes": len(data), "format": "JPEG",
            }  # fmt: skip
            rows.append(row | (changes or {}).get(number, {}))
        manifest = new_manifest(rows)
        write_manifest(manifest, workspace / "manifest.csv")
        return manifest

    return put


@pytest.fixture
def files(tmp_path: Path) -> ReviewFiles:
    return ReviewFiles(tmp_path / "filter.csv", tmp_path / "boxes.csv")


@pytest.fixture
def visit(files: ReviewFiles) -> Callable[..., Session]:
    """A new visit to the pictures of a manifest."""

    def start(manifest: pd.DataFrame, suspects: Mapping[str, Suspect] | None = None) -> Session:
        if not suspects:
            return Session(manifest, LABELS, files)
        ranked = sorted(suspects, key=lambda digest: suspects[digest].place)
        rows = [{"id": digest, "keep": 0, "reason": suspects[digest].reason} for digest in ranked]
        path = files.decisions.with_name("suspects.csv")
        write_csv(pd.DataFrame(rows), path)
        return Session(manifest, LABELS, replace(files, suspects=path))

    return start


@pytest.fixture
def ranked(visit: Callable[..., Session], files: ReviewFiles) -> Callable[..., Session]:
    """A visit to two classes of equal size where strangers and moved labels are known."""

    def start(manifest: pd.DataFrame, strange: Collection[int], moved: Collection[int]) -> Session:
        count = np.arange(len(manifest))
        truth = np.repeat([0, 1], len(count) // 2)
        cloud = np.where(np.isin(count, strange), 2, np.where(np.isin(count, moved), 0, truth))
        rows = np.eye(6)[cloud] + np.random.default_rng(0).normal(0, 0.1, (len(count), 6))
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        shares = np.where(np.eye(2)[np.minimum(cloud, 1)] == 1, 0.95, 0.05)
        shares[cloud == 2] = [0.2, 0.15]
        parts, ids = pick_shares(shares, truth), tuple(manifest["id"])
        path = files.decisions.with_name("likeness.npz")
        save_likeness(Likeness(ids, rows.astype(np.float16), *parts, LABELS), path)
        session = visit(manifest)
        session.files = replace(files, likeness=path, layout=path.with_name("map.npz"))
        return session

    return start


@pytest.fixture
def serve(
    workspace: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[[Session], ServedPage]]:
    """Serve the page of a visit."""
    servers: list[ServedPage] = []
    named = request.fixturenames
    browser: Any = request.getfixturevalue("browser") if "browser" in named else None

    def start(session: Session) -> ServedPage:
        thumbs = Thumbs(Store(workspace / "store"), workspace / "cache" / "thumbs", 1_000_000)
        servers.append(ServedPage(session, thumbs))
        return servers[-1]

    yield start
    if browser:
        # a page that still loads pictures would log that nobody answers
        browser.open("about:blank", "true")
    for server in servers:
        server.stop()

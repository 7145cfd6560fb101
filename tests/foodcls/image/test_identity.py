"""Nothing is lost on the way: what goes into a stage comes out of it, kept or dropped for a reason.

Files and addresses are drawn from hostile ones and sound ones, some of them twice.
"""

import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from foodcls.augment import augment
from foodcls.collect.collect import CollectRequest, collect
from foodcls.crop.crop import crop
from foodcls.dedup.dedup import dedup
from foodcls.filter.filter import filter_pictures
from foodcls.inspect.inspect import inspect
from foodcls.manifest import COLUMNS, kept_rows, save_manifest
from foodcls.recipe.data_settings import (
    Augment,
    Collect,
    Crop,
    Dedup,
    Filter,
    FoodClass,
    Inspect,
    Split,
)
from foodcls.split.split import split
from foodcls.store.store import Store, digest_of

LABELS = ("beans", "salad")
SOUND = 12  # the first, six a class, are in every set, and nothing else shows the same
POOL = 40
BOXES = "filename,width,height,class,xmin,ymin,xmax,ymax\n"


@dataclass(frozen=True)
class World:
    """Files by number, where they are served, and a store that remembers what it has seen."""

    files: tuple[bytes, ...] = field(repr=False)
    address: str
    store: Store
    folder: Path


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location("hostile_files", Path(__file__).with_name("hostile_files.py"))
    hostile: Any = module_from_spec(spec)
    spec.loader.exec_module(hostile)
    sound = [hostile.encode(hostile.noise(200 + number)) for number in range(SOUND)]
    twins = [hostile.encode(hostile.noise(300 + number // 2), ("PNG", "JPEG")[number % 2])
             for number in range(8)]  # fmt: skip
    parts = (hostile.cut, hostile.strangers, hostile.useless, hostile.sound)
    rest = [data for part in parts for _, data, _ in list(part())[::4]]
    files = (*sound, *twins, *rest)[:POOL]
    assert len(files) == POOL
    folder = tmp_path_factory.mktemp("identity")
    with serving(files) as address:
        yield World(files, address, Store(folder / "store"), folder)


class serving:  # noqa: N801 - used as a function
    """The files at /0, /1, …; all else is not there, and /down hangs up."""

    def __init__(self, files: tuple[bytes, ...]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # noqa: N802
                name = self.path.strip("/")
                if name == "down":
                    self.close_connection = True
                    return
                data = files[int(name)] if name.isdecimal() and int(name) < len(files) else None
                self.send_response(404 if data is None else 200)
                self.send_header("Content-Length", str(len(data or b"")))
                self.end_headers()
                self.wfile.write(data or b"")

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self) -> str:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_port}"

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def from_folder(world: World, picks: list[tuple[int, str]]) -> tuple[Collect, int]:
    photos = world.folder / "photos"
    shutil.rmtree(photos, ignore_errors=True)
    for number, (pick, label) in enumerate(picks):
        (photos / label).mkdir(parents=True, exist_ok=True)
        (photos / label / f"{number}.jpg").write_bytes(world.files[pick % POOL])
    # the folder of a stranger is warned of as a whole
    return Collect(folder=photos, min_per_class=0), sum(label in LABELS for _, label in picks)


def from_web(world: World, picks: list[tuple[int, str]]) -> tuple[Collect, int]:
    odd = [f"{world.address}/missing", f"{world.address}/down", "file:///etc/hostname"]
    urls = [f"{world.address}/{number}" for number in range(POOL)] + odd
    lines = [f"{label},{urls[pick]}" for pick, label in picks]
    path = world.folder / "urls.csv"
    path.write_text("\n".join(["label,url", *lines]) + "\n")
    settings = Collect(urls=path, allow_private_hosts=True, min_per_class=0, retries=0, timeout=5.0)
    return settings, len(picks)


def account(before: pd.DataFrame, after: pd.DataFrame, stage: str, store: Store) -> None:
    """Every row of before is in after; what was dropped stays as it was; no drop is without why."""
    assert list(after.columns) == list(COLUMNS)
    assert set(after["state"]) <= {"kept", "dropped"}
    # a box more, or a copy more, is a row behind its own
    own = after[~after.duplicated(["origin", "rank", "label"]) & (after["parent"] == "")]
    own, before = own.reset_index(drop=True), before.reset_index(drop=True)
    assert own[["origin", "rank", "label", "id"]].equals(before[["origin", "rank", "label", "id"]])
    gone = before["state"] == "dropped"
    marks = ["state", "stage", "reason"]
    assert own.loc[gone, marks].equals(before.loc[gone, marks])
    lost = own[~gone & (own["state"] == "dropped")]
    assert set(lost["stage"]) <= {stage} and (lost["reason"] != "").all()
    assert len(kept_rows(own)) == len(kept_rows(before)) - len(lost)
    assert (own.loc[own["state"] == "kept", marks[1:]] == "").all(axis=None)
    more = after[after.duplicated(["origin", "rank", "label"]) | (after["parent"] != "")]
    assert more["parent"].where(more["parent"] != "", more["id"]).isin(kept_rows(own)["id"]).all()
    ref = save_manifest(after, store, stage)
    assert ref.kept + ref.dropped == len(after)


PICKS = st.lists(
    st.tuples(st.integers(SOUND, POOL + 2), st.sampled_from([*LABELS, *LABELS, "stranger"])),
    min_size=15,
    max_size=40,
)


@pytest.mark.parametrize("source", [from_folder, from_web])
@given(picks=PICKS, data=st.data())
@settings(
    max_examples=6,
    # shrinking would take minutes; the files of a failure are few enough to look at
    phases=[Phase.generate],
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_rows_in_are_kept_or_dropped(source, picks, data, world: World) -> None:
    store = world.store
    base = [(number, LABELS[number % 2]) for number in range(SOUND)]
    chosen, count = source(world, [*base, *picks])
    classes = tuple(FoodClass(name=label) for label in LABELS)
    found = collect(CollectRequest(classes, chosen), store).manifest
    assert len(found) == count
    account(found.assign(state="kept", stage="", reason=""), found, "collect", store)
    sound = inspect(found, store, Inspect(), "phash")
    account(found, sound, "inspect", store)
    distinct = dedup(sound, store, Dedup()).manifest
    account(sound, distinct, "dedup", store)
    # the base of a class is not decided on, so that there is enough to split
    free = sorted(set(distinct["id"]) - {"", *map(digest_of, world.files[:SOUND])})
    drops = data.draw(st.lists(st.sampled_from(free), unique=True) if free else st.just([]))
    (world.folder / "filter.csv").write_text(
        "id,keep,reason\n" + "".join(f"{digest},no,by hand\n" for digest in drops)
    )
    filtered = filter_pictures(distinct, Filter(manifest=world.folder / "filter.csv"), LABELS)
    account(distinct, filtered, "filter", store)
    ids = data.draw(st.lists(st.sampled_from(sorted(set(filtered["id"]) - {""})), max_size=8))
    corner = st.integers(-20, 150)
    boxes = [(digest, data.draw(st.sampled_from(LABELS)), *data.draw(st.tuples(*[corner] * 4)))
             for digest in ids]  # fmt: skip
    # one at least can be used: a file without any is refused as a whole
    boxes.append((digest_of(world.files[0]), LABELS[0], 10, 10, 100, 90))
    (world.folder / "boxes.csv").write_text(
        BOXES + "".join(f"{box[0]},0,0,{','.join(map(str, box[1:]))}\n" for box in boxes)
    )
    cropping = Crop(boxes=world.folder / "boxes.csv", units="pixels", padding=0.0)
    cropped = crop(filtered, store, cropping, LABELS)
    account(filtered, cropped.manifest, "crop", store)
    drawn = (cropped.manifest["box"] != "").sum()
    assert len(cropped.manifest) - len(filtered) <= drawn <= len(boxes)
    parted = split(cropped.manifest, Split(seed=data.draw(st.integers(0, 3))), LABELS)
    account(cropped.manifest, parted, "split", store)
    assert (kept_rows(parted)["split"] != "").all()
    grown = augment(parted, store, Augment(per_class=6), LABELS)
    account(parted, grown, "augment", store)

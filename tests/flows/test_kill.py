"""Kills runs with SIGKILL in the middle of each stage, and types the same command again."""

import contextlib
import itertools
import os
import random
import shutil
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pandas as pd
import pytest
from mlflow.tracking import MlflowClient

from foodcls.manifest import VOLATILE
from foodcls.store.store import Store
from foodcls.tables.manifest_csv import read_manifest
from foodcls.work.memo import LEAST
from foodcls.workspace.verify import find_damage
from foodcls.workspace.workspace import Workspace

# a stage, the one whose line is told before it, and what is counted to find a moment within it
DISK = {"event": "disk"}
MOMENTS: dict[str, tuple[str, dict[str, str]]] = {
    "collect": ("check", DISK),
    "inspect": ("collect", DISK),
    "dedup": ("inspect", DISK),
    "filter": ("dedup", DISK),
    "crop": ("filter", DISK),
    "split": ("crop", DISK),
    "augment": ("split", DISK),
    "decode": ("augment", DISK),
    "train": ("augment", {"event": "foodcls.train.loop:lr_factor"}),
    # its files are written, flushed, renamed, and older ones are deleted
    "checkpoint": ("augment", {"event": "disk", "match": "training-"}),
    "calibrate": ("train", DISK),
    "evaluate": ("calibrate", DISK),
    "export": ("evaluate", DISK),
    "record": ("export", DISK),
}
KILLS = 20


@dataclass
class Site:
    """A recipe whose pictures a server hands out that counts, and what an unbroken run gives."""

    recipe: Path
    hits: Counter[str]
    whole: Path
    result: dict[str, Any]
    counts: dict[str, dict[str, int]]  # of events, by what is counted


@pytest.fixture(scope="module")
def site(starter, shared_recipe: Path) -> Iterator[Site]:
    hits: Counter[str] = Counter()

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            hits[self.path] += 1
            super().do_GET()

        def log_message(self, *words: object) -> None:
            pass

    folder = shared_recipe.parent
    handler = partial(Handler, directory=str(folder / "photos"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        recipe = write_site(folder, f"http://127.0.0.1:{server.server_port}")
        whole = starter.new_space(folder / "whole")
        ended = starter.run(recipe, space=whole)
        assert ended.code == 0, ended.err
        counts = {"disk": ended.counts}
        for event in ({"event": MOMENTS["train"][1]["event"]}, {"match": "training-"}):
            other = starter.new_space(folder / next(iter(event)))
            counts[next(iter(event.values()))] = starter.run(recipe, space=other, **event).counts
        hits.clear()
        yield Site(recipe, hits, whole, ended.result, counts)
        server.shutdown()


def write_site(folder: Path, url: str) -> Path:
    """The recipe with its pictures on a server, some of them boxed and one dropped."""
    photos = sorted((folder / "photos").glob("*/*.png"))
    rows = [f"{photo.parent.name},{url}/{photo.parent.name}/{photo.name}" for photo in photos]
    (folder / "urls.csv").write_text("\n".join(["label,url", *rows]))
    boxes = [f"{photo.name},90,70,{photo.parent.name},10,10,80,60" for photo in photos[::2]]
    (folder / "boxes.csv").write_text(
        "\n".join(["filename,width,height,class,xmin,ymin,xmax,ymax", *boxes])
    )
    (folder / "filter.csv").write_text(f"path,keep\n{photos[1].name},no\n")
    text = (folder / "patches.yaml").read_text()
    for old, new in {
        "folder: photos": "urls: urls.csv, allow_private_hosts: true",
        "split:": "filter: {manifest: filter.csv}\ncrop: {boxes: boxes.csv}\nsplit:",
    }.items():
        assert old in text
        text = text.replace(old, new)
    recipe = folder / "site.yaml"
    recipe.write_text(text)
    return recipe


def choose_kill(site: Site, stage: str, draw: random.Random, most: int = 10**6) -> dict[str, Any]:
    """A moment within a stage, as likely as any other of the first ones."""
    after, event = MOMENTS[stage]
    count = min(most, site.counts[event.get("match") or event["event"]][after])
    return {"after": after, "at": draw.randint(1, count), **event}


def assert_nothing_corrupt(space: Path) -> None:
    """What a kill leaves: no file that is not whole, whatever is missing."""
    assert [one for one in find_damage(Workspace(space)) if one.fault != "missing"] == []


def assert_as_unbroken(site: Site, space: Path, result: dict[str, Any]) -> None:
    """The run ends as one that was not killed, is told of once, and leaves no part of a file."""
    same = ("model_digest", "accuracy", "per_class", "stage_counts", "registered_version")
    assert {name: result[name] for name in same} == {name: site.result[name] for name in same}
    tables = [
        read_manifest(one / "manifest.csv").drop(columns=VOLATILE) for one in (space, site.whole)
    ]
    pd.testing.assert_frame_equal(*tables)
    assert not list(space.rglob("*.part")) and not list(space.rglob("training-*"))
    assert [path.name for path in (space / "records").iterdir()] == [".lock"]
    assert list(find_damage(Workspace(space))) == []
    client = MlflowClient(f"sqlite:///{space / 'mlflow.db'}")
    (experiment,) = [one for one in client.search_experiments() if one.name == "patches"]
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED" and run.info.run_id == result["mlflow_run_id"]
    assert len(client.get_metric_history(run.info.run_id, "val_loss")) == 3


class Writes:
    """Counts how often each finished piece of work was written into the store's memory."""

    def __init__(self, space: Path) -> None:
        self.path = space / "store" / "facts.sqlite"
        store = Store(self.path.parent)
        store.remember("warm", {"up": 1})
        self._do("CREATE TABLE writes (kind TEXT, key TEXT)")
        self._do(
            "CREATE TRIGGER counting AFTER INSERT ON facts"
            " BEGIN INSERT INTO writes VALUES (new.kind, new.key); END"
        )

    def counts(self) -> Counter[tuple[str, str]]:
        return Counter(map(tuple, self._do("SELECT kind, key FROM writes")))

    def _do(self, statement: str) -> list[Any]:
        with sqlite3.connect(self.path) as memory:
            return memory.execute(statement).fetchall()


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_run_that_is_killed_in_each_stage_ends_as_an_unbroken_one(
    starter, site: Site, tmp_path: Path
) -> None:
    """One workspace, killed in one stage after the other."""
    space, draw = starter.new_space(tmp_path / "w"), random.Random(0)
    writes = Writes(space)
    for stage in MOMENTS:
        before, known = site.hits.copy(), writes.counts()
        # the kill before has left one epoch at least, and an epoch has three moments
        most = 3 if stage == "checkpoint" else 10**6
        ended = starter.run(site.recipe, space=space, **choose_kill(site, stage, draw, most))
        assert ended.code == -9 and ended.acted, (stage, ended.err)
        assert_nothing_corrupt(space)
        # what was over before this stage is not done again: no request, no decoding
        done = [line for line in ended.err.split("\n") if is_stage_before(line, stage)]
        assert all(line.endswith("cached") for line in done), stage
        assert done or stage in ("collect", "inspect"), ended.err
        if stage not in ("collect", "inspect"):
            assert site.hits == before
        # at most the batches in hand, of each kind of work
        again = Counter(kind for kind, key in writes.counts() - known if known[kind, key])
        assert max(again.values(), default=0) <= LEAST * (os.cpu_count() or 1), (stage, again)
    before = site.hits.copy()
    ended = starter.run(site.recipe, space=space)
    assert ended.code == 0, ended.err
    assert_as_unbroken(site, space, ended.result)
    assert site.hits == before and max(site.hits.values()) <= 2
    assert set(ended.result["cached"]) >= {"collect", "augment", "train", "evaluate", "export"}


def is_stage_before(line: str, stage: str) -> bool:
    """Whether a line tells of a stage that was over when the kill before last came."""
    order = list(MOMENTS)
    told = line.strip().partition(" ")[0]
    # the stage train is over when its last epoch is kept
    told = "checkpoint" if told == "train" else told
    return told in order and order.index(told) < order.index(stage) - 1


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("stage", MOMENTS)
def test_twenty_kills_in_a_stage_lose_nothing(
    starter, site: Site, tmp_path: Path, stage: str
) -> None:
    """From the beginning of the stage, killed again and again until it is over; then once more."""
    draw = random.Random(stage)
    begun = starter.new_space(tmp_path / "begun")
    after, event = MOMENTS[stage]
    starter.run(site.recipe, space=begun, after=after, at=1, **event)
    kills = 0
    # never the same name again: MLflow keeps the database open that it had
    numbers = itertools.count()
    while kills < KILLS:
        space = tmp_path / f"w{next(numbers)}"
        shutil.copytree(begun, space, symlinks=True)
        for _ in range(KILLS):
            ended = starter.run(site.recipe, space=space, **choose_kill(site, stage, draw))
            kills += ended.acted
            assert_nothing_corrupt(space)
            if not ended.acted:
                break
        if ended.acted:
            ended = starter.run(site.recipe, space=space)
        assert ended.code == 0, ended.err
        assert_as_unbroken(site, space, ended.result)
        shutil.rmtree(space)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(3))
def test_kills_at_any_time_lose_nothing(starter, site: Site, tmp_path: Path, seed: int) -> None:
    """By the clock, not by what the run is doing."""
    space, draw = starter.new_space(tmp_path / "w"), random.Random(seed)
    for _ in range(KILLS):
        pid = starter.start("run", site.recipe, space=space)
        time.sleep(draw.uniform(0.5, 6))
        # it may be over: then nobody else has taken its number so soon
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        ended = starter.wait()
        assert_nothing_corrupt(space)
        if ended.code == 0:
            break
    ended = starter.run(site.recipe, space=space)
    same = ("model_digest", "accuracy", "per_class", "stage_counts")
    assert {name: ended.result[name] for name in same} == {name: site.result[name] for name in same}

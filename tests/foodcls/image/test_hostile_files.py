"""A folder of hostile files: each ends as it must, none runs, opens or leaks anything."""

import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from foodcls.augment import augment
from foodcls.collect.collect import CollectRequest, collect
from foodcls.inspect.inspect import inspect
from foodcls.manifest import kept_rows
from foodcls.recipe.data_settings import Augment, Collect, FoodClass, Inspect
from foodcls.store.store import Store

ROOT = Path(__file__).resolve().parents[3]
REASONS = {"not_an_image", "truncated", "broken", "too_many_pixels", "too_small", "blank"}
CLASSES = (FoodClass(name="dish"),)


@pytest.fixture(scope="module")
def hostile_root(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder with the files in photos/dish, and the outcome that each must have."""
    root = tmp_path_factory.mktemp("hostile")
    script = Path(__file__).with_name("hostile_files.py")
    done = subprocess.run(
        [sys.executable, script, root], cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests' / 'fixtures'}"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return root, json.loads(done.stdout)


@pytest.fixture(scope="module")
def inspected(hostile_root) -> tuple[pd.DataFrame, Store]:
    root, _ = hostile_root
    store = Store(root / "store")
    settings = Collect(folder=root / "photos", min_per_class=0)
    manifest = collect(CollectRequest(CLASSES, settings), store).manifest
    return inspect(manifest, store, Inspect(), "phash"), store


def test_every_file_has_its_verdict(hostile_root, inspected) -> None:
    """RELIABILITY I1: no wrong keep, no wrong drop, nothing lost."""
    _, verdicts = hostile_root
    manifest, _ = inspected
    assert len(verdicts) > 120
    assert manifest["origin"].is_unique and set(manifest["origin"]) == set(verdicts)
    found = dict(zip(manifest["origin"], manifest["outcome"], strict=True))
    assert {name: (found[name], wanted) for name, wanted in verdicts.items()
            if found[name] != wanted} == {}  # fmt: skip
    is_kept = manifest["state"] == "kept"
    assert is_kept.tolist() == (manifest["outcome"] == "ok").tolist()
    assert (manifest.loc[~is_kept, "reason"] != "").all()


def test_names_of_all_kinds_lead_to_pictures_of_their_own(inspected) -> None:
    """RELIABILITY T11: twins in Unicode, bytes that are no text, line ends, 255 bytes, options."""
    manifest, store = inspected
    names = [Path(origin).name for origin in manifest["origin"]]
    assert {"süß.jpg", "su\u0308ß.jpg", "-rf", "two%0Alines.jpg", "not%FFutf8.jpg"} <= set(names)
    assert max(len(name.encode()) for name in names) == 255
    kept = kept_rows(manifest)
    assert kept["id"].is_unique and all(store.has(blob) for blob in kept["picture"])
    # a blob is named by its digest alone
    assert all(re.fullmatch("[0-9a-f]{64}", path.name) for path in store.root.glob("blobs/*/*"))


def test_what_is_made_of_them_holds_no_payload(inspected) -> None:
    """RELIABILITY I11: what is added to a picture stays with the original."""
    manifest, store = inspected
    payloads = (b"<?php", b"PK\x03\x04", b"bomb")
    carriers = [digest for digest in kept_rows(manifest)["id"]
                if any(payload in store.read(digest) for payload in payloads)]  # fmt: skip
    assert len(carriers) >= 4
    training = manifest.assign(split="train")
    grown = augment(training, store, Augment(per_class=2 * len(kept_rows(manifest))), ("dish",))
    made = grown[grown["parent"].isin(carriers)]
    assert len(made) >= 4
    for blob in made["picture"]:
        assert not any(payload in store.read(blob) for payload in payloads)


TRACED = """
import sys
from pathlib import Path
from foodcls.collect.collect import CollectRequest, collect
from foodcls.crop.crop import crop
from foodcls.filter.filter import filter_pictures
from foodcls.inspect.inspect import inspect
from foodcls.recipe.data_settings import Collect, Crop, Filter, FoodClass, Inspect
from foodcls.store.store import Store

root = Path(sys.argv[1])
store = Store(root / "traced")
settings = Collect(folder=root / "photos", min_per_class=0)
request = CollectRequest((FoodClass(name="dish"),), settings)
sound = inspect(collect(request, store).manifest, store, Inspect(), "phash")
kept = filter_pictures(sound, Filter(manifest=root / "filter.csv"), ("dish",))
print(len(crop(kept, store, Crop(boxes=root / "boxes.csv"), ("dish",)).problems))
"""
ESCAPES = ["../outside/CANARY.jpg", "{root}/outside/CANARY.jpg", "file://{root}/outside/CANARY.jpg",
           "~/CANARY.jpg", "dish/../../outside/CANARY.jpg", "link.jpg", "tree/CANARY.jpg",
           "n" * 300 + ".jpg"]  # fmt: skip


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_nothing_runs_and_nothing_outside_is_opened(hostile_root, tmp_path) -> None:
    """RELIABILITY I6, I12, T4: looked at from the system calls."""
    root, _ = hostile_root
    names = [name.format(root=root) for name in ESCAPES]
    head = "filename,width,height,class,xmin,ymin,xmax,ymax\n"
    # without a box that can be used the file would be refused as a whole
    head += "$(touch x).png,0,0,dish,0,0,9,9\n"
    (root / "boxes.csv").write_text(head + "".join(f"{name},0,0,dish,0,0,9,9\n" for name in names))
    (root / "filter.csv").write_text("path,keep\n" + "".join(f"{name},no\n" for name in names))
    log = tmp_path / "calls"
    words = ["strace", "-f", "--seccomp-bpf", "-qq", "-s", "4096", "-e", "signal=none", "-e",
             "trace=execve,execveat,open,openat,openat2,connect,unlink,unlinkat,rename", "-o", log,
             sys.executable, "-c", TRACED, root]  # fmt: skip
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    if "ptrace" in done.stderr:
        pytest.skip("this machine lets nobody trace a process")
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == len(names), "each escape is a problem of its own"
    calls = log.read_text()
    # python itself, and the processes that decode
    started = re.findall(r'execve\("([^"]+)", (.*?)\]?, ', calls)
    assert started and {program for program, _ in started} == {sys.executable}
    assert len(re.findall("execve", calls.replace("<... execve", ""))) <= 1 + (os.cpu_count() or 1)
    assert "connect(" not in calls and "openat2(" not in calls
    opened = set(re.findall(r'open(?:at)?\((?:AT_FDCWD, )?"([^"]*)"', calls))
    assert any("plain-0.jpeg" in name for name in opened), "the trace sees what is opened"
    assert not [name for name in opened if "CANARY" in name or "/outside" in name]
    odd = ("link.jpg", "zero.jpg", "pipe.jpg", "socket.jpg", "loop", "tree", "sparse.jpg")
    assert not [name for name in opened if "/photos/" in name and name.endswith(odd)]
    assert not Path("/tmp/CANARY.txt").exists()
    written = re.findall(r'open(?:at)?\((?:AT_FDCWD, )?"([^"]*)", [^)\n]*O_(?:WRONLY|RDWR)', calls)
    places = (str(root / "traced"), "/dev/null", os.environ.get("TMPDIR", "/tmp"))
    assert not [
        name for name in written if not name.startswith(places) and "__pycache__" not in name
    ]


@pytest.mark.parametrize("count", [200, pytest.param(2000, marks=pytest.mark.long)])
def test_mutated_files_cost_a_row_at_most(count: int, inspected, put_rows, store) -> None:
    """RELIABILITY I13: through the stage itself, in processes that may die."""
    manifest, source = inspected
    seeds = [source.read(digest) for digest in sorted(kept_rows(manifest)["id"])]
    seeds = [data for data in seeds if len(data) < 100_000]
    dice = random.Random(13)
    files = []
    for number in range(count):
        data = bytearray(seeds[number % len(seeds)])
        for _ in range(dice.choice((1, 3, 20))):
            data[dice.randrange(min(len(data), dice.choice((64, 10**6))))] = dice.randrange(256)
        files.append((bytes(data), "dish"))
    rows = put_rows(*files)
    slowest = []

    def track(items, total, label):
        last = time.monotonic()
        for item in items:
            yield item
            slowest.append(time.monotonic() - last)
            last = time.monotonic()

    found = inspect(rows, store, Inspect(), "phash", track)
    assert len(found) == count and max(slowest) < 5
    dropped = found[found["state"] == "dropped"]
    assert set(dropped["outcome"]) <= REASONS and (dropped["detail"] != "").all()
    assert 0.1 < len(dropped) / count < 0.9, "the dice hit, and not always"
    assert (found.loc[found["state"] == "kept", "picture"] != "").all()

"""Inspection fills what is sound, drops what is not, and does neither twice."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import imagehash
import numpy as np
import pillow_heif
import pytest
from PIL import Image

from foodcls.image.decode import load_picture
from foodcls.image.hashes import make_draft, pack_hashes
from foodcls.image.quality import measure
from foodcls.inspect.fingerprints import recall_fingerprints
from foodcls.inspect.inspect import Sound, _ask, inspect
from foodcls.inspect.measures import recall_measures
from foodcls.inspect.sandbox import ResourceLimits, WorkerPool
from foodcls.manifest import drop_rows, kept_rows
from foodcls.progress import counting
from foodcls.recipe.data_settings import Inspect

ROOT = Path(__file__).resolve().parents[3]


def test_sound_pictures_are_measured_and_read_from_their_own_bytes(store, noise, encode, put_rows):
    rows = put_rows((encode(noise(1), "JPEG"), "beans"), (encode(noise(2)), "salad"))
    found = inspect(rows, store, Inspect(), "phash")
    assert found["picture"].tolist() == rows["id"].tolist()
    assert found["format"].tolist() == ["JPEG", "PNG"]
    assert found[["width", "height"]].to_numpy().tolist() == [[96, 64], [96, 64]]
    assert (found["hash"].str.len() == 16).all() and (found["state"] == "kept").all()
    assert (rows["picture"] == "").all(), "the argument must not change"


def test_what_is_refused_is_named_by_its_file_alone(store, noise, encode, put_rows, caplog):
    rows = put_rows(
        (b"<html>", "beans", {"origin": "http://me:secret@127.0.0.1/a%20b.jpg?key=secret"}),
        (b"<p>", "beans", {"origin": "/photos/IMG_0001.HEIC"}),
        (b"<svg>", "beans"),
        (encode(noise(3))[:999], "beans", {"origin": "beans/100%25 #1?.jpg"}),
        (encode(noise(2)), "beans"),
    )
    with caplog.at_level("INFO"):
        inspect(rows, store, Inspect(), "phash")
    names = "refused 4: not_an_image 3, e.g. 'a b.jpg'; truncated 1, e.g. '100%25 #1?.jpg'"
    assert names in caplog.text
    assert "secret" not in caplog.text


def test_other_pictures_are_read_from_an_upright_png(store, noise, encode, put_rows):
    exif = Image.Exif()
    exif[0x0112] = 6
    rows = put_rows((encode(noise(1), "JPEG", exif=exif), "beans"))
    found = inspect(rows, store, Inspect(), "phash").iloc[0]
    assert (found["width"], found["height"]) == (64, 96) and found["picture"] != found["id"]
    written = Image.open(store.path(found["picture"]))
    assert (written.format, written.mode, written.size) == ("PNG", "RGB", (64, 96))
    assert "exif" not in written.info


def test_a_heic_is_read_within_the_sandbox_and_kept_as_png(store, noise, encode, put_rows):
    pillow_heif.register_heif_opener()
    rows = put_rows((encode(noise(1, 2000, 1500), "HEIF"), "beans"))
    found = inspect(rows, store, Inspect(), "phash").iloc[0]
    assert (found["state"], found["format"], found["width"]) == ("kept", "HEIF", 2000)
    assert load_picture(store.read(found["picture"])).size == (2000, 1500)


def test_bad_pictures_are_dropped_with_their_reason(store, noise, encode, put_rows):
    jpeg = encode(noise(1), "JPEG")
    rows = put_rows(
        (b"<html>", "beans"),
        (jpeg[: len(jpeg) // 2], "beans"),
        (encode(Image.new("RGB", (64, 64), "white")), "beans"),
        (encode(noise(2, 20, 20)), "beans"),
        (encode(noise(3, 200, 200)), "beans"),
        (encode(noise(4)), "beans"),
    )
    found = inspect(rows, store, Inspect(max_pixels=30_000), "phash")
    reasons = ["not_an_image", "truncated", "blank", "too_small", "too_many_pixels", ""]
    assert found["reason"].tolist() == reasons
    assert found["outcome"].tolist() == [*reasons[:-1], "ok"]
    assert found["stage"].tolist() == ["inspect"] * 5 + [""]
    assert (found["detail"].iloc[:5] != "").all() and len(kept_rows(found)) == 1


def test_dropped_rows_are_left_alone(store, put_rows):
    rows = drop_rows(put_rows((b"no picture", "beans")), {0: "gone"}, "collect")
    assert inspect(rows, store, Inspect(), "phash").equals(rows)


def test_finished_work_is_not_repeated(store, noise, encode, put_rows):
    rows = put_rows((encode(noise(1)), "a"), (b"junk", "a"), (encode(noise(1).convert("L")), "a"))
    decoded = []

    def track(items, total, label):
        decoded.append(total)
        return iter(items)

    first = inspect(rows, store, Inspect(), "phash", track)
    # would be missed if it were read again
    store.path(first["id"].iloc[1]).unlink()
    again = rows.iloc[1:]
    assert inspect(again, store, Inspect(), "phash", track).equals(first.iloc[1:])
    assert decoded == [3, 0]


def test_a_lost_picture_is_made_anew(store, noise, encode, put_rows):
    rows = put_rows((encode(noise(1).convert("L")), "a"))
    first = inspect(rows, store, Inspect(), "phash")
    store.path(first["picture"].iloc[0]).unlink()
    second = inspect(rows, store, Inspect(), "phash")
    assert second.equals(first) and store.is_whole(first["picture"].iloc[0])


def test_the_same_bytes_are_decoded_once(store, noise, encode, put_rows):
    totals = []

    def track(items, total, label):
        totals.append(total)
        return iter(items)

    data = encode(noise(1))
    found = inspect(put_rows((data, "a"), (data, "b")), store, Inspect(), "phash", track)
    assert totals == [1] and found["hash"].nunique() == 1


@pytest.mark.parametrize("kind", ["dhash", "average_hash", "whash", "colorhash", "phash_simple"])
def test_each_hash_is_imagehashs_own(kind, store, noise, encode, put_rows):
    rows = put_rows((encode(noise(1)), "a"))
    found = inspect(rows, store, Inspect(), kind).iloc[0]
    image = make_draft(load_picture(store.read(found["picture"])))
    mirrored = Image.fromarray(np.asarray(image)[:, ::-1])
    # only remembered ones can be had now
    store.path(found["id"]).unlink()
    prints = recall_fingerprints(store, {found["id"]: found["picture"]}, kind)
    hashed = [str(getattr(imagehash, kind)(one)) for one in (image, mirrored)]
    assert pack_hashes(hashed).tolist() == [*prints.hashes, *prints.mirrors]


def test_the_table_tells_one_kind_of_hash_whatever_dedup_compares(store, noise, encode, put_rows):
    rows = put_rows((encode(noise(1)), "a"))
    tables = [inspect(rows, store, Inspect(), kind) for kind in ("phash", "dhash", "colorhash")]
    image = make_draft(load_picture(store.read(tables[0]["picture"].iloc[0])))
    for found in tables:
        assert found["hash"].iloc[0] == str(imagehash.phash(image))


def test_another_version_of_what_decodes_decodes_all_anew(store, noise, encode, put_rows, upgrade):
    rows = put_rows((encode(noise(1)), "a"), (encode(noise(2)), "a"))

    def work() -> list[int]:
        with counting() as tally:
            found = inspect(rows, store, Inspect(), "dhash")
            recall_measures(store, found["id"])
            recall_fingerprints(
                store, dict(zip(found["id"], found["picture"], strict=True)), "dhash"
            )
        return [item.anew for item in tally.values()]

    assert work() == [2, 0, 0]
    assert work() == [0, 0, 0]
    upgrade("pillow")
    assert work() == [2, 0, 0]


def test_pictures_are_measured_while_they_are_decoded(store, noise, encode, put_rows):
    image = noise(1, 90, 70)
    found = inspect(put_rows((encode(image), "a")), store, Inspect(), "phash")
    # only a remembered measure can be had now
    store.path(found["id"].iloc[0]).unlink()
    assert recall_measures(store, list(found["id"])) == {found["id"].iloc[0]: measure(image)}


def test_pictures_that_break_their_decoder_are_lost_alone(
    store, noise, encode, put_rows, hostile, monkeypatch
):
    deeds = {3: b"segfault", 7: b"loop", 11: b"hoard"}
    files = [encode(noise(seed), "JPEG") + deeds.get(seed, b"") for seed in range(16)]
    rows = put_rows(*((data, "beans") for data in files))
    monkeypatch.setattr("foodcls.inspect.inspect.SPARE_SECONDS", 1)
    monkeypatch.setattr("foodcls.inspect.inspect.EXAMINE", f"{hostile}:examine")
    found = inspect(rows, store, Inspect(max_pixels=10_000), "phash")
    lost = found["reason"][found["state"] == "dropped"]
    assert lost.to_dict() == {3: "decoder_crash", 7: "timeout", 11: "decoder_crash"}
    assert "SIGSEGV" in found["detail"][3] and "1 s of computing" in found["detail"][7]
    # what a decoder broke on once is tried again, here by one that does not
    monkeypatch.undo()
    again = inspect(rows, store, Inspect(max_pixels=10_000), "phash")
    assert (again["state"] == "kept").all()
    sound = ~found.index.isin(lost.index)
    assert again[sound].equals(found[sound])


PANORAMAS = """
import os, sys, threading, time
from pathlib import Path
os.cpu_count = lambda: 4
from foodcls.inspect import sandbox
from foodcls.work import memo
sandbox.WORTH_SEARCHING = memo.LEAST = 1
from foodcls.inspect.fingerprints import recall_fingerprints
from foodcls.inspect.inspect import Sound, _ask, inspect
from foodcls.manifest import new_manifest
from foodcls.progress import counting
from foodcls.recipe.data_settings import Inspect
from foodcls.store.store import Store

store, digests = Store(Path(sys.argv[1])), sys.argv[2:]
rows = new_manifest({"id": one, "label": "a", "origin": one, "outcome": "ok", "state": "kept"}
                    for one in digests)
peak = processes = 0

def weigh(process):
    try:
        parent = int(process.joinpath("stat").read_text().rpartition(")")[2].split()[1])
        lines = process.joinpath("smaps_rollup").read_text() if parent == os.getpid() else ""
        return [int(line.split()[1]) for line in lines.splitlines() if line.startswith("Pss:")]
    except OSError:
        return []

def watch():
    global peak, processes
    while True:
        weights = sum(map(weigh, Path("/proc").glob("[0-9]*")), [])
        peak, processes = max(peak, sum(weights)), max(processes, len(weights))
        time.sleep(0.1)

threading.Thread(target=watch, daemon=True).start()
found = inspect(rows, store, Inspect(), "phash")
print((found["outcome"] == "ok").sum(), processes, peak // 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="needs Linux's /proc")
def test_many_workers_decode_one_large_picture_at_a_time(store, encode):
    """RELIABILITY I15: 40 million pixels in each of four files, and four processes."""
    panorama = Image.linear_gradient("L").resize((8000, 5000)).convert("RGB")
    data = encode(panorama, "JPEG")
    # a comment behind the start of the file: other bytes, so another picture
    files = [data[:2] + b"\xff\xfe\x00\x03%d" % number + data[2:] for number in range(4)]
    words = [sys.executable, "-c", PANORAMAS, store.root, *map(store.put, files)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    sound, processes, peak = map(int, done.stdout.split())
    assert (sound, processes) == (4, 4)
    # megabytes: 60 a process, and 480 for one such picture; all four at once take 1,200
    assert peak < 60 * 4 + 480


SOUND = {"format": "PNG", "width": 96, "height": 64, "hash": "0f", "mirror_hash": "0f"}
PRINT = {"hash": "0f", "mirror_hash": "0f", "thumbnail": "A" * 4096}
MEASURED = dict.fromkeys(("sharpness", "brightness", "contrast", "information", "elongation"), 1.0)
TOLD = {"fact": SOUND, "fingerprint": PRINT, "measures": {**MEASURED, "side": 64}}


@pytest.mark.parametrize(
    "told",
    [
        7, [], "fact", {}, {"fact": 1}, {"fact": SOUND}, {"fact": {"reason": "broken"}},
        TOLD | {"fact": {**SOUND, "width": "wide"}}, TOLD | {"fact": {**SOUND, "hash": "no hash"}},
        TOLD | {"fingerprint": {**PRINT, "thumbnail": "AAAA"}}, TOLD | {"measures": MEASURED},
        TOLD | {"fingerprint": {**PRINT, "hash": "f" * 17}}, TOLD | {"fingerprint": [1]},
        TOLD | {"fact": {**SOUND, "width": 10**30}}, TOLD | {"fact": {**SOUND, "format": "\ud800"}},
        {"fact": {"reason": "\ud800", "detail": ""}},
        {"fact": {"reason": "broken", "detail": "x" * 10_000}},
        {"fact": {"reason": "broken\x1b[2J", "detail": ""}},
    ],
    ids=range(18),
)  # fmt: skip
def test_an_answer_of_another_kind_costs_one_picture(told):
    pool = SimpleNamespace(ask=lambda request: told)
    assert _ask(pool, {}).reason == "decoder_crash"
    assert isinstance(_ask(SimpleNamespace(ask=lambda request: TOLD), {}), Sound)


@pytest.mark.parametrize("words", ['{"failed": {"a": 1}}', '{"failed": "\\ud800"}'])
def test_a_failure_that_is_told_in_another_kind_costs_one_picture(hostile, words):
    pool = WorkerPool(f"{hostile}:claim", ResourceLimits(memory=1 << 30, cpu=20))
    assert _ask(pool, {"words": words}).reason == "decoder_crash"
    pool.end()

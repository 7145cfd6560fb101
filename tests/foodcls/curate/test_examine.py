"""One look at a picture tells all; what looks is light."""

import subprocess
import sys
from contextlib import nullcontext
from dataclasses import asdict

import pytest

from foodcls.curate.decode import load_picture
from foodcls.curate.examine import examine
from foodcls.curate.hashes import look_at
from foodcls.curate.measures import measure


@pytest.fixture
def look(store):
    def at(data):
        question = {"max_pixels": 10**6, "min_side": 32, "hash_kind": "phash"}
        question |= {"store": str(store.root), "digest": store.put(data)}
        return examine(question, nullcontext())

    return at


def test_a_sound_picture_is_read_from_its_own_bytes(look, store, noise, encode):
    data = encode(noise(1), "JPEG")
    image = load_picture(data)
    found = look(data)
    assert found["look"] == asdict(look_at(image, "phash"))
    assert found["measures"] == asdict(measure(image))
    assert store.read(found["fact"]["picture"]) == data
    assert (found["fact"]["width"], found["fact"]["height"]) == (96, 64)


def test_another_is_written_as_png(look, store, noise, encode):
    found = look(encode(noise(1).convert("CMYK"), "JPEG"))
    assert found["fact"]["format"] == "JPEG"
    assert store.read(found["fact"]["picture"]).startswith(b"\x89PNG")


def test_a_bad_one_has_its_reason_alone(look):
    assert look(b"<html>")["fact"]["reason"] == "not_an_image"
    assert list(look(b"<html>")) == ["fact"]


def test_nothing_heavy_is_imported():
    # each process pays for what it imports, in time and in memory
    code = "import sys, foodcls.curate.confined, foodcls.curate.examine; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"pandas", "torch", "prefect", "pydantic", "matplotlib"} & set(done.stdout.split())

"""One look at a picture tells all; what looks is light."""

import subprocess
import sys
from contextlib import nullcontext
from dataclasses import asdict

from foodcls.image.decode import load_picture
from foodcls.image.hashes import look_at
from foodcls.image.quality import measure
from foodcls.inspect.examine import examine


def look(data):
    question = {"max_pixels": 10**6, "min_side": 32, "hash_kind": "phash", "data": data}
    return examine(question, nullcontext())


def test_a_sound_picture_tells_all_and_stays_as_it_is(noise, encode):
    data = encode(noise(1), "JPEG")
    image = load_picture(data)
    found = look(data)
    assert found["look"] == asdict(look_at(image, "phash"))
    assert found["measures"] == asdict(measure(image))
    assert (found["fact"]["width"], found["fact"]["height"]) == (96, 64)
    assert "data" not in found


def test_another_comes_as_png(noise, encode):
    found = look(encode(noise(1).convert("CMYK"), "JPEG"))
    assert found["fact"]["format"] == "JPEG"
    assert found["data"].startswith(b"\x89PNG")


def test_a_bad_one_has_its_reason_alone():
    assert look(b"<html>")["fact"]["reason"] == "not_an_image"
    assert list(look(b"<html>")) == ["fact"]
    assert look(b"")["fact"]["reason"] == "not_an_image"


def test_nothing_heavy_is_imported():
    # each process pays for what it imports, in time and in memory
    code = (
        "import sys, foodcls.inspect.sandbox_worker, foodcls.inspect.examine; print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"pandas", "torch", "prefect", "pydantic", "matplotlib"} & set(done.stdout.split())

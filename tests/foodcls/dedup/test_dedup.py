"""One row of each picture stays, look-alikes stay apart, and order plays no part."""

import random

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

from foodcls.dedup import hamming
from foodcls.dedup.dedup import dedup
from foodcls.inspect.inspect import inspect
from foodcls.manifest import kept_rows
from foodcls.recipe.data_settings import Dedup, Inspect
from foodcls.sample.brush import Stroke
from foodcls.sample.dishes import DISHES
from foodcls.sample.render import Camera, paint


@pytest.fixture
def dedup_files(store, put_rows):
    def run(*files, settings=None):
        settings = settings or Dedup()
        sound = inspect(put_rows(*files), store, Inspect(), settings.hash)
        return dedup(sound, store, settings).manifest

    return run


def watermark(image):
    marked = image.copy()
    ImageDraw.Draw(marked).text((20, 20), "STOCK", fill="white")
    return marked


def crop_share(image, share):
    aside, above = round(image.width * share), round(image.height * share)
    return image.crop((aside, above, image.width - aside, image.height - above))


@pytest.mark.parametrize("turn", [f"ROTATE_{degrees}" for degrees in (90, 180, 270)])
def test_a_photo_and_itself_turned_are_never_parted(turn, noise, encode, dedup_files):
    pictures = [noise(seed, 320, 240) for seed in range(4)]
    turned = [picture.transpose(Image.Transpose[turn]).resize((180, 200)) for picture in pictures]
    files = [(encode(one, "JPEG"), "beans") for one in (*pictures, *turned)]
    found = dedup_files(*files)
    assert len(kept_rows(found)) == 8
    names = found["cluster"].tolist()
    assert names[:4] == names[4:] and len(set(names)) == 4


EDITS = {
    "smaller": lambda image: image.resize((160, 120)),
    "mirrored": ImageOps.mirror,
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.15),
    "watermark": watermark,
    "2 % off each side": lambda image: crop_share(image, 0.02),
    "mirrored and cropped": lambda image: ImageOps.mirror(crop_share(image, 0.02)),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_edited_copies_are_found(edit, noise, encode, dedup_files):
    originals = [noise(seed, 320, 240) for seed in range(5)]
    files = [*map(encode, originals),
             *(encode(edit(original), "JPEG", quality=80) for original in originals)]  # fmt: skip
    whole = dedup_files(*((data, "beans") for data in files))
    assert len(kept_rows(whole)) == len(originals)
    for seed in range(len(originals)):
        found = whole.iloc[[seed, seed + len(originals)]]
        (keeper,) = kept_rows(found)["id"]
        (dropped,) = found[found["state"] == "dropped"].itertuples()
        assert dropped.stage == "dedup" and dropped.duplicate_of == keeper
        assert "distance" in dropped.reason and found["cluster"].tolist() == [keeper] * 2


def test_reasons_tell_how(noise, encode, dedup_files):
    image = noise(1, 320, 240)
    data = encode(image)
    found = dedup_files(
        (data, "a"),
        (data, "a"),
        (encode(image, "BMP"), "a"),
        (encode(ImageOps.mirror(image).resize((160, 120)), "JPEG"), "a"),
    )
    assert sorted(found["reason"]) == ["", "exact copy", "mirrored, distance 0", "same pixels"]


def test_different_pictures_stay(noise, encode, dedup_files):
    found = dedup_files(*((encode(noise(seed)), "a") for seed in range(30)))
    assert len(kept_rows(found)) == 30 and found["cluster"].tolist() == found["id"].tolist()


def plate(color, seed=0):
    """A bowl on a white table; its soup alone differs."""
    picture = Image.new("RGB", (320, 240), "white")
    pen = ImageDraw.Draw(picture)
    pen.ellipse((60, 20, 260, 220), fill=(225, 225, 230))
    pen.ellipse((80, 40, 240, 200), fill=color)
    grain = np.random.default_rng(seed).normal(0, 2, (240, 320, 1))
    return Image.fromarray(np.clip(np.asarray(picture) + grain, 0, 255).astype(np.uint8))


@pytest.mark.parametrize("kind", ["phash", "average_hash", "dhash", "whash"])
def test_soups_of_other_colors_stay(kind, encode, dedup_files):
    soups = [(190, 60, 30), (90, 140, 50), (225, 165, 60)]
    files = [(encode(plate(color, seed)), "soup") for seed, color in enumerate(soups)]
    found = dedup_files(*files, settings=Dedup(hash=kind))
    assert len(kept_rows(found)) == 3


def test_vetoed_soups_are_counted(encode, put_rows, store):
    """Hashes take two soups on white for one picture; the thumbnails say no, and that is told."""
    files = [(encode(plate(color)), "soup") for color in [(190, 60, 30), (90, 140, 50)]]
    sound = inspect(put_rows(*files), store, Inspect(), "phash")
    found = dedup(sound, store, Dedup(distance=10))
    assert len(kept_rows(found.manifest)) == 2
    assert found.distances.vetoed_within == 1 and sum(found.distances.confirmed) == 0


SOUPS = [(190, 60, 30), (225, 140, 40), (120, 160, 60), (50, 90, 40), (200, 170, 90),
         (150, 130, 110), (140, 20, 50), (150, 90, 50)]  # fmt: skip


@pytest.mark.parametrize("distance", [6, 10])
def test_eight_soups_in_one_bowl_stay(distance, encode, dedup_files):
    """RELIABILITY L5: no grain differs, the color alone."""
    files = [(encode(plate(color)), "soup") for color in SOUPS]
    files += [(encode(plate(color), "JPEG", quality=70), "soup") for color in SOUPS]
    found = dedup_files(*files, settings=Dedup(distance=distance))
    kept = kept_rows(found)
    assert len(kept) == 8 and set(kept["format"]) == {"PNG"}


@pytest.fixture(scope="module")
def served():
    """Each of 13 drawn dishes six times on white, as large and in the middle: (label, picture)."""
    camera = Camera(160, 120, 46, 0.0, 1.0, (0.0, 0.0))
    ground = np.asarray(paint([Stroke(np.zeros((3, 2)), (0, 0, 0), 0)], camera))[0, 0]
    pictures = []
    for label, draw in DISHES.items():
        for seed in range(6):
            pixels = np.array(paint(draw(random.Random(seed)), camera))
            pixels[(pixels == ground).all(axis=2)] = 255
            pictures.append((label, Image.fromarray(pixels[:, :, :3])))
    return pictures


def test_dishes_on_white_stay(served, encode, dedup_files):
    """RELIABILITY L5: as a whole such pictures are nearly one, for all the white around."""
    files = [(encode(image), label) for label, image in served]
    copies = [(encode(image.resize((120, 90)), "JPEG"), label) for label, image in served[::5]]
    for distance in (6, 10):
        found = dedup_files(*files, settings=Dedup(distance=distance))
        assert found["reason"].tolist() == [""] * len(files)
        # nor do look-alikes chain: a cluster of half the dishes could not be split
        assert found.groupby("cluster").size().max() <= 8
        again = dedup_files(*files, *copies, settings=Dedup(distance=distance))
        assert (again["stage"] == "dedup").sum() == len(copies)


def test_dishes_on_one_plate_stay(encode, dedup_files):
    dishes = []
    for seed in range(6):
        picture = plate((230, 230, 230))
        pen, dice = ImageDraw.Draw(picture), np.random.default_rng(seed)
        for _ in range(25):
            x, y = dice.integers(100, 200), dice.integers(60, 160)
            pen.ellipse(
                (x, y, x + 30, y + 20), fill=tuple(int(v) for v in dice.integers(0, 220, 3))
            )
        dishes.append((encode(picture), "dish"))
    assert len(kept_rows(dedup_files(*dishes))) == 6


def test_the_largest_is_kept_whatever_the_order(noise, encode, dedup_files, store):
    image = noise(1, 320, 240)
    sizes = [(160, 120), (320, 240), (80, 60), (240, 180)]
    files = [(encode(image.resize(size)), "a") for size in sizes]
    files += [(encode(noise(seed)), "b") for seed in range(2, 8)]
    whole = dedup_files(*files, *files[:3])
    outcome = {
        (row.id, row.origin): (row.state, row.reason, row.cluster) for row in whole.itertuples()
    }
    assert kept_rows(whole)["width"].max() == 320 and len(kept_rows(whole)) == 7
    for seed in range(8):
        mixed = whole.sample(frac=1, random_state=seed).assign(
            state="kept", stage="", reason="", cluster="", duplicate_of=""
        )
        again = dedup(mixed, store, Dedup()).manifest
        assert again.index.tolist() == mixed.index.tolist()
        assert {
            (row.id, row.origin): (row.state, row.reason, row.cluster) for row in again.itertuples()
        } == outcome


def test_tiles_do_not_change_the_survivors(noise, encode, dedup_files, monkeypatch):
    images = [noise(seed, 320, 240) for seed in range(8)]
    images += [edit(images[number]) for number, edit in enumerate(EDITS.values())]
    files = [(encode(image), "a") for image in images]
    whole = dedup_files(*files)
    assert len(kept_rows(whole)) == 8
    for rows, columns in [(1, 3), (2, 4096), (128, 5)]:
        monkeypatch.setattr(hamming, "ROWS", rows)
        monkeypatch.setattr(hamming, "COLUMNS", columns)
        assert dedup_files(*files).equals(whole), (rows, columns)


def test_likeness_is_not_passed_on(noise, encode, dedup_files):
    """A slow fade from one picture to another: each step resembles the next, not the last."""
    first, last = noise(1, 320, 240), noise(2, 320, 240)
    steps = [Image.blend(first, last, share) for share in np.linspace(0, 1, 30)]
    found = dedup_files(*((encode(step), "a") for step in steps))
    kept = kept_rows(found)
    assert 2 <= len(kept) < 30
    assert set(found.loc[found["state"] == "dropped", "duplicate_of"]) <= set(kept["id"])
    assert found["cluster"].nunique() == 1, "what is linked step by step is not parted"


def test_test_rows_are_never_dropped_and_win(noise, encode, dedup_files):
    image = noise(1, 320, 240)
    test = {"source": "test"}
    found = dedup_files(
        (encode(image), "beans"),
        (encode(image.resize((160, 120))), "beans", test),
        (encode(image.resize((100, 75))), "beans", test),
        (encode(image.resize((90, 70))), "salad"),
    )
    assert found["state"].tolist() == ["dropped", "kept", "kept", "dropped"]
    assert found["duplicate_of"].iloc[0] == found["id"].iloc[1]
    assert found["reason"].iloc[0].endswith("of a test picture")
    assert found["cluster"].nunique() == 1


@pytest.mark.parametrize("change", [lambda image: image, EDITS["smaller"]], ids=["exact", "near"])
def test_a_picture_under_two_labels_is_dropped_from_both(change, noise, encode, dedup_files):
    image = noise(1, 320, 240)
    files = [
        (encode(image), "beans"),
        (encode(change(image)), "salad"),
        (encode(noise(2)), "salad"),
    ]
    found = dedup_files(*files)
    assert found["state"].tolist() == ["dropped", "dropped", "kept"]
    assert found["reason"].tolist()[:2] == [
        "label conflict: also salad",
        "label conflict: also beans",
    ]


def test_lost_memory_is_made_anew(noise, encode, dedup_files, put_rows, store):
    files = [(encode(noise(1, 320, 240)), "a"), (encode(noise(1, 160, 120)), "a")]
    sound = inspect(put_rows(*files), store, Inspect(), "phash")
    first = dedup(sound, store, Dedup()).manifest
    (store.root / "facts.sqlite").unlink()
    for rest in store.root.glob("facts.sqlite-*"):
        rest.unlink()
    assert dedup(sound, type(store)(store.root), Dedup()).manifest.equals(first)


def test_nothing_is_a_manifest_too(dedup_files):
    assert len(dedup_files()) == 0

"""Pictures without a box get a proposed one, in a table that crop leaves alone until accepted."""

import csv
import logging

import pytest
from PIL import Image, ImageDraw

from foodcls.crop.crop import crop
from foodcls.crop.proposals import Proposal, propose_boxes, read_refused, write_proposals
from foodcls.inspect.inspect import inspect
from foodcls.manifest import drop_rows
from foodcls.recipe.data_settings import Crop, Inspect

LABELS = ("apple", "pear")


def disc(left):
    """A red disc of 40 pixels on white."""
    image = Image.new("RGB", (160, 120), "white")
    ImageDraw.Draw(image).ellipse((left, 40, left + 40, 80), "red")
    return image


@pytest.fixture
def manifest(store, encode, put_rows):
    files = [(encode(disc(left)), LABELS[left // 60]) for left in (20, 50, 80, 110)]
    return inspect(put_rows(*files), store, Inspect(), "phash").assign(cluster="c")


@pytest.fixture
def table(manifest, store, tmp_path):
    path = tmp_path / "proposals.csv"
    write_proposals(propose_boxes(manifest, store), path)
    return path


def test_each_row_is_marked_as_proposed(manifest, table):
    rows = list(csv.DictReader(table.open(newline="")))
    assert [row["filename"] for row in rows] == manifest["id"].tolist()
    assert {(row["width"], row["height"], row["proposed"]) for row in rows} == {
        ("160", "120", "true")
    }
    assert all(int(row["xmin"]) < int(row["xmax"]) for row in rows)


def test_only_kept_originals_without_a_box_get_one(manifest, store):
    changed = drop_rows(manifest, {0: "by hand"}, "filter")
    changed.loc[1, "box"] = "1,1,20,20"
    changed.loc[2, "parent"] = changed.loc[3, "id"]
    proposals = propose_boxes(changed, store)
    assert [item.id for item in proposals] == [manifest["id"][3]]


def test_refused_pictures_are_left_out(manifest, store, tmp_path):
    path = tmp_path / "refused.csv"
    assert read_refused(path) == set()
    path.write_text(f"filename,class\n{manifest['id'][1]},apple\n")
    proposals = propose_boxes(manifest, store, refused=read_refused(path))
    assert [item.id for item in proposals] == manifest["id"][[0, 2, 3]].tolist()


def test_a_picture_of_nothing_gets_none(store, encode, put_rows):
    plain = Image.new("RGB", (160, 120), "white")
    plain.paste("black", (0, 0, 160, 60))
    rows = inspect(put_rows((encode(plain), "apple")), store, Inspect(), "phash")
    assert propose_boxes(rows, store) == ()


def test_what_was_proposed_is_remembered(manifest, store, monkeypatch):
    first = propose_boxes(manifest, store)
    monkeypatch.setattr("foodcls.crop.proposals.propose_box", lambda image: 1 / 0)
    assert propose_boxes(manifest, store) == first


def test_crop_waits_for_acceptance(manifest, store, table, caplog):
    with caplog.at_level(logging.INFO, "foodcls"):
        cropped = crop(manifest, store, Crop(boxes=table), LABELS)
    assert cropped.manifest.equals(manifest)
    assert {item.reason for item in cropped.problems} == {"proposed, not accepted"}
    assert "4 rows proposed, not accepted" in caplog.text


def test_crop_takes_proposals_when_the_recipe_says_so(manifest, store, table):
    cropped = crop(manifest, store, Crop(boxes=table, proposed=True), LABELS)
    assert (cropped.manifest["box"] != "").all() and cropped.problems == ()


def test_a_proposal_is_written_as_crop_reads_it(tmp_path):
    path = tmp_path / "proposals.csv"
    write_proposals([Proposal("ab" * 32, "apple, red", (160, 120), (1, 2, 30, 40))], path)
    header, row = path.read_text().splitlines()
    assert header == "filename,width,height,class,xmin,ymin,xmax,ymax,proposed"
    assert row == f'{"ab" * 32},160,120,"apple, red",1,2,30,40,true'

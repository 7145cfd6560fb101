"""A box lies on the picture that its tool means, by one rule for all tools, or on none."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foodcls.crop.boxes import Box
from foodcls.crop.matching import find_pictures, index_names
from foodcls.manifest import new_manifest

CHAT = "WhatsApp Image 2024-05-01 at 12.01.11 (1).jpg"
HASH = "1a2b3c4d"


def box(name, label="bread", size=(0, 0), **more):
    return Box(1, name, label, (1, 2, 3, 4), size, **more)


def find(boxes, manifest, names="both"):
    """What boxes mean, whether all rows are indexed or, as `crop` does, those they may mean."""
    found = find_pictures(boxes, index_names(manifest, boxes), names)
    assert found == find_pictures(boxes, index_names(manifest), names)
    return found


def pictures(*origins, size=(240, 180)):
    """A manifest of pictures whose class is the folder that they lie in."""
    return new_manifest(
        {"id": f"{number:064x}", "origin": origin, "label": re.split("[/\\\\]", origin)[-2],
         "outcome": "ok", "state": "kept", "width": size[0], "height": size[1]}
        for number, origin in enumerate(origins)
    )  # fmt: skip


MANIFEST = pictures(
    "photos/bread/bread_00.jpg", "photos/soup/soup_00.jpg", f"photos/bread/{CHAT}",
    "photos/bread/000001.jpg", "photos/soup/000001.jpg", "photos/bread/Caf\xe9.JPG",
    "https://host/bread/web.jpg?width=640", "photos/bread/cre\u0300me.png",
)  # fmt: skip


@pytest.mark.parametrize(
    "name, row",
    [
        ("bread_00.jpg", 0),
        ("photos/bread/bread_00.jpg", 0),
        ("bread_00", 0),
        ("BREAD_00.JPG", 0),
        ("JPEGImages/bread_00.jpg", 0),
        ("C:\\Users\\someone\\Pictures\\bread_00.jpg", 0),
        ("file:/home/someone/bread_00.jpg", 0),
        (f"images/{HASH}-bread_00.jpg", 0),
        (f"..\\..\\label-studio\\media\\upload\\4\\{HASH}-bread_00.jpg", 0),
        (f"{HASH}-bread_00", 0),
        ("https://bucket.example/photos/bread_00.jpg?X-Amz-Signature=0a1b", 0),
        ("/data/local-files/?d=other/bread_00.jpg", 0),
        ("bread_00_jpg.rf.0c1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f", 0),
        (f"/data/upload/3/{HASH}-WhatsApp_Image_2024-05-01_at_12.01.11_1.jpg", 2),
        ("WhatsApp-Image-2024-05-01-at-12-01-11-1-_jpg.rf.0c1d2e3f4a5b.jpg", 2),
        (CHAT.replace(" ", "%20"), 2),
        ("soup/000001.jpg", 4),
        ("train/soup/000001.jpg", 4),
        ("cafe\u0301.jpg", 5),
        ("web.jpg", 6),
        ("https://host/bread/web.jpg", 6),
        ("https://host/bread/web.jpg?width=640", 6),
        (f"{HASH}-creme.png", 7),  # Label Studio leaves out marks that combine
        (f"{7:064x}", 7),
    ],
)
def test_a_picture_is_found_by_every_name_that_tools_give_it(name, row):
    (found,) = find([box(name, label="none")], MANIFEST)
    assert found.rows == (row,) and not found.problem


@pytest.mark.parametrize(
    "name",
    ["other_bread_00.jpg", "read_00.jpg", "", "jpg", "soup/bread_00.jpg", "bread_00.png",
     "https://elsewhere/web.jpg", f"{HASH}-", "bread_000.jpg", "WhatsApp_Image.jpg"],
)  # fmt: skip
def test_no_box_goes_to_a_neighbor(name):
    assert find([box(name)], MANIFEST)[0].problem == "no such picture"


def test_where_names_repeat_the_class_decides_and_then_the_size():
    found = find([box("000001.jpg"), box("000001.jpg", "soup")], MANIFEST)
    assert [item.rows for item in found] == [(3,), (4,)]
    twins = pictures("a/bread/1.jpg", "b/bread/1.jpg").assign(width=[240, 60])
    assert find([box("1.jpg", size=(60, 180))], twins)[0].rows == (1,)
    thumbs = pictures("a/bread/1.jpg", "a/bread/thumbs/1.jpg").assign(label="bread")
    assert find([box("1.jpg")], thumbs)[0].rows == (0,)


def test_what_stays_open_is_refused_with_those_between_whom_it_is():
    twins = pictures("a/bread/1.jpg", "b/bread/1.jpg")
    (found,) = find([box("1.jpg")], twins)
    assert not found.rows
    assert "2 pictures are called so (a/bread/1.jpg, b/bread/1.jpg)" in found.problem


def test_a_picture_with_boxes_of_two_classes_is_not_found_by_the_class_of_one():
    boxes = [box("000001.jpg", label, file="1.xml") for label in ("bread", "soup")]
    assert all("2 pictures" in item.problem for item in find(boxes, MANIFEST))


def test_the_files_own_folder_tells_which_of_two_it_means():
    boxes = [box("000001.jpg", "x", own_name=f"xml/{name}/000001") for name in ("bread", "soup")]
    assert [item.rows for item in find(boxes, MANIFEST)] == [(3,), (4,)]


def test_a_stale_name_inside_a_renamed_file_is_a_conflict_that_is_named():
    stale = box("soup_00.jpg", own_name="bread_00", file="bread_00.xml")
    (found,) = find([stale], MANIFEST)
    assert not found.rows
    assert "soup/soup_00.jpg by what the file says, photos/bread/bread_00.jpg" in found.problem
    assert "set crop.names" in found.problem
    assert find([stale], MANIFEST, "inside")[0].rows == (1,)
    assert find([stale], MANIFEST, "file")[0].rows == (0,)


def test_two_names_that_may_be_of_one_picture_are_refused():
    # uploads of two files of one name, of which one only is here; a picture and its changed copies
    for names in ([f"{HASH}-bread_00.jpg", "5e6f7a8b-bread_00.jpg"],
                  [f"bread_00_jpg.rf.{'0' * 8}{number}" for number in range(3)],
                  ["C:/a/bread_00.jpg", "C:/b/bread_00.jpg"]):  # fmt: skip
        found = find([box(name) for name in names], MANIFEST)
        assert all("several names" in item.problem and names[0] in item.problem for item in found)


def test_a_name_that_two_pictures_have_once_a_tool_respelled_it_is_refused():
    twins = pictures("p/bread/ .jpg", "p/bread/) .jpg")
    assert "2 pictures" in find([box(f"{HASH}-_.jpg")], twins)[0].problem


def test_of_two_names_the_one_as_it_is_called_stands():
    found = find([box("bread_00.jpg"), box(f"{HASH}-bread_00.jpg")], MANIFEST)
    assert [item.rows for item in found] == [(0,), ()]


def test_a_copy_of_the_named_file_counts():
    copies = pictures("a/bread/1.jpg", "b/bread/2.jpg").assign(id="0" * 64)
    assert find([box("1.jpg")], copies)[0].rows == (0, 1)


STEMS = st.text(st.sampled_from("aA1-_ ()%.\xe9\u0301"), min_size=1, max_size=6)


@settings(max_examples=50)
@given(st.lists(STEMS, min_size=1, max_size=5, unique=True), st.data())
def test_whatever_a_tool_adds_the_box_is_on_its_own_picture_or_on_none(stems, data):
    names = [f"{stem}.jpg" for stem in stems]
    own = data.draw(st.sampled_from(names))
    stored = re.sub(r"[^-\w.]", "", own.replace(" ", "_"))
    written = data.draw(st.sampled_from(
        [own, f"C:\\x\\{own}", f"{HASH}-{stored}", f"/data/upload/1/{HASH}-{stored}",
         f"{own[:-4]}_jpg.rf.0c1d2e3f4a5b.jpg", f"images/{own}"]
    ))  # fmt: skip
    (found,) = find([box(written)], pictures(*(f"p/bread/{name}" for name in names)))
    assert found.rows in ((), (names.index(own),)) and bool(found.rows) != bool(found.problem)

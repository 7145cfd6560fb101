"""Label Studio's regions are percent, whatever the export; turned ones get the box around."""

import pytest

from foodcls.crop.boxes import read_boxes
from foodcls.crop.formats.detect import detect_format
from foodcls.crop.formats.label_studio import picture_names

SIDES = {"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0}
SIZE = {"original_width": 1000, "original_height": 500}
NAMED = {"rectanglelabels": ["apple"]}


def task(value, annotation=None, **more):
    result = {"type": "rectanglelabels", **SIZE, **more, "value": value}
    return {"data": {"image": "a.jpg"}, "annotations": [{"result": [result]} | (annotation or {})]}


@pytest.fixture
def read(put):
    return lambda tasks: read_boxes(put("ls.json", tasks), ("apple", "pear"))


@pytest.mark.parametrize(
    "value, edges",
    [
        (SIDES, (10, 20, 40, 60)),
        # as in the tool's own report of a picture twice as wide as high
        ({**SIDES, "x": 30, "height": 20, "rotation": 90}, (20, 20, 30, 80)),
        ({**SIDES, "x": 40, "y": 60, "rotation": 180}, (10, 20, 40, 60)),
        ({"points": [[10, 60], [40, 30], [20, 20]]}, (10, 20, 40, 60)),
    ],
    ids=["plain", "quarter", "half", "polygon"],
)
def test_a_region_is_the_box_around_it(read, value, edges):
    boxes, problems = read([task({**value, **NAMED})])
    assert [(box.label, box.size) for box in boxes] == [("apple", (1000, 500))] and not problems
    assert boxes[0].edges == pytest.approx(edges)


def test_the_short_json_reads_the_same(read, put):
    small = [{"id": 1, "image": "a.jpg", "fruit": [{**SIDES, **SIZE, **NAMED}]}]
    assert detect_format(put("min.json", small)).name == "label_studio_json"
    assert read(small) == read([task({**SIDES, **NAMED})])


def test_a_column_of_any_name_may_hold_the_boxes(put):
    cell = '"[{""x"":10,""y"":20,""width"":30,""height"":40,""rectanglelabels"":[""apple""]}]"'
    boxes, _ = read_boxes(put("ls.csv", f"image,fruit\na.jpg,{cell}\nb.jpg,\n"), ("apple",))
    assert [(box.number, box.name, box.edges) for box in boxes] == [(2, "a.jpg", (10, 20, 40, 60))]


def test_a_broken_cell_is_a_problem(put):
    head = "image,label,annotation_id,lead_time\n"
    boxes, problems = read_boxes(put("ls.csv", f'{head}a.jpg,"[{{",1,2\n'), ("apple",))
    assert not boxes and problems[0].number == 2 and "not JSON" in problems[0].reason


def test_what_is_cancelled_guessed_or_no_region_does_not_count(read):
    good = task({**SIDES, **NAMED})
    guess = {"data": {"image": "a.jpg"}, "annotations": [], "predictions": good["annotations"]}
    choice = task({"choices": ["apple"]})
    assert read([task({**SIDES, **NAMED}, {"was_cancelled": True}), guess, choice]) == ([], [])


@pytest.mark.parametrize(
    "value, more, reason",
    [
        (SIDES, {}, "needs one class"),
        ({**SIDES, "rectanglelabels": ["apple", "pear"]}, {}, "needs one class"),
        ({**SIDES, "rectanglelabels": "apple"}, {}, "needs one class"),
        ({**SIDES, "rectanglelabels": [{}]}, {}, "unknown class ''"),
        ({**SIDES, **NAMED}, {"image_rotation": 90}, "turned by 90"),
        ({**SIDES, **NAMED, "rotation": 9}, {"original_width": 0}, "do not make a box"),
        ({**SIDES, **NAMED, "rotation": "x"}, {}, "not a number"),
        ({**SIDES, **NAMED, "width": None}, {}, "not a number"),
        ({**SIDES, **NAMED}, {"original_width": []}, "no area"),
        ({"points": [1, 2], **NAMED}, {}, "0 numbers"),
    ],
    ids=lambda value: str(value)[-40:],
)
def test_a_bad_region_is_a_problem(read, value, more, reason):
    boxes, problems = read([task(value, **more), task({**SIDES, **NAMED})])
    if reason == "no area":  # an odd size says nothing
        assert len(boxes) == 2 and boxes[0].size == (0, 500)
    else:
        assert len(boxes) == 1 and [item.number for item in problems] == [1]
        assert reason in problems[0].reason


@pytest.mark.parametrize(
    "text, name",
    [
        ("/data/upload/3/0a1b2c3d-my_photo.jpg", "my_photo.jpg"),
        ("/data/local-files/?d=photos/caf%C3%A9.jpg", "caf\xe9.jpg"),
        ("s3://bucket/photos/a.jpg", "a.jpg"),
        ("C:\\photos\\a.jpg", "a.jpg"),
        ("a.jpg", "a.jpg"),
    ],
)
def test_the_name_before_the_upload_is_tried(text, name):
    assert picture_names(text)[-1] == name

"""COCO's annotations become boxes of the named picture and category."""

import pytest

from foodcls.crop.boxes import Box, read_boxes
from foodcls.errors import TableError

GOOD = {"id": 1, "image_id": 7, "category_id": 3, "bbox": [10, 20, 30, 40]}


@pytest.fixture
def read(put):
    def from_annotations(*annotations, **more):
        content = {
            "images": [{"id": 7, "file_name": "a.jpg", "width": 96, "height": 64}],
            "categories": [{"id": 3, "name": "apple"}],
            "annotations": annotations,
        }
        return read_boxes(put("coco.json", content | more), ("apple",))

    return from_annotations


def test_an_annotation_is_a_box(read):
    assert read(GOOD) == ([Box(1, "a.jpg", "apple", (10, 20, 40, 60), (96, 64))], [])


def test_label_studio_shows_photos_upright_whatever_size_it_writes(read):
    assert read(GOOD, info={"contributor": "Label Studio"})[0][0].is_upright
    assert not read(GOOD, info={"contributor": ""})[0][0].is_upright
    assert not read(GOOD, info=[])[0][0].is_upright


def test_polygons_stand_in_for_a_missing_box(read):
    segments = [[10, 20, 15, 25], [40, 60, 30, 30]]
    for missing in (None, [], [0, 0, 0, 0]):
        boxes, _ = read({**GOOD, "bbox": missing, "segmentation": segments})
        assert boxes[0].edges == (10, 20, 40, 60)


def test_a_turned_box_gets_the_box_around_it(read):
    boxes, _ = read({**GOOD, "attributes": {"rotation": 90.0}})
    assert boxes[0].edges == pytest.approx((5, 25, 45, 55))


@pytest.mark.parametrize(
    "annotation, reason",
    [
        ({**GOOD, "image_id": 8}, "no image has the id '8'"),
        ({**GOOD, "image_id": [7]}, "no image"),
        ({**GOOD, "category_id": 4}, "unknown class 'category 4'"),
        ({**GOOD, "iscrowd": 1}, "crowd"),
        ({**GOOD, "bbox": [10, 20, 30]}, "3 numbers"),
        ({**GOOD, "bbox": [10, 20, 30, 40, 50]}, "5 numbers"),
        ({**GOOD, "bbox": [10, 20, 30, {}]}, "not a number"),
        ({**GOOD, "bbox": {}}, "0 numbers"),
        ({**GOOD, "bbox": [10, 20, -30, 40]}, "swapped"),
        ({**GOOD, "bbox": [10, 20, 0, 40]}, "no area"),
        ({**GOOD, "bbox": [10, 20, float("inf"), 40]}, "not finite"),
        ({**GOOD, "bbox": None, "segmentation": {"counts": []}}, "a mask without a bbox"),
        ({**GOOD, "bbox": [0, 0, 0, 0]}, "0 numbers"),
        ("text", "not a JSON object"),
    ],
    ids=lambda value: str(value)[-40:],
)
def test_a_bad_annotation_is_a_problem(read, annotation, reason):
    boxes, problems = read(annotation, GOOD)
    assert len(boxes) == 1 and [item.number for item in problems] == [1]
    assert reason in problems[0].reason


def test_a_number_that_a_table_wrote_with_a_point_is_the_same(read):
    assert read({**GOOD, "image_id": 7.0, "category_id": 3.0}) == read(GOOD)


@pytest.mark.parametrize(
    "more, words",
    [
        ({"images": [{"id": 7, "file_name": "a.jpg"}, {"id": 7, "file_name": "b.jpg"}]}, "a.jpg"),
        ({"categories": [{"id": 3, "name": "apple"}, {"id": 3, "name": "pear"}]}, "'pear'"),
    ],
    ids=["images", "categories"],
)
def test_an_id_that_means_two_things_is_refused(read, more, words):
    with pytest.raises(TableError, match=words):
        read(GOOD, **more)

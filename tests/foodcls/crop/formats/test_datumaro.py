"""Shapes of Datumaro's JSON become boxes; what is no box or names no class is a problem."""

import pytest

from foodcls.crop.boxes import read_boxes
from foodcls.crop.formats.detect import detect_format

LABELS = [{"name": "apple"}, {"name": "pear"}]


@pytest.fixture
def read(put):
    def from_shape(image=None, labels=LABELS, **shape):
        items = [{"id": "bread/a", "annotations": [{"label_id": 0} | shape]} | (image or {})]
        content = {"categories": {"label": {"labels": labels}}, "items": items}
        path = put("default.json", content)
        assert detect_format(path).name == "datumaro_json"
        return read_boxes(path, ("apple", "pear"))

    return from_shape


@pytest.mark.parametrize(
    "shape, edges",
    [
        ({"type": "bbox", "bbox": [10, 20, 30, 40]}, (10, 20, 40, 60)),
        ({"type": "bbox", "bbox": [10, 20, 30, 40], "attributes": {"rotation": 90.0}},
         pytest.approx((5, 25, 45, 55))),
        ({"type": "polygon", "points": [10, 60, 40, 30, 25, 20]}, (10, 20, 40, 60)),
        ({"type": "ellipse", "points": [10, 20, 40, 60]}, (10, 20, 40, 60)),
    ],
    ids=["box", "turned box", "polygon", "ellipse"],
)  # fmt: skip
def test_a_shape_is_the_box_around_it(read, shape, edges):
    boxes, problems = read(image={"image": {"path": "", "size": [64, 96]}}, **shape)
    assert [(box.name, box.label, box.edges, box.size) for box in boxes] == [
        ("bread/a", "apple", edges, (96, 64))
    ]
    assert not problems


def test_the_picture_is_called_by_its_path(read):
    for image in ({"image": {"path": "x/a.jpg"}}, {"media": {"path": "x/a.jpg"}}):
        assert read(image=image, type="bbox", bbox=[1, 2, 3, 4])[0][0].name == "x/a.jpg"


@pytest.mark.parametrize(
    "shape, reason",
    [
        ({"type": "label"}, "'label' is no box"),
        ({"type": "mask", "rle": {}}, "'mask' is no box"),
        ({"type": "bbox"}, "0 numbers"),
        ({"type": "bbox", "bbox": "1,2,3,4"}, "0 numbers"),
        ({"type": "bbox", "bbox": [1, 2, 3, 4], "label_id": 7}, "unknown class"),
        ({"type": "bbox", "bbox": [1, 2, 3, 4], "label_id": -1}, "unknown class"),
        ({"type": "bbox", "bbox": [1, 2, 3, 4], "label_id": None}, "unknown class"),
    ],
    ids=str,
)
def test_what_is_no_box_of_a_class_is_a_problem(read, shape, reason):
    boxes, problems = read(**shape)
    assert not boxes and reason in problems[0].reason

"""Objects of Supervisely's files become boxes of the picture that the file is called as."""

import pytest

from foodcls.crop.boxes import read_boxes
from foodcls.crop.formats.detect import detect_format


@pytest.fixture
def read(put):
    def from_object(**shape):
        content = {
            "size": {"width": 96, "height": 64},
            "objects": [{"classTitle": "apple"} | shape],
        }
        path = put("ann/a.jpg.json", content).parent
        put("meta.json", {"classes": [{"title": "apple"}]})
        assert detect_format(path.parent).name == "supervisely_json"
        return read_boxes(path.parent, ("apple",))

    return from_object


@pytest.mark.parametrize("kind", ["rectangle", "polygon"])
def test_an_object_is_the_box_around_its_points(read, kind):
    points = {"exterior": [[40, 20], [10, 60]], "interior": []}
    (box,), problems = read(geometryType=kind, points=points)
    assert (box.name, box.label, box.edges) == ("ann/a.jpg", "apple", (10, 20, 40, 60))
    assert box.size == (96, 64) and not problems


@pytest.mark.parametrize(
    "shape, reason",
    [
        ({"geometryType": "bitmap", "bitmap": {"origin": [1, 2]}}, "'bitmap' is no box"),
        ({"geometryType": "rectangle"}, "'rectangle' is no box"),
        ({"geometryType": "rectangle", "points": {"exterior": "x"}}, "0 numbers"),
    ],
    ids=str,
)
def test_what_has_no_points_is_a_problem(read, shape, reason):
    boxes, (problem,) = read(**shape)
    assert not boxes and reason in problem.reason and problem.file == "ann/a.jpg.json"

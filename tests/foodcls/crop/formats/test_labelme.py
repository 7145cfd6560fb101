"""labelme's shapes become boxes of the picture that their file names or is named as."""

import pytest

from foodcls.crop.boxes import read_boxes

GOOD = {"label": "apple", "points": [[40, 20], [10, 60]], "shape_type": "rectangle"}


@pytest.fixture
def read(put):
    def from_shapes(*shapes, **more):
        content = {"imagePath": "a.jpg", "imageWidth": 96, "imageHeight": 64, "shapes": shapes}
        return read_boxes(put("a.json", content | more), ("apple",))

    return from_shapes


@pytest.mark.parametrize(
    "more, edges",
    [
        ({}, (10, 20, 40, 60)),
        ({"shape_type": "polygon", "points": [[10, 60], [40, 30], [20, 20]]}, (10, 20, 40, 60)),
        ({"shape_type": None, "points": [[10, 60], [40, 30], [20, 20]]}, (10, 20, 40, 60)),
        ({"shape_type": "circle", "points": [[25, 40], [28, 44]]}, (20, 35, 30, 45)),
        ({"shape_type": "mask", "mask": "iVBORw0KGgo="}, (10, 20, 40, 60)),
        (
            {"shape_type": "quadrilateral", "points": [[10, 25], [40, 20], [38, 60], [12, 55]]},
            (10, 20, 40, 60),
        ),
    ],
    ids=["dragged to the left", "polygon", "old polygon", "circle", "mask", "of X-AnyLabeling"],
)
def test_a_shape_is_the_box_around_it(read, more, edges):
    boxes, problems = read({**GOOD, **more})
    assert [(box.name, box.edges, box.size) for box in boxes] == [("a.jpg", edges, (96, 64))]
    assert not problems


@pytest.mark.parametrize("path", [None, "", 1.5, []])
def test_a_file_without_a_picture_is_named_as_it(read, path):
    boxes, _ = read(GOOD, imagePath=path)
    assert (boxes[0].name, boxes[0].own_name) == ("a", "a")


@pytest.mark.parametrize(
    "shape, reason",
    [
        ({**GOOD, "shape_type": "point", "points": [[1, 2]]}, "'point' is no box"),
        ({**GOOD, "shape_type": "x" * 99}, f"a {'x' * 20!r} is no box"),
        ({**GOOD, "shape_type": ["x"]}, "no box"),
        ({**GOOD, "label": None}, "unknown class ''"),
        ({**GOOD, "points": [[1, 2]]}, "2 numbers"),
        ({**GOOD, "points": "abcd"}, "0 numbers"),
        ({**GOOD, "points": [[1, 2, 0], [3, 4, 0]]}, "0 numbers"),
        ({**GOOD, "points": [[1, 2], [3, "x"]]}, "not a number"),
        ({**GOOD, "points": [[1, 2], [1, 4]]}, "no area"),
        ({**GOOD, "points": [[1, 2], [3, float("nan")]]}, "not finite"),
        (7, "not a JSON object"),
    ],
    ids=lambda value: str(value)[-40:],
)
def test_a_bad_shape_is_a_problem(read, shape, reason):
    boxes, problems = read(shape, GOOD)
    assert len(boxes) == 1 and [item.number for item in problems] == [1]
    assert reason in problems[0].reason


def test_a_stray_file_of_a_folder_is_a_problem(put, tmp_path):
    put("a.json", {"imagePath": "a.jpg", "shapes": [GOOD]})
    put("notes.json", {"shapes": 3})
    boxes, problems = read_boxes(tmp_path, ("apple",))
    assert [box.file for box in boxes] == ["a.json"]
    assert [item.file for item in problems] == ["notes.json"]

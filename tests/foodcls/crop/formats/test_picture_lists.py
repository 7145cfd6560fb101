"""Bad regions of CreateML and VoTT are problems; one asset's file reads as a project."""

import pytest

from foodcls.crop.boxes import read_boxes

SIDES = {"x": 25, "y": 40, "width": 30, "height": 40}
VOTT = {"tags": ["apple"], "boundingBox": {"left": 10, "top": 20, "width": 30, "height": 40}}


def test_the_file_of_one_asset_reads(put):
    asset = {"asset": {"path": "file:/photos/a.jpg", "size": {"width": 96, "height": 64}},
             "regions": [VOTT]}  # fmt: skip
    boxes, problems = read_boxes(put("a.json", asset), ("apple",))
    assert [(box.name, box.edges, box.size) for box in boxes] == [
        ("file:/photos/a.jpg", (10, 20, 40, 60), (96, 64))
    ]
    assert not problems


@pytest.mark.parametrize(
    "content, reason",
    [
        ([{"image": "a.jpg", "annotations": [{"label": "apple"}]}], "not a number"),
        ([{"image": "a.jpg", "annotations": [{"coordinates": SIDES}]}], "unknown class ''"),
        ({"asset": {}, "regions": [{**VOTT, "tags": []}]}, "needs one class"),
        ({"asset": {}, "regions": [VOTT]}, "no filename"),
        ({"asset": {"name": "a"}, "regions": [{"tags": ["apple"]}]}, "not a number"),
    ],
    ids=str,
)
def test_what_is_no_box_is_a_problem(put, content, reason):
    boxes, problems = read_boxes(put("a.json", content), ("apple",))
    assert not boxes and reason in problems[0].reason

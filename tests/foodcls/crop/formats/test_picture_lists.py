"""Bad regions of CreateML, VoTT and Vertex AI are problems; one asset's file is a project."""

import json

import pytest

from foodcls.crop.boxes import read_boxes
from foodcls.errors import TableError

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


@pytest.mark.parametrize(
    "line, reason",
    [
        ({"boundingBoxAnnotations": [{"displayName": "apple", "xMin": 0.1}]}, "not a number"),
        ({"boundingBoxAnnotations": [{"xMin": 0.1}]}, "unknown class"),
    ],
)
def test_what_is_no_box_of_a_line_is_a_problem(put, line, reason):
    path = put("a.jsonl", json.dumps({"imageGcsUri": "gs://b/a.jpg"} | line))
    boxes, problems = read_boxes(path, ("apple",))
    assert not boxes and reason in problems[0].reason


@pytest.mark.parametrize("text", ["", "{}\n", '{"imageGcsUri": "a"}\n{', '{"image": "a.jpg"}\n'])
def test_lines_of_another_kind_are_refused(put, text):
    with pytest.raises(TableError, match="a.jsonl"):
        read_boxes(put("a.jsonl", text), ("apple",))

"""Regions of the VGG Image Annotator become boxes; what is no region of one class does not."""

import csv
import io
import json
import math

import pytest

from foodcls.crop.boxes import read_boxes

HEADER = "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes"  # noqa: E501
RECT = {"name": "rect", "x": 10, "y": 20, "width": 30, "height": 40}
ELLIPSE = {"name": "ellipse", "cx": 25, "cy": 40, "rx": 15, "ry": 20}
APPLE = {"class": "apple"}


@pytest.fixture
def read(put):
    def from_region(shape, attributes, header=HEADER):
        cells = [value if isinstance(value, str) else json.dumps(value)
                 for value in (shape, attributes)]  # fmt: skip
        line = io.StringIO()
        csv.writer(line).writerow(["a.jpg", 9, "{}", 1, 0, *cells])
        return read_boxes(put("via.csv", f"{header}\n{line.getvalue()}"), ("apple", "pear"))

    return from_region


@pytest.mark.parametrize(
    "shape, edges",
    [
        (RECT, (10, 20, 40, 60)),
        ({"name": "polygon", "all_points_x": [10, 40, 25], "all_points_y": [60, 30, 20]},
         (10, 20, 40, 60)),
        ({"name": "circle", "cx": 25, "cy": 40, "r": 15}, (10, 25, 40, 55)),
        (ELLIPSE, (10, 20, 40, 60)),
        ({**ELLIPSE, "theta": math.pi / 2}, pytest.approx((5, 25, 45, 55))),
    ],
    ids=["rect", "polygon", "circle", "ellipse", "quarter ellipse"],
)  # fmt: skip
def test_a_region_is_the_box_around_it(read, shape, edges):
    boxes, problems = read(shape, APPLE)
    assert [(box.number, box.name, box.label, box.edges) for box in boxes] == [
        (2, "a.jpg", "apple", edges)
    ]
    assert not problems


@pytest.mark.parametrize(
    "attributes",
    [{"fruit": "apple"}, {"Label": "apple", "note": "x"}, {"type": {"apple": True, "pear": False}}],
    ids=str,
)
def test_the_class_is_found_under_the_names_people_give(read, attributes):
    assert [box.label for box in read(RECT, attributes)[0]] == ["apple"]


def test_an_old_header_reads_too(read):
    assert len(read(RECT, APPLE, "#" + HEADER)[0]) == 1


def test_a_picture_without_regions_is_no_problem(read):
    assert read({}, {}) == ([], [])


@pytest.mark.parametrize(
    "shape, attributes, reason",
    [
        ({"name": "point", "cx": 1, "cy": 2}, APPLE, "'point' is no box"),
        ({"name": "x" * 99}, APPLE, f"kind {'x' * 20!r} is no box"),
        ({"name": "ellipse"}, APPLE, "not a number"),
        ({"name": "blob"}, APPLE, "no box"),
        ({"name": ["rect"]}, APPLE, "no box"),
        ({"name": "polygon", "all_points_x": [1, 2], "all_points_y": [1]}, APPLE, "as many x"),
        ({"name": "polygon", "all_points_x": [], "all_points_y": []}, APPLE, "0 numbers"),
        ({**RECT, "x": None}, APPLE, "not a number"),
        ({**RECT, "x": True}, APPLE, "not a number"),
        ({**RECT, "width": float("nan")}, APPLE, "not finite"),
        ({**RECT, "width": 0}, APPLE, "no area"),
        ('{"name": "rect"', APPLE, "not JSON"),
        ("[1]", APPLE, "not a JSON object"),
        ("[" * 50_000, APPLE, "not JSON"),
        (RECT, {}, "unknown class ''"),
        (RECT, {"color": "red", "size": "big"}, "which of"),
        (RECT, {"class": {"apple": True, "pear": True}}, "2 classes are ticked"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_no_box_is_a_problem(read, shape, attributes, reason):
    boxes, problems = read(shape, attributes)
    assert not boxes and problems[0].number == 2 and reason in problems[0].reason


@pytest.mark.parametrize("form", ["list", "numbered", "project"])
def test_json_reads_as_the_table(put, form):
    regions = [{"shape_attributes": RECT, "region_attributes": APPLE}]
    picture = {"filename": "a.jpg", "size": 9,
               "regions": {"0": regions[0]} if form == "numbered" else regions}  # fmt: skip
    content = {"a.jpg9": picture}
    content = {"_via_img_metadata": content, "_via_settings": {}} if form == "project" else content
    boxes, problems = read_boxes(put("via.json", content), ("apple",))
    assert [(box.name, box.label, box.edges) for box in boxes] == [
        ("a.jpg", "apple", (10, 20, 40, 60))
    ]
    assert not problems


def test_a_bad_region_of_json_is_a_problem(put):
    regions = [{"shape_attributes": {"name": "point"}, "region_attributes": APPLE}, {}, 7]
    _, problems = read_boxes(
        put("via.json", {"a": {"filename": "a", "regions": regions}}), ("apple",)
    )
    assert [item.reason for item in problems][:1] == ["a region of the kind 'point' is no box"]


@pytest.fixture
def read_version_3(put):
    def from_annotation(xy, av, options=None):
        content = {
            "project": {}, "config": {}, "view": {"7": {"fid_list": [3]}},
            "file": {"3": {"fid": 3, "fname": "a.jpg", "src": "photos/a.jpg"}},
            "attribute": {"1": {"aname": "fruit", "options": options or {}}},
            "metadata": {"7_x": {"vid": "7", "flg": 0, "z": [], "xy": xy, "av": av}},
        }  # fmt: skip
        return read_boxes(put("via.json", content), ("apple", "pear"))

    return from_annotation


@pytest.mark.parametrize(
    "xy, edges",
    [
        ([2, 10, 20, 30, 40], (10, 20, 40, 60)),
        ([3, 25, 40, 15], (10, 25, 40, 55)),
        ([4, 25, 40, 15, 20], (10, 20, 40, 60)),
        ([7, 10, 60, 40, 30, 25, 20], (10, 20, 40, 60)),
        ([8, 10, 30, 40, 30, 25, 20, 25, 60], (10, 20, 40, 60)),
    ],
    ids=["rectangle", "circle", "ellipse", "polygon", "outermost points"],
)
def test_a_shape_of_version_3_is_the_box_around_it(read_version_3, xy, edges):
    for av, options in (({"1": "apple"}, {}), ({"1": "0"}, {"0": "apple", "1": "pear"})):
        boxes, problems = read_version_3(xy, av, options)
        assert [(box.name, box.label, box.edges) for box in boxes] == [("a.jpg", "apple", edges)]
        assert not problems


@pytest.mark.parametrize(
    "xy, av, reason",
    [
        ([1, 5, 5], {"1": "apple"}, "no box"),
        ([9, 1, 2, 3, 4, 5, 6], {"1": "apple"}, "no box"),
        ([[2], 1], {"1": "apple"}, "no box"),
        ([2, 10, 20], {"1": "apple"}, "not a number"),
        ([2, 1, 2, 3, 4], {"5": []}, "unknown class"),
        ([2, 1, 2, 3, 4], None, "unknown class"),
    ],
    ids=str,
)
def test_what_is_no_shape_of_version_3_is_a_problem(read_version_3, xy, av, reason):
    boxes, problems = read_version_3(xy, av)
    assert not boxes and reason in problems[0].reason


def test_an_annotation_without_a_place_is_none(read_version_3):
    assert read_version_3([], {"1": "apple"}) == ([], [])

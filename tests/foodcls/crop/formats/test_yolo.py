"""YOLO's lines become boxes of the picture that the file is named as."""

import pytest

from foodcls.crop.boxes import read_boxes
from foodcls.crop.formats.yolo import find_classes
from foodcls.errors import TableError

LABELS = ("apple", "no")
LINE = "0 0.5 0.5 0.2 0.4\n"


@pytest.mark.parametrize(
    "file, content",
    [
        ("classes.txt", "apple\nno\n"),
        ("obj.names", "apple\nno\n\n"),
        ("data.yaml", "nc: 2\nnames: [apple, no]\n"),
        ("data.yaml", "names:\n  0: apple\n  1: no\n"),
    ],
)
def test_class_names_stand_in_several_files(put, tmp_path, file, content):
    put(file, content)
    assert find_classes(tmp_path) == (["apple", "no"], 0)


@pytest.mark.parametrize(
    "files, words",
    [
        ({}, "no class names"),
        ({"classes.txt": "apple", "data.yaml": "names: [pear]"}, "name other classes"),
        ({"data.yaml": "names: {0: apple, 2: pear}"}, "counted from 0"),
        ({"data.yaml": "names: [[apple]]"}, "counted from 0"),
        ({"data.yaml": "names: [apple"}, "not YAML"),
        ({"data.yaml": "[" * 50_000}, "nested more than 32 deep"),
        ({"data.yaml": "- " * 20_000}, "not YAML"),
        ({"data.yaml": f"names: [{'a,' * 50_000}]"}, "more than 100000 bytes"),
        ({"classes.txt": b"\xff\xfe"}, "not UTF-8"),
    ],
    ids=["none", "two", "gap", "nested", "open", "deep", "dashes", "long", "bytes"],
)
def test_unclear_class_names_are_refused(put, tmp_path, files, words):
    for name, content in files.items():
        put(name, content)
    with pytest.raises(TableError, match=words):
        find_classes(tmp_path)


def test_lines_are_boxes_and_polygons(put, tmp_path):
    put("classes.txt", "apple\nno")
    put("a.txt", LINE + "1 0.4 0.7 0.6 0.5 0.5 0.3\n\n")
    boxes, problems = read_boxes(tmp_path, LABELS)
    assert [(box.number, box.name, box.label) for box in boxes] == [
        (1, "a", "apple"),
        (2, "a", "no"),
    ]
    assert boxes[0].edges == pytest.approx((0.4, 0.3, 0.6, 0.7)) and not problems
    assert boxes[1].edges == (0.4, 0.3, 0.6, 0.7)


def test_only_labels_hold_boxes_and_keep_their_folders(put, tmp_path):
    put("data.yaml", "names: [apple, no]")
    for name in ("labels/train/1.txt", "labels/val/1.txt", "labels/val/2.txt"):
        put(name, LINE)
    put("notes.txt", "some words")
    boxes, problems = read_boxes(tmp_path, LABELS)
    assert [box.name for box in boxes] == ["train/1", "val/1", "val/2"] and not problems


def test_a_confidence_may_follow(put, tmp_path):
    put("classes.txt", "apple\nno")
    put("a.txt", "0 0.5 0.5 0.2 0.4 0.91\n1 0.4 0.7 0.6 0.5 0.5 0.3 0.5\n")
    boxes, problems = read_boxes(tmp_path, LABELS)
    assert boxes[0].edges == pytest.approx((0.4, 0.3, 0.6, 0.7)) and not problems
    assert boxes[1].edges == (0.4, 0.3, 0.6, 0.7)


@pytest.mark.parametrize("shape, points", [("[2, 2]", "0.9 0.9 0.1 0.1"), ("[1, 3]", "0.9 0.9 1")])
def test_key_points_of_a_pose_are_no_corners(put, tmp_path, shape, points):
    put("data.yaml", f"names: [apple, no]\nkpt_shape: {shape}\n")
    put("a.txt", f"0 0.5 0.5 0.2 0.4 {points}\n0 0.5 0.5 0.2 0.4 {points} 0.91\n")
    boxes, problems = read_boxes(tmp_path, LABELS)
    assert [box.edges for box in boxes] == [pytest.approx((0.4, 0.3, 0.6, 0.7))] * 2
    assert not problems


@pytest.mark.parametrize(
    "shape", ["17", "[x, 2]", "[[1], 2]", "{}", "[2, 2, 2]", "[-1, 2]", "[²,2]"]
)
def test_an_odd_shape_of_key_points_says_nothing(put, tmp_path, shape):
    put("data.yaml", f"names: [apple, no]\nkpt_shape: {shape}\n")
    put("a.txt", "1 0.4 0.7 0.6 0.5 0.5 0.3\n")
    assert read_boxes(tmp_path, LABELS)[0][0].edges == (0.4, 0.3, 0.6, 0.7)


@pytest.mark.parametrize("name", ["labels.txt", "predefined_classes.txt", "_darknet.labels"])
def test_side_files_name_the_classes_only_where_nothing_else_does(put, tmp_path, name):
    put(name, "dog\nperson\n")
    assert find_classes(tmp_path) == (["dog", "person"], 0)
    put("classes.txt", "apple\nno\n")
    assert find_classes(tmp_path) == (["apple", "no"], 0)
    put("a.txt", LINE)
    assert read_boxes(tmp_path, LABELS)[1] == []


def test_a_list_of_pictures_is_one_problem(put, tmp_path):
    put("classes.txt", "apple\nno")
    put("a.txt", LINE)
    put("ImageSets/Main/default.txt", "000001\n000002\n000003\n000004\n000005\n000006\n")
    boxes, problems = read_boxes(tmp_path, LABELS)
    assert len(boxes) == 1 and [item.file for item in problems] == ["ImageSets/Main/default.txt"]


@pytest.mark.parametrize(
    "line, reason",
    [
        ("2 0.5 0.5 0.2 0.4", "class '2' of 2"),
        ("-1 0.5 0.5 0.2 0.4", "class '-1'"),
        ("9999999999999 0.5 0.5 0.2 0.4", "class '9999"),
        ("\u0661 0.5 0.5 0.2 0.4", "class"),
        ("apple 0.5 0.5 0.2 0.4", "class 'apple'"),
        ("0 0.5 0.5 0.2", "4 values"),
        ("0 0.5 0.5 0.2 0.4 0.91 1", "a triangle, or a box with confidence and track"),
        ("0,0.5,0.5,0.2,0.4", "1 values"),
        ("0 0.5 0.5 0.2 x", "not a number"),
        ("0 0.5 0.5 nan 0.4", "not finite"),
        ("0 0.5 0.5 0 0.4", "no area"),
        ("0 0.5 0.5 -0.2 0.4", "swapped"),
    ],
)
def test_a_bad_line_is_a_problem(put, tmp_path, line, reason):
    put("classes.txt", "apple\nno")
    put("a.txt", f"{LINE}{line}\n")
    boxes, problems = read_boxes(tmp_path, LABELS)
    assert len(boxes) == 1 and [(item.file, item.number) for item in problems] == [("a.txt", 2)]
    assert reason in problems[0].reason


def test_a_binary_file_is_a_problem(put, tmp_path):
    put("classes.txt", "apple")
    put("a.txt", LINE)
    put("b.txt", b"\xff\xd8\xff\xe0")
    boxes, problems = read_boxes(tmp_path, LABELS)
    assert len(boxes) == 1 and [item.file for item in problems] == ["b.txt"]

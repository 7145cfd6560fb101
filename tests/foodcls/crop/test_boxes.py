"""Boxes become whole pixels by one rule; a bad row is a problem with its number."""

import unicodedata

import pytest

from foodcls.crop.boxes import Box, check_usable, read_boxes, size_differs
from foodcls.errors import TableError

HEADER = "filename,width,height,class,xmin,ymin,xmax,ymax\n"


@pytest.fixture
def put_table(tmp_path):
    def write(*rows):
        path = tmp_path / "boxes.csv"
        path.write_text(HEADER + "".join(f"{row}\n" for row in rows))
        return path

    return write


@pytest.fixture
def read(put_table):
    return lambda *rows: read_boxes(put_table(*rows), ("beans", "NA"))


def test_a_good_row_is_a_box(read):
    boxes, problems = read("a.jpg,96,64,beans,1,2.5,30,40", "b.jpg,,,NA,0,0,5,5")
    assert boxes == [
        Box(2, "a.jpg", "beans", (1, 2.5, 30, 40), (96, 64)),
        Box(3, "b.jpg", "NA", (0, 0, 5, 5), (0, 0)),
    ]
    assert not problems


@pytest.mark.parametrize(
    "row, reason",
    [
        (",96,64,beans,1,2,30,40", "no filename"),
        ("a.jpg,96,64,../../escape,1,2,30,40", "unknown class"),
        ("a.jpg,96,64,Beans,1,2,30,40", "unknown class 'Beans'; the recipe has 'beans'"),
        ("a.jpg,96,64,b\u0435ans,1,2,30,40", "unknown class"),
        ("a.jpg,96,64,=cmd|x,1,2,30,40", "unknown class"),
        ("a.jpg,96,64,beans,nan,2,30,40", "not finite"),
        ("a.jpg,96,64,beans,1,2,inf,40", "not finite"),
        ("a.jpg,96,64,beans,1,2,1e999,40", "not finite"),
        ("a.jpg,96,64,beans,,2,30,40", "not a number"),
        ("a.jpg,96,64,beans,1,two,30,40", "not a number"),
        ('a.jpg,96,64,beans,"1,200",2,30,40', "not a number"),
        ("a.jpg,wide,64,beans,1,2,30,40", "not a number"),
        ("a.jpg,inf,64,beans,1,2,30,40", "not a number"),
        ("a.jpg,96,64,beans,30,2,1,40", "swapped"),
        ("a.jpg,96,64,beans,1,40,30,2", "swapped"),
        ("a.jpg,96,64,beans,5,2,5,40", "no area"),
        ("a.jpg,96,64,beans,1,2", "not a number"),
        ("a.jpg,96,64,beans,1,2,30,40,50", "9 cells"),
    ],
)
def test_a_bad_row_is_a_problem(read, row, reason):
    boxes, problems = read("a.jpg,0,0,beans,1,1,2,2", row)
    assert len(boxes) == 1
    assert [item.number for item in problems] == [3] and reason in problems[0].reason


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("written", ["NFC", "NFD"])
def test_a_class_is_known_in_every_form_that_looks_the_same(put_table, form, written):
    name = "cr\xe8me br\xfbl\xe9e"
    path = put_table(f"a.jpg,0,0,  {unicodedata.normalize(written, name)} ,1,2,3,4")
    boxes, problems = read_boxes(path, (unicodedata.normalize(form, name),))
    assert [box.label for box in boxes] == [unicodedata.normalize(form, name)] and not problems


def test_a_size_of_nothing_says_nothing():
    box = Box(2, "a", "beans", (0, 0, 1, 1), (0, 0))
    assert not size_differs(box, (96, 64))
    assert size_differs(Box(2, "a", "beans", (0, 0, 1, 1), (64, 96)), (96, 64))


def test_a_file_without_one_usable_box_is_refused_with_each_reason(put_table):
    path = put_table("a.jpg,9,9,Bred,1,1,5,5")
    with pytest.raises(TableError, match="boxes.csv: 1 rows of the boxes cannot be used"):
        check_usable(path, *read_boxes(path, ("bread",)))
    check_usable(path, *read_boxes(path, ("Bred",)))

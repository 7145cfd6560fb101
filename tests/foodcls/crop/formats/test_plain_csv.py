"""Tables with a column a number are read by the names of their columns."""

import pytest

from foodcls.crop.boxes import Box, read_boxes
from foodcls.crop.formats.detect import FORMATS
from foodcls.crop.formats.plain_csv import XYWH, name_columns
from foodcls.errors import TableError

LABELS = ("apple", "/m/014j1m")


@pytest.mark.parametrize(
    "header, row, size",
    [
        ("filename,class,x,y,w,h", "a.jpg,apple,10,20,30,40", (0, 0)),
        ("filename,class,x,y,width,height", "a.jpg,apple,10,20,30,40", (0, 0)),
        ("filename,class,x,y,w,h,width,height", "a.jpg,apple,10,20,30,40,96,64", (96, 64)),
        ("Image,Label,X,Y,Width,Height", "a.jpg,apple,10,20,30,40", (0, 0)),
        ("height,width,y,x,label,path", "40,30,20,10,apple,a.jpg", (0, 0)),
        (
            "label_name,bbox_x,bbox_y,bbox_width,bbox_height,image_name,image_width,image_height",
            "apple,10,20,30,40,a.jpg,96,64",
            (96, 64),
        ),
    ],
)
def test_x_y_w_h_stand_under_many_names(put, header, row, size):
    boxes, problems = read_boxes(put("a.csv", f"{header}\n{row}\n"), LABELS)
    assert boxes == [Box(2, "a.jpg", "apple", (10, 20, 40, 60), size)] and not problems


def test_a_role_without_a_column_is_named(put):
    path = put("a.csv", "filename,x,y,w,h\na,1,2,3,4\n")
    with pytest.raises(TableError, match=r"no column for \['class'\].*class: class, label"):
        read_boxes(path, LABELS, FORMATS["xywh_csv"])


def test_a_column_plays_one_role():
    found = name_columns(["width", "height", "x"], XYWH)
    assert found == {"x": "x", "w": "width", "h": "height"}


@pytest.mark.parametrize(
    "header, row, size",
    [
        ("filename,class,xmin,ymin,xmax,ymax", "a.jpg,apple,10,20,40,60", (0, 0)),
        ("image,xmin,ymin,xmax,ymax,label", '"a.jpg",10.0,20.0,40.0,60.0,"apple"', (0, 0)),
        ("filename,label,x1,y1,x2,y2", "a.jpg, apple ,10,20,40,60", (0, 0)),
        ("path,label,left,top,right,bottom,width,height", "a.jpg,apple,10,20,40,60,96,64",
         (96, 64)),
        ("image_id,width,height,bbox,label", 'a.jpg,96,64,"[10.0, 20, 30, 40]",apple', (96, 64)),
    ],
)  # fmt: skip
def test_corners_and_lists_stand_under_many_names(put, header, row, size):
    boxes, problems = read_boxes(put("a.csv", f"{header}\n{row}\n"), LABELS)
    assert boxes == [Box(2, "a.jpg", "apple", (10, 20, 40, 60), size)] and not problems


@pytest.mark.parametrize(
    "row, size",
    [("apple,10,20,30,40,a.jpg,96,64", (96, 64)), ("a.jpg,10,20,40,60,apple", (0, 0))],
    ids=["makesense", "retinanet"],
)
def test_a_table_without_a_header_is_read_from_its_first_line(put, row, size):
    boxes, problems = read_boxes(put("a.csv", f"\ufeff{row}\n{row}\n"), LABELS)
    wanted = [Box(line, "a.jpg", "apple", (10, 20, 40, 60), size) for line in (1, 2)]
    assert boxes == wanted and not problems


@pytest.mark.parametrize(
    "row, reason",
    [
        ("a.jpg,apple,1,2,-3,4", "swapped"),
        ("a.jpg,apple,1,2,0,4", "no area"),
        ("a.jpg,apple,1,2,nan,4", "not finite"),
        ("a.jpg,apple,1,2,1e308,inf", "not finite"),
        ("a.jpg,apple,1e308,2,1e308,4", "not finite"),
        ("a.jpg,apple,1,2,,4", "not a number"),
        ("a.jpg,apple,1,2,three,4", "not a number"),
        ("a.jpg,pear,1,2,3,4", "unknown class 'pear'"),
        (",apple,1,2,3,4", "no filename"),
    ],
)
def test_a_bad_row_of_sides_is_a_problem(put, row, reason):
    path = put("a.csv", f"filename,class,x,y,w,h\n{row}\nb.jpg,apple,1,2,3,4\n")
    boxes, problems = read_boxes(path, LABELS)
    assert len(boxes) == 1 and problems[0].number == 2 and reason in problems[0].reason


def test_open_images_goes_by_the_name_without_its_ending(put):
    header = "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded\n"
    rows = "00ff,xclick,/m/014j1m,1,0.1,0.5,0.2,0.8,0\n00fe,xclick,apple,0,0,1,0,1,0\n"
    boxes, problems = read_boxes(put("a.csv", header + rows), LABELS)
    assert [(box.name, box.edges) for box in boxes] == [("00ff", (0.1, 0.2, 0.5, 0.8))]
    assert [item.number for item in problems] == [3] and "confidence 0" in problems[0].reason


@pytest.mark.parametrize(
    "cell, proposed",
    [("", False), ("0", False), (" No ", False), ("FALSE", False),
     ("1", True), ("true", True), ("yes", True), ("unsure", True)],
)  # fmt: skip
def test_a_proposed_box_says_so(put, cell, proposed):
    header = "filename,width,height,class,xmin,ymin,xmax,ymax,proposed\n"
    boxes, problems = read_boxes(put("a.csv", f"{header}a.jpg,0,0,apple,1,2,3,4,{cell}\n"), LABELS)
    assert [box.proposed for box in boxes] == [proposed] and not problems


def test_a_table_without_the_column_holds_no_proposals(put):
    header = "filename,width,height,class,xmin,ymin,xmax,ymax\n"
    boxes, _ = read_boxes(put("a.csv", f"{header}a.jpg,0,0,apple,1,2,3,4\n"), LABELS)
    assert [box.proposed for box in boxes] == [False]

"""CVAT's shapes become boxes of the picture that encloses them."""

import pytest

from foodcls.crop.boxes import Box, read_boxes
from foodcls.errors import TableError

BOX = '<box label="apple" xtl="10" ytl="20" xbr="40" ybr="60"/>'
MASK = '<mask label="apple" rle="3, 5, 7" left="10" top="20" width="30" height="40"'
ELLIPSE = '<ellipse label="apple" cx="25" cy="40" rx="15" ry="20"'


@pytest.fixture
def read(put):
    def from_shapes(*shapes):
        image = f'<image id="0" name="a.jpg" width="96" height="64">{"".join(shapes)}</image>'
        return read_boxes(put("a.xml", f"<annotations>{image}</annotations>"), ("apple",))

    return from_shapes


def test_a_box_is_a_box_of_its_picture(read):
    wanted = Box(1, "a.jpg", "apple", (10, 20, 40, 60), (96, 64), is_upright=True)
    assert read(BOX) == ([wanted], [])


@pytest.mark.parametrize(
    "shape, edges",
    [
        (BOX.replace("/>", ' rotation="90"/>'), (5, 25, 45, 55)),
        ('<polygon label="apple" points="10,60;40,30;20,20"/>', (10, 20, 40, 60)),
        (f"{MASK}/>", (10, 20, 40, 60)),
        (f"{ELLIPSE}/>", (10, 20, 40, 60)),
        (f'{ELLIPSE} rotation="90"/>', (5, 25, 45, 55)),
        (
            f'{ELLIPSE} rotation="45"/>',
            (25 - 312.5**0.5, 40 - 312.5**0.5, 25 + 312.5**0.5, 40 + 312.5**0.5),
        ),
    ],
    ids=["turned", "polygon", "mask", "ellipse", "quarter ellipse", "turned ellipse"],
)
def test_other_shapes_get_the_box_around_them(read, shape, edges):
    assert read(shape)[0][0].edges == pytest.approx(edges)


@pytest.mark.parametrize(
    "shape, reason",
    [
        ('<points label="apple" points="1,2"/>', "'points' is no box"),
        (BOX.replace("40", "x"), "not a number"),
        (BOX.replace('xbr="40"', ""), "not a number"),
        (f"{MASK}/>".replace('width="30"', ""), "not a number"),
        (BOX.replace("apple", "pear"), "unknown class 'pear'"),
    ],
)
def test_what_is_no_box_is_a_problem(read, shape, reason):
    boxes, problems = read(BOX, shape)
    assert len(boxes) == 1 and problems[0].number == 2 and reason in problems[0].reason


def test_tracks_of_a_video_are_refused(put):
    path = put("a.xml", "<annotations><track/></annotations>")
    with pytest.raises(TableError, match="export it in that format"):
        read_boxes(path, ("apple",))

"""VOC's objects become boxes; a wrong size of 0x0 says nothing."""

import pytest

from foodcls.crop.boxes import Box, read_boxes
from foodcls.errors import TableError

BOX = "<bndbox><xmin>10</xmin><ymin>20</ymin><xmax>40</xmax><ymax>60</ymax></bndbox>"
GOOD = f"<object><name>apple</name>{BOX}</object>"


@pytest.fixture
def read(put):
    def from_objects(*objects, head="<filename>a.jpg</filename>", size="96 64"):
        width, height = size.split()
        size = f"<size><width>{width}</width><height>{height}</height></size>"
        text = f"<annotation>{head}{size}{''.join(objects)}</annotation>"
        return read_boxes(put("a.xml", text), ("apple",))

    return from_objects


def test_an_object_is_a_box(read):
    wanted = Box(1, "a.jpg", "apple", (10, 20, 40, 60), (96, 64), own_name="a")
    assert read(GOOD) == ([wanted], [])


def test_a_part_of_an_object_is_no_box(read):
    part = f"<part><name>leaf</name>{BOX.replace('10', '15')}</part>"
    boxes, _ = read(f"<object><name>apple</name>{part}{BOX}</object>")
    assert [box.edges for box in boxes] == [(10, 20, 40, 60)]


def test_label_studio_shows_photos_upright_whatever_size_it_writes(read):
    owner = "<owner><flickrid>NULL</flickrid><name>Label Studio</name></owner>"
    assert read(GOOD, head=f"<filename>a.jpg</filename>{owner}")[0][0].is_upright
    assert not read(GOOD)[0][0].is_upright


def test_a_size_of_nothing_says_nothing(read):
    assert read(GOOD, size="0 0")[0][0].size == (0, 0)


def test_a_file_without_a_picture_is_named_as_it(read):
    assert read(GOOD, head="")[0][0].name == "a"


def test_a_turned_box_gets_the_box_around_it(read):
    turned = "<robndbox><cx>25</cx><cy>40</cy><w>40</w><h>30</h><angle>1.5707963</angle></robndbox>"
    boxes, _ = read(f"<object><name>apple</name>{turned}</object>")
    assert boxes[0].edges == pytest.approx((10, 20, 40, 60), abs=1e-4)


@pytest.mark.parametrize(
    "text, reason",
    [
        (GOOD.replace("apple", "pear"), "unknown class 'pear'"),
        (GOOD.replace("40<", "ten<"), "not a number"),
        (GOOD.replace("<xmin>10</xmin>", ""), "not a number"),
        (GOOD.replace("40<", "nan<"), "not finite"),
        (GOOD.replace("40<", "5<"), "swapped"),
        (GOOD.replace("40<", "10<"), "no area"),
        ("<object><name>apple</name></object>", "0 numbers"),
    ],
)
def test_a_bad_object_is_a_problem(read, text, reason):
    boxes, problems = read(text, GOOD)
    assert len(boxes) == 1 and [item.number for item in problems] == [1]
    assert reason in problems[0].reason


def test_entities_are_refused_unexpanded(put):
    text = '<!DOCTYPE annotation [<!ENTITY a "apple">]><annotation>&a;</annotation>'
    with pytest.raises(TableError, match="DOCTYPE"):
        read_boxes(put("a.xml", text), ("apple",))

"""A unit is read where only one is possible; percent are never taken for pixels."""

from pathlib import Path

import pytest

from foodcls.crop.formats.detect import FORMATS
from foodcls.crop.formats.raw_box import AnnotationFormat
from foodcls.crop.units import SizedBox, detect_unit, fits_picture, scale_edges
from foodcls.errors import TableError

SIZE = (640, 480)
PIXELS = [(100, 50, 400, 300), (20, 30, 90, 80), (300, 200, 640, 480)]
FEW = [(10, 20, 40, 60), (5, 5, 90, 95), (0, 0, 100, 100)]
SHARES = [(0.1, 0.2, 0.4, 0.6), (0, 0, 1, 1), (0.5, 0.5, 0.9, 0.75)]
PATH = Path("boxes.csv")


def settle(name: str, edges, size=SIZE) -> str:
    return detect_unit(PATH, FORMATS[name], [SizedBox(item, size) for item in edges])


@pytest.mark.parametrize(
    "name, edges, size, unit",
    [
        ("tfod_csv", PIXELS, SIZE, "pixels"),
        ("tfod_csv", FEW, (96, 64), "pixels"),
        ("tfod_csv", FEW[:1], SIZE, "pixels"),
        ("tfod_csv", [(0, 0, 1, 1)], SIZE, "pixels"),
        ("tfod_csv", [(9000, 9000, 9100, 9100)], SIZE, "pixels"),
        ("label_studio_json", FEW, SIZE, "percent"),
        ("label_studio_json", [*FEW, (100, 50, 400, 300)], SIZE, "percent"),
        ("yolo_txt", SHARES, SIZE, "share"),
        ("yolo_txt", [*SHARES, (175, 2, 300, 5)], SIZE, "share"),
        ("xywh_csv", PIXELS, SIZE, "pixels"),
        ("xywh_csv", SHARES, SIZE, "share"),
        ("xywh_csv", FEW, (40, 40), "percent"),
        ("xywh_csv", [], SIZE, "pixels"),
        ("yolo_txt", [], SIZE, "share"),
    ],
)
def test_the_possible_unit_is_read(name, edges, size, unit):
    assert settle(name, edges, size) == unit


@pytest.mark.parametrize(
    "name, edges, size, words",
    [
        ("xywh_csv", FEW, SIZE, "can be pixels or percent"),
        ("xywh_csv", FEW[:1], SIZE, "can be pixels or percent"),
        # rows that no unit explains must not tip the rest over to pixels
        ("xywh_csv", [*FEW, (150, 150, 300, 300)], SIZE, "can be pixels or percent"),
        ("xywh_csv", [(9000, 9000, 9100, 9100)], SIZE, "in no unit"),
        ("tfod_csv", FEW, SIZE, "can be pixels or percent, though this format has pixels"),
        ("tfod_csv", SHARES, SIZE, "can be pixels or share"),
        ("tfod_csv", [(0.1, 0.2, 0.4, 0.6)], SIZE, "can be pixels or share"),
        ("voc_xml", [(0, 0, 1, 1)] * 3, SIZE, "can be pixels or share"),
        ("label_studio_json", PIXELS, SIZE, "can be percent or pixels, though this format has"),
        ("label_studio_csv", SHARES, SIZE, "can be percent or share"),
        ("yolo_txt", PIXELS, SIZE, "can be share or pixels"),
        ("open_images_csv", FEW, SIZE, "can be share or pixels or percent"),
    ],
)
def test_two_possible_units_are_refused_with_the_way_out(name, edges, size, words):
    with pytest.raises(TableError, match=words) as caught:
        settle(name, edges, size)
    message = str(caught.value)
    assert "boxes.csv" in message and "set crop.units to pixels, percent, share" in message


def test_scaling_goes_by_the_pictures_sides():
    assert scale_edges((10, 20, 40, 60), "percent", SIZE) == (64, 96, 256, 288)
    assert scale_edges((0.1, 0.2, 0.4, 0.6), "share", SIZE) == (64, 96, 256, 288)
    assert scale_edges((10.25, 20, 40, 60), "pixels", SIZE) == (10.25, 20, 40, 60)


@pytest.mark.parametrize("side", [7, 300, 1333, 1999, 20_000])
def test_six_decimals_come_back_to_the_pixel(side):
    for edge in range(0, side + 1, max(1, side // 97)):
        share = float(f"{edge / side:.6f}")
        assert scale_edges((share,) * 4, "share", (side, side)) == (edge,) * 4


def test_a_box_may_stick_out_a_little():
    assert fits_picture(SizedBox((-4, -4, 104, 104), SIZE), "percent")
    assert not fits_picture(SizedBox((-6, 0, 50, 50), SIZE), "percent")
    assert not fits_picture(SizedBox((0, 0, 50, 106), SIZE), "percent")
    assert not fits_picture(SizedBox((0, 0, 50, 600), SIZE), "pixels")


def test_a_new_format_needs_no_unit():
    nothing = AnnotationFormat("new", "", lambda path: iter(()))
    assert detect_unit(PATH, nothing, [SizedBox(PIXELS[0], SIZE)]) == "pixels"

"""Cuts hold what the boxes show, in rows that tell where they come from."""

import io
import time

import numpy as np
import pytest
from PIL import Image

from foodcls.crop.crop import _fill, crop, cut_out
from foodcls.dedup.dedup import dedup
from foodcls.errors import TableError
from foodcls.inspect.inspect import inspect
from foodcls.manifest import drop_rows, new_manifest
from foodcls.recipe.data_settings import Crop, Dedup, Inspect

HEADER = "filename,width,height,class,xmin,ymin,xmax,ymax\n"
LABELS = ("beans", "salad")


def quarters(size=(100, 80)):
    """Red, green / blue, yellow."""
    image = Image.new("RGB", size, "red")
    half = size[0] // 2, size[1] // 2
    image.paste("lime", (half[0], 0, size[0], half[1]))
    image.paste("blue", (0, half[1], half[0], size[1]))
    image.paste("yellow", (half[0], half[1], *size))
    return image


@pytest.fixture
def sound(store, noise, encode, put_rows):
    files = [
        (encode(quarters()), "beans"),
        (encode(noise(1)), "salad"),
        (encode(noise(2)), "beans"),
    ]
    return inspect(put_rows(*files), store, Inspect(), "phash").assign(cluster="c")


@pytest.fixture
def cut(store, sound, tmp_path):
    def run(*rows, padding=0.0, manifest=sound, **options):
        path = tmp_path / "boxes.csv"
        path.write_bytes((HEADER + "".join(f"{row}\n" for row in rows)).encode())
        return crop(manifest, store, Crop(boxes=path, padding=padding), LABELS, **options)

    return run


@pytest.fixture
def pixels(store):
    return lambda digest: np.asarray(Image.open(io.BytesIO(store.read(digest))))


def test_the_cut_is_what_the_box_shows(cut, sound, pixels):
    found = cut("000.jpg,100,80,beans,50,0,100,40").manifest
    assert found["box"].tolist() == ["50,0,100,40", "", ""]
    assert (pixels(found["picture"].iloc[0]) == (0, 255, 0)).all()
    assert found["picture"].iloc[1:].tolist() == sound["picture"].iloc[1:].tolist()
    assert sound["box"].tolist() == ["", "", ""]


def test_each_further_box_is_a_row_after_its_own(cut, sound, pixels):
    sound["licence"], sound["author"] = ["CC-BY-4.0", "", "CC0-1.0"], ["Ann", "", "Ben"]
    rows = ["000.jpg,0,0,beans,0,0,50,40", "000.jpg,0,0,beans,0,40,50,80"]
    result = cut(*rows, f"{sound['id'].iloc[0][:12]},0,0,beans,50,40,100,80", rows[0])
    found = result.manifest
    assert found["label"].tolist() == ["beans"] * 3 + ["salad", "beans"]
    assert found["id"].tolist() == [sound["id"].iloc[0]] * 3 + sound["id"].tolist()[1:]
    assert found.index.tolist() == list(range(5)) and set(found["cluster"]) == {"c"}
    assert found["licence"].tolist() == ["CC-BY-4.0"] * 3 + ["", "CC0-1.0"]
    assert found["author"].tolist() == ["Ann"] * 3 + ["", "Ben"]
    colors = [tuple(pixels(blob)[5, 5]) for blob in found["picture"].iloc[:3]]
    assert colors == [(255, 0, 0), (0, 0, 255), (255, 255, 0)] and not result.problems


def test_padding_is_a_share_of_the_box_and_white_beyond_the_picture(cut, pixels):
    found = cut("000.jpg,0,0,beans,50,0,100,40", padding=0.5).manifest
    image = pixels(found["picture"].iloc[0])
    assert image.shape == (80, 100, 3) and found["box"].iloc[0] == "50,0,100,40"
    assert (image[:20] == 255).all() and (image[:, 75:] == 255).all()
    assert tuple(image[30, 5]) == (255, 0, 0) and tuple(image[30, 50]) == (0, 255, 0)
    assert tuple(image[70, 50]) == (255, 255, 0)


def test_huge_paddings_are_bounded(monkeypatch):
    monkeypatch.setattr("foodcls.crop.crop.MAX_CANVAS", 10_000)
    found = cut_out(quarters(), (0, 0, 100, 80), 2.0)
    assert found.width * found.height <= 10_000 * 1.1
    middle = found.crop((found.width * 2 // 5 + 1, found.height * 2 // 5 + 1, found.width // 2 - 1,
                         found.height // 2 - 1))  # fmt: skip
    assert (np.asarray(middle) == (255, 0, 0)).all()


@pytest.mark.parametrize(
    "row, reason",
    [
        ("nowhere.jpg,0,0,beans,0,0,9,9", "no such picture"),
        ("jpg,0,0,beans,0,0,9,9", "no such picture"),
        ("000.jpg,0,0,salad,0,0,9,9", "another dish"),
        ("000.jpg,0,0,pizza,0,0,9,9", "unknown class"),
        ("000.jpg,80,100,beans,0,0,9,9", "wrong size"),
        ("000.jpg,100,80,beans,100,0,109,9", "outside"),
        ("000.jpg,100,80,beans,9,0,5,9", "swapped"),
    ],
)
def test_a_row_that_cannot_be_used_is_a_problem(cut, row, reason):
    result = cut("002.jpg,0,0,beans,0,0,9,9", row)
    assert [(item.number, reason in item.reason) for item in result.problems] == [(3, True)]
    assert result.manifest["box"].tolist() == ["", "", "0,0,9,9"]


@pytest.mark.parametrize(
    "row, reason",
    [("a.jpg,0,0,beans,0,0,9,9", "row 2: 'a.jpg': no such picture"),
     ("000.jpg,0,0,pie,0,0,9,9", "unknown class 'pie'"),
     ("000.jpg,0,0,salad,0,0,9,9", "another dish")],
)  # fmt: skip
def test_a_file_of_which_nothing_is_used_stops_the_run_with_reasons_and_advice(cut, row, reason):
    with pytest.raises(TableError, match="boxes.csv: 0 of 1 boxes find their picture") as caught:
        cut(row)
    message = str(caught.value)
    assert reason in message and "/000" in message and "take crop.boxes out" in message


def test_a_file_of_which_less_than_half_is_used_is_a_loud_warning(cut, caplog):
    good, bad = "000.jpg,0,0,beans,0,0,9,9", ["x.jpg,0,0,beans,0,0,9,9", "y.jpg,0,0,beans,0,0,9,9"]
    for rows, is_loud in [([good, *bad], True), ([good, bad[0]], False)]:
        caplog.clear()
        cut(*rows)
        warned = [item.getMessage() for item in caplog.records if item.levelname == "WARNING"]
        assert any("1 of 3 boxes find" in text and "'x.jpg'" in text for text in warned) == is_loud


@pytest.mark.parametrize("name, text", [("boxes.csv", HEADER), ("boxes.json", "[]"),
    ("boxes.json", '{"images": [], "annotations": []}')])  # fmt: skip
def test_a_file_of_which_no_box_counts_is_a_loud_warning(
    sound, store, tmp_path, caplog, name, text
):
    (tmp_path / name).write_text(text)
    settings = Crop(boxes=tmp_path / name, format="auto" if len(text) > 2 else "label_studio_json")
    crop(sound, store, settings, LABELS)
    (warned,) = (item.getMessage() for item in caplog.records if item.levelname == "WARNING")
    assert "no box of it counts" in warned and "take crop.boxes out" in warned


def test_boxes_of_other_classes_make_no_file_doubtful(cut, caplog):
    cut("000.jpg,0,0,beans,0,0,9,9", *["x.jpg,0,0,pie,0,0,9,9"] * 5)
    assert not [item for item in caplog.records if "find their picture" in item.getMessage()]


def test_boxes_that_wait_for_a_person_stop_nothing(store, sound, tmp_path):
    path = tmp_path / "boxes.csv"
    path.write_text(HEADER.strip() + ",proposed\n000.jpg,0,0,beans,0,0,9,9,true\n")
    assert crop(sound, store, Crop(boxes=path), LABELS).manifest.equals(sound)


def test_a_dish_that_two_people_drew_is_cut_once(cut):
    found = cut("000.jpg,0,0,beans,10,10,60,60", "000.jpg,0,0,beans,11,10,60,61",
                "000.jpg,0,0,beans,10,10,60,60", "000.jpg,0,0,beans,30,10,80,60")  # fmt: skip
    assert found.manifest["box"].tolist() == ["10,10,60,60", "30,10,80,60", "", ""]
    assert [(item.number, item.reason) for item in found.problems] == [
        (3, "the same dish as another box")
    ]


def test_boxes_of_dropped_pictures_are_left_out(cut, sound):
    dropped = drop_rows(sound, {0: "junk"}, "filter")
    result = cut("000.jpg,0,0,beans,0,0,9,9", manifest=dropped)
    assert result.manifest.equals(dropped) and "dropped" in result.problems[0].reason


def test_a_box_of_an_exact_copy_counts(cut, store, encode, put_rows):
    data = encode(quarters())
    rows = inspect(put_rows((data, "beans"), (data, "beans")), store, Inspect(), "phash")
    found = cut("001.jpg,0,0,beans,0,0,50,40", manifest=drop_rows(rows, {1: "copy"}, "dedup"))
    assert found.manifest["box"].tolist() == ["0,0,50,40", ""]


def test_boxes_lie_on_the_upright_picture(cut, store, encode, put_rows, pixels):
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = quarters().transpose(Image.Transpose.ROTATE_90)
    data = encode(stored, "JPEG", exif=exif, quality=95, subsampling=0)
    rows = inspect(put_rows((data, "beans")), store, Inspect(), "phash")
    found = cut("000.jpg,100,80,beans,52,2,98,38", manifest=rows).manifest
    assert np.abs(pixels(found["picture"].iloc[0]).mean((0, 1)) - (0, 255, 0)).max() < 20


@pytest.mark.parametrize(
    "rewrite",
    [
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: data.strip(),
        lambda data: b"\n".join(b"x," + line for line in data.split(b"\n")),
        lambda data: data.replace(b",", b";"),
    ],
    ids=["bom", "crlf", "no end", "extra", "semicolons"],
)
def test_every_form_of_the_table_cuts_the_same(cut, store, sound, tmp_path, rewrite):
    plain = cut("000.jpg,100,80,beans,1,2,30,40").manifest
    other = tmp_path / "other.csv"
    other.write_bytes(rewrite((tmp_path / "boxes.csv").read_bytes()))
    assert crop(sound, store, Crop(boxes=other, padding=0.0), LABELS).manifest.equals(plain)


def test_an_unreadable_file_is_refused(store, sound, tmp_path):
    path = tmp_path / "boxes.csv"
    path.write_bytes(HEADER.replace(",", "|").encode())
    with pytest.raises(TableError, match="boxes.csv.*no boxes"):
        crop(sound, store, Crop(boxes=path), LABELS)


@pytest.fixture
def copies(store, noise, encode, put_rows):
    """A picture in two sizes; the larger one, 001.jpg, is kept."""
    image = noise(1, 640, 480)
    files = [(encode(picture), "beans") for picture in (image.resize((320, 240)), image)]
    sound = inspect(put_rows(*files), store, Inspect(), "phash")
    return dedup(sound, store, Dedup()).manifest


def test_boxes_whose_picture_is_a_duplicate_now_are_counted_and_the_keeper_named(
    cut, copies, caplog
):
    rows = ["000.jpg,320,240,beans,0,0,90,90", "000.jpg,320,240,beans,90,0,160,90"]
    found = cut(*rows, "nowhere.jpg,0,0,beans,0,0,9,9", manifest=copies)
    assert found.manifest.equals(copies) and len(found.problems) == 3
    (message,) = (item.getMessage() for item in caplog.records if item.levelname == "WARNING")
    keeper = copies["id"].iloc[1][:16]
    why = f"its picture was dropped as a duplicate (of {keeper}; draw it there)"
    assert message.splitlines() == [
        "2 rows of the boxes cannot be used:",
        "      2  its picture was dropped as a duplicate",
        f"  row 2: '000.jpg': {why}",
        f"  row 3: '000.jpg': {why}",
    ]


@pytest.mark.parametrize("change", ["boxed", "dropped", "test"])
def test_nobody_misses_the_box_of_a_copy_where_none_is_wanted(cut, copies, caplog, change):
    rows = ["000.jpg,320,240,beans,0,0,90,90"]
    manifest = drop_rows(copies, {1: "junk"}, "filter") if change == "dropped" else copies.copy()
    manifest.loc[1, "source"] = "test" if change == "test" else "urls"
    rows += ["001.jpg,640,480,beans,0,0,180,180"] if change == "boxed" else []
    found = cut(*rows, manifest=manifest)
    assert [item.reason for item in found.problems] == ["its picture was dropped"]
    assert not [item for item in caplog.records if item.levelname == "WARNING"]


def test_no_file_changes_nothing(store, sound):
    assert crop(sound, store, Crop(), LABELS).manifest.equals(sound)


def test_finished_cuts_are_not_repeated(cut):
    totals = []

    def track(items, total, label):
        totals.append(total)
        return iter(items)

    rows = ["000.jpg,0,0,beans,0,0,50,40", "002.jpg,0,0,beans,0,0,9,9"]
    first = cut(*rows, track=track).manifest
    assert cut(*rows, track=track).manifest.equals(first) and totals == [2, 0]


def test_percent_are_not_taken_for_pixels(store, noise, encode, put_rows, tmp_path):
    rows = inspect(put_rows((encode(noise(1, 400, 300)), "beans")), store, Inspect(), "phash")
    path = tmp_path / "boxes.csv"
    path.write_text("filename,class,x,y,w,h\n000.jpg,beans,10,20,30,40\n")
    with pytest.raises(TableError, match="can be pixels or percent; set crop.units"):
        crop(rows, store, Crop(boxes=path), LABELS)
    for unit, box in [("percent", "40,60,160,180"), ("pixels", "10,20,40,60")]:
        settled = crop(rows, store, Crop(boxes=path, units=unit), LABELS).manifest
        assert settled["box"].tolist() == [box]


def test_the_log_says_format_unit_counts_and_the_first_problems(cut, caplog):
    caplog.set_level("INFO")
    cut("000.jpg,0,0,beans,0,0,9,9", "000.jpg,0,0,pizza,0,0,9,9", "x.jpg,0,0,pie,0,0,9,9",
        "000.jpg,0,0,beans,9,9,9,9")  # fmt: skip
    said, listed = (record.getMessage() for record in caplog.records)
    assert said.endswith(
        "boxes.csv: tfod_csv in pixels: 1 boxes read, 1 of them on 1 pictures, "
        "0 turned as EXIF says; 3 rows not used"
    )
    assert listed.splitlines() == [
        "3 rows of the boxes cannot be used:",
        "      2  unknown class",
        "      1  no area",
        "  row 3: '000.jpg': unknown class 'pizza'",
        "  row 4: 'x.jpg': unknown class 'pie'",
        "  row 5: '000.jpg': no area",
    ]


def test_boxes_on_stored_pixels_turn_with_the_picture(store, encode, put_rows, tmp_path, pixels):
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = quarters().transpose(Image.Transpose.ROTATE_90)
    data = encode(stored, "JPEG", exif=exif, quality=95, subsampling=0)
    rows = inspect(put_rows((data, "beans")), store, Inspect(), "phash")
    path = tmp_path / "boxes.csv"
    # the green quarter lies at the top left of the stored pixels
    path.write_text(HEADER + "000.jpg,80,100,beans,2,2,38,48\n000.jpg,80,100,beans,9,2,38,99\n")
    result = crop(rows, store, Crop(boxes=path, padding=0.0), LABELS)
    assert result.manifest["box"].tolist() == ["52,2,98,38", "1,9,98,38"] and not result.problems
    found = pixels(result.manifest["picture"].iloc[0])
    assert np.abs(found.mean((0, 1)) - (0, 255, 0)).max() < 20


def test_a_box_stays_when_its_picture_is_relabeled(cut, sound):
    """Whether it was drawn before the class was corrected, or after."""
    moved = sound.copy()
    moved.loc[0, ["label", "given_label"]] = "salad", "beans"
    for drawn in ("beans", "salad"):
        found = cut(f"000.jpg,0,0,{drawn},10,10,60,60", manifest=moved)
        assert found.manifest["box"].iloc[0] == "10,10,60,60" and not found.problems


def test_many_cuts_are_put_into_many_rows_at_once():
    """One by one, 2,000 cuts in 20,000 rows took three seconds, and ten times as many 100 times."""
    rows = new_manifest({"id": str(number), "picture": "whole"} for number in range(20_000))
    cuts = {row: [(row, 0, 1, 1), (row, 0, 2, 2)] for row in range(0, 20_000, 10)}
    blobs = {row: [f"{row}a", f"{row}b"] for row in cuts}
    begun = time.process_time()
    found = _fill(rows, cuts, blobs)
    assert time.process_time() - begun < 1
    assert len(found) == 22_000 and found["id"].tolist()[:3] == ["0", "0", "1"]
    assert found["box"].tolist()[10:13] == ["", "10,0,1,1", "10,0,2,2"]
    assert found["picture"].tolist()[10:13] == ["whole", "10a", "10b"]


def test_boxes_that_reach_beyond_their_pictures_are_told(cut, caplog):
    cut("000.jpg,0,0,beans,0,0,101,80", "002.jpg,0,0,beans,1,1,30,30")
    assert "boxes reach beyond" not in caplog.text
    cut("000.jpg,0,0,beans,20,20,150,80", "002.jpg,0,0,beans,1,1,30,30")
    assert "1 of 2 boxes reach beyond their pictures, the first of '000.jpg'" in caplog.text


def test_lists_that_may_be_corners_are_asked_where_they_do_not_fit_as_sides(
    store, sound, tmp_path, caplog
):
    path = tmp_path / "boxes.csv"

    def boxes(*lists, file_format="auto"):
        names = ("000.jpg", "002.jpg")
        lines = [f'{name},beans,"{edges}"' for name, edges in zip(names, lists, strict=True)]
        path.write_text("\n".join(["image_id,label,bbox", *lines]) + "\n")
        settings = Crop(boxes=path, format=file_format, padding=0, units="pixels")
        return crop(sound, store, settings, LABELS).manifest["box"].tolist()

    assert boxes([10, 10, 50, 50], [5, 5, 20, 20]) == ["10,10,60,60", "", "5,5,25,25"]
    assert "lists bbox are read as x, y, width, height; they may be corners" in caplog.text
    corners = [40, 40, 90, 70], [5, 5, 20, 20]
    with pytest.raises(TableError, match="may be corners as well: set crop.format to tfod_csv"):
        boxes(*corners)
    with pytest.raises(TableError, match="may be corners as well: set crop.format to tfod_csv"):
        crop(sound, store, Crop(boxes=tmp_path, padding=0, units="pixels"), LABELS)
    assert boxes(*corners, file_format="tfod_csv") == ["40,40,90,70", "", "5,5,20,20"]
    assert boxes(*corners, file_format="xywh_csv")[0] == "40,40,100,80"
    caplog.clear()
    assert boxes([40, 40, 90, 70], [50, 5, 20, 20])[0] == "40,40,100,80"
    assert "may be corners" not in caplog.text


def test_two_files_of_one_picture_that_differ_are_a_conflict(store, sound, tmp_path):
    text = (
        "<annotation><filename>000.jpg</filename><object><name>beans</name><bndbox><xmin>{0}</xmin>"
        "<ymin>5</ymin><xmax>90</xmax><ymax>70</ymax></bndbox></object></annotation>"
    )
    for person, left in (("ann", 5), ("ben", 60)):
        (tmp_path / "voc" / person).mkdir(parents=True)
        (tmp_path / "voc" / person / "000.xml").write_text(text.format(left))
    with pytest.raises(TableError, match=r"several files \(ann/000.xml, ben/000.xml\) have other"):
        crop(sound, store, Crop(boxes=tmp_path / "voc"), LABELS)
    (tmp_path / "voc" / "ben" / "000.xml").write_text(text.format(5))
    found = crop(sound, store, Crop(boxes=tmp_path / "voc"), LABELS).manifest
    assert found["box"].tolist() == ["5,5,90,70", "", ""]

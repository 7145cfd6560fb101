"""Every format is known by its contents, and all cut the same pictures from the same boxes."""

import json
import os
from pathlib import Path
from typing import get_args

import pytest
from PIL import Image

from foodcls.crop.boxes import read_boxes
from foodcls.crop.crop import crop
from foodcls.crop.formats.detect import FORMATS, detect_format
from foodcls.errors import TableError
from foodcls.inspect.inspect import inspect
from foodcls.manifest import new_manifest
from foodcls.recipe.data_settings import Crop, Inspect

ROOT = Path(__file__).resolve().parents[4]
FRUIT = Path(os.environ.get("FOODCLS_REAL_DATA", ROOT.parent / "shared/data")) / "fruit_boxes"
LABELS = ("apple", "banana")
SIZE = (640, 427)
ROWS = [
    ("a.jpg", SIZE, "apple", (71, 60, 175, 164)),
    ("a.jpg", SIZE, "apple", (207, 138, 640, 427)),
    ("b.jpg", SIZE, "banana", (0, 0, 333, 201)),
]
HEADER = "filename,width,height,class,xmin,ymin,xmax,ymax"


@pytest.fixture
def sound(store, noise, encode, put_rows):
    files = [(encode(noise(seed, *SIZE)), label) for seed, label in enumerate(LABELS)]
    named = inspect(put_rows(*files), store, Inspect(), "phash")
    return named.assign(origin=["photos/apple/a.jpg", "photos/banana/b.jpg"])


@pytest.fixture
def cut(store):
    """Boxes and pictures of the cuts; no box may be lost."""

    def run(manifest, path, labels=LABELS, **settings):
        result = crop(manifest, store, Crop(boxes=path, padding=0.0, **settings), labels)
        assert not result.problems
        return result.manifest[["origin", "box", "picture"]].to_numpy().tolist()

    return run


def test_the_recipe_names_each_format():
    field = Crop.model_fields["format"].annotation
    assert get_args(field) == ("auto", *FORMATS)


def test_the_table_of_formats_names_each():
    told = (Path(__file__).parents[4] / "docs" / "pictures.md").read_text()
    assert all(f"\n| `{name}` | " in told for name in FORMATS)


def test_all_formats_cut_the_same(cut, sound, write_formats, tmp_path):
    paths = write_formats(tmp_path / "boxes", ROWS)
    wanted = cut(sound, paths["tfod_csv"])
    assert [box for _, box, _ in wanted] == [
        "71,60,175,164", "207,138,640,427", "0,0,333,201",
    ]  # fmt: skip
    assert len({blob for *_, blob in wanted}) == 3
    for name, path in paths.items():
        assert detect_format(path).name == name
        assert cut(sound, path) == wanted, name


def test_a_named_format_reads_as_the_detected_one(cut, sound, write_formats, tmp_path):
    paths = write_formats(tmp_path / "boxes", ROWS)
    wanted = cut(sound, paths["tfod_csv"])
    for name, path in paths.items():
        assert cut(sound, path, format=name) == wanted, name


@pytest.mark.skipif(not FRUIT.is_dir(), reason=f"no photographs at {FRUIT}; FOODCLS_REAL_DATA")
def test_all_formats_cut_the_same_from_real_photographs(cut, store, write_formats, tmp_path):
    labels = ("apple", "banana", "orange")
    kinds = [FORMATS["voc_xml"], FORMATS["labelme_json"]]
    read = [read_boxes(FRUIT, labels, kind) for kind in kinds]
    found, drawn = ([(box.name, box.label, box.edges) for box in boxes] for boxes, _ in read)
    assert len(found) > 90 and found == drawn and not read[0][1] + read[1][1]
    sizes = {name: Image.open(FRUIT / name).size for name, _, _ in found}
    rows = [(name, sizes[name], label, edges) for name, label, edges in found]
    # one class a picture: a mixed plate is a row for each class on it
    pictures = dict.fromkeys((name, label) for name, label, _ in found)
    blobs = {name: store.put((FRUIT / name).read_bytes()) for name in sizes}
    manifest = inspect(
        new_manifest(
            {"id": blobs[name], "label": label, "origin": name, "outcome": "ok", "state": "kept"}
            for name, label in pictures
        ),
        store,
        Inspect(),
        "phash",
    )
    assert set(manifest["state"]) == {"kept"}
    wanted = cut(manifest, FRUIT, labels, format="voc_xml")
    assert len(wanted) == len({(name, label, edges) for name, label, edges in found})
    assert all(box for _, box, _ in wanted)
    assert cut(manifest, FRUIT, labels, format="labelme_json") == wanted
    for name, path in write_formats(tmp_path / "boxes", rows).items():
        assert cut(manifest, path, labels) == wanted, name
    as_percent = [
        (name, (w, h), label, (100 * x / w, 100 * y / h, 100 * right / w, 100 * bottom / h))
        for name, (w, h), label, (x, y, right, bottom) in rows
    ]
    paths = write_formats(tmp_path / "percent", as_percent)
    for name in ("tfod_csv", "xywh_csv", "coco_json", "via_csv", "labelme_json", "voc_xml"):
        with pytest.raises(TableError, match="pixels or percent"):
            cut(manifest, paths[name], labels)
        assert cut(manifest, paths[name], labels, units="percent") == wanted, name


def test_a_folder_of_two_formats_is_refused_until_one_is_named(cut, sound, write_formats, tmp_path):
    paths = write_formats(tmp_path / "boxes", ROWS)
    for file in [*paths["voc_xml"].iterdir()]:
        file.rename(paths["labelme_json"] / file.name)
    with pytest.raises(TableError, match="voc_xml and as labelme_json; set crop.format"):
        cut(sound, paths["labelme_json"])
    wanted = cut(sound, paths["tfod_csv"])
    assert cut(sound, paths["labelme_json"], format="voc_xml") == wanted


@pytest.mark.parametrize(
    "name, content, words",
    [
        ("a.csv", HEADER + ",x,y,w,h\n", "tfod_csv and as xywh_csv; set crop.format"),
        ("a.csv", "a,b,c\n", "no boxes of any known tool; known: tfod_csv"),
        ("a.csv", "", "no boxes"),
        ("a.csv", b"\xff\xfea\0,\0b\0", r"\['a', 'b'\]: no boxes"),
        ("a.csv", b"\x1f\x8b\x08", "gzip"),
        ("a.json", "[]", "no boxes"),
        ("a.json", "{", "not JSON"),
        ("a.json", {"images": [], "annotations": [], "shapes": []}, "coco_json and as labelme"),
        ("a.json", [{"image_id": 1, "bbox": [1, 2, 3, 4], "score": 1}], "no boxes"),
        ("a.txt", "0 0.5 0.5 0.2 0.2", "name the folder"),
        ("data.yaml", "names: [apple]", "name the folder"),
        ("a.xml", "<annotations/>", "no CVAT for images"),
        ("a.xml", "<other/>", "no boxes"),
        ("folder/photo.jpg", b"\xff\xd8\xff", "no boxes"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_what_is_no_one_format_is_refused(put, tmp_path, name, content, words):
    path = put(name, content)
    path = path if path.parent == tmp_path else path.parent
    with pytest.raises(TableError, match=words) as caught:
        read_boxes(path, LABELS)
    assert str(path) in str(caught.value) and len(str(caught.value)) < 600


def test_files_beside_the_boxes_make_no_folder_ambiguous(cut, sound, write_formats, put, tmp_path):
    paths = write_formats(tmp_path / "boxes", ROWS)
    wanted = cut(sound, paths["tfod_csv"])
    notes = {"categories": [{"id": 0, "name": "apple"}], "info": {"contributor": "Label Studio"}}
    for file, content in [
        ("boxes/yolo_txt/notes.json", notes),
        ("boxes/voc_xml/ImageSets/Main/default.txt", "a\nb\n"),
        ("boxes/voc_xml/labelmap.txt", "# label:color_rgb:parts:actions\napple:128,0,0::\n"),
        ("boxes/voc_xml/labels.txt", "apple\nbanana\n"),
        ("boxes/voc_xml/predefined_classes.txt", "dog\nperson\n"),
    ]:
        put(file, content)
    for name in ("yolo_txt", "voc_xml"):
        assert detect_format(paths[name]).name == name
        assert cut(sound, paths[name]) == wanted


def test_a_folder_of_one_file_of_all_pictures_reads_as_it(cut, sound, write_formats, put, tmp_path):
    paths = write_formats(tmp_path / "boxes", ROWS)
    wanted = cut(sound, paths["tfod_csv"])
    for name in ("coco_json", "cvat_xml", "vott_json", "vertex_jsonl"):
        folder = put(f"{name}/annotations/{paths[name].name}", paths[name].read_text()).parent
        assert cut(sound, folder.parent) == wanted


def test_a_folder_of_tables_of_one_format_is_read_file_by_file(
    cut, sound, write_formats, put, tmp_path
):
    paths = write_formats(tmp_path / "boxes", ROWS)
    header, *lines = paths["tfod_csv"].read_text().splitlines()
    for number, line in enumerate(lines):
        put(f"export/{number}/_annotations.csv", f"{header}\n{line}\n")
        put(f"export/{number}/_classes.csv", "apple,0\nbanana,1\n")
    assert cut(sound, tmp_path / "export") == cut(sound, paths["tfod_csv"])
    put("export/other.csv", paths["xywh_csv"].read_text())
    with pytest.raises(TableError, match="tfod_csv and as xywh_csv"):
        cut(sound, tmp_path / "export")
    named = cut(sound, tmp_path / "export", format="xywh_csv")
    assert named == cut(sound, paths["xywh_csv"])
    with pytest.raises(TableError, match="no boxes of any known tool"):
        cut(sound, tmp_path / "export", format="via_csv")


def test_what_is_wrong_in_a_folder_of_tables_is_told_with_the_table(put, cut, sound, tmp_path):
    header = "filename,class,xmin,ymin,xmax,ymax"
    put("export/a.csv", f"{header}\napple.jpg,pear,1,1,9,9\napple.jpg,apple,1,1,9\n")
    put("export/b/c.csv", f"{header}\nnowhere.jpg,apple,1,1,9,9\n")
    boxes, problems = read_boxes(tmp_path / "export", LABELS)
    assert [(item.file, item.number) for item in problems] == [("a.csv", 2), ("a.csv", 3)]
    assert [box.file for box in boxes] == ["b/c.csv"]


@pytest.mark.parametrize(
    "name",
    ["coco_json", "label_studio_json", "via_json", "vott_json", "createml_json", "vertex_jsonl",
     "datumaro_json", "cvat_xml"],
)  # fmt: skip
def test_what_is_wrong_in_a_folder_is_told_with_the_file(write_formats, put, tmp_path, name):
    path = write_formats(tmp_path / "boxes", ROWS)[name]
    put(f"split/train/{path.name}", path.read_text())
    boxes, problems = read_boxes(tmp_path / "split", ("apple",))
    assert {box.file for box in boxes} == {item.file for item in problems} == {f"train/{path.name}"}
    # a picture's boxes may stand in several tables, and tables have pictures of several classes
    assert all(box.is_table for box in boxes)


def test_a_coco_file_beside_those_of_labelme_is_a_copy_of_them(write_formats, tmp_path):
    paths = write_formats(tmp_path / "boxes", ROWS)
    (paths["labelme_json"] / "_coco.json").write_text(paths["coco_json"].read_text())
    assert detect_format(paths["labelme_json"]).name == "labelme_json"
    boxes, problems = read_boxes(paths["labelme_json"], LABELS)
    assert len(boxes) == len(ROWS) and [item.file for item in problems] == ["_coco.json"]


def test_an_absent_file_is_refused(tmp_path):
    with pytest.raises(TableError, match="nowhere"):
        detect_format(tmp_path / "nowhere")


def test_a_byte_order_mark_hides_nothing(put):
    coco = json.dumps({"images": [], "annotations": []})
    assert detect_format(put("a.json", b"\xef\xbb\xbf\n" + coco.encode())).name == "coco_json"

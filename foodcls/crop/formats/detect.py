"""Detects the annotation format of a file or folder of boxes by its contents."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from foodcls.crop.formats import (
    coco,
    cvat,
    datumaro,
    label_studio,
    labelme,
    picture_lists,
    plain_csv,
    supervisely,
    via,
    voc,
    yolo,
)
from foodcls.crop.formats.documents import (
    Unreadable,
    list_files,
    parse_json,
    parse_xml,
    read_bounded,
)
from foodcls.crop.formats.raw_box import AnnotationFormat, RawBox, as_dicts, of_table
from foodcls.errors import TableError
from foodcls.tables.read_csv import Problem

FORMATS = {
    one.name: one
    for one in (
        AnnotationFormat("tfod_csv", "pixels", plain_csv.read_tfod),
        AnnotationFormat("via_csv", "pixels", via.read_via),
        AnnotationFormat("open_images_csv", "share", plain_csv.read_open_images),
        AnnotationFormat("label_studio_csv", "percent", label_studio.read_csv),
        AnnotationFormat("xywh_csv", "", plain_csv.read_xywh),
        AnnotationFormat("coco_json", "pixels", coco.read_coco),
        AnnotationFormat("label_studio_json", "percent", label_studio.read_json),
        AnnotationFormat("via_json", "pixels", via.read_via_json),
        AnnotationFormat("vott_json", "pixels", picture_lists.read_vott),
        AnnotationFormat("createml_json", "pixels", picture_lists.read_createml),
        AnnotationFormat("vertex_jsonl", "share", picture_lists.read_vertex),
        AnnotationFormat("datumaro_json", "pixels", datumaro.read_datumaro),
        AnnotationFormat("supervisely_json", "pixels", supervisely.read_supervisely),
        AnnotationFormat("labelme_json", "pixels", labelme.read_labelme),
        AnnotationFormat("voc_xml", "pixels", voc.read_voc),
        AnnotationFormat("cvat_xml", "pixels", cvat.read_cvat),
        AnnotationFormat("yolo_txt", "share", yolo.read_yolo),
    )
}
# the columns by which a table is known
COLUMNS = {
    "via_csv": {"region_shape_attributes", "region_attributes"},
    "open_images_csv": {"ImageID", "LabelName", "XMin", "YMin", "XMax", "YMax"},
    "label_studio_csv": {"annotation_id", "lead_time"},
}

# formats of a file a picture
A_PICTURE = ("voc_xml", "labelme_json", "supervisely_json", "yolo_txt")
LINES = (".jsonl", ".ndjson")


def detect_format(path: Path, name: str = "auto") -> AnnotationFormat:
    """The one annotation format that fits the contents, or the one of that name.

    TableError when none or several fit.
    """
    if name != "auto" and not (path.is_dir() and name.endswith("_csv")):
        return FORMATS[name]
    if path.is_dir():
        names = [] if name != "auto" else _folder_formats(path)
        return _choose(path, names, "its files") if names else _choose_tables(path, name)
    try:
        data = read_bounded(path)
        if path.suffix.lower() in LINES:
            return _choose(path, _line_formats(data), "its first line")
        start = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
        if start in (b"<", b"{", b"["):
            return _choose(path, _document_formats(data), "its keys or tags")
    except Unreadable as error:
        raise TableError(f"{path}: {error}; name a file of boxes") from error
    suffix = path.suffix.lower()
    if suffix in (".yaml", ".yml") or (suffix == ".txt" and b"," not in data[:4096]):
        return FORMATS["yolo_txt"]
    header = plain_csv.read_columns(path)
    return _choose(path, _csv_formats(header, data), f"the header {str(header)[:80]}")


def _choose_tables(folder: Path, name: str) -> AnnotationFormat:
    """The format of the tables of a folder, or the one of that name; they are read in turn."""
    found: dict[str, list[Path]] = {}
    for file in list_files(folder, ".csv"):
        with suppress(TableError, Unreadable):
            for one in _csv_formats(plain_csv.read_columns(file), read_bounded(file)):
                found.setdefault(one, []).append(file)
    chosen = _choose(folder, [one for one in found if name in ("auto", one)], "its files")

    def read(_: Path) -> Iterator[RawBox | Problem]:
        for file in found[chosen.name]:
            name = file.relative_to(folder).as_posix()
            yield from (of_table(item, name) for item in chosen.read(file))

    return replace(chosen, read=read)


def _choose(path: Path, names: Sequence[str], what: str) -> AnnotationFormat:
    if len(names) == 1:
        return FORMATS[names[0]]
    if names:
        raise TableError(
            f"{path}: {what} can be read as {' and as '.join(names)}; "
            f"set crop.format to the one that is meant"
        )
    raise TableError(f"{path}: {what}: no boxes of any known tool; known: {', '.join(FORMATS)}")


def _csv_formats(header: Sequence[str], data: bytes) -> list[str]:
    found = [name for name, columns in COLUMNS.items() if columns <= set(header)]
    # its columns are called as the project calls them
    if b"rectanglelabels" in data and "label_studio_csv" not in found:
        found.append("label_studio_csv")
    if found:  # of Open Images, whose columns are corners too, or with boxes in cells
        return found
    corners, sides, listed = (
        plain_csv.name_columns(header, roles)
        for roles in (plain_csv.CORNERS, plain_csv.XYWH, plain_csv.LISTED)
    )
    is_tfod = {"xmin", "ymin", "xmax", "ymax"} <= set(corners)
    # left and top are of corners where there are right and bottom
    is_xywh = set("xywh") <= set(sides) and not (is_tfod and sides["x"] == corners["xmin"])
    return ["tfod_csv"] * is_tfod + ["xywh_csv"] * (is_xywh or "bbox" in listed)


def _document_formats(data: bytes) -> list[str]:
    if data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<":
        tags = {"annotation": ["voc_xml"], "annotations": ["cvat_xml"]}
        return tags.get(parse_xml(data).tag, [])
    content = parse_json(data)
    keys = set(content) if isinstance(content, dict) else set()
    tasks = as_dicts(content if isinstance(content, list) else [content])
    found = {
        "coco_json": {"images", "annotations"} <= keys,
        "labelme_json": "shapes" in keys,
        "label_studio_json": any(map(_is_task, tasks)),
        "via_json": bool(via.list_pictures(content)),
        "datumaro_json": datumaro.list_labels(content) is not None,
        "supervisely_json": supervisely.is_supervisely(content),
        "vott_json": bool(picture_lists.list_vott(content)),
        "createml_json": bool(picture_lists.list_createml(content)),
    }
    return [name for name, is_it in found.items() if is_it]


def _line_formats(data: bytes) -> list[str]:
    first = parse_json(data.lstrip().partition(b"\n")[0])
    return ["vertex_jsonl"] if isinstance(first, dict) and "imageGcsUri" in first else []


def _is_task(task: dict[str, Any]) -> bool:
    """A task with annotations or, as JSON-MIN, with regions beside the picture."""
    if isinstance(task.get("data"), dict):
        return "annotations" in task or "completions" in task
    regions = [region for value in task.values() for region in as_dicts(value)]
    return any("original_width" in region for region in regions)


def _folder_formats(folder: Path) -> list[str]:
    """Of files a picture the format; a file of all pictures beside them is a copy of these."""
    found = {"yolo_txt": None} if yolo.holds_labels(folder) else {}
    for suffix, detect, ends in (
        (".xml", _document_formats, {"voc_xml"}),
        (".json", _document_formats, {"labelme_json", "supervisely_json"}),
        (".jsonl", _line_formats, {"vertex_jsonl"}),
    ):
        for file in list_files(folder, suffix):
            with suppress(Unreadable):
                found.update(dict.fromkeys(detect(read_bounded(file))))
            if ends & found.keys():
                break  # the others are as this one, or lie beside them
    return [name for name in A_PICTURE if name in found] or list(found)

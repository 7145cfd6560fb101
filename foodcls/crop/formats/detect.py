"""Detects the annotation format of a file or folder of boxes by its contents."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from foodcls.crop.formats import (
    coco,
    label_studio,
    labelme,
    plain_csv,
    via,
    voc,
    yolo,
)
from foodcls.crop.formats.documents import Unreadable, list_files, parse_json, read_bounded
from foodcls.crop.formats.raw_box import AnnotationFormat, as_dicts
from foodcls.errors import TableError
from foodcls.tables.read_csv import read_header

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
        AnnotationFormat("labelme_json", "pixels", labelme.read_labelme),
        AnnotationFormat("voc_xml", "pixels", voc.read_voc),
        AnnotationFormat("yolo_txt", "share", yolo.read_yolo),
    )
}
# the columns by which a table is known
COLUMNS = {
    "tfod_csv": {"xmin", "ymin", "xmax", "ymax"},
    "via_csv": {"region_shape_attributes", "region_attributes"},
    "open_images_csv": {"ImageID", "LabelName", "XMin", "YMin", "XMax", "YMax"},
    "label_studio_csv": {"annotation_id", "lead_time"},
}


def detect_format(path: Path) -> AnnotationFormat:
    """The one annotation format that fits the contents; TableError when none or several do."""
    if path.is_dir():
        return _choose(path, _folder_formats(path), "its files")
    try:
        data = read_bounded(path)
        start = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
        if start == b"<":
            return FORMATS["voc_xml"]
        if start in (b"{", b"["):
            return _choose(path, _json_formats(parse_json(data)), "its keys")
    except Unreadable as error:
        raise TableError(f"{path}: {error}; name a file of boxes") from error
    if path.suffix.lower() == ".txt" and b"," not in data[:4096]:
        return FORMATS["yolo_txt"]
    header = read_header(path)
    hint = " (semicolons? the cells must be parted by commas)" if ";" in str(header) else ""
    return _choose(path, _csv_formats(header, data), f"the header {str(header)[:80]}{hint}")


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
    roles = plain_csv.name_columns(header)
    return found + ["xywh_csv"] * all(role in roles for role in plain_csv.XYWH)


def _json_formats(content: Any) -> list[str]:
    keys = set(content) if isinstance(content, dict) else set()
    tasks = as_dicts(content if isinstance(content, list) else [content])
    found = {
        "coco_json": {"images", "annotations"} <= keys,
        "labelme_json": "shapes" in keys,
        "label_studio_json": any(map(_is_task, tasks)),
    }
    return [name for name, is_it in found.items() if is_it]


def _is_task(task: dict[str, Any]) -> bool:
    """A task with annotations or, as JSON-MIN, with regions beside the picture."""
    if isinstance(task.get("data"), dict):
        return "annotations" in task or "completions" in task
    regions = [region for value in task.values() for region in as_dicts(value)]
    return any("original_width" in region for region in regions)


def _folder_formats(folder: Path) -> list[str]:
    found = {
        "voc_xml": bool(list_files(folder, ".xml")),
        "labelme_json": bool(list_files(folder, ".json")),
        "yolo_txt": bool(yolo.list_labels(folder)),
    }
    return [name for name, is_it in found.items() if is_it]

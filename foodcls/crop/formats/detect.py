"""Finds out by its contents which tool wrote a file or folder of boxes."""

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
from foodcls.crop.formats.raw_box import Dialect, as_dicts
from foodcls.errors import TableError
from foodcls.tables.read_csv import read_header

DIALECTS = {
    dialect.name: dialect
    for dialect in (
        Dialect("tfod_csv", "pixels", plain_csv.read_tfod),
        Dialect("via_csv", "pixels", via.read_via),
        Dialect("open_images_csv", "share", plain_csv.read_open_images),
        Dialect("label_studio_csv", "percent", label_studio.read_csv),
        Dialect("xywh_csv", "", plain_csv.read_xywh),
        Dialect("coco_json", "pixels", coco.read_coco),
        Dialect("label_studio_json", "percent", label_studio.read_json),
        Dialect("labelme_json", "pixels", labelme.read_labelme),
        Dialect("voc_xml", "pixels", voc.read_voc),
        Dialect("yolo_txt", "share", yolo.read_yolo),
    )
}
# the columns by which a table is known
COLUMNS = {
    "tfod_csv": {"xmin", "ymin", "xmax", "ymax"},
    "via_csv": {"region_shape_attributes", "region_attributes"},
    "open_images_csv": {"ImageID", "LabelName", "XMin", "YMin", "XMax", "YMax"},
    "label_studio_csv": {"annotation_id", "lead_time"},
}


def recognise(path: Path) -> Dialect:
    """The one dialect that the contents speak; TableError when none does, or two do."""
    if path.is_dir():
        return _choose(path, _folder_dialects(path), "its files")
    try:
        data = read_bounded(path)
        start = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
        if start == b"<":
            return DIALECTS["voc_xml"]
        if start in (b"{", b"["):
            return _choose(path, _json_dialects(parse_json(data)), "its keys")
    except Unreadable as error:
        raise TableError(f"{path}: {error}; name a file of boxes") from error
    if path.suffix.lower() == ".txt" and b"," not in data[:4096]:
        return DIALECTS["yolo_txt"]
    header = read_header(path)
    hint = " (semicolons? the cells must be parted by commas)" if ";" in str(header) else ""
    return _choose(path, _csv_dialects(header, data), f"the header {str(header)[:80]}{hint}")


def _choose(path: Path, names: Sequence[str], what: str) -> Dialect:
    if len(names) == 1:
        return DIALECTS[names[0]]
    if names:
        raise TableError(
            f"{path}: {what} can be read as {' and as '.join(names)}; "
            f"set crop.format to the one that is meant"
        )
    raise TableError(f"{path}: {what}: no boxes of any known tool; known: {', '.join(DIALECTS)}")


def _csv_dialects(header: Sequence[str], data: bytes) -> list[str]:
    found = [name for name, columns in COLUMNS.items() if columns <= set(header)]
    # its columns are called as the project calls them
    if b"rectanglelabels" in data and "label_studio_csv" not in found:
        found.append("label_studio_csv")
    roles = plain_csv.name_columns(header)
    return found + ["xywh_csv"] * all(role in roles for role in plain_csv.XYWH)


def _json_dialects(content: Any) -> list[str]:
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


def _folder_dialects(folder: Path) -> list[str]:
    found = {
        "voc_xml": bool(list_files(folder, ".xml")),
        "labelme_json": bool(list_files(folder, ".json")),
        "yolo_txt": bool(yolo.list_labels(folder)),
    }
    return [name for name, is_it in found.items() if is_it]

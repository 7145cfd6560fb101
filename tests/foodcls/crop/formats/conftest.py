"""What the tests of the formats share: the same boxes as every tool would write them."""

import csv
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from xml.etree import ElementTree

import pytest

# picture, its size, class, edges in pixels
Row = tuple[str, tuple[int, int], str, tuple[float, float, float, float]]


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """Write a text or a JSON value into a file of the temporary folder."""

    def write(name: str, content: object) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return write


@pytest.fixture
def write_formats() -> Callable[[Path, list[Row]], dict[str, Path]]:
    """Write boxes in all formats; {format: its file or folder}."""

    def write(folder: Path, rows: list[Row]) -> dict[str, Path]:
        folder.mkdir(parents=True, exist_ok=True)
        return {name: writer(folder / name, rows) for name, writer in WRITERS.items()}

    return write


def write_table(path: Path, header: str, lines: Iterable[Iterable[object]]) -> Path:
    with path.with_suffix(".csv").open("w", newline="") as file:
        csv.writer(file).writerows([header.split(","), *lines])
    return path.with_suffix(".csv")


def write_json(path: Path, value: object) -> Path:
    path.with_suffix(".json").write_text(json.dumps(value))
    return path.with_suffix(".json")


def by_picture(rows: list[Row]) -> dict[str, list[Row]]:
    return {name: [row for row in rows if row[0] == name] for name in {row[0]: 0 for row in rows}}


def sides(edges: tuple[float, ...]) -> tuple[float, float, float, float]:
    return edges[0], edges[1], edges[2] - edges[0], edges[3] - edges[1]


def percent(row: Row) -> dict[str, float]:
    (width, height), (x, y, across, down) = row[1], sides(row[3])
    return {
        "x": 100 * x / width,
        "y": 100 * y / height,
        "width": 100 * across / width,
        "height": 100 * down / height,
    }


def tfod(path: Path, rows: list[Row]) -> Path:
    header = "filename,width,height,class,xmin,ymin,xmax,ymax"
    return write_table(path, header, [(n, *size, label, *edges) for n, size, label, edges in rows])


def xywh(path: Path, rows: list[Row]) -> Path:
    header = "image_name,label_name,bbox_x,bbox_y,bbox_width,bbox_height,image_width,image_height"
    return write_table(path, header, [(n, la, *sides(e), *size) for n, size, la, e in rows])


def via(path: Path, rows: list[Row]) -> Path:
    header = (
        "filename,file_size,file_attributes,region_count,region_id,"
        "region_shape_attributes,region_attributes"
    )
    lines = []
    for name, _, label, edges in rows:
        shape = dict(zip(("x", "y", "width", "height"), sides(edges), strict=True))
        cells = json.dumps({"name": "rect"} | shape), json.dumps({"class": label})
        lines.append((name, 9, "{}", 1, 0, *cells))
    return write_table(path, header, lines)


def open_images(path: Path, rows: list[Row]) -> Path:
    header = "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded"
    lines = []
    for name, (width, height), label, (left, top, right, bottom) in rows:
        edges = left / width, right / width, top / height, bottom / height
        lines.append((Path(name).stem, "xclick", label, 1, *edges, 0))
    return write_table(path, header, lines)


def label_studio_csv(path: Path, rows: list[Row]) -> Path:
    header = "image,id,label,annotator,annotation_id,created_at,updated_at,lead_time"
    lines = []
    for number, (name, own) in enumerate(by_picture(rows).items()):
        regions = [
            percent(row)
            | {"rotation": 0, "rectanglelabels": [row[2]]}
            | {"original_width": row[1][0], "original_height": row[1][1]}
            for row in own
        ]
        picture = f"/data/upload/1/0123abcd-{name}"
        lines.append((picture, number, json.dumps(regions), 1, number, "", "", 1.5))
    return write_table(path, header, lines)


def label_studio_json(path: Path, rows: list[Row]) -> Path:
    tasks = []
    for name, own in by_picture(rows).items():
        results = [
            {
                "type": "rectanglelabels",
                "original_width": row[1][0],
                "original_height": row[1][1],
                "image_rotation": 0,
                "value": percent(row) | {"rotation": 0, "rectanglelabels": [row[2]]},
            }
            for row in own
        ]
        data = {"image": f"/data/local-files/?d=photos/{name}"}
        tasks.append({"data": data, "annotations": [{"result": results}], "predictions": []})
    return write_json(path, tasks)


def coco(path: Path, rows: list[Row]) -> Path:
    pictures = {row[0]: row[1] for row in rows}
    names, labels = list(pictures), sorted({row[2] for row in rows})
    images = [
        {"id": number, "file_name": name, "width": size[0], "height": size[1]}
        for number, (name, size) in enumerate(pictures.items())
    ]
    annotations = [
        {
            "id": number,
            "image_id": names.index(row[0]),
            "category_id": labels.index(row[2]),
            "bbox": sides(row[3]),
        }
        for number, row in enumerate(rows)
    ]
    categories = [{"id": number, "name": label} for number, label in enumerate(labels)]
    content = {"images": images, "annotations": annotations, "categories": categories}
    return write_json(path, content)


def via_json(path: Path, rows: list[Row]) -> Path:
    pictures = {}
    for name, own in by_picture(rows).items():
        regions = [
            {
                "shape_attributes": {"name": "rect"}
                | dict(zip(("x", "y", "width", "height"), sides(row[3]), strict=True)),
                "region_attributes": {"fruit": row[2]},
            }
            for row in own
        ]
        pictures[f"{name}9"] = {"filename": name, "size": 9, "regions": regions}
    return write_json(path, pictures)


def createml(path: Path, rows: list[Row]) -> Path:
    pictures = []
    for name, own in by_picture(rows).items():
        boxes = []
        for *_, label, edges in own:
            x, y, w, h = sides(edges)
            middle = {"x": x + w / 2, "y": y + h / 2, "width": w, "height": h}
            boxes.append({"label": label, "coordinates": middle})
        pictures.append({"image": name, "annotations": boxes})
    return write_json(path, pictures)


def vott(path: Path, rows: list[Row]) -> Path:
    assets = {}
    for number, (name, own) in enumerate(by_picture(rows).items()):
        size = dict(zip(("width", "height"), own[0][1], strict=True))
        regions = [
            {
                "tags": [row[2]],
                "boundingBox": dict(
                    zip(("left", "top", "width", "height"), sides(row[3]), strict=True)
                ),
            }
            for row in own
        ]
        asset = {"name": name, "path": f"file:/photos/{name}", "size": size}
        assets[str(number)] = {"asset": asset, "regions": regions}
    return write_json(path, {"name": "fruit", "assets": assets})


def vertex(path: Path, rows: list[Row]) -> Path:
    lines = []
    for name, own in by_picture(rows).items():
        boxes = []
        for _, (width, height), label, (left, top, right, bottom) in own:
            shares = left / width, top / height, right / width, bottom / height
            corners = dict(zip(("xMin", "yMin", "xMax", "yMax"), shares, strict=True))
            boxes.append({"displayName": label} | corners)
        line = {"imageGcsUri": f"gs://bucket/{name}", "boundingBoxAnnotations": boxes}
        lines.append(json.dumps(line))
    path.with_suffix(".jsonl").write_text("\n".join(lines) + "\n")
    return path.with_suffix(".jsonl")


def datumaro(path: Path, rows: list[Row]) -> Path:
    labels = sorted({row[2] for row in rows})
    items = []
    for name, own in by_picture(rows).items():
        shapes = [
            {"type": "bbox", "label_id": labels.index(label), "bbox": sides(edges)}
            for *_, label, edges in own
        ]
        image = {"path": name, "size": own[0][1][::-1]}
        items.append({"id": Path(name).stem, "annotations": shapes, "image": image})
    categories = {"label": {"labels": [{"name": label, "parent": ""} for label in labels]}}
    return write_json(path, {"info": {}, "categories": categories, "items": items})


def supervisely(path: Path, rows: list[Row]) -> Path:
    (path / "ds0" / "ann").mkdir(parents=True)
    write_json(path / "meta", {"classes": [], "tags": []})
    for name, own in by_picture(rows).items():
        objects = [
            {"geometryType": "rectangle", "classTitle": label,
             "points": {"exterior": [edges[:2], edges[2:]], "interior": []}}
            for *_, label, edges in own
        ]  # fmt: skip
        size = dict(zip(("width", "height"), own[0][1], strict=True))
        content = {"tags": [], "size": size, "objects": objects}
        (path / "ds0" / "ann" / f"{name}.json").write_text(json.dumps(content))
    return path


def labelme(path: Path, rows: list[Row]) -> Path:
    path.mkdir()
    for name, own in by_picture(rows).items():
        shapes = [
            # dragged from the lower right
            {"label": row[2], "points": [row[3][2:], row[3][:2]], "shape_type": "rectangle"}
            for row in own
        ]
        write_json(path / Path(name).stem, {"imagePath": f"..\\photos\\{name}", "shapes": shapes})
    return path


def voc(path: Path, rows: list[Row]) -> Path:
    path.mkdir()
    for name, own in by_picture(rows).items():
        root = ElementTree.Element("annotation")
        ElementTree.SubElement(root, "filename").text = name
        size = ElementTree.SubElement(root, "size")
        for side, value in zip(("width", "height"), own[0][1], strict=True):
            ElementTree.SubElement(size, side).text = str(value)
        for row in own:
            item = ElementTree.SubElement(root, "object")
            ElementTree.SubElement(item, "name").text = row[2]
            box = ElementTree.SubElement(item, "bndbox")
            for edge, value in zip(("xmin", "ymin", "xmax", "ymax"), row[3], strict=True):
                ElementTree.SubElement(box, edge).text = str(value)
        ElementTree.ElementTree(root).write(path / f"{Path(name).stem}.xml")
    return path


def cvat(path: Path, rows: list[Row]) -> Path:
    root = ElementTree.Element("annotations")
    for name, own in by_picture(rows).items():
        width, height = map(str, own[0][1])
        image = ElementTree.SubElement(root, "image", name=name, width=width, height=height)
        for row in own:
            edges = dict(zip(("xtl", "ytl", "xbr", "ybr"), map(str, row[3]), strict=True))
            ElementTree.SubElement(image, "box", label=row[2], **edges)
    ElementTree.ElementTree(root).write(path.with_suffix(".xml"))
    return path.with_suffix(".xml")


def yolo(path: Path, rows: list[Row]) -> Path:
    (path / "labels" / "train").mkdir(parents=True)
    labels = sorted({row[2] for row in rows})
    (path / "classes.txt").write_text("\n".join(labels))
    for name, own in by_picture(rows).items():
        lines = []
        for _, (width, height), label, edges in own:
            x, y, w, h = sides(edges)
            shares = (x + w / 2) / width, (y + h / 2) / height, w / width, h / height
            lines.append(" ".join([str(labels.index(label)), *(f"{part:.6f}" for part in shares)]))
        (path / "labels" / "train" / f"{Path(name).stem}.txt").write_text("\n".join(lines))
    return path


WRITERS = {
    "tfod_csv": tfod,
    "via_csv": via,
    "open_images_csv": open_images,
    "label_studio_csv": label_studio_csv,
    "xywh_csv": xywh,
    "coco_json": coco,
    "label_studio_json": label_studio_json,
    "via_json": via_json,
    "vott_json": vott,
    "createml_json": createml,
    "vertex_jsonl": vertex,
    "datumaro_json": datumaro,
    "supervisely_json": supervisely,
    "labelme_json": labelme,
    "voc_xml": voc,
    "cvat_xml": cvat,
    "yolo_txt": yolo,
}

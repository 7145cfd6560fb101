"""Writes the folder of a page that runs a model: page, model, its facts and the runtime."""

import json
from collections.abc import Mapping
from pathlib import Path

from foodcls.errors import InputError
from foodcls.export.load import load_model
from foodcls.recipe.data_settings import MAX_PIXELS
from foodcls.store.store import write_whole

PAGE = Path(__file__).parent / "page"
MODEL, FACTS, RUNTIME = "model.onnx", "model.json", "runtime"


def write_page(model: Path, runtime: Mapping[str, bytes], folder: Path) -> Path:
    """Write the page of an .onnx file into a folder; the page's path.

    It has to be served, by any static server; opened as a file it may load nothing.
    """
    if model.suffix != ".onnx":
        raise InputError(f"{model}: a browser runs the .onnx file; export it with --format onnx")
    loaded = load_model(model)
    facts = {
        "name": model.stem,
        "digest": loaded.digest,
        "labels": loaded.labels,
        "abstain_below": loaded.abstain_below,
        "known_from": loaded.known_from,
        "max_pixels": MAX_PIXELS,
    }
    pages = {path.name: path.read_bytes() for path in PAGE.iterdir() if path.is_file()}
    files = {
        **{f"{RUNTIME}/{name}": data for name, data in runtime.items()},
        MODEL: model.read_bytes(),
        FACTS: json.dumps(facts, ensure_ascii=False).encode(),
        **pages,
    }
    for name, data in files.items():
        write_whole(folder / name, data)
    return folder / "index.html"

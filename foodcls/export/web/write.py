"""Writes the folder of a page that runs a model: page, model, its facts and ONNX Runtime.

The runtime is taken out of its npm package, which is known by its digest.
"""

import base64
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

from foodcls.errors import InputError
from foodcls.export.load import load_model
from foodcls.recipe.data_settings import MAX_PIXELS
from foodcls.store.store import write_whole

PAGE = Path(__file__).parent / "page"
MODEL, FACTS, RUNTIME = "model.onnx", "model.json", "runtime"
# npm's own digest of the package, so that it may come from anywhere
PACKAGE, VERSION, LICENSE = "onnxruntime-web", "1.30.0", "MIT"
INTEGRITY = (
    "sha512-"
    "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
)
# of the processor alone, with its loader inside: 14 of the package's 130 MB
FILES = ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm")
NOTICE = f"""{PACKAGE} {VERSION}, (c) Microsoft Corporation, {LICENSE} license.
https://github.com/microsoft/onnxruntime
"""


def read_runtime(path: Path) -> dict[str, bytes]:
    """The runtime's files by name, with a notice; InputError when it is another package."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; {how_to_get()}") from error
    algorithm, _, wanted = INTEGRITY.partition("-")
    if base64.b64encode(hashlib.new(algorithm, data).digest()).decode() != wanted:
        raise InputError(f"{path} is not {PACKAGE} {VERSION}: its digest differs; {how_to_get()}")
    with tarfile.open(fileobj=io.BytesIO(data)) as package:
        members = {name: package.extractfile(f"package/dist/{name}") for name in FILES}
        files = {name: member.read() for name, member in members.items() if member}
    return files | {"LICENSE.txt": NOTICE.encode()}


def how_to_get() -> str:
    """What to type to have the package."""
    return (
        f"get it by `npm pack {PACKAGE}@{VERSION}`, on any machine with npm, and name the file by "
        f"--runtime {PACKAGE}-{VERSION}.tgz"
    )


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

"""Takes ONNX Runtime for browsers out of its npm package, which is known by its digest."""

import base64
import hashlib
import io
import tarfile
from pathlib import Path

from foodcls.errors import InputError

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

"""Opens an exported file as a model, after checking its digest and contents."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from foodcls.errors import InputError, first_line
from foodcls.export.aotinductor import read_package
from foodcls.export.exported_files import (
    DIGESTS,
    FORMATS,
    check_libraries,
    find_format,
    read_digests,
    sibling,
)
from foodcls.export.exported_program import model_of, read_program
from foodcls.export.model import Answer, Model
from foodcls.export.safety.archive import refuse
from foodcls.export.safety.read import UNREADABLE, read_module
from foodcls.metrics.ranks import Floats
from foodcls.network.resize import Pixels
from foodcls.recipe.train_settings import MAX_INPUT_SIZE, Format
from foodcls.store.store import digest_json, digest_of

# bytes; ten times the largest backbone of the tests, and what fits into memory with its copies
LARGEST = 2_000_000_000
# no probability is this large, however it is rounded
ABOVE_ONE = 1.001


def load_model(path: Path, digest: str = "", threads: int = 0) -> Model:
    """Read a file that `export` wrote; InputError when it is not one, or no longer the same.

    Its SHA-256 must be `digest`, where one is given, and the one that a .sha256 file beside it
    has for its name; a list without it is refused where no `digest` is given. ONNX Runtime gets so
    many threads, 0 being one a core; torch's are its own setting. A .pt2 file needs one given:
    reading it runs code of it.
    """
    kind = find_format(path)
    check_libraries([kind])
    if FORMATS[kind].is_program and not digest:
        raise InputError(
            f"{path}: a {FORMATS[kind].ending} file may run programs; foodcls reads the .pt file "
            "beside it, or this one by the SHA-256 that its maker told you (--sha256)"
        )
    # a pipe or a device would be read for ever
    if path.exists() and not path.is_file():
        raise InputError(f"{path} is not a file; name an exported file")
    try:
        if path.stat().st_size > LARGEST:
            raise InputError(f"{path} has more than {LARGEST:,} bytes; name an exported file")
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; name an exported file") from error
    _check_digest(path, digest_of(data), digest)
    return read_model(data, str(path), kind, threads)


def read_model(data: bytes, name: str, kind: Format = "torchscript", threads: int = 0) -> Model:
    """Read the bytes of an exported file; InputError says what is wrong with the file `name`.

    Those of a format that is a program are run.
    """
    try:
        model = _read(data, kind, threads)
        named = model.provenance["labels_digest"]
        _check_facts(model)
    except UNREADABLE as error:
        raise InputError(
            f"{name} is no exported foodcls file, or a damaged one "
            f"({first_line(error)}); export it again"
        ) from error
    if digest_json(model.labels) != named:
        raise InputError(f"{name}: its classes were altered after training; export it again")
    return replace(model, answer=_checked(model, name))


def _check_digest(path: Path, found: str, wanted: str) -> None:
    beside = sibling(path, DIGESTS)
    listed = read_digests(beside).get(path.name, "")
    if beside.exists() and not (listed or wanted):
        raise InputError(
            f"{beside} says nothing of {path.name}: take both again from where they were "
            "published, or give the SHA-256 that its maker told you (--sha256)"
        )
    said = {"was asked for": wanted, f"{beside.name} says": listed}
    for who, digest in said.items():
        if digest and digest != found:
            raise InputError(
                f"{path} was changed after its export: its SHA-256 is {found[:12]}…, not the "
                f"{digest[:12]}… that {who}; take it again from where it was published"
            )


def _check_facts(model: Model) -> None:
    """ValueError where no recipe has such classes, or such a size."""
    if not model.labels or not all(label and label.isprintable() for label in model.labels):
        refuse("it names no classes, or unprintable ones")
    if not 0 < model.size <= MAX_INPUT_SIZE:
        refuse(f"its network sees {model.size} pixels a side")


def _checked(model: Model, name: str) -> Answer:
    """A model's answer; InputError where it gives no probability for each of its classes."""

    def answer(pixels: Pixels) -> tuple[Floats, Floats]:
        try:
            shares, known = model.answer(pixels)
        except UNREADABLE as error:
            raise InputError(
                f"{name} fails at a picture ({first_line(error)}); export it again"
            ) from error
        given = np.asarray(shares), np.asarray(known)
        wanted = (len(pixels), len(model.labels)), (len(pixels),)
        for one, shape in zip(given, wanted, strict=True):
            # of what is no number neither is so
            is_sound = one.dtype == np.float32 and ((one >= 0) & (one < ABOVE_ONE)).all()
            if one.shape != shape or not is_sound:
                raise InputError(
                    f"{name} does not give a probability for each of its classes; export it again"
                )
        return given

    return answer


def _read(data: bytes, kind: Format, threads: int) -> Model:
    if kind in ("onnx", "onnx_int8"):
        # its libraries may be absent
        from foodcls.export.onnx.read import read_onnx

        return read_onnx(data, threads)
    if kind == "exported_program":
        return read_program(data)
    if kind == "aotinductor":
        return read_package(data)
    module = read_module(data).eval()
    names = ("labels", "size", "abstain_below", "known_from", "provenance")
    return model_of(module, {name: getattr(module, name) for name in names}, digest_of(data))

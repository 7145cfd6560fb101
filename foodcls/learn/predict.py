"""Turns picture files into labels by an exported file, as any other program would use it."""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZIP_STORED, BadZipFile, ZipFile

import numpy as np
import torch
from torch import Tensor

from foodcls.curate.decode import BadPicture, decode
from foodcls.errors import InputError
from foodcls.progress import Track, silent
from foodcls.store import digest_json, digest_of

MAX_PIXELS = 50_000_000
MAX_BYTES = 100_000_000
# in a folder other files lie too; a file that is named itself may be called anything
ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif")
# what zipfile and torch raise on damaged archives, and what is raised where the file is sound but
# has no classes in it
UNREADABLE = (
    BadZipFile,
    EOFError,
    RuntimeError,
    ValueError,
    LookupError,
    AttributeError,
    TypeError,
)


@dataclass(frozen=True)
class Model:
    """An exported file, ready to use."""

    module: torch.jit.ScriptModule
    labels: tuple[str, ...]  # in output order
    provenance: dict[str, str]
    digest: str  # SHA-256 of the file


@dataclass(frozen=True)
class Prediction:
    """What the model says about one picture, or why it says nothing."""

    path: str
    label: str = ""  # empty when there is an error
    probability: float | None = None  # of `label`
    probabilities: tuple[float, ...] = ()  # in the order of the model's labels
    error: str = ""


def load_model(path: Path) -> Model:
    """Read a file that `export` wrote; InputError when it is not one, or damaged."""
    try:
        data = path.read_bytes()
        _check_archive(data)
        module = torch.jit.load(io.BytesIO(data), "cpu").eval()
        labels, provenance = tuple(module.labels), dict(module.provenance)
        named = provenance["labels_digest"]
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; name an exported file") from error
    except UNREADABLE as error:
        raise InputError(
            f"{path} is no exported foodcls file, or a damaged one "
            f"({(str(error) or type(error).__name__).splitlines()[0]}); export it again"
        ) from error
    if digest_json(list(labels)) != named:
        raise InputError(f"{path}: its classes were altered after training; export it again")
    return Model(module, labels, provenance, digest_of(data))


def find_pictures(places: Sequence[Path]) -> list[Path]:
    """The files themselves, and all files with a picture's ending below the folders, in order."""
    found: list[Path] = []
    for place in places:
        below = sorted(place.rglob("*")) if place.is_dir() else [place]
        found += [path for path in below if not place.is_dir() or _looks_like_picture(path)]
    return found


def predict(model: Model, paths: Sequence[Path], track: Track = silent) -> Iterator[Prediction]:
    """Answer for each path in turn; a file that is no picture gets an error, the rest go on."""
    for path in track(paths, len(paths), "predict"):
        try:
            yield predict_bytes(model, _read(path), str(path))
        except (BadPicture, OSError) as error:
            yield Prediction(str(path), error=_reason(error))


def predict_many(model: Model, pictures: Iterable[bytes]) -> Iterator[Prediction]:
    """Answer for the bytes of picture files; the paths stay empty."""
    for data in pictures:
        try:
            yield predict_bytes(model, data)
        except BadPicture as error:
            yield Prediction("", error=_reason(error))


def predict_bytes(model: Model, data: bytes, path: str = "") -> Prediction:
    """Answer for the bytes of one picture file; BadPicture when they are none."""
    probabilities = probabilities_of(model, data).tolist()
    best = int(np.argmax(probabilities))
    return Prediction(path, model.labels[best], probabilities[best], tuple(probabilities))


@torch.inference_mode()
def probabilities_of(model: Model, data: bytes) -> Tensor:
    """The probabilities (C,) for one picture file: first frame, upright, on white."""
    picture = np.array(decode(data, MAX_PIXELS).image)
    answer: Tensor = model.module(torch.from_numpy(picture).permute(2, 0, 1)[None])
    return answer[0]


def _check_archive(data: bytes) -> None:
    """Compare all checksums: torch does not, and believes a damaged length of gigabytes."""
    with ZipFile(io.BytesIO(data)) as archive:
        for entry in archive.infolist():
            if entry.compress_type != ZIP_STORED or entry.file_size > len(data):
                raise ValueError(f"its part {entry.filename!r} is damaged")
        if damaged := archive.testzip():
            raise ValueError(f"its part {damaged!r} is damaged")


def _looks_like_picture(path: Path) -> bool:
    return path.suffix.lower() in ENDINGS and path.is_file()


def _read(path: Path) -> bytes:
    # a pipe or a device would be read for ever
    if not path.is_file():
        raise BadPicture("not_an_image", "not there" if not path.exists() else "not a file")
    if path.stat().st_size > MAX_BYTES:
        raise BadPicture("not_an_image", f"more than {MAX_BYTES} bytes")
    return path.read_bytes()


def _reason(error: BadPicture | OSError) -> str:
    return str(error) if isinstance(error, BadPicture) else f"unreadable: {error.strerror}"

"""Says what an export gives, in which formats, and what its answers are called; knows no torch.

A run that finds all of its stages in the cache reads this, and neither trains nor exports.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path, PureWindowsPath

from foodcls.errors import InputError
from foodcls.recipe.train_settings import Format

CARD = ".MODEL_CARD.md"
DIGESTS = ".sha256"  # ending of the file beside a model, in the form of `sha256sum`
# columns of a prediction in tables, before a probability for each class
PREDICTION_COLUMNS = ("label", "guess", "probability", "known", "unsure", "none", "error")
ONNX = ("onnx", "onnxscript", "onnxruntime")
INSTALL = "pip install 'foodcls[onnx]'"


@dataclass(frozen=True)
class FileFormat:
    """How the files of a format are named, and what they ask of a machine."""

    ending: str
    is_program: bool = False  # reading it runs code of it: for who knows its digest
    needs: tuple[str, ...] = ()  # modules that foodcls is installed without


FORMATS: dict[Format, FileFormat] = {
    "torchscript": FileFormat(".pt"),
    "exported_program": FileFormat(".pt2", is_program=True),
    "onnx": FileFormat(".onnx", needs=ONNX),
    "onnx_int8": FileFormat(".int8.onnx", needs=ONNX),
    "aotinductor": FileFormat(".aoti.pt2", is_program=True),
}


@dataclass(frozen=True)
class ExportedFile:
    """A file of a model in the store."""

    format: Format
    blob: str  # named by its SHA-256
    bytes: int
    figures: str = ""  # of int8: its accuracy against fp32


@dataclass(frozen=True)
class ExportedRef:
    """The exported files in the store; each holds classes, thresholds and provenance."""

    blob: str  # TorchScript (.pt), named by its SHA-256; empty where it exists already
    bytes: int  # of it
    max_difference: float  # of a probability, between the trained network and any file but int8
    compared: int  # pictures
    others: tuple[ExportedFile, ...] = ()  # in the other formats of the recipe
    refused: tuple[str, ...] = ()  # formats that were asked for and are not kept, and why

    def blobs(self) -> dict[str, str]:
        """The digests of all, by ending."""
        return {FORMATS["torchscript"].ending: self.blob} | {
            FORMATS[one.format].ending: one.blob for one in self.others
        }


def find_format(path: Path) -> Format:
    """The format that a file's name tells; TorchScript where it tells none."""
    fits = [name for name, one in FORMATS.items() if path.name.endswith(one.ending)]
    return max(fits, key=lambda name: len(FORMATS[name].ending), default="torchscript")


def sibling(path: Path, ending: str) -> Path:
    """The file of the same model with another ending."""
    own = FORMATS[find_format(path)].ending
    return path.with_name(path.name.removesuffix(own) + ending)


def read_digests(path: Path) -> dict[str, str]:
    """What a .sha256 file says, by name without folder; nothing where there is none."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    pairs = (line.partition(" ") for line in lines)
    # sha256sum puts a star before the name of a file that it read as binary
    return {
        PureWindowsPath(name.strip().removeprefix("*")).name: digest.lower()
        for digest, _, name in pairs
    }


def check_libraries(formats: Iterable[Format]) -> None:
    """InputError where what a format is written or read with is not installed."""
    for name in formats:
        if missing := [module for module in FORMATS[name].needs if find_spec(module) is None]:
            raise InputError(f"{name} needs {', '.join(missing)}: {INSTALL}")

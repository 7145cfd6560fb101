"""Opens an exported .pt file as a model, after checking its digest and contents."""

from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from zipfile import BadZipFile

import torch

from foodcls.errors import InputError
from foodcls.export.exported_files import DIGESTS, PROGRAM
from foodcls.export.safety import read_module
from foodcls.store.store import digest_json, digest_of

# what zipfile and torch raise on damaged archives, and what is raised where the file is sound but
# has no classes in it
UNREADABLE = (
    AssertionError,
    AttributeError,
    BadZipFile,
    EOFError,
    LookupError,
    MemoryError,
    RuntimeError,
    SyntaxError,
    TypeError,
    UnpicklingError,
    ValueError,
)


@dataclass(frozen=True)
class Model:
    """An exported file, ready to use."""

    # uint8 (N, 3, H, W), upright RGB, to probabilities of the classes (N, C), and of any (N,)
    module: torch.jit.ScriptModule
    labels: tuple[str, ...]  # in output order
    size: int  # pixels a side of what the network sees
    abstain_below: float  # a highest probability below this is no answer
    known_from: float  # a probability of any class below this means none of these
    provenance: dict[str, str]
    digest: str  # SHA-256 of the file


def load_model(path: Path, digest: str = "") -> Model:
    """Read a file that `export` wrote; InputError when it is not one, or no longer the same.

    Its SHA-256 must be `digest`, where one is given, and the one that a .sha256 file beside it
    has for its name, where there is one.
    """
    if path.suffix == PROGRAM:
        raise InputError(f"{path}: foodcls reads the .pt file beside it; a .pt2 may run programs")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; name an exported file") from error
    _check_digest(path, digest_of(data), digest)
    return read_model(data, str(path))


def read_model(data: bytes, name: str) -> Model:
    """Read the bytes of an exported file; InputError says what is wrong with the file `name`."""
    try:
        model = _read(data)
        named = model.provenance["labels_digest"]
    except UNREADABLE as error:
        raise InputError(
            f"{name} is no exported foodcls file, or a damaged one "
            f"({(str(error) or type(error).__name__).splitlines()[0]}); export it again"
        ) from error
    if digest_json(list(model.labels)) != named:
        raise InputError(f"{name}: its classes were altered after training; export it again")
    return model


def known_digest(path: Path) -> str:
    """What the .sha256 file beside a model says of it; empty where it says nothing."""
    try:
        lines = path.with_suffix(DIGESTS).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ""
    pairs = (line.partition(" ") for line in lines)
    # sha256sum puts a star before the name of a file that it read as binary
    named = {name.strip().removeprefix("*"): digest for digest, _, name in pairs}
    return named.get(path.name, "").lower()


def _check_digest(path: Path, found: str, wanted: str) -> None:
    beside = path.with_suffix(DIGESTS).name
    said = {"the registry says": wanted, f"{beside} says": known_digest(path)}
    for who, digest in said.items():
        if digest and digest != found:
            raise InputError(
                f"{path} was changed after its export: its SHA-256 is {found[:12]}…, {who} "
                f"{digest[:12]}…; take it again from where it was published"
            )


def _read(data: bytes) -> Model:
    module = read_module(data).eval()
    return Model(
        module=module,
        labels=tuple(module.labels),
        size=int(module.size),
        abstain_below=float(module.abstain_below),
        known_from=float(module.known_from),
        provenance=dict(module.provenance),
        digest=digest_of(data),
    )

"""Reads an exported file's parts and plain values, without making or calling what they name.

All that could be read in two ways is refused: ValueError, or what zipfile raises on a damaged file.
"""

import io
import pickletools
import re
import sys
import zlib
from dataclasses import dataclass
from math import prod
from typing import Any, NoReturn
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import torch

_NAMES = re.compile(
    r"version|byteorder|\.data/(version|serialization_id)|(data|constants)(\.pkl|/\d+)"
    r"|code/__torch__(?!/torch/classes)[\w/]*\.py",
    re.ASCII,
)
_ITEMS = {"Double": 8, "Float": 4, "Half": 2, "BFloat16": 2, "Long": 8, "Int": 4, "Short": 2,
          "Char": 1, "Byte": 1, "Bool": 1}  # bytes  # fmt: skip
_LITERALS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_NUMBERS = ("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT")


def refuse(why: str) -> NoReturn:
    """ValueError: what is wrong with a file."""
    raise ValueError(why)


class Parts:
    """The parts of an archive as torch finds them, each compared with its checksum.

    torch itself compares none, believes a damaged length of gigabytes, and may find other parts
    than a zip tool does where an archive was made to look like two. All that is refused.
    ValueError, or what zipfile and torch raise on damaged archives.
    """

    def __init__(self, data: bytes) -> None:
        entries = _entries(data)
        self._reader = torch._C.PyTorchFileReader(io.BytesIO(data))
        self.names: tuple[str, ...] = tuple(self._reader.get_all_records())
        if sorted(self.names) != sorted(entries):
            refuse("it holds other parts for torch than for a zip tool")
        self.sizes = {name: entry.file_size for name, entry in entries.items()}
        for name, entry in entries.items():
            part = self.read(name)
            if len(part) != entry.file_size or zlib.crc32(part) != entry.CRC:
                refuse(f"its part {name!r} is damaged")
        # torch may pass it over, or turn each number's bytes around
        if "byteorder" in entries and self.read("byteorder") != sys.byteorder.encode():
            refuse("its numbers are said to be of another machine's kind")

    def read(self, name: str) -> bytes:
        """The bytes of one part."""
        part: bytes = self._reader.get_record(name)
        return part


def _entries(data: bytes) -> dict[str, ZipInfo]:
    """The directory of an archive, each name without the folder that all lie in."""
    with ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        for entry in entries:
            # compares the name with the one that stands before the part itself
            archive.open(entry).close()
    for entry in entries:
        if entry.compress_type != ZIP_STORED or entry.file_size > len(data):
            refuse(f"its part {entry.filename!r} is damaged")
    # parts that lie within each other
    if sum(entry.file_size for entry in entries) > len(data):
        refuse("it holds more than its own size")
    folders = {entry.filename.partition("/")[0] for entry in entries}
    named = {entry.filename.partition("/")[2]: entry for entry in entries}
    if len(folders) != 1 or len(named) != len(entries):
        refuse("its parts are not those of one folder, each named once")
    for name in named:
        if not _NAMES.fullmatch(name):
            refuse(f"its part {name!r} is none that export writes")
    return named


@dataclass(frozen=True)
class Named:
    """A class or function as a pickle names it: MODULE NAME."""

    path: str


@dataclass(frozen=True)
class Plain:
    """A value of a type that torch restores: a tensor, a list or dictionary of text."""

    kind: str


@dataclass(frozen=True)
class Storage:
    """The items that tensors are cut from."""

    items: int


@dataclass(frozen=True)
class Module:
    """An object of a class of the file."""

    kind: str
    attributes: dict[str, Any]


# what may be there twice: nothing that could come to hold itself
_KEPT = (str, Named, Plain, Storage, Module)
_ORDERED = Plain("OrderedDict")


class Pickle:
    """The pickle `NAME.pkl` of an archive, whose tensors lie in `NAME/`."""

    def __init__(self, parts: Parts, name: str) -> None:
        self._data = parts.read(f"{name}.pkl")
        self._sizes = {
            part.removeprefix(f"{name}/"): size
            for part, size in parts.sizes.items()
            if part.startswith(f"{name}/")
        }
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: list[Any] = []

    def read(self) -> Any:
        """Its value; ValueError where it holds more than `torch.jit.save` writes."""
        place = -1
        for operation, argument, found in pickletools.genops(self._data):
            place = found or 0
            if operation.name != "STOP":
                self._stack += self._step(operation.name, argument)
        if place != len(self._data) - 1 or len(self._stack) != 1:
            refuse("a pickle of it is damaged")
        return self._stack[0]

    def _step(self, operation: str, argument: Any) -> tuple[Any, ...]:
        """Take off the stack what an operation takes; what it puts there."""
        match operation:
            case "PROTO":
                return ()
            case "BINUNICODE" if isinstance(argument, str):
                return (argument,)
            case "GLOBAL":
                return (Named(argument),)
            case "BINPUT" | "LONG_BINPUT":
                return self._keep(argument)
            case "BINGET" | "LONG_BINGET":
                return (self._memo[argument],)
            case "MARK":
                self._marks.append(len(self._stack))
                return ()
            case "EMPTY_LIST" | "EMPTY_DICT":
                return ([] if operation == "EMPTY_LIST" else {},)
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                return (self._pop(int(operation[-1])),)
            case "TUPLE":
                return (self._pop_marked(),)
            case "APPENDS" | "SETITEMS":
                return (_filled(self._pop_marked(), *self._pop(1)),)
            case "NEWOBJ" | "BUILD" | "REDUCE":
                return (_made(operation, *self._pop(2)),)
            case "BINPERSID":
                return (self._storage(*self._pop(1)),)
        if operation in _NUMBERS:
            return (argument,)
        if operation not in _LITERALS:
            refuse(f"a pickle of it holds {operation}")
        return (_LITERALS[operation],)

    def _pop(self, count: int) -> tuple[Any, ...]:
        start = len(self._stack) - count
        if start < (self._marks[-1] if self._marks else 0):
            refuse("a pickle of it is damaged")
        taken = tuple(self._stack[start:])
        del self._stack[start:]
        return taken

    def _pop_marked(self) -> tuple[Any, ...]:
        return self._pop(len(self._stack) - self._marks.pop())

    def _keep(self, place: int) -> tuple[()]:
        # torch makes room for whatever place is named
        if place != len(self._memo) or not isinstance(self._stack[-1], _KEPT):
            refuse("a pickle of it is damaged")
        self._memo.append(self._stack[-1])
        return ()

    def _storage(self, named: Any) -> Storage:
        match named:
            case ("storage", Named(path), str(key), "cpu", int(items)):
                # torch believes the number and reads on in memory; a part read twice is held twice
                kind = path.removeprefix("torch ").removesuffix("Storage")
                if self._sizes.pop(key, 0) == items * _ITEMS[kind]:
                    return Storage(items)
        refuse("a tensor of it is damaged")


def _filled(items: tuple[Any, ...], container: Any) -> Any:
    if container == []:
        return list(items)
    names = items[::2]
    if container != {} or len(items) % 2 or not all(isinstance(name, str) for name in names):
        refuse("a pickle of it is damaged")
    if len(set(names)) != len(names):
        refuse("a dictionary of it names something twice")
    return dict(zip(names, items[1::2], strict=True))


def _made(operation: str, maker: Any, given: Any) -> Any:
    """What an object or a call becomes."""
    match operation, maker, given:
        case "NEWOBJ", Named(path), ():
            return Module(path.replace(" ", "."), {})
        case "BUILD", Module(kind, {}), dict():
            return Module(kind, given)
        case "REDUCE", Named("collections OrderedDict"), ():
            return _ORDERED
        case "REDUCE", Named("torch.jit._pickle restore_type_tag"), (
            list() | dict() as value,
            kind,
        ):
            texts = value.values() if isinstance(value, dict) else value
            wanted = "Dict[str, str]" if isinstance(value, dict) else "List[str]"
            if kind == wanted and all(isinstance(text, str) for text in texts):
                return Plain(wanted)
        case (
            "REDUCE",
            Named("torch._utils _rebuild_tensor_v2"),
            (Storage(items), int(start), tuple(shape), tuple(steps), bool(), Plain("OrderedDict")),
        ):
            _check_extent(items, start, shape, steps)
            return Plain("Tensor")
    refuse("a pickle of it makes or calls what no exported file does")


def _check_extent(items: int, start: int, shape: tuple[Any, ...], steps: tuple[Any, ...]) -> None:
    numbers = (start, *shape, *steps)
    if not all(type(number) is int and number >= 0 for number in numbers):
        refuse("a tensor of it is damaged")
    reach = sum((length - 1) * step for length, step in zip(shape, steps, strict=True))
    if prod(shape) > items or (prod(shape) and start + reach >= items):
        refuse("a tensor of it is larger than its data")

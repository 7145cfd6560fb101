"""Reads the parts of an exported file, once sure that every reader finds the same, whole ones."""

import io
import zlib
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import torch


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
            raise ValueError("it holds other parts for torch than for a zip tool")
        for name, entry in entries.items():
            part = self.read(name)
            if len(part) != entry.file_size or zlib.crc32(part) != entry.CRC:
                raise ValueError(f"its part {name!r} is damaged")

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
            raise ValueError(f"its part {entry.filename!r} is damaged")
    folders = {entry.filename.partition("/")[0] for entry in entries}
    named = {entry.filename.partition("/")[2]: entry for entry in entries}
    if len(folders) != 1 or len(named) != len(entries):
        raise ValueError("its parts are not those of one folder, each named once")
    return named

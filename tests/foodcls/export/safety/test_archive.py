import io
import zipfile

import numpy as np
import pytest
import torch

from foodcls.export.safety.archive import Parts
from foodcls.export.safety.read import UNREADABLE


def rezipped(data: bytes, compression: int, *more: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", compression) as new:
        for name in old.namelist():
            if not name.endswith(".debug_pkl"):
                new.writestr(name, old.read(name))
        for name, part in more:
            new.writestr(name, part)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def data() -> bytes:
    torch.manual_seed(0)
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(torch.nn.Linear(3, 2)), buffer)
    # torch itself compresses code, and adds records for debugging
    return rezipped(buffer.getvalue(), zipfile.ZIP_STORED)


def test_parts_are_those_of_a_zip_tool(data: bytes) -> None:
    parts = Parts(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        whole = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    assert {name: parts.read(name) for name in parts.names} == whole


def test_a_flipped_bit_changes_no_part_unseen(data: bytes) -> None:
    whole = {name: Parts(data).read(name) for name in Parts(data).names}
    draw, refused = np.random.default_rng(0), 0
    for place in draw.integers(0, len(data), 400):
        changed = bytearray(data)
        changed[place] ^= 1 << int(draw.integers(8))
        try:
            parts = Parts(bytes(changed))
        except UNREADABLE:
            refused += 1
        else:
            assert {name: parts.read(name) for name in parts.names} == whole
    # the rest are filling between parts, and fields that no reader looks at
    assert refused > 100


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9, 0.999])
def test_a_file_that_ends_early_is_refused(data: bytes, share: float) -> None:
    with pytest.raises(UNREADABLE):
        Parts(data[: int(len(data) * share)])


def test_a_compressed_part_is_refused(data: bytes) -> None:
    assert Parts(rezipped(data, zipfile.ZIP_STORED)).names
    with pytest.raises(ValueError, match="damaged"):
        Parts(rezipped(data, zipfile.ZIP_DEFLATED))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_part_that_is_there_twice_or_elsewhere_is_refused(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        first = archive.namelist()[0]
    for name in (first, "elsewhere/data.pkl"):
        with pytest.raises(ValueError, match="each named once"):
            Parts(rezipped(data, zipfile.ZIP_STORED, (name, b"x")))


def test_a_length_of_gigabytes_is_not_believed(data: bytes) -> None:
    # the uncompressed size in the directory's first entry
    place = data.index(b"PK\x01\x02") + 24
    changed = data[:place] + b"\xf0\xff\xff\x7f" + data[place + 4 :]
    with pytest.raises(UNREADABLE):
        Parts(changed)


def test_parts_within_each_other_are_refused(data: bytes) -> None:
    inner, outer = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("archive/data/0", bytes(9000))
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(outer, "w") as new:
        new.writestr("archive/data/1", inner.getvalue())
        for name in old.namelist():
            new.writestr(name, old.read(name)) if name.endswith("pkl") else None
        # a bomb of this kind names one gigabyte a thousand times
        nested = archive.infolist()[0]
        nested.header_offset = new.infolist()[0].header_offset + 30 + len("archive/data/1")
        new.filelist.append(nested)
    with pytest.raises(UNREADABLE, match="its own size|[Oo]verlap"):
        Parts(outer.getvalue())


@pytest.mark.parametrize(
    "name", ["archive/../evil.py", "archive/code/__torch__/torch/classes/x.py", "archive/extra/x"]
)
def test_a_part_of_another_name_is_refused(data: bytes, name: str) -> None:
    with pytest.raises(ValueError, match="none that export writes"):
        Parts(rezipped(data, zipfile.ZIP_STORED, (name, b"x")))


def test_numbers_of_another_byte_order_are_refused(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    (place,) = (name for name in parts if name.endswith("/byteorder"))
    other, buffer = {b"little": b"big", b"big": b"little"}[parts[place]], io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as changed:
        for name, part in (parts | {place: other}).items():
            changed.writestr(name, part)
    with pytest.raises(ValueError, match="another machine"):
        Parts(buffer.getvalue())

"""Each bomb leaves a file if it goes off; those that torch alone would set off are shown to."""

import io
import os
import pickle
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from torch import nn

from foodcls.errors import InputError
from foodcls.export.export import ExportedRef
from foodcls.export.load import load_model
from foodcls.store.store import Store


class Bomb:
    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, (f"touch {self.canary}",)


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    return tmp_path / "canary"


@pytest.fixture(scope="module")
def script(exported: tuple[Path, ExportedRef]) -> bytes:
    return Store(exported[0]).read(exported[1].blob)


def rewritten(data: bytes, **changes: Callable[[bytes], bytes]) -> bytes:
    """The archive with the parts of these names changed; one that is not there begins empty.

    Records for debugging are left out: they would be reason enough to refuse a file.
    """
    reader = torch._C.PyTorchFileReader(io.BytesIO(data))
    own = ("version", ".data/version", "byteorder", ".data/serialization_id")
    names = dict.fromkeys([*reader.get_all_records(), *changes])
    buffer = io.BytesIO()
    writer = torch._C.PyTorchFileWriter(buffer)
    for name in names:
        if name not in own and not name.endswith(".debug_pkl"):
            part = reader.get_record(name) if reader.has_record(name) else b""
            part = changes.get(name, bytes)(part)
            writer.write_record(name, part, len(part))
    writer.write_end_of_file()
    return buffer.getvalue()


def refuse(data: bytes, path: Path, canary: Path) -> str:
    path.write_bytes(data)
    with pytest.raises(InputError, match="no exported foodcls file") as refused:
        load_model(path)
    assert not canary.exists()
    return str(refused.value)


# pickles


@pytest.mark.parametrize("name", ["model.pt", "model.pkl"])
@pytest.mark.parametrize("kind", ["pickle", "torch", "old torch", "state dict"])
def test_a_pickle_is_refused_unread(canary: Path, tmp_path: Path, name: str, kind: str) -> None:
    buffer = io.BytesIO()
    if kind == "pickle":
        pickle.dump(Bomb(canary), buffer)
    else:
        value = {"weight": torch.zeros(2), "x": Bomb(canary)} if "state" in kind else Bomb(canary)
        torch.save(value, buffer, _use_new_zipfile_serialization="old" not in kind)
    refuse(buffer.getvalue(), tmp_path / name, canary)
    # the bomb is live
    with suppress(RuntimeError):
        torch.load(io.BytesIO(buffer.getvalue()), weights_only=False)
    assert canary.exists()


@pytest.mark.parametrize("part", ["data.pkl", "constants.pkl"])
def test_a_pickle_within_torchscript_is_refused(
    script: bytes, canary: Path, tmp_path: Path, part: str
) -> None:
    bomb = rewritten(script, **{part: lambda _: pickle.dumps(Bomb(canary), protocol=2)})
    refuse(bomb, tmp_path / "model.pt", canary)


# torchscript


class Writes(nn.Module):
    """Computes, and writes a file by the way."""

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        torch.save(images, self.place)
        return images


class Reads(Writes):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.from_file(self.place, False, 4)


class Wakes(Writes):
    """Writes a file as soon as it is read."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images

    @torch.jit.export
    def __getstate__(self) -> tuple[str, bool]:
        return self.place, self.training

    @torch.jit.export
    def __setstate__(self, state: tuple[str, bool]) -> None:
        self.place = state[0]
        self.training = state[1]
        torch.save(torch.zeros(1), self.place)


@pytest.mark.parametrize(
    ("kind", "said"),
    [(Writes, "aten::save, which touches files"), (Reads, "aten::from_file"),
     (Wakes, "would run while it is read")],
    ids=["writes", "reads", "wakes"],
)  # fmt: skip
def test_torchscript_that_touches_files_is_refused(
    canary: Path, tmp_path: Path, kind: type[Writes], said: str
) -> None:
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(kind(str(canary))), buffer)
    data = rewritten(buffer.getvalue())
    canary.unlink(missing_ok=True)
    assert said in refuse(data, tmp_path / "model.pt", canary)
    if kind is not Reads:
        # the bomb is live
        torch.jit.load(io.BytesIO(data))(torch.zeros(1))
        assert canary.exists()


def test_operators_of_other_libraries_are_refused(canary: Path, tmp_path: Path) -> None:
    class Foreign(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return torch.ops.quantized.relu6(images, False)

    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(Foreign()), buffer)
    said = refuse(rewritten(buffer.getvalue()), tmp_path / "model.pt", canary)
    assert "quantized::relu6" in said


def test_the_same_file_without_a_bomb_is_read(script: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(rewritten(script))
    assert load_model(path).labels

"""Each bomb leaves a file if it goes off; those that torch alone would set off are shown to."""

import io
import os
import pickle
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from foodcls.errors import InputError
from foodcls.export.exported_files import ExportedRef
from foodcls.export.load import load_model, read_model
from foodcls.export.torchscript import Exported, InferenceConfig, export_bytes
from foodcls.store.store import Store, digest_json

OWN = ("version", ".data/version", "byteorder", ".data/serialization_id")
SCRIPT = "code/__torch__/foodcls/export/torchscript.py"
LABELS = ("soup", "label")
PICTURES = torch.arange(2 * 3 * 9 * 9).remainder(251).reshape(2, 3, 9, 9).to(torch.uint8)
PIXELS = PICTURES.permute(0, 2, 3, 1).numpy()
RETURNS = b"    return _2(outputs, _6, temperature, )\n"
SIGNATURE = b"    images: Tensor) -> Tuple[Tensor, Tensor]:"


class Bomb:
    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, (f"touch {self.canary}",)


@pytest.fixture
def canary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # scripts hold the place where they write as it is: a name in the working folder
    monkeypatch.chdir(tmp_path)
    return Path("canary")


@pytest.fixture(scope="module")
def script(exported: tuple[Path, ExportedRef]) -> bytes:
    return Store(exported[0]).read(exported[1].blob)


class Tiny(nn.Module):
    """A network that loads in milliseconds."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(3, 2)

    def forward(self, pixels: Tensor) -> Tensor:
        out: Tensor = self.inner(pixels.float().mean((2, 3)) / 255)
        return out


@pytest.fixture(scope="module")
def small() -> bytes:
    torch.manual_seed(0)
    return export_bytes(Tiny(), InferenceConfig(8, LABELS), {"labels_digest": digest_json(LABELS)})


def records(data: bytes) -> dict[str, bytes]:
    reader = torch._C.PyTorchFileReader(io.BytesIO(data))
    return {name: reader.get_record(name) for name in reader.get_all_records()}


def packed(parts: dict[str, bytes]) -> bytes:
    """An archive of these parts; without records for debugging, reason enough for a refusal."""
    buffer = io.BytesIO()
    writer = torch._C.PyTorchFileWriter(buffer)
    for name, part in parts.items():
        if name not in OWN and not name.endswith(".debug_pkl"):
            writer.write_record(name, part, len(part))
    writer.write_end_of_file()
    return buffer.getvalue()


def rewritten(data: bytes, **changes: Callable[[bytes], bytes]) -> bytes:
    """The archive with the parts of these names changed; one that is not there begins empty."""
    parts = records(data)
    return packed(parts | {name: change(parts.get(name, b"")) for name, change in changes.items()})


def replaced(data: bytes, name: str, old: bytes, new: bytes) -> bytes:
    assert old in records(data)[name]
    return rewritten(data, **{name: lambda part: part.replace(old, new)})


def scripted(module: nn.Module) -> bytes:
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(module.eval()), buffer)
    return packed(records(buffer.getvalue()))


def refuse(data: bytes, canary: Path) -> str:
    Path("model.pt").write_bytes(data)
    with pytest.raises(InputError, match="no exported foodcls file") as refused:
        load_model(Path("model.pt")).answer(PIXELS)
    assert not canary.exists()
    return str(refused.value)


# pickles


@pytest.mark.parametrize("kind", ["pickle", "torch", "old torch", "state dict"])
def test_a_pickle_is_refused_unread(canary: Path, kind: str) -> None:
    buffer = io.BytesIO()
    if kind == "pickle":
        pickle.dump(Bomb(canary), buffer)
    else:
        value = {"weight": torch.zeros(2), "x": Bomb(canary)} if "state" in kind else Bomb(canary)
        torch.save(value, buffer, _use_new_zipfile_serialization="old" not in kind)
    refuse(buffer.getvalue(), canary)
    # the bomb is live
    with suppress(RuntimeError):
        torch.load(io.BytesIO(buffer.getvalue()), weights_only=False)
    assert canary.exists()


@pytest.mark.parametrize("part", ["data.pkl", "constants.pkl"])
def test_a_pickle_within_torchscript_is_refused(small: bytes, canary: Path, part: str) -> None:
    bomb = rewritten(small, **{part: lambda _: pickle.dumps(Bomb(canary), protocol=2)})
    refuse(bomb, canary)


UNTRUE = {
    # torch would read on beyond the data
    "longer storage": (b"K\x02tQ", b"M\xff\x7ftQ"),
    # torch would make room for as many values
    "far memo": (b"trainingq\x01", b"trainingr\xff\xff\xff\xff"),
    "tensor beyond its storage": (b"tQq\x1fK\x00", b"tQq\x1fK\x01"),
    "number for a text": (b"X\x05\x00\x00\x00label", b"K\x01"),
    "text for a number": (b"sizeq\x03K\x08", b"sizeq\x03X\x01\x00\x00\x008"),
    "module of another class": (b"modules.linear\nLinear\n", b"modules.linear\nOther\n"),
    "device": (b"cpu", b"mps"),
    "call": (b"ccollections\nOrderedDict\n", b"cbuiltins\nprint\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNTRUE)
def test_a_pickle_that_torch_would_trust_is_refused(small: bytes, canary: Path, name: str) -> None:
    refuse(replaced(small, "data.pkl", *UNTRUE[name]), canary)


def test_constants_that_are_no_tensors_are_refused(small: bytes, canary: Path) -> None:
    refuse(rewritten(small, **{"constants.pkl": lambda _: b"\x80\x02K\x01\x85."}), canary)


# torchscript


def export_like(
    module_type: type[Exported] = Exported, network: nn.Module | None = None
) -> Exported:
    example = torch.zeros(2, 3, 8, 8, dtype=torch.uint8)
    inner = network or torch.jit.trace(Tiny().eval(), example, check_trace=False)
    return module_type(inner, InferenceConfig(8, LABELS), {"labels_digest": digest_json(LABELS)})


def after(self: nn.Module, input: tuple[Tensor], output: Tensor) -> Tensor:  # noqa: A002, ARG001
    torch.save(output, "canary")
    return output


Answer = tuple[Tensor, Tensor]


def at_last(self: nn.Module, input: tuple[Tensor], output: Answer) -> Answer:  # noqa: A002, ARG001
    torch.save(output[0], "canary")
    return output


def before(self: nn.Module, input: tuple[Tensor]) -> tuple[Tensor]:  # noqa: A002, ARG001
    torch.save(input[0], "canary")
    return input


class Inner(nn.Module):
    def forward(self, pixels: Tensor) -> Tensor:
        return pixels.float().mean((2, 3))


def hooked(hook: str, *, inner: bool) -> bytes:
    network = Inner()
    module = export_like(network=network)
    target: nn.Module = network if inner else module
    if hook == "after":
        target.register_forward_hook(after if inner else at_last)
    else:
        target.register_forward_pre_hook(before)
    return scripted(module)


@pytest.mark.parametrize("inner", [False, True], ids=["module", "submodule"])
@pytest.mark.parametrize("hook", ["before", "after"])
def test_hooks_are_refused(canary: Path, hook: str, *, inner: bool) -> None:
    data = hooked(hook, inner=inner)
    assert "_hooks__" in refuse(data, canary)
    torch.jit.load(io.BytesIO(data))(PICTURES)
    assert canary.exists()


class Property(Inner):
    @property
    def labels(self) -> list[str]:
        torch.save(torch.zeros(1), "canary")
        return ["a"]


class Wakes(Inner):
    """Writes a file as soon as it is read."""

    @torch.jit.export
    def __getstate__(self) -> bool:
        return self.training

    @torch.jit.export
    def __setstate__(self, state: bool) -> None:  # noqa: FBT001
        self.training = state
        torch.save(torch.zeros(1), "canary")


class Writes(Inner):
    def forward(self, pixels: Tensor) -> Tensor:
        torch.save(pixels, "canary")
        return pixels.float().mean((2, 3))


class Reads(Inner):
    def forward(self, pixels: Tensor) -> Tensor:  # noqa: ARG002
        return torch.from_file("canary", False, 4)  # noqa: FBT003


class Forks(Inner):
    def forward(self, pixels: Tensor) -> Tensor:
        out: Tensor = torch.jit.wait(torch.jit.fork(torch.relu, pixels.float()))
        return out


class Loops(Inner):
    def forward(self, pixels: Tensor) -> Tensor:
        while True:
            pixels = pixels + 1
        return pixels


class Foreign(Inner):
    def forward(self, pixels: Tensor) -> Tensor:
        out: Tensor = torch.ops.quantized.relu6(pixels, False)  # noqa: FBT003
        return out


class WritesInto(Inner):
    def forward(self, pixels: Tensor) -> Tensor:
        return torch.add(pixels, 1, out=pixels)


class Words:
    """A class of TorchScript that answers `len` and `[0]` as a list does."""

    def __init__(self, length: int) -> None:
        self.length = length

    def __len__(self) -> int:
        torch.save(torch.zeros(1), "canary")
        return self.length


class Holds(Inner):
    labels: Words

    def __init__(self) -> None:
        super().__init__()
        self.labels = Words(2)


@pytest.mark.parametrize(
    "kind",
    [Property, Wakes, Writes, Reads, Forks, Loops, Foreign, WritesInto, Holds],
)
@pytest.mark.parametrize("inner", [False, True], ids=["module", "submodule"])
def test_what_does_more_than_compute_is_refused(
    canary: Path, kind: type[Inner], *, inner: bool
) -> None:
    data = scripted(export_like(network=kind()) if inner else kind())
    canary.unlink(missing_ok=True)
    refuse(data, canary)


def test_the_bombs_are_live(canary: Path) -> None:
    uses: tuple[tuple[type[Inner], Callable[[torch.jit.ScriptModule], object]], ...] = (
        (Wakes, lambda _: None),
        (Writes, lambda module: module(PICTURES)),
        (Holds, lambda module: len(module.labels)),
    )
    for kind, use in uses:
        data = scripted(kind())
        canary.unlink(missing_ok=True)
        use(torch.jit.load(io.BytesIO(data)))
        assert canary.exists()


DEFAULT = SIGNATURE.replace(b") ->", b', extra: Tensor=torch.from_file("canary", True, 4)) ->')
METHOD = (
    b'  def train(self, mode: bool) -> NoneType:\n    torch.save(0, "canary")\n    return None\n'
)
INSERTED = {
    "default": (SIGNATURE, DEFAULT),
    "own train": (RETURNS, RETURNS + METHOD),
    "own eval": (RETURNS, RETURNS + METHOD.replace(b"train(self, mode: bool)", b"eval(self)")),
    "warns": (RETURNS, b'    torch.warn("any words")\n' + RETURNS),
    "operator": (RETURNS, b'    torch.save(outputs, "canary")\n' + RETURNS),
    "method of a value": (RETURNS, b'    outputs.save("canary")\n' + RETURNS),
    "operator by its space": (RETURNS, b'    ops.aten.save(outputs, "canary")\n' + RETURNS),
    "loop": (RETURNS, b"    while True:\n      _7 = 1\n" + RETURNS),
    "count": (RETURNS, b"    for i in range(1000000000):\n      _7 = 1\n" + RETURNS),
    "out": (RETURNS, b"    _7 = torch.relu(outputs, out=images)\n" + RETURNS),
    "comment": (RETURNS, RETURNS[:-1] + b" # more\n"),
    "continued": (RETURNS, RETURNS.replace(b"return ", b"return \\\n")),
    "text over lines": (RETURNS, b'    _7 = """\n"""\n' + RETURNS),
    "other letters": (RETURNS, b'    _7 = "\xc3\xa9"\n' + RETURNS),
    "other meaning": (RETURNS, b"    torch = self.network\n" + RETURNS),
    "called twice": (RETURNS, b"    _7 = (network).forward(images, )\n" + RETURNS),
    "itself": (RETURNS, b"    _7 = (self).forward(images, )\n" + RETURNS),
    "unknown name": (RETURNS, b"    _7 = aten\n" + RETURNS),
    "assigned": (RETURNS, b"    self.size = 3\n" + RETURNS),
    "nested": (RETURNS, b"    _7 = " + b"- " * 2000 + b"1\n" + RETURNS),
    "in brackets": (RETURNS, b"    _7 = " + b"(" * 300 + b"1" + b")" * 300 + b"\n" + RETURNS),
    "hooks": (b"  size : int\n", b'  __forward_hooks__ = ["forward", ]\n  size : int\n'),
    "constant": (b"  size : int\n", b"  size : Final[int] = 3\n"),
    "foreign class": (b"  size : int\n", b"  size : __torch__.torch.classes.quantized.X\n"),
    "dunder": (b"  size : int\n", b"  size : int\n  __class__ : int\n"),
    "twice": (b"  size : int\n", b"  size : int\n  size : int\n"),
    "undeclared": (b"  size : int\n", b""),
    "other type": (b"  size : int\n", b"  size : Tensor\n"),
    "no module": (b"class Exported(Module):", b"class Exported(NamedTuple):"),
    "interface": (b"class Exported(Module):", b"class Exported(ModuleInterface):"),
    "own class": (b"self: __torch__.foodcls.export.torchscript.Exported", b"self: Tensor"),
}  # fmt: skip


@pytest.mark.parametrize("name", INSERTED)
def test_a_source_that_torch_never_prints_for_us_is_refused(
    small: bytes, canary: Path, name: str
) -> None:
    refuse(replaced(small, SCRIPT, *INSERTED[name]), canary)


def test_torch_computes_defaults_while_it_reads(small: bytes, canary: Path) -> None:
    torch.jit.load(io.BytesIO(replaced(small, SCRIPT, SIGNATURE, DEFAULT)))
    assert canary.exists()


def test_the_same_file_without_a_bomb_is_read(script: bytes, small: bytes) -> None:
    for data in (script, small):
        assert read_model(packed(records(data)), "it").labels


# whatever else


def mutants(parts: dict[str, bytes], draw: np.random.Generator) -> Iterator[bytes]:
    """Archives that are whole, but for one part."""
    sources = sorted(name for name in parts if name.endswith(".py"))
    words = sorted({word for name in sources for word in re.findall(rb"\w+|\W", parts[name])})
    lines = [line for name in sources for line in parts[name].splitlines(keepends=True)]
    lines += [new for _, new in INSERTED.values()]
    names = sorted(set(parts) - set(OWN))
    while True:
        name = str(draw.choice(sources if draw.random() < 0.6 else names))
        part, other = parts[name], str(draw.choice(names))
        match int(draw.integers(6)):
            case 0:  # a line more
                rows = part.splitlines(keepends=True)
                rows.insert(int(draw.integers(len(rows) + 1)), lines[draw.integers(len(lines))])
                yield packed(parts | {name: b"".join(rows)})
            case 1:  # a line less
                rows = part.splitlines(keepends=True)
                del rows[draw.integers(len(rows)) : len(rows) if draw.random() < 0.1 else None][:1]
                yield packed(parts | {name: b"".join(rows)})
            case 2:  # another word
                tokens = re.findall(rb"\w+|\W", part)
                tokens[draw.integers(len(tokens))] = words[draw.integers(len(words))]
                yield packed(parts | {name: b"".join(tokens)})
            case 3:  # another byte
                changed = bytearray(part)
                changed[draw.integers(len(changed))] = draw.integers(256)
                yield packed(parts | {name: bytes(changed)})
            case 4:  # parts that change their places
                yield packed(parts | {name: parts[other], other: part})
            case 5:  # a part more or less
                new = f"{name.rpartition('/')[0]}/new.py" if draw.random() < 0.5 else "../new"
                rest = {key: value for key, value in parts.items() if key != other}
                yield packed(parts | {new: part} if draw.random() < 0.5 else rest)


def test_a_changed_file_is_refused_or_answers_the_same(small: bytes, canary: Path) -> None:
    right, draw = read_model(small, "it").answer(PIXELS)[0], np.random.default_rng(0)
    for _ in range(200):
        changed = bytearray(small)
        for place in draw.integers(0, len(small), int(draw.integers(1, 4))):
            changed[place] = draw.integers(256)
        with suppress(InputError):
            model = read_model(bytes(changed), "it")
            assert model.labels == LABELS
            assert np.array_equal(model.answer(PIXELS)[0], right)
    assert not canary.exists()


def test_a_rebuilt_file_is_refused_or_only_computes(small: bytes, canary: Path) -> None:
    draw, refused = np.random.default_rng(1), 0
    for _, data in zip(range(200), mutants(records(small), draw), strict=False):
        try:
            model = read_model(data, "it")
        except InputError:
            refused += 1
            continue
        if model.size < 1000:
            # what was changed in the code or the weights may have changed the answer
            with suppress(RuntimeError):
                model.answer(PIXELS)
    assert 100 < refused < 200
    assert not list(Path().iterdir())
    assert not canary.exists()

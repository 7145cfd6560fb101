"""Holds the .onnx file to torch: equal pixels, equal answers, and nothing of a stranger's file."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from foodcls.errors import InputError
from foodcls.export.export import TOLERANCE, export
from foodcls.export.exported_files import ExportedRef
from foodcls.export.load import load_model
from foodcls.export.onnx.read import read_onnx
from foodcls.export.onnx.vet import OUTPUTS, PROVENANCE
from foodcls.export.onnx.write import onnx_bytes
from foodcls.export.predict import predict
from foodcls.export.torchscript import InferenceConfig
from foodcls.network.resize import squash_pixels
from foodcls.recipe.train_settings import Export
from foodcls.store.store import Store, digest_json
from foodcls.train.checkpoint import Checkpoint

Studio = tuple[Path, Checkpoint, pd.DataFrame]
SIZES = ((1, 1), (1, 300), (300, 1), (70, 70), (7, 5), (23, 25), (640, 480), (1500, 60))
SIDE = 70  # made of three parts, the last of them shorter


class Eye(torch.nn.Module):
    """Answers with the very pixels that it is shown."""

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels.flatten(1).float() / 8


@pytest.fixture(scope="session")
def eye() -> bytes:
    labels = tuple(map(str, range(3 * SIDE * SIDE)))
    return onnx_bytes(Eye(), InferenceConfig(SIDE, labels), {"labels_digest": digest_json(labels)})


@pytest.fixture(scope="session")
def ref(studio: Studio) -> ExportedRef:
    root, checkpoint, manifest = studio
    asked = Export(formats=("torchscript", "onnx"))
    return export(checkpoint, manifest, Store(root), {"commit": "abc"}, asked)


@pytest.fixture
def path(studio: Studio, ref: ExportedRef, tmp_path: Path) -> Path:
    path = tmp_path / "model.onnx"
    path.write_bytes(Store(studio[0]).read(ref.blobs()[".onnx"]))
    return path


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_the_graph_resizes_as_torch_does_in_each_pixel(eye: bytes, height: int, width: int) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    seen = squash_pixels(picture, SIDE).transpose(2, 0, 1).ravel() / 8
    wanted = np.exp(seen - seen.max()) / np.exp(seen - seen.max()).sum()
    for answer in read_onnx(eye).answer(np.stack([picture] * 2))[0]:
        # one step of one pixel would change it by an eighth of itself
        assert np.allclose(answer, wanted, rtol=1e-3, atol=0)


def test_the_file_answers_as_the_pt_file_does(
    studio: Studio, ref: ExportedRef, path: Path, colored: Callable[..., bytes]
) -> None:
    files = [path.with_name(f"{place}.png") for place in range(3)]
    for place, file in enumerate(files):
        file.write_bytes(colored(place, 7))
    script = path.with_suffix(".pt")
    script.write_bytes(Store(studio[0]).read(ref.blob))
    ours, theirs = load_model(path), load_model(script)
    for one, other in zip(predict(ours, files), predict(theirs, files), strict=True):
        assert one.label == other.label
        assert np.allclose(one.probabilities, other.probabilities, atol=TOLERANCE)
    for name in ("labels", "size", "abstain_below", "known_from", "provenance"):
        assert getattr(ours, name) == getattr(theirs, name), name
    assert ours.digest == ref.blobs()[".onnx"] and 0 <= ref.max_difference <= TOLERANCE


def test_another_runtime_finds_all_it_needs_in_the_file(path: Path) -> None:
    session = onnxruntime.InferenceSession(path)
    (taken,) = session.get_inputs()
    assert (taken.name, taken.type) == ("images", "tensor(uint8)")
    assert taken.shape == ["count", "height", "width", 3]
    assert [one.shape for one in session.get_outputs()] == [["count", 3], ["count"]]
    told = session.get_modelmeta().custom_metadata_map
    assert told["labels"].split("\n") == ["apple pie", "label", "sushi"]
    assert float(told["temperature"]) > 0 and told["provenance.commit"] == "abc"
    assert str(Path.cwd()).encode() not in path.read_bytes()


def test_the_same_network_gives_the_same_file(eye: bytes) -> None:
    labels = tuple(map(str, range(3 * SIDE * SIDE)))
    facts = {"labels_digest": digest_json(labels)}
    assert onnx_bytes(Eye(), InferenceConfig(SIDE, labels), facts) == eye


def outside(model: onnx.ModelProto, folder: Path) -> None:
    """Weights that lie in a file of this machine."""
    (folder / "secret").write_bytes(bytes(4))
    weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1])
    weight.data_location = TensorProto.EXTERNAL
    for key, value in (("location", "secret"), ("length", "4")):
        weight.external_data.add(key=key, value=value)
    model.graph.initializer.append(weight)


def hidden(model: onnx.ModelProto, folder: Path) -> None:
    """The same in a constant of a branch."""
    outside(model, folder)
    weight = model.graph.initializer.pop()
    node = helper.make_node("Constant", [], ["c"], value=weight)
    branch = helper.make_graph([node], "b", [], [helper.make_empty_tensor_value_info("c")])
    flag = helper.make_node("Constant", [], ["f"], value=numpy_helper.from_array(np.array(True)))
    split = helper.make_node("If", ["f"], ["o"], then_branch=branch, else_branch=branch)
    model.graph.node.extend([flag, split])


def sparse(model: onnx.ModelProto, folder: Path) -> None:
    """The same as the values of a sparse constant, which ONNX Runtime would read."""
    outside(model, folder)
    weight = model.graph.initializer.pop()
    where = numpy_helper.from_array(np.array([0]))
    node = helper.make_node("Constant", [], ["s"])
    held = node.attribute.add(name="sparse_value", type=onnx.AttributeProto.SPARSE_TENSOR)
    held.sparse_tensor.CopyFrom(onnx.SparseTensorProto(values=weight, indices=where, dims=[1]))
    model.graph.node.append(node)


def foreign(model: onnx.ModelProto, folder: Path) -> None:
    """An operator of another maker."""
    model.graph.node.append(helper.make_node("Gelu", ["images"], ["x"], domain="com.microsoft"))


def domain(model: onnx.ModelProto, folder: Path) -> None:
    model.opset_import.append(helper.make_opsetid("evil", 1))


def function(model: onnx.ModelProto, folder: Path) -> None:
    opsets = [helper.make_opsetid("", 18)]
    model.functions.append(helper.make_function("", "F", ["a"], ["a"], [], opsets))


def loop(model: onnx.ModelProto, folder: Path) -> None:
    body = helper.make_graph([], "b", [], [])
    model.graph.node.append(helper.make_node("Loop", ["", ""], [], body=body))


def other_input(model: onnx.ModelProto, folder: Path) -> None:
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.FLOAT


def fixed_height(model: onnx.ModelProto, folder: Path) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 70


def other_output(model: onnx.ModelProto, folder: Path) -> None:
    del model.graph.output[1]


def no_labels(model: onnx.ModelProto, folder: Path) -> None:
    del model.metadata_props[:]


def swapped(model: onnx.ModelProto, folder: Path) -> None:
    entry = next(one for one in model.metadata_props if one.key == "labels")
    entry.value = "\n".join(entry.value.split("\n")[::-1])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (outside, "another file"),
        (hidden, "another file"),
        (sparse, "sparse weights"),
        (foreign, "com.microsoft.Gelu"),
        (domain, "'evil'"),
        (function, "functions"),
        (loop, "Loop"),
        (other_input, "takes no pictures"),
        (fixed_height, "takes no pictures of any size"),
        (other_output, "does not turn images"),
        (no_labels, "labels"),
        (swapped, "altered after training"),
    ],
)
def test_a_strangers_file_is_refused(
    path: Path, change: Callable, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path.parent)
    model = onnx.load(path)
    change(model, path.parent)
    path.write_bytes(model.SerializeToString())
    with pytest.raises(InputError, match=why):
        load_model(path)


@pytest.mark.parametrize("number", [20.0, -1.0, np.nan])
def test_what_is_no_probability_is_no_answer(path: Path, number: float) -> None:
    model = onnx.load(path)
    (last,) = (node for node in model.graph.node if OUTPUTS[0] in node.output)
    last.output[:] = ["sound"]
    factor = onnx.numpy_helper.from_array(np.float32(number), "factor")
    model.graph.initializer.append(factor)
    model.graph.node.append(onnx.helper.make_node("Mul", ["sound", "factor"], [OUTPUTS[0]]))
    path.write_bytes(model.SerializeToString())
    loaded = load_model(path)
    with pytest.raises(InputError, match=r"model\.onnx does not give a probability for each"):
        loaded.answer(np.random.default_rng(0).integers(0, 256, (9, 40, 30, 3), np.uint8))


def test_a_file_that_fails_at_its_first_picture_is_named(path: Path) -> None:
    model = onnx.load(path)
    (last,) = (node for node in model.graph.node if OUTPUTS[0] in node.output)
    last.output[:] = ["sound"]
    shape = onnx.numpy_helper.from_array(np.array([7, 7, 7]), "shape")
    model.graph.initializer.append(shape)
    model.graph.node.append(onnx.helper.make_node("Reshape", ["sound", "shape"], [OUTPUTS[0]]))
    path.write_bytes(model.SerializeToString())
    loaded = load_model(path)
    with pytest.raises(InputError, match=r"model\.onnx fails at a picture .*export it again"):
        loaded.answer(np.zeros((1, 40, 30, 3), np.uint8))


@pytest.mark.parametrize("facts", [
    {"size": "0"}, {"size": "60000"}, {"labels": ""}, {"labels": "a\n\x1b]0;b"},
])  # fmt: skip
def test_what_no_recipe_could_say_of_a_model_is_refused(path: Path, facts: dict[str, str]) -> None:
    """A square of such a size took gigabytes, and a name's characters did what they will."""
    model = onnx.load(path)
    told = {entry.key: entry.value for entry in model.metadata_props} | facts
    told[f"{PROVENANCE}labels_digest"] = digest_json(told["labels"].split("\n"))
    onnx.helper.set_model_props(model, told)
    path.write_bytes(model.SerializeToString())
    with pytest.raises(InputError, match="no exported foodcls file"):
        load_model(path)


@pytest.mark.parametrize("data", [b"", b"no model", b"\x08\x0a", bytes(1000)])
def test_what_is_no_model_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "m.onnx").write_bytes(data)
    with pytest.raises(InputError, match="no exported foodcls file"):
        load_model(tmp_path / "m.onnx")


def test_flipped_bytes_never_crash(path: Path) -> None:
    data, draw = bytearray(path.read_bytes()), np.random.default_rng(0)
    for _ in range(12):
        place = int(draw.integers(len(data)))
        data[place] ^= 255
        path.write_bytes(data)
        try:
            load_model(path)
        except InputError as error:
            assert "export it again" in str(error)
        data[place] ^= 255


def test_a_file_that_was_changed_after_its_export_is_named(path: Path) -> None:
    path.with_name("model.sha256").write_text(f"{'a' * 64}  model.onnx\n")
    with pytest.raises(InputError, match=r"was changed after its export.*model\.sha256"):
        load_model(path)

"""Writes a trained model in further formats and measures them, by the commands as typed."""

import json
import os
import shutil
from pathlib import Path

import onnx
import pandas as pd
import pytest
from prefect.results import ResultRecord, ResultRecordMetadata
from prefect.serializers import JSONSerializer
from typer.testing import CliRunner

from flows.cli.main import app
from foodcls.errors import ExportError, InputError
from foodcls.export.aotinductor import bound_to, read_package
from foodcls.export.benchmark import Row, markdown
from foodcls.export.benchmark_worker import measure
from foodcls.export.exported_files import (
    ExportedRef,
    check_libraries,
    find_format,
    read_digests,
    sibling,
)
from foodcls.export.load import load_model
from foodcls.export.onnx.int8 import quantize_checked
from foodcls.metrics.scores import Estimate
from foodcls.recipe.train_settings import Format
from foodcls.store.store import Store, digest_file
from foodcls.tables.manifest_csv import read_manifest, write_manifest
from foodcls.train.checkpoint import Checkpoint
from foodcls.workspace.workspace import Workspace
from tasks.engine.checkpoints import find_checkpoint

Studio = tuple[Path, Checkpoint, pd.DataFrame]


@pytest.fixture(scope="module")
def home(
    studio: Studio, exported: tuple[Path, ExportedRef], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A workspace in which a model was trained."""
    root, checkpoint, manifest = studio
    workspace = Workspace.at(tmp_path_factory.mktemp("home"))
    shutil.copytree(root, workspace.own_store, dirs_exist_ok=True)
    write_manifest(manifest, workspace.manifest)
    metadata = ResultRecordMetadata(serializer=JSONSerializer(), storage_key="k")
    record = ResultRecord(result=checkpoint, metadata=metadata)
    (workspace.results / "k").write_bytes(record.serialize())
    model = workspace.model("dishes", exported[1].blob)
    model.parent.mkdir()
    model.write_bytes(Store(root).read(exported[1].blob))
    return workspace.root


@pytest.fixture(scope="module")
def model(home: Path) -> Path:
    (found,) = Workspace(home).list_models()
    return found


def typed(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(word) for word in words], terminal_width=300)
    return done.exit_code, done.output


def test_an_answer_names_a_file_whose_name_is_no_text(model: Path, tmp_path: Path) -> None:
    (photo := tmp_path / os.fsdecode(b"a\xff.jpg")).touch()
    table, answers = tmp_path / "a.csv", tmp_path / "a.json"
    code, said = typed("predict", model, photo, "--csv", table, "--json", answers)
    assert code == 1, said
    assert all(f"file:{tmp_path}/a%FF.jpg" in text
               for text in (said, table.read_text(), answers.read_text()))  # fmt: skip


@pytest.fixture(scope="module")
def further(home: Path, model: Path) -> str:
    """What the command said that wrote the model's further formats."""
    asked = ["--format", "onnx", "--format", "exported_program", "--format", "onnx_int8"]
    with pytest.MonkeyPatch.context() as patch:
        # the .pt file is there: it is not written again
        patch.delattr("foodcls.export.export.export_bytes")
        before = digest_file(model)
        code, said = typed("export", model, *asked, "--workspace", home, "--margin", 0.9)
    assert code == 0 and digest_file(model) == before, said
    return said


@pytest.mark.runs("foodcls export")
def test_a_model_that_exists_becomes_further_formats(model: Path, further: str) -> None:
    assert "of the network on" in further and "accuracy" in further
    beside = [sibling(model, ending) for ending in (".onnx", ".pt2", ".int8.onnx")]
    listed = read_digests(sibling(model, ".sha256"))
    assert all(listed[path.name] == digest_file(path) for path in beside)
    wanted = load_model(model)
    for path in beside:
        assert load_model(path, listed[path.name]).provenance == wanted.provenance
    kinds = {node.op_type for node in onnx.load(beside[2]).graph.node}
    assert {"QuantizeLinear", "DequantizeLinear"} <= kinds


@pytest.mark.usefixtures("further")
@pytest.mark.runs("foodcls benchmark")
@pytest.mark.parametrize("alone", [False, pytest.param(True, marks=pytest.mark.long)])
def test_each_format_is_measured_on_the_same_pictures(
    home: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alone: bool
) -> None:
    if not alone:
        # in this process: each of its own costs seconds
        monkeypatch.setattr("foodcls.export.benchmark._alone", lambda job, name: measure(job))
    listed = read_digests(sibling(model, ".sha256"))
    # made elsewhere, so that it is not run
    stranger = sibling(model, ".aoti.pt2")
    stranger.write_bytes(b"machine code of a stranger")
    code, said = typed("benchmark", model, "--workspace", home, "--threads", 1, "--seconds", 0,
                       "--json", tmp_path / "b.json")  # fmt: skip
    stranger.unlink()
    assert code == 0, said
    assert f"no row of {stranger.name}: it is a program, and not of" in said
    found = json.loads((tmp_path / "b.json").read_text())
    rows = {row["format"]: row for row in found["formats"]}
    assert set(rows) == {"torchscript", "exported_program", "onnx", "onnx_int8", "eager torch"}
    assert listed and "not logged to MLflow: no run is recorded here" in said
    assert found["base"] == "torchscript" and "base torchscript" in said
    assert rows["torchscript"]["shift"] is None and rows["torchscript"]["largest_difference"] == 0
    for name in ("exported_program", "onnx", "eager torch"):
        assert rows[name]["largest_difference"] < 1e-4
        assert rows[name]["shift"][0] == 0
    for row in rows.values():
        assert row["memory_megabytes"] > 50 and row["start_seconds"] > 0
        assert row["per_second_batch_32"] == pytest.approx(1000 / row["ms_batch_32"])
    assert rows["onnx"]["megabytes"] == pytest.approx(sibling(model, ".onnx").stat().st_size / 1e6)


@pytest.fixture
def moved_on(home: Path, model: Path, further: str, tmp_path: Path) -> Path:
    """The .onnx file, in a workspace whose last run learnt from fewer pictures."""
    workspace = Workspace.at(tmp_path / "w", str(Workspace(home).own_store))
    table = read_manifest(home / "manifest.csv")
    write_manifest(table.drop(table.index[table["split"] == "train"][0]), workspace.manifest)
    workspace.models.mkdir()
    for path in (model, sibling(model, ".onnx")):
        shutil.copy(path, workspace.models)
    return workspace.models / sibling(model, ".onnx").name


def test_formats_are_held_to_the_pt_file_whichever_is_named(
    moved_on: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("foodcls.export.benchmark._alone", lambda job, name: measure(job))
    code, said = typed("benchmark", moved_on, "--workspace", tmp_path / "w", "--threads", 1,
                       "--seconds", 0, "--json", tmp_path / "b.json")  # fmt: skip
    assert code == 0, said
    found = json.loads((tmp_path / "b.json").read_text())
    assert [row["shift"] is None for row in found["formats"]] == [True, False]
    assert "accuracy perhaps too good" in said and "learnt from other pictures" in found["accuracy"]


def test_a_model_that_lacks_a_class_of_the_test_pictures_is_named(
    moved_on: Path, tmp_path: Path
) -> None:
    manifest = Workspace(tmp_path / "w").manifest
    table = read_manifest(manifest)
    write_manifest(table.assign(label=table["label"].replace("sushi", "soup")), manifest)
    code, said = typed("benchmark", moved_on, "--workspace", tmp_path / "w")
    assert code == 2 and "soup too, which the model does not know" in said.replace("\n", " ")


def test_int8_is_judged_by_no_picture_that_may_have_been_learnt(
    moved_on: Path, tmp_path: Path
) -> None:
    model = sibling(moved_on, ".pt")
    code, said = typed("export", model, "--format", "onnx_int8", "--workspace", tmp_path / "w")
    assert code == 2 and "learnt from other pictures" in said.replace("\n", " ")


def test_a_checkpoint_is_found_while_its_weights_are_whole(home: Path, studio: Studio) -> None:
    workspace, checkpoint = Workspace(home), studio[1]
    assert find_checkpoint(workspace, checkpoint.digest) == checkpoint
    assert find_checkpoint(workspace, "0" * 64) is None


def test_the_table_is_told_in_markdown() -> None:
    row = Row("onnx", 0.9, Estimate(-0.01, -0.02, 0.0), 2e-7, (12.34, 5.0), 85.5, 400.2, 1.26)
    cells = markdown([row], {"threads": 2}).splitlines()[2].split(" | ")
    assert cells[1:4] == ["0.900", "-0.010 (-0.020 to +0.000)", "2e-07"]
    assert cells[4:] == ["12.3", "5.0", "200", "85.5", "400", "1.3 |"]


@pytest.mark.usefixtures("further")
def test_int8_that_may_cost_more_than_its_margin_is_not_kept(studio: Studio, model: Path) -> None:
    root, _, manifest = studio
    data = sibling(model, ".onnx").read_bytes()
    # nine pictures show nothing of a loss of 1 %
    with pytest.raises(ExportError, match=r"not kept: accuracy .*against fp32.*n = 9.*0\.01 may"):
        quantize_checked(data, manifest, Store(root), 0.01)


def test_a_model_of_another_workspace_is_named(model: Path, home: Path, tmp_path: Path) -> None:
    shutil.copy(home / "manifest.csv", tmp_path)
    code, said = typed("export", model, "--format", "onnx", "--workspace", tmp_path)
    assert code == 2 and "which" in said and "does not have" in said.replace("\n", " ")
    code, said = typed("export", model, "--format", "onnx", "--runtime", tmp_path)
    assert code == 2 and "add --format web" in said.replace("\n", " ")
    code, said = typed("export", model, "--format", "onnx", "--margin", 1)
    assert code == 2 and "--margin" in said
    code, said = typed("export", model, "--format", "tflite", "--workspace", home)
    assert code == 2 and "exported_program, onnx, onnx_int8, aotinductor" in said.replace("\n", " ")


def test_formats_are_told_by_the_longest_ending(tmp_path: Path) -> None:
    for name, kind in (("m.pt", "torchscript"), ("m.int8.onnx", "onnx_int8"), ("m.onnx", "onnx"),
                       ("m.aoti.pt2", "aotinductor"), ("m", "torchscript")):  # fmt: skip
        assert find_format(Path(name)) == kind
    assert sibling(Path("a/m.int8.onnx"), ".sha256") == Path("a/m.sha256")


def test_a_missing_library_is_named_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foodcls.export.exported_files.find_spec", lambda name: None)
    check_libraries(["torchscript", "exported_program"])
    kinds: tuple[Format, ...] = ("onnx", "onnx_int8")
    for kind in kinds:
        with pytest.raises(
            InputError, match=rf"{kind} needs onnx, .*pip install 'foodcls\[onnx\]'"
        ):
            check_libraries([kind])


@pytest.mark.long
@pytest.mark.timeout(1200)  # a compiler at work
def test_machine_code_answers_the_same_and_names_another_machine(
    home: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, said = typed("export", model, "--format", "aotinductor", "--workspace", home)
    assert code == 0, said
    data = sibling(model, ".aoti.pt2").read_bytes()
    assert read_package(data).labels == load_model(model).labels
    other = bound_to() | {"instructions": "AVX9"}
    monkeypatch.setattr("foodcls.export.aotinductor.bound_to", lambda: other)
    with pytest.raises(ValueError, match="machine code for instructions .*; here is .*AVX9"):
        read_package(data)

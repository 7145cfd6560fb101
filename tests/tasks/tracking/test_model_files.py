import subprocess
from pathlib import Path

import pytest

from foodcls.export.exported_files import ExportedFile, ExportedRef
from foodcls.export.publish import publish_model
from foodcls.manifest import new_manifest
from foodcls.recipe.recipe import load_recipe
from foodcls.runs.stage_result import StageResult
from foodcls.workspace.workspace import Workspace
from tasks.tracking.model_files import (
    bundled,
    draft_record,
    model_signature,
    write_files,
)


def test_signature_names_the_classes() -> None:
    signature = model_signature(("a", "label"))
    answer = ["label", "guess", "probability", "known", "unsure", "none", "error"]
    assert signature.outputs.input_names() == [*answer, "p_a", "p_label"]


def test_files_are_written_or_copied(tmp_path: Path) -> None:
    (tmp_path / "source").write_text("copied")
    write_files(tmp_path / "a" / "b", {"x": b"written", "y": tmp_path / "source"})
    assert (tmp_path / "a" / "b" / "x").read_text() == "written"
    assert (tmp_path / "a" / "b" / "y").read_text() == "copied"


@pytest.mark.parametrize("seconds", [[], [0.0], [1.5, 2.5]])
def test_a_run_has_lasted_as_long_as_its_steps(tmp_path: Path, seconds: list[float]) -> None:
    """Never less than no time, whatever the clock of the machine did meanwhile."""
    (tmp_path / "r.yaml").write_text(
        "name: r\nclasses: [{name: a}, {name: b}]\ncollect: {folder: .}\n"
    )
    steps = [StageResult("crop", None, one, False) for one in seconds]
    record = draft_record(load_recipe(tmp_path / "r.yaml"), "x", steps, ())
    assert record.ended - record.started == pytest.approx(sum(seconds))


def test_a_published_model_has_its_other_form_digests_and_attribution_beside_it(
    tmp_path: Path,
) -> None:
    workspace = Workspace.at(tmp_path / "w")
    row = {"id": "1", "origin": "http://a.test/1.jpg", "licence": "CC0-1.0", "source": "bing",
           "query": "rice", "state": "kept"}  # fmt: skip
    manifest = new_manifest([row | {"split": "train"}, row | {"id": "2", "split": "test"}])
    model = ExportedRef(
        workspace.store.put(b"a model"), 7, 0.0, 1,
        (ExportedFile("exported_program", workspace.store.put(b"a program"), 9),),
    )  # fmt: skip
    path = workspace.model("dishes", model.blob)
    publish_model(path, model, manifest, "# Card\n", workspace.store)
    assert path.read_bytes() == b"a model"
    assert path.with_suffix(".pt2").read_bytes() == b"a program"
    check = ["sha256sum", "--check", "--strict", path.with_suffix(".sha256")]
    subprocess.run(check, cwd=path.parent, check=True)
    path.write_bytes(b"another")
    publish_model(path, model, manifest, "# Card\n", workspace.store)
    assert path.read_bytes() == b"a model"
    with bundled(path) as folder:
        subprocess.run(check, cwd=folder, check=True)
        assert len(list(folder.iterdir())) == 6
    beside = path.with_suffix(".attribution.csv")
    assert beside.read_text() == (
        "id,origin,page,author,licence,licence_url,licence_by,source,query\n"
        "1,http://a.test/1.jpg,,,CC0-1.0,,,bing,rice\n"
    )
    assert "http://a.test/1.jpg" in path.with_suffix(".CREDITS.md").read_text()
    assert path.with_suffix(".MODEL_CARD.md").read_text() == "# Card\n"

from pathlib import Path

import pytest

from foodcls.recipe.recipe import load_recipe
from foodcls.runs.stage_result import Step
from tasks.tracking.model_files import draft_record, model_signature, write_files


def test_signature_names_the_classes() -> None:
    signature = model_signature(("a", "label"))
    answer = ["label", "guess", "probability", "unsure", "error"]
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
    steps = [Step("crop", None, one, False) for one in seconds]
    record = draft_record(load_recipe(tmp_path / "r.yaml"), "x", steps, ())
    assert record.ended - record.started == pytest.approx(sum(seconds))

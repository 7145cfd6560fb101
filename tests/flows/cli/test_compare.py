import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from flows.cli.compare import compare
from flows.cli.main import app
from foodcls.errors import InputError
from foodcls.manifest import new_manifest
from foodcls.metrics.predictions import Predictions, predictions_csv
from foodcls.store.store import Store
from foodcls.tables.manifest_csv import write_manifest


@pytest.fixture
def answers(noise: Callable, encode: Callable) -> Predictions:
    """Forty right answers, of two classes."""
    truth = np.arange(40) % 2
    blobs = tuple(f"{number:064x}" for number in range(40))
    origins = tuple(f"https://example.org/{number}.jpg" for number in range(40))
    return Predictions(
        ("beans", "bread"), blobs, origins, ("",) * 40, truth, np.eye(2)[truth] * 0.9 + 0.05
    )


@pytest.fixture
def leave(tmp_path: Path) -> Callable[[str, Predictions], Path]:
    """A workspace as a run leaves it, as far as comparing goes."""

    def put(name: str, answers: Predictions) -> Path:
        (tmp_path / name).mkdir()
        (tmp_path / name / "predictions.csv").write_text(predictions_csv(answers))
        return tmp_path / name

    return put


@pytest.fixture
def worse(answers: Predictions) -> Predictions:
    """The same, but for the first twelve pictures."""
    turned = answers.probabilities.copy()
    turned[:12] = turned[:12, ::-1]
    return dataclasses.replace(answers, probabilities=turned)


def test_two_workspaces_are_compared(
    leave: Callable,
    answers: Predictions,
    worse: Predictions,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    a, b = leave("a", worse), leave("b", answers)
    record = compare(str(a), str(b), tmp_path / "none", None)
    assert record["verdict"] == "better" and len(record["won"]) == 12
    told = capsys.readouterr().out
    assert f"{b} is better than {a}." in told
    lines = [line.split() for line in told.splitlines()]
    assert ["accuracy", "0.700", "1.000", "+0.300"] in lines
    assert any(line[:3] == ["0.546", "to", "0.819"] for line in lines)
    assert any(line[:2] == ["average", "position"] for line in lines)
    json.dumps(record)


def test_the_page_shows_pictures_of_the_workspace_that_has_them(
    leave: Callable, answers: Predictions, worse: Predictions, tmp_path: Path, noise, encode
) -> None:
    a, b = leave("a", worse), leave("b", answers)
    store = Store(b / "store")
    rows = [{"id": digest, "label": answers.labels[answers.truth[place]], "state": "kept",
             "split": "test", "picture": store.put(encode(noise(place)))}
            for place, digest in enumerate(answers.ids)]  # fmt: skip
    write_manifest(new_manifest(rows), b / "manifest.csv")
    compare(str(a), str(b), tmp_path / "none", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text("utf-8")
    assert page.count("data:image/jpeg;base64,") == 12


def test_without_pictures_there_is_no_page(
    leave: Callable, answers: Predictions, worse: Predictions, tmp_path: Path
) -> None:
    places = str(leave("a", worse)), str(leave("b", answers))
    with pytest.raises(InputError, match="no pictures to show"):
        compare(*places, tmp_path / "none", tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


@pytest.mark.parametrize("name", ["none.pt", "runs.pt/", "lunch@champion"])
def test_a_name_that_means_nothing_is_refused(
    leave: Callable, answers: Predictions, tmp_path: Path, name: str
) -> None:
    with pytest.raises(InputError):
        compare(str(leave("a", answers)), name, tmp_path / "none", None)
    assert not (tmp_path / "none").exists()


def test_a_folder_without_a_run_says_what_to_do(
    leave: Callable, answers: Predictions, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="foodcls run RECIPE --workspace"):
        compare(str(leave("a", answers)), str(tmp_path / "empty"), tmp_path, None)


@pytest.mark.runs("foodcls compare")
def test_the_command_writes_json_and_refuses_other_pictures(
    leave: Callable, answers: Predictions, worse: Predictions, tmp_path: Path
) -> None:
    a, b = leave("a", worse), leave("b", answers)
    words = ["compare", str(a), str(b), "--workspace", str(tmp_path), "--json"]
    done = CliRunner().invoke(app, [*words, str(tmp_path / "found.json")])
    assert done.exit_code == 0, done.output
    assert json.loads((tmp_path / "found.json").read_text())["test"]["only_b"] == 12
    other = dataclasses.replace(answers, ids=("f" * 64, *answers.ids[1:]))
    words[2] = str(leave("c", other))
    refused = CliRunner().invoke(app, [*words, str(tmp_path / "none.json")])
    assert refused.exit_code == 2 and "different pictures" in refused.output
    assert not (tmp_path / "none.json").exists()

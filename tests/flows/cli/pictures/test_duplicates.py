"""The command names files that repeat a picture, for people and for programs."""

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli.main import app
from foodcls.recipe.data_settings import Dedup


@pytest.fixture
def photos(tmp_path: Path, noise: Callable, encode: Callable) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, seed in (("=a.jpg", 1), ("b.jpg", 1), ("c.jpg", 2)):
        (folder / name).write_bytes(encode(noise(seed, 200, 150), "JPEG"))
    return folder


def type_in(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["duplicates", *map(str, words)])
    return result.exit_code, result.output


@pytest.mark.runs("foodcls duplicates")
def test_the_command_lists_duplicates_and_deletes_nothing(photos: Path, tmp_path: Path) -> None:
    code, said = type_in(photos, "--json", tmp_path / "d.json", "--csv", tmp_path / "d.csv")
    assert code == 0
    assert "1 of 3 files repeat 1 other; nothing is deleted" in said
    assert "same file" in said and "c.jpg" not in said
    assert sorted(path.name for path in photos.iterdir()) == ["=a.jpg", "b.jpg", "c.jpg"]
    (row,) = json.loads((tmp_path / "d.json").read_text())
    assert row == {
        "path": str(photos / "b.jpg"), "duplicate_of": str(photos / "=a.jpg"),
        "how": "same file", "error": None,
    }  # fmt: skip
    (line,) = csv.DictReader((tmp_path / "d.csv").read_text().splitlines())
    assert line == {name: value or "" for name, value in row.items()}


def test_no_cell_is_a_formula(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(photos)
    type_in("=a.jpg", "b.jpg", "--csv", tmp_path / "d.csv")
    (line,) = csv.DictReader((tmp_path / "d.csv").read_text().splitlines())
    assert (line["path"], line["duplicate_of"]) == ("b.jpg", "'=a.jpg")


def test_a_name_that_is_no_text_is_quoted(photos: Path, tmp_path: Path) -> None:
    """Of an old archive: the command ended in a traceback, with no table written."""
    photos.joinpath("b.jpg").rename(photos / os.fsdecode(b"b\xff\x1b[31m.jpg"))
    tables = tmp_path / "d.json", tmp_path / "d.csv"
    code, said = type_in(photos, "--json", tables[0], "--csv", tables[1])
    assert code == 0, said
    assert all(f"file:{photos}/b%FF%1B%5B31m.jpg" in text
               for text in (said, *(table.read_text() for table in tables)))  # fmt: skip


def test_a_bad_file_is_named_and_makes_the_exit_code_1(photos: Path) -> None:
    (photos / "d.jpg").write_bytes(b"no picture")
    code, said = type_in(photos)
    assert code == 1 and "d.jpg" in said and "not_an_image" in said and "b.jpg" in said


def test_a_place_without_pictures_is_bad_input(tmp_path: Path) -> None:
    assert type_in(tmp_path)[0] == 2


def test_a_distance_is_held_to(photos: Path, noise: Callable, encode: Callable) -> None:
    image = noise(1, 200, 150)
    (photos / "b.jpg").write_bytes(encode(image.crop((0, 0, 192, 150)), "JPEG"))
    assert "0 of 3" in type_in(photos, "--distance", 0)[1]
    assert "1 of 3" in type_in(photos, "--distance", 12)[1]
    assert type_in(photos, "--distance", 40)[0] == 2


def test_the_distance_is_that_of_recipes() -> None:
    assert f"[default: {Dedup().distance}]" in type_in("--help")[1].replace("\n", " ")

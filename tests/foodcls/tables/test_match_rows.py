"""An id or path finds the rows it means, or says why it cannot tell."""

from pathlib import Path

import pandas as pd
import pytest

from foodcls.errors import InputError
from foodcls.manifest import new_manifest
from foodcls.store.store import digest_of
from foodcls.tables.match_rows import find_picture, index_rows

A, B, C = "abcdef01" + "0" * 56, "abcdef01" + "1" * 56, "c" * 64


@pytest.fixture
def finder():
    return index_rows(
        new_manifest(
            [
                {"id": A, "origin": "photos/beans/1.jpg"},
                {"id": B, "origin": "photos/salad/1.jpg"},
                {"id": C, "origin": "https://host/Caf\u00e9/dish.jpg"},
                {"id": C, "origin": "photos\\win\\copy.jpg"},
                {"id": "", "origin": "https://host/gone.jpg"},
            ]
        )
    )


@pytest.mark.parametrize(
    "text, rows",
    [
        (A, (0,)),
        (A[:12], (0,)),
        (C[:8].upper(), (2, 3)),
        ("f" * 64, ()),
        ("f" * 8, ()),
    ],
)
def test_ids_are_found_by_prefix(finder, text, rows):
    assert finder.by_id(text).rows == rows and not finder.by_id(text).problem


@pytest.mark.parametrize("text", [A[:8], "abc", "not hex!", ""], ids=str)
def test_vague_ids_are_problems(finder, text):
    assert finder.by_id(text).problem and not finder.by_id(text).rows


@pytest.mark.parametrize(
    "text, rows",
    [
        ("photos/beans/1.jpg", (0,)),
        ("./photos/beans/1.jpg", (0,)),
        ("beans/1.jpg", (0,)),
        ("beans\\1.jpg", (0,)),
        ("dish.jpg", (2,)),
        ("/home/me/old/photos/salad/1.jpg", (1,)),
        ("C:\\photos\\beans\\1.jpg", (0,)),
        ("/home/me/pasta/1.jpg", ()),
        ("/home/me/1.jpg", ()),
        ("https://host/Cafe\u0301/dish.jpg", (2,)),
        ("copy.jpg", (3,)),
        ("eans/1.jpg", ()),
        ("gone.jpg", ()),
        ("jpg", ()),
        ("", ()),
    ],
)
def test_paths_are_found_by_whole_parts(finder, text, rows):
    assert finder.by_path(text).rows == rows and not finder.by_path(text).problem


def test_a_path_of_two_pictures_is_a_problem(finder):
    assert "2 pictures" in finder.by_path("1.jpg").problem


@pytest.fixture
def manifest() -> pd.DataFrame:
    ids = [digest_of(bytes([number])) for number in range(5)]
    web = "http://127.0.0.1"
    return new_manifest([
        {"id": ids[0], "origin": f"{web}/pesto-000.jpg"},
        {"id": ids[1], "origin": f"{web}/pesto-000.jpg", "parent": ids[0], "copy": 1},
        {"id": "", "origin": f"{web}/gone.jpg", "outcome": "http_error"},
        {"id": ids[3], "origin": f"{web}/b/twin.jpg"},
        {"id": ids[4], "origin": f"{web}/c/twin.jpg"},
        {"id": ids[0], "origin": f"{web}/pesto-005.jpg"},
    ])  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["http://127.0.0.1/pesto-000.jpg", "pesto-000.jpg", "./pesto-000.jpg", "id", "prefix", "file"],
)
def test_a_picture_is_found_by_each_of_its_names(
    manifest: pd.DataFrame, tmp_path: Path, name: str
) -> None:
    digest = manifest["id"][0]
    file = tmp_path / "any-name"
    file.write_bytes(bytes([0]))
    name = {"id": digest, "prefix": digest[:8].upper(), "file": str(file)}.get(name, name)
    # with its other address, without its augmented copy
    assert list(find_picture(manifest, name).index) == [0, 5]


def test_an_address_that_gave_no_bytes_is_found(manifest: pd.DataFrame) -> None:
    assert list(find_picture(manifest, "gone.jpg").index) == [2]


def test_an_augmented_copy_is_found_by_its_id(manifest: pd.DataFrame) -> None:
    assert list(find_picture(manifest, manifest["id"][1][:12]).index) == [1]


def test_of_several_pictures_each_is_listed(manifest: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="2 pictures") as caught:
        find_picture(manifest, "twin.jpg")
    for row in (3, 4):
        assert manifest["id"][row][:16] in str(caught.value)


@pytest.mark.parametrize("name", ["", "soup.jpg", "abcdef", "0" * 64, "\0", "x" * 9000])
def test_what_is_not_there_is_told_with_what_to_try(manifest: pd.DataFrame, name: str) -> None:
    with pytest.raises(InputError, match="no picture.*give a file, a URL"):
        find_picture(manifest, name)

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from foodcls.errors import InputError
from foodcls.review.lookup import find_picture


@pytest.fixture
def manifest(pictures: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    first = pictures(3)["id"][0]
    copy = {"parent": first, "origin": "http://127.0.0.1/pesto-000.jpg", "copy": 1}
    lost = {"id": "", "origin": "http://127.0.0.1/gone.jpg", "outcome": "http_error"}
    twins = [{"origin": f"http://127.0.0.1/{folder}/twin.jpg"} for folder in "bc"]
    return pictures(3, {1: copy, 2: lost, 3: twins[0], 4: twins[1], 5: {"id": first}})


@pytest.mark.parametrize(
    "name",
    ["http://127.0.0.1/pesto-000.jpg", "pesto-000.jpg", "./pesto-000.jpg", "id", "prefix", "file"],
)
def test_a_picture_is_found_by_each_of_its_names(
    manifest: pd.DataFrame, workspace: Path, name: str
) -> None:
    digest = manifest["id"][0]
    blob = workspace / "store" / "blobs" / digest[:2] / digest
    name = {"id": digest, "prefix": digest[:8].upper(), "file": str(blob)}.get(name, name)
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

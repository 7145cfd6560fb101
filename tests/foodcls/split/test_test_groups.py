from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from foodcls.collect.folders import origin_text
from foodcls.errors import TableError
from foodcls.manifest import new_manifest
from foodcls.recipe.data_settings import Test as OutsideTest
from foodcls.split.test_groups import group_tests, read_groups

FILES = ("beans/1.jpg", "beans/2.jpg", "salad/1.jpg", "salad/2.jpg")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "testset").mkdir()
    return tmp_path / "testset"


@pytest.fixture
def hang(folder: Path) -> Callable[..., pd.DataFrame]:
    """A manifest of test pictures at these places, and a training picture at the first."""

    def make(files: tuple[str, ...] = FILES) -> pd.DataFrame:
        rows = [
            {"id": f"{place:064x}", "label": name.partition("/")[0], "state": "kept",
             "origin": name, "source": "test", "split": "test",
             "cluster": f"look {place // 3}"}
            for place, name in enumerate(files, start=10)
        ]  # fmt: skip
        rows.append({"id": "f" * 64, "label": "beans", "origin": "beans/1.jpg",
                     "source": "folder", "state": "kept", "split": "train"})  # fmt: skip
        return new_manifest(rows)

    return make


@pytest.fixture
def write(tmp_path: Path, folder: Path) -> Callable[[str], OutsideTest]:
    def put(text: str) -> OutsideTest:
        (tmp_path / "groups.csv").write_text(text)
        return OutsideTest(folder=folder, groups=tmp_path / "groups.csv")

    return put


def groups_of(manifest: pd.DataFrame) -> list[str]:
    return list(manifest.loc[manifest["source"] == "test", "cluster"])


def test_a_table_names_groups_by_path_or_id(hang, write) -> None:
    settings = write(
        "group,path,id\ntray 1,beans/1.jpg,\ntray 1,salad/1.jpg,\n"
        f"tray 2,,{11:064x}\n,testset/salad/2.jpg,\n"
    )
    # an empty group leaves a picture with those that look alike
    assert groups_of(group_tests(hang(), settings)) == ["tray 1", "tray 2", "tray 1", "look 4"]


def test_nothing_else_of_the_manifest_changes(hang, write) -> None:
    before = hang()
    after = group_tests(before, write("path,group\n" + "".join(f"{f},t{f[-5]}\n" for f in FILES)))
    pd.testing.assert_frame_equal(before.drop(columns="cluster"), after.drop(columns="cluster"))
    assert groups_of(before) == ["look 3", "look 3", "look 4", "look 4"]
    assert after["cluster"].iloc[-1] == ""


def test_without_groups_look_alikes_are_the_groups(hang, folder: Path) -> None:
    for settings in (None, OutsideTest(folder=folder)):
        assert groups_of(group_tests(hang(), settings)) == groups_of(hang())


def test_a_test_picture_that_is_left_out_is_named(hang, write) -> None:
    with pytest.raises(TableError, match=r"2 of 4 test pictures are not in it(.|\n)*salad/2\.jpg"):
        group_tests(hang(), write("path,group\nbeans/1.jpg,a\nbeans/2.jpg,b\n"))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("pasta/1.jpg,c", "row 6: 'pasta/1.jpg': matches no picture of the test set"),
        ("1.jpg,c", "row 6: '1.jpg': 2 pictures end in it"),
        ("beans/1.jpg,c", "is in 'c' here and in 'a' in row 2"),
        (",c", "row 6: '': names no picture"),
    ],
)
def test_a_row_that_cannot_be_right_is_named(hang, write, row: str, said: str) -> None:
    good = "".join(f"{name},{group}\n" for name, group in zip(FILES, "aabb", strict=True))
    with pytest.raises(TableError) as caught:
        group_tests(hang(), write(f"path,group\n{good}{row}\n"))
    assert said in str(caught.value)


def test_training_pictures_are_not_meant(hang, write) -> None:
    """The same name lies in the training folder too."""
    good = "".join(f"{name},{group}\n" for name, group in zip(FILES, "aabb", strict=True))
    assert groups_of(group_tests(hang(), write(f"path,group\n{good}"))) == ["a", "a", "b", "b"]


def test_one_group_says_nothing_of_others(hang, write) -> None:
    text = "path,group\n" + "".join(f"{name},all\n" for name in FILES)
    with pytest.raises(TableError, match="at least 2 are needed"):
        group_tests(hang(), write(text))


def test_a_table_without_groups_is_refused(hang, write) -> None:
    with pytest.raises(TableError, match="'group' is missing"):
        read_groups(write("path,tray\nbeans/1.jpg,a\n").groups)
    with pytest.raises(TableError, match="no picture is in a group"):
        group_tests(hang(), write("path,group\n" + "".join(f"{name},\n" for name in FILES)))


TRAYS = ("beans/tray 1/1.jpg", "beans/2.jpg", "salad/tray 1/x/1.jpg", "salad/tray 2/2.jpg")


def test_a_group_that_a_mac_has_named_is_the_same(hang, folder: Path) -> None:
    settings = OutsideTest(folder=folder, grouped_by_folder="shared")
    names = ("beans/caf\xe9/1.jpg", "salad/cafe\u0301/2.jpg", "salad/b/1.jpg")
    assert groups_of(group_tests(hang(names), settings)) == ["caf\xe9", "caf\xe9", "b"]


def test_sub_folders_of_a_class_are_groups_of_that_class(hang, folder: Path, caplog) -> None:
    settings = OutsideTest(folder=folder, grouped_by_folder=True)
    found = groups_of(group_tests(hang(TRAYS), settings))
    assert found == ["beans/tray 1", "look 3", "salad/tray 1", "salad/tray 2"]
    assert "1 names of sub-folders stand in several classes ('tray 1')" in caplog.text


def test_sub_folders_that_are_said_to_be_shared_are_groups_across_classes(
    hang, folder: Path, caplog
) -> None:
    settings = OutsideTest(folder=folder, grouped_by_folder="shared")
    found = groups_of(group_tests(hang(TRAYS), settings))
    assert found == ["tray 1", "look 3", "tray 1", "tray 2"] and not caplog.text


def test_an_odd_path_is_understood(hang, folder: Path) -> None:
    manifest = hang(("beans/a/1.jpg", "beans/b/2.jpg"))
    manifest.loc[0, "origin"] = origin_text(folder / "beans" / "t\nray" / "1.jpg", folder)
    settings = OutsideTest(folder=folder, grouped_by_folder=True)
    assert groups_of(group_tests(manifest, settings)) == ["beans/t\nray", "beans/b"]


def test_a_flat_folder_has_no_groups(hang, folder: Path) -> None:
    with pytest.raises(TableError, match=r"test\.grouped_by_folder: no picture is in a group"):
        group_tests(hang(), OutsideTest(folder=folder, grouped_by_folder=True))

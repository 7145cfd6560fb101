import logging
import os
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from foodcls.collect.folders import (
    folder_prefixes,
    list_files,
    origin_text,
    read_files,
    read_folders,
)
from foodcls.collect.limits import Limits
from foodcls.collect.outcomes import CandidateResult, Outcome
from foodcls.collect.rows import results_manifest
from foodcls.errors import InputError
from foodcls.progress import silent
from foodcls.store.store import Store, digest_of
from foodcls.tables.match_rows import find_picture


@pytest.fixture
def arrive(store: Store, limits: Limits, tmp_path: Path) -> Callable[..., list[CandidateResult]]:
    def read(*labels: str, **changes: object) -> list[CandidateResult]:
        files = list_files(tmp_path / "photos", labels or ("beans",), "folder")
        return list(read_files(files, replace(limits, **changes), store))

    return read


@pytest.fixture
def beans(tmp_path: Path) -> Path:
    folder = tmp_path / "photos" / "beans"
    folder.mkdir(parents=True)
    return folder


def test_pictures_arrive_in_the_order_of_classes_and_names(beans, arrive, picture, store) -> None:
    other = beans.parent / "artichokes" / "deep"
    other.mkdir(parents=True)
    for number, path in enumerate([beans / "b.jpg", beans / "a.jpg", other / "c.txt"]):
        path.write_bytes(picture(number))
    found = arrive("beans", "artichokes")
    paths = [beans / "a.jpg", beans / "b.jpg", other / "c.txt"]
    assert [one.candidate.url for one in found] == ["beans/a.jpg", "beans/b.jpg",
                                                    "artichokes/deep/c.txt"]  # fmt: skip
    assert [one.candidate.rank for one in found] == [1, 2, 1]
    assert [one.candidate.label for one in found] == ["beans", "beans", "artichokes"]
    assert {one.result.outcome for one in found} == {Outcome.OK}
    assert [one.result.id for one in found] == [digest_of(path.read_bytes()) for path in paths]
    assert all(store.has(one.result.id) for one in found)


@pytest.mark.timeout(20)
def test_nothing_but_regular_files_is_opened(beans, arrive, picture, tmp_path) -> None:
    secret = tmp_path / "secret.jpg"
    secret.write_bytes(picture(1))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x.jpg").write_bytes(picture(2))
    (beans / "link.jpg").symlink_to(secret)
    (beans / "zero.jpg").symlink_to("/dev/zero")
    (beans / "loop").symlink_to(beans)
    (beans / "tree").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(beans / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(beans / "s.jpg"))
    found = arrive()
    assert len(found) == 6
    assert {one.result.outcome for one in found} == {Outcome.NOT_REGULAR}
    assert not any(one.result.id for one in found)


def test_a_linked_folder_of_a_class_is_not_followed(beans, arrive, picture) -> None:
    (beans / "a.jpg").write_bytes(picture(1))
    (beans.parent / "rice").symlink_to(beans)
    (arrival,) = arrive("rice")
    assert arrival.result.outcome is Outcome.NOT_REGULAR


def test_each_bad_file_has_its_reason(beans, arrive, picture) -> None:
    (beans / "a.jpg").write_bytes(b"<html>")
    (beans / "b.jpg").touch()
    with (beans / "c.jpg").open("wb") as sparse:
        sparse.truncate(2**31)
    assert [one.result.outcome for one in arrive()] == [
        Outcome.NOT_AN_IMAGE,
        Outcome.EMPTY,
        Outcome.TOO_LARGE,
    ]


def test_how_many_files_are_no_pictures_is_said_with_a_name_for_each_reason(
    beans, picture, store, limits, caplog
) -> None:
    caplog.set_level(logging.INFO, "foodcls")
    for name, data in {"a.jpg": picture(1), "b.txt": b"x", "c.txt": b"y", "d.jpg": b""}.items():
        (beans / name).write_bytes(data)
    read_folders([beans.parent], "folder", ("beans",), limits, store, silent)
    assert "folder: 3 not read: not_an_image 2, e.g. 'b.txt'; empty 1, e.g. 'd.jpg'" in caplog.text


def test_what_may_not_be_read_is_said(beans, arrive, picture, powerless) -> None:
    (beans / "a.jpg").write_bytes(picture(1))
    (beans / "a.jpg").chmod(0)
    (beans / "closed").mkdir(mode=0)
    with powerless():
        found = arrive()
    assert [one.result.outcome for one in found] == [Outcome.UNREADABLE] * 2


def test_hidden_and_system_folders_are_passed_over_and_named(
    beans, arrive, picture, caplog
) -> None:
    for number, name in enumerate([".Trash-1000/files", ".ipynb_checkpoints", "deep/@eaDir",
                                   "__MACOSX", "System Volume Information", "deep"]):  # fmt: skip
        (beans / name).mkdir(parents=True, exist_ok=True)
        (beans / name / "x.jpg").write_bytes(picture(number))
    (beans / ".x.jpg").write_bytes(picture(9))
    found = [Path(one.candidate.url).relative_to("beans") for one in arrive()]
    assert found == [Path(".x.jpg"), Path("deep/x.jpg")]
    assert "5 hidden or system folders" in caplog.text and "beans/deep/@eaDir" in caplog.text


def test_what_is_no_class_is_warned_of_and_left_alone(beans, arrive, picture, caplog) -> None:
    (beans / "a.jpg").write_bytes(picture(1))
    for name in ("Beans", "pizza"):
        (beans.parent / name).mkdir()
        (beans.parent / name / "x.jpg").write_bytes(picture(2))
    (beans.parent / "stray.jpg").write_bytes(picture(3))
    # what a Mac leaves in each folder is nothing to tell of
    (beans.parent / ".DS_Store").write_bytes(b"x")
    assert len(arrive()) == 1
    assert "3 entries" in caplog.text and "'pizza'" in caplog.text


def test_a_class_is_found_under_either_unicode_form(tmp_path, arrive, picture) -> None:
    folder = tmp_path / "photos" / "pa\u0302te\u0301"
    folder.mkdir(parents=True)
    (folder / "a.jpg").write_bytes(picture(1))
    assert [one.candidate.label for one in arrive("pâté")] == ["pâté"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"plain name.jpg", "plain name.jpg"),
        ("süß.jpg".encode(), "süß.jpg"),
        (b"-rf.jpg", "-rf.jpg"),
        (b"two\nlines.jpg", "two%0Alines.jpg"),
        (b"not\xffutf8.jpg", "not%FFutf8.jpg"),
    ],
)
def test_odd_names_survive_in_the_origin(name: bytes, shown: str, beans, arrive, picture) -> None:
    Path(os.fsdecode(os.fsencode(beans) + b"/" + name)).write_bytes(picture(1))
    (arrival,) = arrive()
    assert arrival.result.outcome is Outcome.OK
    assert arrival.candidate.url.endswith(shown)
    assert arrival.candidate.url.startswith("file:beans/") == ("%" in shown)


def test_an_origin_is_a_place_in_the_folder_wherever_that_lies(tmp_path: Path) -> None:
    for root in (tmp_path, tmp_path / "elsewhere", Path("relative")):
        assert origin_text(root / "beans" / "a b.jpg", root) == "beans/a b.jpg"


def test_of_several_folders_each_origin_tells_its_own(tmp_path: Path, picture, store, limits):
    roots = [tmp_path / "a" / "photos", tmp_path / "b" / "photos", tmp_path / "phone"]
    for seed, root in enumerate(roots):
        (root / "rice").mkdir(parents=True)
        (root / "rice" / "1.png").write_bytes(picture(seed))
    assert folder_prefixes(roots[:1]) == [""]
    assert folder_prefixes(roots[1:]) == ["photos/", "phone/"]
    assert folder_prefixes(roots) == ["a/photos/", "b/photos/", f"{tmp_path.name}/phone/"]
    read = read_folders(roots[1:], "folder", ("rice",), limits, store, silent)
    origins = {one.candidate.url for one in read}
    assert origins == {"photos/rice/1.png", "phone/rice/1.png"}
    table = results_manifest(read, ("rice",))
    (row,) = find_picture(table, "phone/rice/1.png").index
    assert table.loc[row, "id"] == digest_of(picture(2))
    with pytest.raises(InputError, match="photos/rice/1.png"):
        find_picture(table, "rice/1.png")


def test_a_table_of_labels_is_read_in_place_of_a_folder_a_class(
    tmp_path, picture, store, limits
) -> None:
    root = tmp_path / "photos"
    root.mkdir()
    for number, name in enumerate(["1.jpg", "2.jpg", "../secret.jpg"]):
        (root / name).write_bytes(picture(number))
    (root / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    (root / "out").symlink_to(tmp_path)
    table = tmp_path / "labels.csv"
    lines = ["label,path", "b,2.jpg", "a,1.jpg", "c,1.jpg", "a,../secret.jpg", "a,link.jpg",
             "a,out/secret.jpg", f"a,{tmp_path}/secret.jpg", "a,none.jpg"]  # fmt: skip
    table.write_text("\n".join(lines))
    found = read_folders([root], "folder", ("a", "b"), limits, store, silent, table=table)
    outcomes = {one.candidate.url: one.result.outcome for one in found
                if one.candidate.label != "c"}  # fmt: skip
    arrived = [url for url, outcome in outcomes.items() if outcome is Outcome.OK]
    assert arrived == ["2.jpg", "1.jpg"] and outcomes["none.jpg"] is Outcome.UNREADABLE
    out = {"../secret.jpg", "link.jpg", "out/secret.jpg", f"{tmp_path}/secret.jpg"}
    assert {url for url, one in outcomes.items() if one is Outcome.NOT_REGULAR} == out
    assert [one.result.detail for one in found if one.candidate.label == "c"] == [
        "row 4: 'c' is none of the recipe's classes"
    ]

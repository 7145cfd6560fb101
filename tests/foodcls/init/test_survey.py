"""A folder is read as it lies there; nothing of it is guessed that it does not show."""

from collections.abc import Callable
from pathlib import Path

import pytest

from foodcls.errors import InputError
from foodcls.init.survey import survey_pictures

JPEG = b"\xff\xd8\xff\xe0 of which the beginning is enough"


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """Lay pictures at these paths below a folder, so many at each."""

    def lay(**counts: int) -> Path:
        for name, count in counts.items():
            folder = tmp_path.joinpath("photos", *name.split("__"))
            folder.mkdir(parents=True, exist_ok=True)
            for number in range(count):
                (folder / f"{number}.jpg").write_bytes(JPEG)
        return tmp_path / "photos"

    return lay


def test_a_folder_a_class_is_a_class(put: Callable[..., Path]) -> None:
    photos = put(pizza=3, salad=2)
    (photos / "pizza" / "notes.txt").write_text("no picture")
    (photos / ".thumbs").mkdir()
    found = survey_pictures(photos)
    assert (found.sources, found.counts) == ((photos,), {"pizza": 3, "salad": 2})
    assert found.test is None and not found.notes


@pytest.mark.parametrize("part", ["test", "Testing", "val", "validation"])
def test_a_part_that_is_held_out_is_the_test_set(put: Callable[..., Path], part: str) -> None:
    photos = put(Train__a=4, Train__b=4, **{f"{part}__a": 1, f"{part}__b": 2})
    found = survey_pictures(photos)
    assert found.sources == (photos / "Train",) and found.test == photos / part
    assert found.test_counts == {"a": 1, "b": 2}
    assert any("is the test set" in note for note in found.notes) == part.startswith("val")


def test_of_val_beside_test_all_is_learnt_from(put: Callable[..., Path]) -> None:
    photos = put(train__a=1, train__b=1, val__a=1, test__a=1)
    found = survey_pictures(photos)
    assert found.test and found.test.name == "test"
    assert found.sources == (photos / "train", photos / "val") and found.counts == {"a": 2, "b": 1}
    said = "\n".join(found.notes)
    assert "a share of both chooses" in said and "for b: never judged" in said


def test_what_was_unpacked_into_a_folder_of_its_own_is_found(put: Callable[..., Path]) -> None:
    found = survey_pictures(put(set__images__a=1, set__images__b=1))
    assert found.sources[0].name == "images" and list(found.counts) == ["a", "b"]


@pytest.mark.parametrize(
    ("groups", "read_as"),
    [(("a__1", "b__1", "a__2"), "shared"), (("a__1", "b__2"), "true"), (("a", "b"), "")],
)
def test_sub_folders_of_a_test_set_are_its_groups(
    put: Callable[..., Path], groups: tuple[str, ...], read_as: str
) -> None:
    photos = put(train__a=1, train__b=1, **{f"test__{name}": 1 for name in groups})
    assert survey_pictures(photos).grouped == read_as


def test_a_table_of_addresses_names_its_classes(tmp_path: Path) -> None:
    table = tmp_path / "urls.csv"
    text = "label,url\nb,http://x/1\na,http://x/2\nb,http://x/3\n"
    for place, written in (
        (table, text.encode()),
        (tmp_path, text.encode()),
        (table, text.replace(",", ";").encode("utf-8-sig")),
        (table, text.replace(",", "\t").encode("utf-16")),
        (table, text.replace("label,url", " Class ; URL").replace(",", ";").encode()),
    ):
        table.write_bytes(written)
        found = survey_pictures(place)
        assert (found.sources, found.counts) == ((table,), {"a": 1, "b": 2})


def test_a_class_of_addresses_that_is_written_in_two_ways_is_one(tmp_path: Path) -> None:
    """A Mac's é is two characters: the recipe was refused for naming the class twice."""
    (table := tmp_path / "urls.csv").write_text(
        "label,url\np\xe2t\xe9,http://x/1\npa\u0302te\u0301,http://x/2\nb,http://x/3\n"
    )
    assert survey_pictures(table).counts == {"b": 1, "p\xe2t\xe9": 2}


def test_a_folder_that_a_mac_has_named_is_the_same_class(put: Callable[..., Path]) -> None:
    """Unpacked on a Mac, train/ had a class that val/ and test/ did not have."""
    photos = put(**{"train__pa\u0302te\u0301": 3, "val__p\xe2t\xe9": 1, "test__p\xe2t\xe9": 2},
                 train__b=1, val__b=1, test__b=1)  # fmt: skip
    found = survey_pictures(photos)
    assert found.counts == {"b": 2, "p\xe2t\xe9": 4} and found.test_counts == {
        "b": 1,
        "p\xe2t\xe9": 2,
    }
    assert len(found.notes) == 1


def test_a_table_of_paths_names_the_classes_of_pictures_beside_it(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for number in range(3):
        (tmp_path / "images" / f"{number}.jpg").write_bytes(JPEG)
    table = tmp_path / "labels.csv"
    rows = [f"images/{number}.jpg,{label},x" for number, label in enumerate("abaa")]
    rows[0] = rows[0].replace("/", "\\")
    table.write_text("\n".join(["Filename, Category,more", *rows]))
    for place in (table, tmp_path):
        found = survey_pictures(place)
        assert (found.sources, found.labels) == ((tmp_path,), table)
        assert (
            found.counts == {"a": 2, "b": 1}
            and "1 of 4 rows of labels.csv name no" in found.notes[0]
        )
    (tmp_path / "below").mkdir()
    outside = tmp_path / "below" / "labels.csv"
    outside.write_text(f"path,label\n{tmp_path}/images/0.jpg,a\n../images/1.jpg,b\n")
    with pytest.raises(InputError, match="put the table where the pictures lie"):
        survey_pictures(outside)
    table.write_text("path,label\nnone.jpg,a\n")
    with pytest.raises(InputError, match=f"no picture at {tmp_path}/none.jpg"):
        survey_pictures(table)


@pytest.mark.parametrize(
    ("folders", "said"),
    [
        ({"pizza": 2}, "a model needs two classes, found 'pizza'"),
        ({"pizza": 0, "salad": 0}, "found no folder with pictures"),
        ({"pi,zza": 1, "s#": 1, "soup": 1}, "'pi,zza', 's#': a class name begins.*rename them"),
    ],
)
def test_what_can_be_no_recipe_is_refused_with_the_way_out(
    put: Callable[..., Path], folders: dict[str, int], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        survey_pictures(put(**folders))


def test_a_table_with_other_columns_is_told_which_there_may_be(tmp_path: Path) -> None:
    (table := tmp_path / "labels.csv").write_text("id,class\n")
    said = "the first line is 'id,class'; it must be path,label, .*or label,url, .*in any order$"
    with pytest.raises(InputError, match=said):
        survey_pictures(table)

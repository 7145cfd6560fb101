"""A draft reads back as the recipe that was meant, wherever it lies."""

from pathlib import Path

import pytest

from foodcls.collect.shortage import count_needed
from foodcls.errors import InputError
from foodcls.init.draft import (
    check_counts,
    draft_from_names,
    draft_recipe,
    place_outside,
    plain_name,
    write_draft,
)
from foodcls.init.survey import Survey
from foodcls.recipe.recipe import load_recipe

HOW = "train: {method: probe}"


@pytest.mark.parametrize("place", ["photos", "my photos: 1 #2", "ph'o\"tos", "no"])
@pytest.mark.parametrize("is_beside", [True, False])
def test_a_draft_is_a_recipe_of_what_was_found(tmp_path: Path, place: str, is_beside: bool) -> None:
    photos, path = (
        tmp_path / "here" / place,
        tmp_path / ("here" if is_beside else "there") / "r.yaml",
    )
    labels = {"crème brûlée": 40, "no": 4, "M&M (blue)": 600}
    for folder in (*(photos / label for label in labels), photos / "test", path.parent):
        folder.mkdir(parents=True, exist_ok=True)
    found = Survey((photos,), labels, photos / "test", labels, "shared", ("a note: odd",))
    write_draft(draft_recipe(found, "r", path, HOW), path)
    recipe = load_recipe(path)
    assert recipe.labels == tuple(labels) and recipe.train.method == "probe"
    assert recipe.collect.folder == (photos,) and count_needed(recipe.collect) <= 4
    assert recipe.test and recipe.test.folder == photos / "test"
    assert recipe.test.grouped_by_folder == "shared" and "# a note: odd" in path.read_text()
    assert (str(tmp_path) in path.read_text().partition("name:")[2]) != is_beside


@pytest.mark.parametrize(("least", "share"), [(5, 0.3), (40, 0.2), (900, 0.1)])
def test_shares_fit_the_smallest_class(tmp_path: Path, least: int, share: float) -> None:
    (tmp_path / "photos").mkdir()
    path = tmp_path / "r.yaml"
    write_draft(
        draft_recipe(Survey((tmp_path / "photos",), {"a": least, "b": 999}), "r", path, HOW), path
    )
    split = load_recipe(path).split
    assert (split.val, split.test) == (share, share)


def test_classes_too_small_for_their_splits_are_refused_all_at_once(tmp_path: Path) -> None:
    counts = {"a": 2, "b": 9, "c": 1}
    with pytest.raises(
        InputError, match=r"of a \(2\), c \(1\): .* at least 3.*move their folders out"
    ):
        check_counts(Survey((tmp_path,), counts))
    with pytest.raises(InputError, match=r"too few pictures of c \(1\): .* at least 2"):
        check_counts(Survey((tmp_path,), counts, test=tmp_path, test_counts=counts))
    with pytest.raises(InputError, match=r", 9 \(1\) and 90 more: .*, or take their rows out$"):
        few = {str(number): 1 for number in range(100)}
        check_counts(Survey((tmp_path,), few, labels=tmp_path / "labels.csv"))
    check_counts(Survey((tmp_path,), {"a": 3, "b": 3}))


def test_what_folders_are_called_stays_a_comment(tmp_path: Path) -> None:
    note = "no picture in c\nreport: {looks: other.csv}\u2028train: {}: no class"
    survey = Survey((tmp_path,), {"a": 20, "b": 20}, notes=(note,))
    text = draft_recipe(survey, "soups", tmp_path / "r.yaml", HOW)
    assert text.splitlines()[1].startswith("# no picture in c report:")


def test_names_alone_become_queries(tmp_path: Path) -> None:
    path = tmp_path / "lunch.yaml"
    write_draft(draft_from_names(["fish_cutlet", "no"], "lunch", HOW), path)
    recipe = load_recipe(path)
    assert recipe.classes[0].queries[0] == "fish cutlet" and count_needed(recipe.collect) == 50


def test_nothing_is_overwritten_and_nothing_broken_written(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    text = draft_from_names(["a", "b"], "r", HOW)
    with pytest.raises(InputError, match="twice"):
        write_draft(draft_from_names(["a", "A"], "r", HOW), path)
    assert not path.exists()
    write_draft(text, path)
    with pytest.raises(InputError, match="already, and stays as it is; name another with --recipe"):
        write_draft(text.replace("probe", "finetune"), path)
    assert path.read_text() == text


@pytest.mark.parametrize(
    ("text", "name"),
    [("Grocery small!", "grocery_small"), ("crème", "creme"), ("寿司", "pictures")],
)
def test_any_name_becomes_one_for_a_recipe(text: str, name: str) -> None:
    assert plain_name(text) == name


def test_what_a_run_writes_does_not_lie_among_its_pictures(tmp_path: Path) -> None:
    (photos := tmp_path / "photos").mkdir()
    for found in (
        Survey((photos,), {"a": 1, "b": 1}),
        Survey((photos,), {"a": 1, "b": 1}, labels=photos / "labels.csv"),
    ):
        for inner in ("r.yaml", "a/r.yaml"):
            assert place_outside(found, photos / inner) == tmp_path / "r.yaml"
        assert place_outside(found, tmp_path / "r.yaml") == tmp_path / "r.yaml"


def test_several_folders_and_a_table_of_labels_are_named(tmp_path: Path) -> None:
    for name in ("train", "val"):
        (tmp_path / name).mkdir()
    (table := tmp_path / "labels.csv").write_text("path,label\n1.jpg,a\n")
    path, counts = tmp_path / "r.yaml", {"a": 4, "b": 4}
    both = draft_recipe(Survey((tmp_path / "train", tmp_path / "val"), counts), "r", path, HOW)
    write_draft(both, path)
    assert load_recipe(path).collect.folder == (tmp_path / "train", tmp_path / "val")
    other = tmp_path / "other.yaml"
    listed = Survey((tmp_path / "train",), counts, labels=table)
    write_draft(draft_recipe(listed, "r", other, HOW), other)
    assert load_recipe(other).collect.labels == table

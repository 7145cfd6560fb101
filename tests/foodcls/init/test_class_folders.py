from pathlib import Path

import pytest

from foodcls.errors import RecipeError
from foodcls.init.class_folders import check_folders, check_own, list_unused
from foodcls.recipe.data_settings import Own
from foodcls.recipe.recipe import load_recipe


def test_a_class_without_a_folder_is_named_with_its_line_and_what_is_there(tmp_path: Path) -> None:
    for name in ("pie", "tacos", ".hidden"):
        (tmp_path / "photos" / name).mkdir(parents=True)
    path = tmp_path / "r.yaml"
    text = "name: r\nclasses:\n  - pie\n  - Taco\n  - soup\ncollect: {folder: photos}\n"
    path.write_text(text)
    with pytest.raises(RecipeError) as caught:
        check_folders(load_recipe(path))
    said = str(caught.value)
    assert f"line 4: no folder {tmp_path}/photos/Taco; did you mean 'tacos'?" in said
    assert f"line 5: no folder {tmp_path}/photos/soup\nthere are pie, tacos; a class" in said
    # engines may find them
    asked = {"collect.engines": ["sample"]} | {
        "classes": [{"name": name, "queries": [name]} for name in ("pie", "Taco")]
    }
    check_folders(load_recipe(path, asked))
    # folders of no class are told of when they are read
    path.write_text(text.replace("  - Taco\n  - soup", "  - tacos"))
    check_folders(load_recipe(path))


def test_a_folder_of_own_photos_that_is_no_class_is_named(tmp_path: Path) -> None:
    own = Own.model_construct(folder=tmp_path)
    with pytest.raises(RecipeError, match="own.folder: .* has no folders beside the classes"):
        check_own(own, ("pie", "taco"), Path("r.yaml"))
    # a class may have none, and systems leave folders of their own
    for name in ("pie", "__MACOSX", ".Trash-1000"):
        (tmp_path / name).mkdir()
    check_own(own, ("pie", "taco"), Path("r.yaml"))
    (tmp_path / "tacco").mkdir()
    with pytest.raises(RecipeError, match="has 'tacco' beside the classes; .*: 'pie', 'taco'; a"):
        check_own(own, ("pie", "taco"), Path("r.yaml"))
    check_own(None, ("pie",), Path("r.yaml"))


def test_decisions_beside_a_recipe_that_does_not_name_them_are_told_of(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("name: r\nclasses: [a, b]\ncollect: {folder: .}\n")
    assert not list(list_unused(load_recipe(path)))
    for name in ("filter.csv", "boxes.csv"):
        (tmp_path / name).touch()
    said = list(list_unused(load_recipe(path)))
    assert "filter.csv lies beside r.yaml" in said[0] and "boxes.csv" in said[1]
    # the lines that it tells to add
    added = [line.partition("add the line ")[2] for line in said]
    path.write_text(path.read_text() + "\n".join(added))
    assert not list(list_unused(load_recipe(path)))


def test_a_class_that_no_row_names_is_told_with_those_that_are(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "labels.csv").write_text("path,label\n1.jpg,pie\n2.jpg,tacos\n")
    path = tmp_path / "r.yaml"
    text = "name: r\nclasses: [pie, {}]\ncollect: {{folder: photos, labels: labels.csv}}\n"
    path.write_text(text.format("soup"))
    with pytest.raises(RecipeError, match="'soup': no row of .* there are 'pie', 'tacos'"):
        check_folders(load_recipe(path))
    path.write_text(text.format("tacos"))
    check_folders(load_recipe(path))
    path.write_text(text.format("tacos").replace("folder: photos", "folder: [photos, ., ..]"))
    with pytest.raises(RecipeError, match="labels tells of the pictures below one folder"):
        load_recipe(path)

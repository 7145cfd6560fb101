from pathlib import Path

import pytest

from foodcls.errors import RecipeError
from foodcls.recipe.class_folders import check_folders, check_own
from foodcls.recipe.data_settings import Collect, Own


def test_a_class_without_a_folder_is_named_with_the_folders_that_are_there(tmp_path: Path) -> None:
    for name in ("pie", "tacos", ".hidden"):
        (tmp_path / name).mkdir()
    photos = Collect.model_construct(folder=tmp_path)
    with pytest.raises(RecipeError, match="1 of 2 classes: 'taco'; there are 'pie', 'tacos'; a"):
        check_folders(photos, ("pie", "taco"), Path("r.yaml"))
    # folders of no class are told of when they are read
    check_folders(photos, ("pie",), Path("r.yaml"))
    check_folders(Collect.model_construct(folder=None), ("pie",), Path("r.yaml"))


def test_a_folder_of_own_photos_that_is_no_class_is_named(tmp_path: Path) -> None:
    own = Own.model_construct(folder=tmp_path)
    with pytest.raises(RecipeError, match="own.folder: .* has no folders beside the classes"):
        check_own(own, ("pie", "taco"), Path("r.yaml"))
    # a class may have none
    (tmp_path / "pie").mkdir()
    check_own(own, ("pie", "taco"), Path("r.yaml"))
    (tmp_path / "tacco").mkdir()
    with pytest.raises(RecipeError, match="has 'tacco' beside the classes; .*: 'pie', 'taco'; a"):
        check_own(own, ("pie", "taco"), Path("r.yaml"))
    check_own(None, ("pie",), Path("r.yaml"))

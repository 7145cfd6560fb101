import unicodedata
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from foodcls.recipe.types import ClassName, ExistingFile, ExistingFolder, ExistingPath, Seed, Share

# vowels and tones that are marks: Hindi, Thai, Tamil, vowelled Arabic; a joiner: Persian
SCRIPTS = ["मसाला डोसा", "ต้มยำกุ้ง", "சாம்பார்", "كَبَاب", "می\u200cخوش"]


@pytest.mark.parametrize(
    "name", ["pasta_with_pesto", "NA", "crème brûlée", "7-up", "no. 4 (big)", *SCRIPTS]
)
def test_class_names_of_any_language_are_taken(name: str) -> None:
    assert TypeAdapter(ClassName).validate_python(name) == name


@pytest.mark.parametrize("name", ["", " a", "../up", "a/b", "=1", "-rf", ".hidden", "a\nb", "a\0",
                                  "\u0301a", "\u200da", "a\u202eb",
                                  "x" * 101])  # fmt: skip
def test_class_names_that_could_be_paths_or_formulas_are_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(ClassName).validate_python(name)


def test_twins_in_unicode_become_one_name() -> None:
    twins = {unicodedata.normalize(form, "crème") for form in ("NFC", "NFD")}
    assert len({TypeAdapter(ClassName).validate_python(name) for name in twins}) == 1


def test_paths_are_relative_to_the_recipe_and_must_be_there(tmp_path: Path) -> None:
    (tmp_path / "a.csv").touch()
    context = {"folder": tmp_path}
    check = {kind: TypeAdapter(kind).validate_python
             for kind in (ExistingFile, ExistingFolder, ExistingPath)}  # fmt: skip
    assert check[ExistingFile](Path("a.csv"), context=context) == tmp_path / "a.csv"
    assert check[ExistingFolder](Path("."), context=context) == tmp_path
    assert check[ExistingPath](Path("a.csv"), context=context) == tmp_path / "a.csv"
    for kind, path in ((ExistingFile, "."), (ExistingFolder, "a.csv"), (ExistingPath, "gone")):
        with pytest.raises(ValidationError):
            check[kind](Path(path), context=context)


@pytest.mark.parametrize(
    ("kind", "value"), [(Share, 1.0), (Share, -0.1), (Seed, -1), (Seed, 2**32)]
)
def test_numbers_have_bounds(kind: object, value: float) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(value)

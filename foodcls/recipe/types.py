"""Types of single settings (paths, names, bounded numbers), and the base of all sections."""

import os
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

PathValidator = Callable[[Path, ValidationInfo], Path]
# zero-width non-joiner and joiner
JOINERS = "\u200c\u200d"


class Settings(BaseModel):
    """Frozen settings; unknown keys and wrong types are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def _existing(is_right: Callable[[Path], bool], else_it_is: str) -> PathValidator:
    """A validator that resolves a path against the recipe's folder and checks what is there."""

    def check(path: Path, info: ValidationInfo) -> Path:
        folder = (info.context or {}).get("folder", Path())
        found: Path = (folder / path.expanduser()).resolve()
        if not os.path.exists(found):
            raise ValueError(f"{found} is not there; paths are relative to the recipe")
        if not os.access(found, os.R_OK):
            raise ValueError(f"{found} may not be read by this user; allow it with chmod")
        if not is_right(found):
            raise ValueError(f"{found} is {else_it_is}")
        return found

    return check


regular_file = _existing(Path.is_file, "not a file")
_folder = _existing(Path.is_dir, "not a folder")
# digest and readers would wait for a pipe or a device without end
_file_or_folder = _existing(
    lambda path: path.is_file() or path.is_dir(), "neither a file nor a folder"
)


def _class_name(name: str) -> str:
    plain = unicodedata.normalize("NFC", name)
    if not plain or plain != plain.strip() or len(plain) > 100:
        raise ValueError("a class name has 1 to 100 characters and no blank at its ends")
    if not plain[0].isalnum() or not all(map(_may_stand_in_name, plain)):
        raise ValueError(
            "a class name begins with a letter or digit and holds letters, digits, blanks "
            "and _ - . ( ) & ' only"
        )
    return plain


def _may_stand_in_name(char: str) -> bool:
    # vowels and tones of many scripts are marks; joiners, which are not seen, tell words apart
    is_of_word = char.isalnum() or unicodedata.category(char).startswith("M")
    return is_of_word or char in f"_-. ()&'{JOINERS}"


def _several(value: object) -> object:
    """One path, written alone, as a list of one."""
    if value is None:
        return ()
    listed = [value] if isinstance(value, str | Path) else value
    # a tuple, as strict settings have no list
    return tuple(listed) if isinstance(listed, list) else listed


ExistingFile = Annotated[Path, AfterValidator(regular_file)]
ExistingFolder = Annotated[Path, AfterValidator(_folder)]
ExistingPath = Annotated[Path, AfterValidator(_file_or_folder)]
# a path, or a list of them
ExistingFiles = Annotated[tuple[ExistingFile, ...], BeforeValidator(_several)]
ExistingFolders = Annotated[tuple[ExistingFolder, ...], BeforeValidator(_several)]
ClassName = Annotated[str, AfterValidator(_class_name)]
Query = Annotated[str, Field(min_length=1, max_length=200)]
Share = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]

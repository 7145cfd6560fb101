import importlib.util
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from foodcls.recipe.types import ClassName, Count, ExistingFile, Positive, Settings, Share

PAGE = Path(__file__).resolve().parents[2] / "docs" / "settings_page.py"
_spec = importlib.util.spec_from_file_location("settings_page", PAGE)
settings_page = importlib.util.module_from_spec(_spec)
sys.modules["settings_page"] = settings_page
_spec.loader.exec_module(settings_page)


class Oven(Settings):
    """How it is baked.

    More words.
    """

    # a comment of another thing

    # in all, until it is done;
    # not less
    minutes: Count = 10  # on the clock
    heat: Annotated[float, Field(gt=0)] = 2.0e-5
    mode: Literal["fan", "grill"] = "fan"  # fan | grill


class Meal(Oven):
    """What is eaten."""

    name: ClassName  # on the card
    oven: Oven = Oven()
    ovens: tuple[Oven, ...] = ()  # more of them
    picture: ExistingFile | None = None
    sides: tuple[Positive, Positive] = (1.0, 2.0)


def test_every_setting_of_a_recipe_is_described() -> None:
    sections = list(settings_page.list_sections())
    assert {"", "classes", "test", "train.extras.augment"} <= {section.key for section in sections}
    silent = [f"{section.key}.{one.key}" for section in sections for one in section.entries
              if not (one.meaning and one.allowed and one.default)]  # fmt: skip
    assert not silent, f"put a comment beside {silent}"


def test_words_that_are_values_are_code_and_keep_their_case() -> None:
    told = {f"{section.key}.{one.key}": one.meaning
            for section in settings_page.list_sections() for one in section.entries}  # fmt: skip
    assert told["train.weights"] == "`imagenet`, `none`, or a file of weights"
    assert told["train.device"].startswith("`auto`: a graphics card")
    assert "inside," in told["crop.names"]


def test_meaning_is_the_comment_beside_and_above() -> None:
    comments = settings_page.read_comments(Meal)
    assert comments["minutes"] == "on the clock; in all, until it is done; not less"
    assert comments["name"] == "on the card" and comments["heat"] == ""
    assert comments["mode"] == "fan | grill"


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (Share, "number, at least 0, less than 1"),
        (Count, "whole number, 1 to 1,000,000"),
        (Positive | None, "number, more than 0; or `null`"),
        (bool, "`true`, `false`"),
        (ExistingFile, "file"),
        (Literal[1, 2], "`1`, `2`"),
        (tuple[str, ...], "list, any number of: text"),
        (tuple[Positive, Positive], "list, 2 of: number, more than 0"),
        (Annotated[str, Field(pattern="^a$", min_length=1)],
         "text, at least 1 long, matching `^a$`"),
        (Oven, "section"),
    ],
)  # fmt: skip
def test_types_are_told_in_words(annotation: Any, words: str) -> None:
    assert settings_page.describe_type(annotation) == words


def test_sections_follow_those_they_stand_in() -> None:
    first, second, third = settings_page.list_sections(Meal, "meal")
    assert (first.key, second.key, third.key) == ("meal", "meal.oven", "meal.ovens")
    rows = {one.key: one for one in first.entries}
    assert rows["name"].default == "must be given"
    assert rows["oven"].default == "[as below](#meal.oven)"
    assert rows["oven"].meaning == "How it is baked."
    assert rows["heat"].default == "`2e-05`" and rows["sides"].default == "`[1.0, 2.0]`"
    assert rows["picture"].allowed == "file; or `null`"


def test_a_section_is_a_table() -> None:
    text = settings_page.as_markdown(next(settings_page.list_sections(Oven, "oven")))
    assert text.startswith("## `oven` { #oven }\n\nHow it is baked.\n")
    # a bar would end the cell
    assert "| `mode` | Fan \\| grill | `fan`, `grill` | `fan` |" in text

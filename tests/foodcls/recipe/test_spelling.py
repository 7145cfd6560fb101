"""Words in any case, and classes as names alone, are what they were meant to be."""

from pathlib import Path

import pytest

from foodcls.recipe.recipe import load_recipe

GOOD = "name: x\nclasses: [a, {name: b}]\ncollect: {folder: .}\n"


def write(folder: Path, text: str) -> Path:
    (folder / "recipe.yaml").write_text(text)
    return folder / "recipe.yaml"


def test_a_class_may_be_its_name_alone(tmp_path: Path) -> None:
    assert load_recipe(write(tmp_path, GOOD)).labels == ("a", "b")


@pytest.mark.parametrize("word", ["Imagenet", "ImageNet", "NONE"])
def test_words_that_are_values_count_in_any_case(tmp_path: Path, word: str) -> None:
    path = write(tmp_path, GOOD + f"train: {{weights: {word}, extras: {{balance: Weights}}}}\n")
    train = load_recipe(path, {"train.device": "CPU"}).train
    assert (train.weights, train.device) == (word.lower(), "cpu")
    assert train.extras.balance == "weights"


def test_engines_count_in_any_case(tmp_path: Path) -> None:
    text = GOOD.replace("[a, {name: b}]", "[{name: a, queries: [A]}, {name: b, queries: [B]}]")
    path = write(tmp_path, text.replace("{folder: .}", "{engines: [Bing, GOOGLE]}"))
    recipe = load_recipe(path)
    assert recipe.collect.engines == ("bing", "google") and recipe.classes[0].queries == ("A",)

from pathlib import Path
from typing import Any

import pytest

from foodcls.errors import RecipeError
from foodcls.recipe.yaml_lines import Lines, parse_value, parse_yaml, read_file


def read(folder: Path, text: str | bytes) -> tuple[dict[str, Any], Lines]:
    path = folder / "recipe.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return parse_yaml(read_file(path), path)


def test_lines_are_those_of_the_keys(tmp_path: Path) -> None:
    data, lines = read(tmp_path, "a: 1\nb:\n  - c: 2\n  - c: 3\n")
    assert data == {"a": 1, "b": [{"c": 2}, {"c": 3}]}
    assert (lines["a",], lines["b",], lines["b", 1, "c"]) == (1, 2, 4)


@pytest.mark.parametrize(
    ("text", "value"),
    [("no", "no"), ("NA", "NA"), ("off", "off"), ("3e-5", 3e-5), ("3.0e-5", 3e-5), ("-1", -1),
     ("1.5", 1.5), (".5", 0.5), ("true", True), ("null", None), ("2024-01-02", "2024-01-02"),
     ("[a, 1]", ["a", 1]), ("1.2.3", "1.2.3")],
)  # fmt: skip
def test_words_stay_words_and_numbers_are_numbers(text: str, value: object) -> None:
    assert parse_value(text) == value
    assert type(parse_value(text)) is type(value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\na: 2\n", "line 2: key 'a' stands twice"),
        ("a: [1\n", "line 2, column 1: a bracket that is not closed"),
        ("a:\n\tb: 1\n", "line 2, column 1: a tab; .* two blanks"),
        ("a:\n  b: 1\n    c: 2\n", "line 3, column 6: a second ': '"),
        ("a:\n    b: 1\n  c: 2\n", "line 3, column 3: this line is indented unlike"),
        ("a: 1\nb\n", "line 3, column 1: a key without a colon"),
        ("a: @b\n", "line 1, column 4: .*put the text into quotes"),
        ("a: 'b\n", "line 2, column 1: a quote or bracket that is not closed"),
        ("- a\n", "found list"),
        ("", "found NoneType"),
        (b"a: \xff\n", "not UTF-8"),
        ("a: !!python/object/apply:os.getcwd []\n", "not YAML"),
        ("a: " + "x" * 1_000_001, "at most"),
        ("a: " + "[" * 100_000, "nested more than 32 deep"),
        ("a: " + "{a: " * 100_000, "nested more than 32 deep"),
        ("- " * 20_000, "not YAML"),
    ],
    ids=[
        "twice",
        "unclosed",
        "tab",
        "indented",
        "outdented",
        "colon",
        "sign",
        "quote",
        "list",
        "empty",
        "encoding",
        "object",
        "huge",
        "deep",
        "maps",
        "dashes",
    ],
)
def test_what_is_no_recipe_is_refused_with_the_reason(
    tmp_path: Path, text: str | bytes, said: str
) -> None:
    with pytest.raises(RecipeError, match=said):
        read(tmp_path, text)


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 20_000], ids=["brackets", "dashes"])
def test_a_deep_value_is_refused_before_it_is_parsed(text: str) -> None:
    with pytest.raises(RecipeError, match="is not a YAML value"):
        parse_value(text)


def test_aliases_that_multiply_are_refused(tmp_path: Path) -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    with pytest.raises(RecipeError, match="too many values"):
        read(tmp_path, "\n".join(rows))


def test_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="no.yaml"):
        read_file(tmp_path / "no.yaml")


def test_a_device_is_no_recipe() -> None:
    with pytest.raises(RecipeError, match="at most"):
        read_file(Path("/dev/zero"))

import re
import shlex
from pathlib import Path

import pytest

from foodcls import errors

ROOT = Path(__file__).parents[2]
CLASSES = [value for value in vars(errors).values() if isinstance(value, type)]


def test_tree_in_the_docstring_is_the_tree_in_the_code() -> None:
    drawn = set(re.findall(r"\w+Error", errors.__doc__))
    assert drawn == {cls.__name__ for cls in CLASSES}


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_exit_code_is_2_for_bad_input_and_1_for_all_else(cls: type) -> None:
    assert cls.exit_code == (2 if issubclass(cls, errors.InputError) else 1)


def test_a_command_with_blanks_in_its_paths_can_be_typed_as_it_is_told() -> None:
    words = ("foodcls", "run", Path("my lunch.yaml"), "--workspace", Path("it's here"))
    assert shlex.split(errors.command_line(*words)) == [str(word) for word in words]
    assert errors.command_line("foodcls", "run", "a.yaml") == "foodcls run a.yaml"


def test_no_message_puts_a_path_into_a_command_unquoted() -> None:
    """A command with a value in it is made by `command_line`."""
    unquoted = re.compile(r"(\bfoodcls [a-z]+|\bcd|\brm) (--?[a-z-]+ )*\{(?!command_line)")
    lines = [
        f"{path.relative_to(ROOT)}:{number}"
        for folder in ("foodcls", "tasks", "flows")
        for path in (ROOT / folder).rglob("*.py")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if unquoted.search(line)
    ]
    assert not lines

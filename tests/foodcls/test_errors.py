import re

import pytest

from foodcls import errors

CLASSES = [value for value in vars(errors).values() if isinstance(value, type)]


def test_tree_in_the_docstring_is_the_tree_in_the_code() -> None:
    drawn = set(re.findall(r"\w+Error", errors.__doc__))
    assert drawn == {cls.__name__ for cls in CLASSES}


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_exit_code_is_2_for_bad_input_and_1_for_all_else(cls: type) -> None:
    assert cls.exit_code == (2 if issubclass(cls, errors.InputError) else 1)

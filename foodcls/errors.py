"""What can go wrong, as one tree of exceptions.

FoodclsError
├── InputError            what the user wrote is wrong: exit code 2
│   ├── RecipeError       a recipe: file, key, line, value and what is allowed
│   └── TableError        a CSV: file, row, value and what is allowed
├── StageError            a stage cannot give a sound result: exit code 1
│   ├── CollectError      too few pictures, or an engine that cannot be asked
│   ├── WeightsError      pretrained weights that cannot be had or are not the right ones
│   ├── TrainingError     training that cannot go on
│   └── ExportError       an exported model that disagrees with the trained one
├── ServerError           a server of the run went away: exit code 1
└── StoreError            the workspace is damaged or full: exit code 1
    └── BusyError         the workspace is in use by another process
"""

import shlex

from foodcls.redact import redact


def first_line(error: BaseException) -> str:
    """What a library's error says first, or what it is called; it may quote a hostile file."""
    line = (str(error) or type(error).__name__).splitlines()[0]
    return "".join(char if char.isprintable() else "?" for char in line)


def command_line(*words: object) -> str:
    """What to type: these words as a shell takes them, quoted where there are blanks in one."""
    return shlex.join(map(str, words))


class FoodclsError(Exception):
    """Base of all errors that foodcls raises on purpose; the message ends with what to do."""

    exit_code = 1

    def __init__(self, message: str = "") -> None:
        # it may quote an address, or a library's error that does
        super().__init__(redact(message))


class InputError(FoodclsError):
    """Something the user wrote is wrong."""

    exit_code = 2


class RecipeError(InputError):
    """A recipe that cannot be used."""


class TableError(InputError):
    """A CSV file or a row of it that cannot be used."""


class StageError(FoodclsError):
    """A stage that cannot give a sound result."""


class CollectError(StageError):
    """Too few pictures of a class, or an engine that cannot be asked."""


class WeightsError(StageError):
    """Pretrained weights that cannot be had, or are not the expected ones."""


class TrainingError(StageError):
    """Training that cannot go on."""


class ExportError(StageError):
    """An exported model that does not answer as the trained one does."""


class ServerError(FoodclsError):
    """A server that a run cannot do without does not answer."""


class StoreError(FoodclsError):
    """A workspace that is damaged, in use by another run, or out of space."""


class BusyError(StoreError):
    """A workspace that another process is in."""

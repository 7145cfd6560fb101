"""Holds each command of the docs to the programs as they are, and to a test that runs it."""

import ast
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import typer
from cyclopts import CycloptsError
from prefect.cli._app import _app as prefect_app

from flows.cli.main import app
from flows.cli.options import overrides
from foodcls.recipe.recipe import load_recipe
from foodcls.train.method import list_idle

ROOT = Path(__file__).resolve().parents[2]
FOODS13 = ROOT / "recipes" / "foods13.yaml"
# what typer raises where words are wrong; it may bring a click of its own
WrongWords: type[Exception] = typer.BadParameter.__mro__[1]
# no programs, or what runs just now
OF_THE_SHELL = ("export", "pip install", ". .venv/bin/activate", "make test")


@pytest.fixture(scope="module")
def run_by() -> dict[str, Path]:
    """How a command begins, and the file of the test that is marked to run it."""
    found = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        # most have no such mark, and parsing takes its time
        if "@pytest.mark.runs(" in (text := path.read_text()):
            found |= dict.fromkeys(marked_commands(text), path)
    return found


def marked_commands(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        for mark in node.decorator_list if isinstance(node, ast.FunctionDef) else ():
            if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.runs":
                yield from map(ast.literal_eval, mark.args)


def trouble_with(words: Sequence[str]) -> str:
    """Why a program would refuse these words, or ''; nothing is run."""
    # options that say where work is kept or done go into the environment as they are read
    with mock.patch.dict(os.environ):
        return _refusal(words)


def _refusal(words: Sequence[str]) -> str:
    try:
        if words[0] == "foodcls":
            group = typer.main.get_command(app)
            context = group.make_context("foodcls", list(words[1:2]))
            name, command, _ = group.resolve_command(context, list(words[1:]))  # type: ignore[attr-defined]
            command.make_context(name, list(words[2:]), parent=context)
        elif words[0] == "prefect":
            prefect_app.parse_args(words[1:], exit_on_error=False, print_error=False)
        elif words[0] == "make" and f"\n{words[1]}:" not in (ROOT / "Makefile").read_text():
            return f"no target {words[1]}"
    except (WrongWords, CycloptsError) as error:
        return str(error)
    return ""


def test_each_command_is_one_that_its_program_takes(commands: list[Any]) -> None:
    refused = {f"{one.place}: {one.line}": trouble_with(one.words) for one in commands}
    assert not {line: trouble for line, trouble in refused.items() if trouble}


@pytest.mark.parametrize(
    "line",
    ["foodcls trian r.yaml", "foodcls run", "foodcls run r.yaml --workspce w", "make dmeo",
     "foodcls review r.yaml --port x", "prefect deploy --al", "prefect worker begin"],
)  # fmt: skip
def test_a_slip_of_the_pen_would_be_found(line: str) -> None:
    assert trouble_with(line.split())


def test_no_command_sets_what_its_recipe_ignores(commands: list[Any]) -> None:
    """A probe takes no steps: `--set train.epochs=4` of one does nothing."""
    shown = [one.words for one in commands]
    epilogs = [item.epilog or "" for item in app.registered_commands]
    shown += [text.split() for epilog in epilogs for text in epilog.split("`")[1::2]]
    changes = list(map(read_changes, shown))
    assert sum(map(bool, changes)) >= 5  # on the command line, in a help and of a deployment
    idle = {" ".join(words): list_idle(load_recipe(FOODS13, found).train)
            for words, found in zip(shown, changes, strict=True)}  # fmt: skip
    assert not {line: keys for line, keys in idle.items() if keys}


def read_changes(words: Sequence[str]) -> dict[str, Any]:
    pairs = zip(words, words[1:], strict=False)
    sets = [word for option, word in pairs if option == "--set"]
    of_runs = [word.removeprefix("overrides=") for word in words if word.startswith("overrides=")]
    return overrides(sets) | {key: value for text in of_runs
                              for key, value in json.loads(text).items()}  # fmt: skip


def test_each_command_is_run_by_a_test(commands: list[Any], run_by: dict[str, Path]) -> None:
    known = tuple(f"{begin} " for begin in (*run_by, *OF_THE_SHELL))
    assert not [f"{one.place}: {one.line}" for one in commands
                if not f"{one.line} ".startswith(known)]  # fmt: skip


def test_a_test_that_is_marked_types_the_command(run_by: dict[str, Path]) -> None:
    ours = {begin: path for begin, path in run_by.items() if begin.startswith("foodcls ")}
    assert ours
    assert not [begin for begin, path in ours.items()
                if f'"{begin.split()[1]}"' not in path.read_text()]  # fmt: skip


def test_no_mark_is_left_over(commands: list[Any], run_by: dict[str, Path]) -> None:
    lines = [one.line for one in commands]
    assert not [begin for begin in run_by if not any(line.startswith(begin) for line in lines)]

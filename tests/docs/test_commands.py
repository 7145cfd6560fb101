"""Holds each command of the docs to the programs as they are, and to a test that runs it."""

import os
from collections.abc import Sequence
from pathlib import Path
from unittest import mock

import pytest
import typer
from cyclopts import CycloptsError
from prefect.cli._app import _app as prefect_app

from flows.cli import app

ROOT = Path(__file__).resolve().parents[2]
CLI = "tests/flows/test_cli.py::"
COMMANDS = "tests/flows/commands/"
RETRAIN = "tests/flows/test_retrain.py::"
WORKER = "tests/flows/test_worker.py::"
TUTORIAL = "tests/docs/test_tutorial.py::"
FAR = "tests/flows/test_far.py::test_two_workers_and_an_object_store_give_the_same_manifests"
CPP = "tests/cpp/test_parity.py::"
# what typer raises where words are wrong; it may bring a click of its own
WrongWords: type[Exception] = typer.BadParameter.__mro__[1]
# how a command begins, and the test that runs it
RUN_BY = {
    "foodcls run": CLI + "test_run_writes_its_result_and_predict_uses_the_model",
    "foodcls prepare": CLI + "test_prepare_leaves_the_manifest",
    "foodcls predict": CLI + "test_run_writes_its_result_and_predict_uses_the_model",
    "foodcls doctor": CLI + "test_doctor_finds_this_machine_fit",
    "foodcls sync": "tests/flows/test_outage.py::"
    "test_a_run_without_its_tracking_server_is_told_of_by_the_next",
    "foodcls verify": "tests/flows/test_outage.py::"
    "test_a_torn_picture_reaches_neither_training_nor_an_export",
    "foodcls gc": "tests/flows/test_tidy.py::"
    "test_a_killed_gc_and_a_whole_one_leave_a_run_nothing_to_do_again",
    "foodcls review": COMMANDS
    + "test_review.py::test_the_command_serves_until_it_is_stopped_and_says_what_to_do_next",
    "foodcls propose": COMMANDS + "test_propose.py::test_the_command_is_there",
    "foodcls compare": COMMANDS
    + "test_compare.py::test_the_command_writes_json_and_refuses_other_pictures",
    "foodcls promote": RETRAIN
    + "test_a_person_promotes_and_rolls_back_and_a_late_run_does_not_undo_it",
    "foodcls rollback": RETRAIN
    + "test_a_person_promotes_and_rolls_back_and_a_late_run_does_not_undo_it",
    "foodcls trace": TUTORIAL + "test_a_story_becomes_a_page",
    "foodcls duplicates": COMMANDS
    + "test_duplicates.py::test_the_command_lists_duplicates_and_deletes_nothing",
    "foodcls suspects": COMMANDS
    + "test_suspects.py::test_the_list_is_written_where_the_review_page_finds_it",
    "foodcls ablate": "tests/flows/test_ablation.py::"
    "test_a_recipe_becomes_the_table_of_four_data_sets",
    "make demo": TUTORIAL + "test_the_demo_is_the_sample_recipe",
    "make docs": "tests/docs/test_site.py::test_every_page_is_built",
    "prefect server start": WORKER + "test_deployed_sample_runs_to_completed_with_overrides",
    "prefect work-pool create": WORKER + "test_deployed_sample_runs_to_completed_with_overrides",
    "prefect deploy --all": WORKER + "test_the_schedule_of_foods13_is_on_the_server",
    "prefect worker start": WORKER + "test_deployed_sample_runs_to_completed_with_overrides",
    "prefect deployment run": WORKER + "test_deployed_sample_runs_to_completed_with_overrides",
    "prefect automation create": WORKER
    + "test_a_run_that_lost_its_process_is_crashed_and_its_place_is_free_again",
    "mlflow/serve.sh": "tests/test_serve.py::test_it_listens_on_loopback_alone",
    "mlflow gc": "tests/tasks/test_deleted.py::"
    "test_files_of_deleted_runs_go_and_those_of_others_and_of_versions_stay",
    "dask scheduler": FAR,
    "dask worker": FAR,
    "cmake": CPP + "test_answers_are_those_of_python",
    "cpp/build/classify": CPP + "test_answers_are_those_of_python",
}
# no programs, or what runs just now
OF_THE_SHELL = ("export", "pip install", ". .venv/bin/activate", "make test")


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


def test_each_command_is_one_that_its_program_takes(commands) -> None:
    refused = {f"{one.place}: {one.line}": trouble_with(one.words) for one in commands}
    assert not {line: trouble for line, trouble in refused.items() if trouble}


@pytest.mark.parametrize(
    "line",
    ["foodcls trian r.yaml", "foodcls run", "foodcls run r.yaml --workspce w", "make dmeo",
     "foodcls review r.yaml --port x", "prefect deploy --al", "prefect worker begin"],
)  # fmt: skip
def test_a_slip_of_the_pen_would_be_found(line: str) -> None:
    assert trouble_with(line.split())


def test_each_command_is_run_by_a_test(commands) -> None:
    known = tuple(f"{begin} " for begin in (*RUN_BY, *OF_THE_SHELL))
    assert not [f"{one.place}: {one.line}" for one in commands
                if not f"{one.line} ".startswith(known)]  # fmt: skip


@pytest.mark.parametrize("command", RUN_BY)
def test_that_test_is_there_and_types_the_command(command: str) -> None:
    path, _, name = RUN_BY[command].partition("::")
    if not (ROOT / "cpp").exists() and path in CPP:
        pytest.skip("the C++ program is not there yet")
    source = (ROOT / path).read_text()
    assert f"def {name}(" in source
    words = command.split()
    assert words[0] != "foodcls" or f'"{words[1]}"' in source


def test_no_entry_is_left_over(commands) -> None:
    lines = [one.line for one in commands]
    assert not [begin for begin in RUN_BY if not any(line.startswith(begin) for line in lines)]

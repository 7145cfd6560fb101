"""Refuses wrong times before anything is deployed; that a worker does it, test_worker shows."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.cli.maintenance.schedule import ENVIRONMENT, local_zone, next_time, schedule_recipe
from foodcls.errors import InputError, ServerError

RECIPE = """\
name: slow
classes: [{name: a, queries: [a]}, {name: b, queries: [b]}]
collect: {engines: [sample]}
train: {backbone: test_resnet, weights: none, trainable: []}
"""


def test_a_cron_line_is_met_on_the_wall_of_its_zone() -> None:
    first = next_time("30 3 * * 1", "Europe/Rome")
    assert (first.weekday(), first.hour, first.minute) == (0, 3, 30)
    assert next_time("0 0 * * *", local_zone()).hour == 0


@pytest.mark.parametrize(
    ("cron", "zone"),
    [("weekly", "UTC"), ("0 3 * *", "UTC"), ("61 3 * * 1", "UTC"), ("0 3 * * 1", "Rome")],
)
def test_times_that_are_none_are_refused_with_those_that_would_do(cron: str, zone: str) -> None:
    with pytest.raises(InputError, match=r"name no time.*'0 3 \* \* 1' --timezone Europe/Rome"):
        next_time(cron, zone)


def test_without_a_server_that_stays_it_is_said_how_to_start_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    (recipe := tmp_path / "slow.yaml").write_text(RECIPE)
    with pytest.raises(InputError, match="`prefect server start`.*export PREFECT_API_URL"):
        schedule_recipe(recipe, tmp_path, "0 3 * * 1", "UTC", searches=False)


def test_it_says_what_it_waits_for(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    free_port: Callable[[], int],
) -> None:
    address = f"http://127.0.0.1:{free_port()}/api"
    monkeypatch.setenv("PREFECT_API_URL", address)
    (recipe := tmp_path / "slow.yaml").write_text(RECIPE)
    caplog.set_level(logging.INFO, "foodcls")
    with pytest.raises(ServerError, match="no Prefect server there"):
        schedule_recipe(recipe, tmp_path, "0 3 * * 1", "UTC", searches=False)
    assert caplog.messages[0].startswith("loading Prefect")
    assert f"asking the Prefect server at {address}" in caplog.messages


def test_threads_of_a_scheduled_run_sleep_while_they_wait_as_those_at_a_terminal_do() -> None:
    assert ENVIRONMENT["OMP_WAIT_POLICY"] == "passive"

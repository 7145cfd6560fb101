"""Reads prefect.yaml more strictly than Prefect, which ignores an unknown key in silence."""

import asyncio
import copy
import importlib
import inspect
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from prefect.cli.deploy._models import (
    ConcurrencyLimitSpec,
    DeploymentConfig,
    PrefectYamlModel,
    RawScheduleConfig,
    WorkPoolConfig,
)
from prefect.client.schemas.objects import ConcurrencyLimitConfig
from prefect.events.schemas.automations import AutomationCore, EventTrigger
from prefect.flows import load_flow_from_entrypoint
from prefect.server.schemas.schedules import CronSchedule
from prefect.settings.models.flows import FlowsSettings
from prefect.settings.models.server.api import ServerAPISettings

from flows.cli.maintenance.schedule import ENVIRONMENT, POOL
from foodcls.errors import RecipeError
from foodcls.recipe.recipe import MAX_SIZE, load_recipe

ROOT = Path(__file__).resolve().parent.parent
FILE = yaml.safe_load((ROOT / "prefect.yaml").read_text())
DEPLOYMENTS = {item["name"]: item for item in FILE["deployments"]}
AUTOMATIONS = yaml.safe_load((ROOT / "automations.yaml").read_text())["automations"]
ROME = ZoneInfo("Europe/Rome")


def unknown_keys(file: Mapping[str, Any]) -> list[str]:
    """Keys that Prefect would ignore, as paths; the keys are those of its own models."""
    found = [*_unknown("", file, PrefectYamlModel, "definitions", "prefect-version")]
    for number, item in enumerate(file["deployments"]):
        place = f"deployments.{number}."
        found += _unknown(place, item, DeploymentConfig)
        found += _unknown(f"{place}work_pool.", item["work_pool"], WorkPoolConfig)
        found += _unknown(
            f"{place}concurrency_limit.", item["concurrency_limit"], ConcurrencyLimitSpec
        )
        for schedule in item.get("schedules", ()):
            found += _unknown(f"{place}schedules.", schedule, RawScheduleConfig)
    for step in file["pull"]:
        ((name, inputs),) = step.items()
        module, _, function = name.rpartition(".")
        known = inspect.signature(getattr(importlib.import_module(module), function)).parameters
        found += [f"pull.{name}.{key}" for key in inputs if key not in known]
    return found


def _unknown(place: str, given: Mapping[str, Any], model: Any, *others: str) -> Iterator[str]:
    yield from (f"{place}{key}" for key in given if key not in {*model.model_fields, *others})


def test_no_key_is_one_that_prefect_would_ignore() -> None:
    assert unknown_keys(FILE) == []


@pytest.mark.parametrize(
    ("place", "key"),
    [
        ((), "deployment"),
        (("deployments", 0), "concurrency_options"),
        (("deployments", 0, "work_pool"), "job_variable"),
        (("deployments", 0, "concurrency_limit"), "strategy"),
        (("deployments", 0, "schedules", 0), "time_zone"),
        (("pull", 0, "prefect.deployments.steps.set_working_directory"), "folder"),
    ],
)
def test_a_slip_of_the_pen_at_any_level_would_be_found(place: tuple[Any, ...], key: str) -> None:
    file = copy.deepcopy(FILE)
    level = file
    for part in place:
        level = level[part]
    level[key] = 1
    # what deployments share by an anchor is found in each
    found = unknown_keys(file)
    assert found and all(path.endswith(key) for path in found)


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_entrypoint_is_a_flow_that_takes_the_parameters(name: str, monkeypatch: Any) -> None:
    monkeypatch.chdir(ROOT)
    item = DEPLOYMENTS[name]
    flow = load_flow_from_entrypoint(item["entrypoint"])
    assert flow.name == "retrain"
    inspect.signature(flow.fn).bind(**item["parameters"])
    assert load_recipe(ROOT / item["parameters"]["recipe"]).name == name
    flow.validate_parameters(item["parameters"])
    for schedule in item.get("schedules", ()):
        flow.validate_parameters(item["parameters"] | schedule.get("parameters", {}))


def test_a_recipe_that_is_wrong_with_its_overrides_is_refused() -> None:
    """What `prefect deployment run --param overrides=…` sends is checked like a recipe."""
    with pytest.raises(RecipeError, match="override: train.epochs = 0"):
        load_recipe(ROOT / "recipes" / "sample.yaml", {"train.epochs": 0})


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_one_run_at_a_time(name: str) -> None:
    assert ConcurrencyLimitConfig(**DEPLOYMENTS[name]["concurrency_limit"]).limit == 1


def test_foods13_would_run_weekly_in_a_time_zone_and_search_again_once_it_is_set_active() -> None:
    item = DEPLOYMENTS["foods13"]
    (schedule,) = item["schedules"]
    assert schedule["timezone"] == "Europe/Rome" and not schedule["active"]
    assert item["concurrency_limit"]["collision_strategy"] == "CANCEL_NEW"
    assert schedule["cron"].split()[4] == "1"
    assert item["parameters"]["search_again"] is True


@pytest.mark.parametrize("change", ["2026-10-25", "2027-03-28"], ids=["to winter", "to summer"])
def test_a_change_of_the_clocks_neither_doubles_nor_drops_a_run(change: str) -> None:
    """Every Monday at 3 o'clock on the wall, whatever that is in UTC; of all Mondays once."""
    (schedule,) = DEPLOYMENTS["foods13"]["schedules"]
    night = datetime.fromisoformat(change).replace(tzinfo=ROME)
    times = dates(schedule["cron"], night - timedelta(weeks=3), 6)
    assert {(time.weekday(), time.hour, time.minute) for time in times} == {(0, 3, 0)}
    days = [time.date() for time in times]
    assert [later - earlier for earlier, later in zip(days, days[1:], strict=False)] == [
        timedelta(days=7)
    ] * 5
    # and so would a run each night, in the very night of the change
    nightly = dates(schedule["cron"].replace("* * 1", "* * *"), night - timedelta(days=1), 3)
    assert [time.day - night.day for time in nightly] == [-1, 0, 1]


def dates(cron: str, start: datetime, count: int) -> list[datetime]:
    """When the server starts runs, on the wall."""
    schedule = CronSchedule(cron=cron, timezone="Europe/Rome")
    found = asyncio.run(schedule.get_dates(count, start))
    return [time.astimezone(ROME) for time in found]


def test_a_run_is_lost_after_three_beats() -> None:
    beats = {
        int(item["work_pool"]["job_variables"]["env"]["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"])
        for item in DEPLOYMENTS.values()
    }
    (beat,) = beats
    # with fewer seconds no flow would start
    assert FlowsSettings(heartbeat_frequency=beat).heartbeat_frequency == beat
    silent, _ = [AutomationCore.model_validate(item) for item in AUTOMATIONS]
    assert isinstance(silent.trigger, EventTrigger)
    assert silent.trigger.within == timedelta(seconds=3 * beat)


@pytest.mark.parametrize("item", AUTOMATIONS, ids=[item["name"] for item in AUTOMATIONS])
def test_automations_match_the_deployments_and_have_no_key_that_prefect_ignores(item: Any) -> None:
    automation = AutomationCore.model_validate(item)
    assert not set(item) - set(AutomationCore.model_fields)
    assert not set(item["trigger"]) - set(EventTrigger.model_fields)
    (action,) = item["actions"]
    assert not set(action) - set(type(automation.actions[0]).model_fields)
    tag = item["trigger"]["match_related"]["prefect.resource.id"].removeprefix("prefect.tag.")
    assert all(tag in deployment["tags"] for deployment in DEPLOYMENTS.values())


def test_the_largest_recipe_and_the_other_parameters_are_taken_by_a_server() -> None:
    most = ServerAPISettings.model_fields["max_parameter_size"].default
    assert 10_000 < most - MAX_SIZE < 100_000


def test_what_schedule_deploys_runs_in_the_same_environment() -> None:
    (pool,) = FILE["definitions"]["work_pools"].values()
    assert pool["job_variables"]["env"] == ENVIRONMENT and pool["name"] == POOL

"""Reads prefect.yaml more strictly than Prefect, which ignores an unknown key in silence."""

import importlib
import inspect
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.client.schemas.objects import ConcurrencyLimitConfig
from prefect.flows import load_flow_from_entrypoint
from prefect.schedules import Cron

from foodcls.recipe import load_recipe

ROOT = Path(__file__).resolve().parent.parent
FILE = yaml.safe_load((ROOT / "prefect.yaml").read_text())
DEPLOYMENTS = {item["name"]: item for item in FILE["deployments"]}
KEYS = {
    "": {"name", "pull", "definitions", "deployments"},
    "deployment": {"name", "entrypoint", "description", "tags", "parameters", "concurrency_limit",
                   "schedules", "work_pool"},
    "schedule": {"cron", "timezone", "slug", "active"},
    "work_pool": {"name", "job_variables"},
}  # fmt: skip


def test_no_key_is_one_that_prefect_would_ignore() -> None:
    assert set(FILE) <= KEYS[""]
    for item in FILE["deployments"]:
        assert set(item) <= KEYS["deployment"]
        assert set(item["work_pool"]) <= KEYS["work_pool"]
        assert all(set(schedule) <= KEYS["schedule"] for schedule in item.get("schedules", []))


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_entrypoint_is_a_flow_that_takes_the_parameters(name: str, monkeypatch: Any) -> None:
    monkeypatch.chdir(ROOT)
    item = DEPLOYMENTS[name]
    flow = load_flow_from_entrypoint(item["entrypoint"])
    assert flow.name == "retrain"
    inspect.signature(flow.fn).bind(**item["parameters"])
    assert load_recipe(ROOT / item["parameters"]["recipe"]).name == name
    flow.validate_parameters(item["parameters"])


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_one_run_at_a_time(name: str) -> None:
    assert ConcurrencyLimitConfig(**DEPLOYMENTS[name]["concurrency_limit"]).limit == 1


def test_foods13_runs_weekly_in_a_time_zone_and_searches_again() -> None:
    item = DEPLOYMENTS["foods13"]
    (schedule,) = item["schedules"]
    assert Cron(schedule["cron"], timezone=schedule["timezone"]).timezone == "Europe/Rome"
    assert schedule["cron"].split()[4] == "1" and schedule["active"]
    assert item["parameters"]["search_again"] is True


def test_pull_step_exists() -> None:
    (step,) = FILE["pull"]
    module, _, name = next(iter(step)).rpartition(".")
    assert callable(getattr(importlib.import_module(module), name))

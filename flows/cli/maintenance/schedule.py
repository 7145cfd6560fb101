"""Schedules a recipe: a deployment of `retrain` on the Prefect server that stays, and its times."""

import asyncio
import logging
import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from flows.cli.options import read_recipe
from flows.cli.output import say
from flows.cli.prefect_server import need_server
from foodcls.errors import InputError

log = logging.getLogger("foodcls.stages")

POOL = "foodcls"
# as in prefect.yaml, where the reasons stand
ENVIRONMENT = {
    "PREFECT_LOGGING_EXTRA_LOGGERS": "foodcls",
    "DO_NOT_TRACK": "true",
    "OMP_WAIT_POLICY": "passive",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
}
NO_SERVER = (
    "a schedule needs a Prefect server that stays: start one in a terminal of its own with "
    "`prefect server start`, then `export PREFECT_API_URL=http://127.0.0.1:4200/api` here"
)


def schedule_recipe(file: Path, workspace: Path, cron: str, zone: str, *, searches: bool) -> None:
    """Let `retrain` run by the clock for a recipe; print when, and what to type next."""
    name, zone = read_recipe(file).name, zone or local_zone()
    address = os.environ.get("PREFECT_API_URL", "")
    if not address:
        raise InputError(NO_SERVER)
    # each may take ten seconds on a busy machine
    log.info("loading Prefect, which knows when that is")
    first = next_time(cron, zone)
    log.info("asking the Prefect server at %s", address)
    need_server(address)
    log.info("loading the flow that is to run, and giving it to the server")
    given = {"recipe": str(file.resolve()), "workspace": str(workspace.resolve())}
    deploy(name, cron, zone, {**given, "search_again": searches})
    for line in (
        f"retrain/{name} runs next on {first:%A %d %B at %H:%M}, {zone}, in {workspace}",
        "a worker does it, where PREFECT_API_URL and MLFLOW_TRACKING_URI are set:",
        f"    prefect worker start --pool {POOL}",
        f"to run it now:     prefect deployment run retrain/{name}",
        f"to take it back:   prefect deployment delete retrain/{name}",
    ):
        say(line)


def next_time(cron: str, zone: str) -> datetime:
    """When the server starts a run next, on the wall; InputError where the times are wrong."""
    # of the server's own schemas: these have its arithmetic
    from prefect.server.schemas.schedules import CronSchedule

    try:
        schedule = CronSchedule(cron=cron, timezone=zone)
        (first,) = asyncio.run(schedule.get_dates(1))
    except ValueError as error:
        raise InputError(
            f"--cron {cron!r} --timezone {zone!r} name no time; write minute, hour, day, month and "
            "day of the week, and a zone: --cron '0 3 * * 1' --timezone Europe/Rome for Mondays at "
            "3 in Rome"
        ) from error
    return first.astimezone(ZoneInfo(zone))


def deploy(name: str, cron: str, zone: str, parameters: dict[str, object]) -> None:
    """Write the deployment, or renew it, and the work pool that its workers ask."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
    from prefect.deployments.runner import RunnerDeployment
    from prefect.exceptions import ObjectAlreadyExists
    from prefect.schedules import Cron
    from prefect.types.entrypoint import EntrypointType
    from prefect.workers.process import ProcessWorker

    from flows.retrain import retrain

    template = ProcessWorker.get_default_base_job_template()
    pool = WorkPoolCreate(name=POOL, type="process", base_job_template=template)
    with get_client(sync_client=True) as client, suppress(ObjectAlreadyExists):
        client.create_work_pool(pool)
    RunnerDeployment.from_flow(
        retrain,
        name,
        schedule=Cron(cron, timezone=zone),
        # a late or doubled run is dropped: the next one does its work
        concurrency_limit=ConcurrencyLimitConfig(
            limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW
        ),
        parameters=parameters,
        tags=["foodcls"],
        work_pool_name=POOL,
        job_variables={"env": ENVIRONMENT},
        # found by whichever environment the worker has, clone or not
        entrypoint_type=EntrypointType.MODULE_PATH,
    ).apply()


def local_zone() -> str:
    """The time zone of this machine, by its name; UTC where the system does not tell it."""
    return os.path.realpath("/etc/localtime").partition("zoneinfo/")[2] or "UTC"

"""Tells a webhook how a flow run has ended: `FOODCLS_WEBHOOK` in the environment of the worker.

The address is a secret, as its path often holds a token: of it, only the host is ever logged.
"""

import asyncio
import logging
import os
from threading import Thread
from typing import Any

import aiohttp
from prefect import Flow
from prefect.client.schemas import FlowRun, State
from prefect.states import Completed
from prefect.utilities.urls import url_for

from foodcls.recipe.recipe import Recipe
from foodcls.redact import only_host, redact
from foodcls.runs.run_result import Retrained, RunResult

log = logging.getLogger("foodcls.webhook")

VARIABLE = "FOODCLS_WEBHOOK"
TIMEOUT = 10.0  # seconds for one attempt, all in all
ATTEMPTS = 2
PAUSE = 1.0  # seconds before the second
# what a message's reason is cut to: chat programs refuse long ones
LENGTH = 2000


def tell(flow: Flow[Any, Any], flow_run: FlowRun, state: State[Any]) -> None:
    """A Prefect hook: post how a run ended, unless it is part of another. It never fails a run.

    A worker passes the arguments by these names, for the cancelled and the crashed.
    """
    url = os.environ.get(VARIABLE, "").strip()
    if not url or flow_run.parent_task_run_id:
        return
    message = compose(flow.name, flow_run, state)
    # a loop of its own: Prefect may call hooks from within one
    sender = Thread(target=lambda: asyncio.run(_send(url, message)), daemon=True)
    sender.start()
    sender.join(ATTEMPTS * (TIMEOUT + PAUSE))


# for a flow's decorator
HOOKS: dict[str, Any] = {
    f"on_{ending}": [tell] for ending in ("completion", "failure", "crashed", "cancellation")
}


def compose(flow: str, run: FlowRun, state: State[Any]) -> dict[str, Any]:
    """What is posted: JSON with flow, run, state, recipe, reason, links and one line of text."""
    reason = redact(state.message or "")[:LENGTH]
    # a busy worker tells before the server has noted the end
    name = "Cancelled" if state.is_cancelling() else state.name
    given = run.parameters.get("recipe", "")
    # a flow that was handed what was read, and not a path
    recipe = str(given["name"] if isinstance(given, dict) else given)
    return {
        "flow": flow,
        "run": run.name,
        "run_id": str(run.id),
        "state": name,
        "recipe": recipe,
        "reason": reason,
        "links": _links(run, state),
        # what chat programs show of a message
        "text": f"{flow} {recipe}: {name}. {reason}".strip(),
    }


def _links(run: FlowRun, state: State[Any]) -> dict[str, str]:
    """Where to read on, as far as there are servers to read from."""
    links = {"flow_run": url_for(run) or ""} | _tracking_link(state)
    return {name: redact(url) for name, url in links.items() if url}


def _tracking_link(state: State[Any]) -> dict[str, str]:
    result = state.result(raise_on_failure=False) if state.is_completed() else None
    run = result.run if isinstance(result, Retrained) else result
    page = run.recorded.result.page if isinstance(run, RunResult) else ""
    return {"mlflow_run": page} if page else {}


async def _send(url: str, message: dict[str, Any]) -> None:
    for attempt in range(ATTEMPTS):
        trouble = await _post(url, message)
        if not trouble:
            return
        if attempt + 1 < ATTEMPTS:
            await asyncio.sleep(PAUSE)
    log.warning("the webhook at %s was not told: %s", only_host(url), trouble)


async def _post(url: str, message: dict[str, Any]) -> str:
    """Why the message was not taken, or ''."""
    bounds = aiohttp.ClientTimeout(total=TIMEOUT)
    try:
        async with (
            aiohttp.ClientSession(timeout=bounds) as session,
            session.post(url, json=message) as answer,
        ):
            return "" if answer.status < 400 else f"it answered {answer.status}"
    except (aiohttp.ClientError, OSError, ValueError) as error:
        # the error's own text may hold the address
        return type(error).__name__


def conclude(recipe: Recipe, result: Retrained) -> State[Any]:
    """Completed, with one sentence that lists of runs and webhooks show."""
    # under another name than Completed, automations that wait for that would take it for lost
    return Completed(message=describe_outcome(recipe, result), data=result)


def describe_outcome(recipe: Recipe, result: Retrained) -> str:
    """Whether there is a new champion, or nothing new, and which recipe, pictures and model."""
    trained, verdict = result.run.trained, result.verdict.result
    version = result.run.recorded.result.version
    digests = {
        "recipe": recipe.digest,
        "dataset": trained.pictures.digest,
        "model": trained.model.result.blob,
    }
    named = ", ".join(f"{name} {digest[:12]}" for name, digest in digests.items())
    if verdict.is_promoted:
        said = f"version {version} is the champion now, {verdict.reason}"
    elif not version:
        said = f"a new model, {verdict.reason}"
    elif verdict.is_new:
        said = f"version {version} stays a challenger, {verdict.reason}"
    else:
        said = f"nothing new, {verdict.reason}"
    return f"{recipe.name}: {said} ({named})"

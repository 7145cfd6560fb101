"""Turns what a tracking server holds of a recipe's runs into lines to compare by."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from foodcls.report.runs import RunLine
from foodcls.runs.outbox import Account

# runs on a page: more columns than these nobody reads
MOST = 12


def list_runs(client: Any, experiment: str) -> list[RunLine]:
    """The latest runs of whole recipes, the newest first; `client` is MLflow's."""
    found = client.search_runs(
        [experiment],
        filter_string="tags.stage = 'train'",
        order_by=["attributes.start_time DESC"],
        max_results=MOST,
    )
    return [
        _line(
            run.info.run_name,
            run.info.start_time / 1000,
            run.data.metrics,
            run.data.params,
            run.data.tags,
        )
        for run in found
    ]


def run_line(account: Account) -> RunLine:
    """The line of a run that is about to be told of."""
    # of a figure of each epoch the last one stays
    figures = {name: value for name, value, _ in account.figures}
    return _line(account.name, time.time(), figures, account.settings, account.tags)


def _line(
    name: str,
    started: float,
    figures: Mapping[str, float],
    settings: Mapping[str, str],
    tags: Mapping[str, str],
) -> RunLine:
    return RunLine(
        name=name,
        started=f"{datetime.fromtimestamp(started, UTC):%Y-%m-%d %H:%M}",
        figures=figures,
        settings=settings,
        data=tags.get("dataset_digest", ""),
        tests=tags.get("test_digest", ""),
        commit=tags.get("mlflow.source.git.commit", ""),
    )

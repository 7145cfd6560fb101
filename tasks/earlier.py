"""Turns what a tracking server holds of a recipe's runs into lines to compare by."""

from datetime import UTC, datetime
from typing import Any

from foodcls.judge.runs import RunLine

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
    return [_line(run.info, run.data) for run in found]


def _line(info: Any, data: Any) -> RunLine:
    return RunLine(
        name=info.run_name,
        started=f"{datetime.fromtimestamp(info.start_time / 1000, UTC):%Y-%m-%d %H:%M}",
        figures=data.metrics,
        settings=data.params,
        data=data.tags.get("dataset_digest", ""),
        tests=data.tags.get("test_digest", ""),
        commit=data.tags.get("mlflow.source.git.commit", ""),
    )

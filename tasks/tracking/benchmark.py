"""Logs what a benchmark of a model's formats has found to the run that made the model."""

import json
import time
from collections.abc import Mapping
from typing import Any

from mlflow.entities import Metric

from foodcls.workspace.workspace import Workspace
from tasks.tracking.client import is_there, tracking

FIGURES = ("accuracy", "largest_difference", "ms_batch_1", "ms_batch_32", "megabytes",
           "memory_megabytes", "start_seconds")  # fmt: skip


def log_benchmark(
    workspace: Workspace, name: str, digest: str, record: Mapping[str, Any], table: str
) -> str:
    """Log table and figures where the model of that digest is registered; say where, or why not.

    ServerError when the server fails.
    """
    if not name or not is_there(workspace):
        return "not logged to MLflow: no run is recorded here"
    with tracking(workspace) as client:
        versions = client.search_model_versions(f"name = '{name}'")
        runs = [str(one.run_id) for one in versions if one.tags.get("model_digest") == digest]
        if not runs:
            return f"not logged to MLflow: no version of {name} there has this file's digest"
        client.log_text(runs[0], table, "benchmark.md")
        client.log_text(runs[0], json.dumps(record, indent=2, ensure_ascii=False), "benchmark.json")
        moment = int(time.time() * 1000)
        metrics = [
            Metric(f"benchmark.{row['format'].replace(' ', '_')}.{figure}", row[figure], moment, 0)
            for row in record["formats"]
            for figure in FIGURES
        ]
        client.log_batch(runs[0], metrics=metrics)
    return f"logged to MLflow: benchmark.md of run {runs[0]}"

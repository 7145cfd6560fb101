"""Shows a run in Prefect's UI: tables as Markdown artifacts."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from foodcls.collect.search import EngineYield
from foodcls.steps import Step, stage_table


def show_stages(name: str, steps: Sequence[Step[Any]]) -> None:
    """Put the stage table of a run where the UI lists its artifacts."""
    # a key holds lower-case letters, digits and dashes only
    key = re.sub(r"[^a-z0-9]+", "-", f"stages-{name}".lower()).strip("-")
    create_markdown_artifact(key=key, markdown=stage_table(steps), description=f"Stages of {name}")


def show_yields(yields: Sequence[EngineYield]) -> None:
    """Put a table of what each engine gave for each query beside the run."""
    if yields:
        rows = [asdict(gain) for gain in yields]
        create_table_artifact(key="engine-yields", table=rows, description="Results by query")

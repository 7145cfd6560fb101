"""What a flow run is called in a list of runs."""

from pathlib import Path

from prefect.runtime import flow_run


def title() -> str:
    """The recipe's name and what was overridden, e.g. `foods13 train.epochs=4`."""
    parameters = flow_run.parameters
    changes = parameters.get("overrides") or {}
    words = [f"{key}={value}" for key, value in sorted(changes.items())]
    return " ".join([Path(parameters["recipe"]).stem, *words])[:120]

"""What a flow run is called in a list of runs."""

from pathlib import Path

from prefect.runtime import flow_run

LENGTH = 60  # characters; a longer name hides the columns beside it


def title() -> str:
    """The recipe's name and what was overridden, e.g. `foods13 train.epochs=4`."""
    parameters = flow_run.parameters
    changes = parameters.get("overrides") or {}
    words = [f"{key}={value}" for key, value in sorted(changes.items())]
    text = " ".join([Path(parameters["recipe"]).stem, *words])
    return text if len(text) <= LENGTH else f"{text[: LENGTH - 1]}…"

"""What a command has to wait for before it can answer, and what is told to nobody."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from flows.cli.output import speak_plainly

SERVERS = {"prefect", "mlflow"}


# in one process one after another: what a module has brought, those after it have as well
@pytest.mark.parametrize(
    "modules",
    [
        {
            "flows.cli.main": {*SERVERS, "pydantic", "yaml", "numpy", "torch", "urllib.request"},
            # what a recipe is refused by
            "foodcls.init.class_folders": {*SERVERS, "pandas", "pyarrow", "numpy", "torch"},
            "tasks.trainers.launch": {*SERVERS, "pandas", "pyarrow", "numpy", "torch"},
            "flows.cli.pictures.duplicates": {*SERVERS, "torch"},
            # a run whose results are all there trains nothing
            "flows.retrain": {"torch", "torchvision", "timm", "scipy.stats", "matplotlib"},
        },
        {
            "flows.cli.pictures.predict": {*SERVERS, "pandas", "scipy", "timm", "torchvision"},
            "flows.cli.compare": SERVERS,
        },
    ],
)
def test_a_command_does_not_wait_for_what_it_does_not_need(modules: dict[str, set[str]]) -> None:
    program = "import sys\n" + "".join(f"import {name}; print(*sys.modules)\n" for name in modules)
    done = subprocess.run(
        [sys.executable, "-c", program], text=True, capture_output=True, check=True
    )
    for (name, slow), line in zip(modules.items(), done.stdout.splitlines(), strict=True):
        assert name in line.split() and not slow & set(line.split()), name


@pytest.fixture
def as_of_a_person(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An environment in which nothing is set, and the logging of before at the end."""
    logger = logging.getLogger("foodcls")
    before = [*logger.handlers], logger.level, logger.propagate
    monkeypatch.setattr(os, "environ", {})
    monkeypatch.setattr("mlflow.telemetry.utils._IS_IN_CI_ENV_OR_TESTING", False)
    yield
    logger.handlers, logger.level, logger.propagate = before


@pytest.mark.usefixtures("as_of_a_person")
def test_neither_prefect_nor_mlflow_tells_its_makers_anything() -> None:
    from mlflow.telemetry.utils import is_telemetry_disabled
    from prefect._internal.analytics import is_telemetry_enabled

    assert is_telemetry_enabled() and not is_telemetry_disabled()
    speak_plainly()
    assert is_telemetry_disabled() and not is_telemetry_enabled()
    assert os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"

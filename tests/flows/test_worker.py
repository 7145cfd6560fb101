"""Deploys with prefect.yaml to a real server and lets a real process worker run the sample."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow.tracking import MlflowClient

ROOT = Path(__file__).resolve().parents[2]
# the sample made small: 12 pictures a class, a random tiny network
SMALL = (
    '{"collect.per_query": 14, "collect.min_per_class": 6, "augment.per_class": 8,'
    ' "train.backbone": "resnet18", "train.weights": "none", "train.trainable": [],'
    ' "train.input_size": 32, "train.epochs": 1}'
)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Prefect:
    """Runs Prefect's own commands against one server."""

    def __init__(self, folder: Path, port: int) -> None:
        self.command = [sys.executable, "-m", "prefect", "--no-prompt"]
        self.project = folder / "project"
        self.api = f"http://127.0.0.1:{port}/api"
        self.environment = os.environ | {
            "PREFECT_HOME": str(folder / "home"),
            "PREFECT_API_URL": self.api,
            # what prefect.yaml calls the folder of the deployer; a shell sets it
            "PWD": str(self.project),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }
        self.environment.pop("MLFLOW_TRACKING_URI", None)

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self.command, *words],
            env=self.environment,
            cwd=self.project,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *words: str) -> str:
        done = subprocess.run([*self.command, *words], env=self.environment, cwd=self.project,
                              capture_output=True, text=True, check=False, timeout=200)  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def ask(self, route: str, body: dict[str, Any]) -> Any:
        request = urllib.request.Request(
            f"{self.api}/{route}", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)


@pytest.fixture
def prefect(tmp_path: Path) -> Iterator[Prefect]:
    """A server of its own, with a copy of the project to deploy from."""
    port = free_port()
    prefect = Prefect(tmp_path, port)
    prefect.project.mkdir()
    for name in ("foodcls", "tasks", "flows", "recipes", "prefect.yaml"):
        source, place = ROOT / name, prefect.project / name
        shutil.copytree(source, place) if source.is_dir() else shutil.copy(source, place)
    server = prefect.start("server", "start", "--host", "127.0.0.1", "--port", str(port))
    try:
        wait_for(f"{prefect.api}/health")
        yield prefect
    finally:
        server.terminate()
        server.wait(30)


def wait_for(url: str) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(url)


def test_deployed_sample_runs_to_completed(prefect: Prefect) -> None:
    prefect.run("work-pool", "create", "foodcls", "--type", "process")
    prefect.run("deploy", "--all")
    (deployed,) = prefect.ask(
        "deployments/filter", {"deployments": {"name": {"any_": ["foods13"]}}}
    )
    (schedule,) = (one["schedule"] for one in deployed["schedules"])
    assert (schedule["cron"], schedule["timezone"]) == ("0 3 * * 1", "Europe/Rome")
    assert deployed["concurrency_limit"] or deployed["global_concurrency_limit"]["limit"] == 1
    prefect.run("deployment", "run", "retrain/sample", "--param", f"overrides={SMALL}")
    worker = prefect.start("worker", "start", "--pool", "foodcls", "--run-once")
    said, _ = worker.communicate(timeout=200)
    runs = prefect.ask("flow_runs/filter", {"deployments": {"name": {"any_": ["sample"]}}})
    assert [run["state"]["type"] for run in runs] == ["COMPLETED"], said
    client = MlflowClient(f"sqlite:///{prefect.project / 'workspace' / 'sample' / 'mlflow.db'}")
    champion = client.get_model_version_by_alias("sample", "champion")
    assert client.get_run(champion.run_id).data.params["train.backbone"] == "resnet18"

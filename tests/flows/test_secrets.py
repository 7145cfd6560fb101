"""Types every command with a secret in each address, key and variable, and looks for it after."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow.tracking import MlflowClient
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL

SECRET = "hid-den%40x"
SPELLINGS = (b"hid-den%40x", b"hid-den@x")
VARIABLES = {
    "FLICKR_API_KEY": SECRET,
    "FOODCLS_WEBHOOK": f"http://me:{SECRET}@127.0.0.1:9/{SECRET}?token={SECRET}",
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
}


def with_login(url: str) -> str:
    return url.replace("://", f"://me:{SECRET}@")


def traces(*texts: str | bytes) -> list[str]:
    """The lines that hold the secret."""
    lines = [
        line
        for text in texts
        for line in (text.encode() if isinstance(text, str) else text).splitlines()
    ]
    return [str(line[:300]) for line in lines if any(one in line for one in SPELLINGS)]


def files_with_traces(*folders: Path) -> dict[str, list[str]]:
    found = {str(path): traces(path.read_bytes()) for folder in folders
             for path in folder.rglob("*") if path.is_file()}  # fmt: skip
    return {path: lines for path, lines in found.items() if lines}


class Walk:
    """Types commands, and keeps what they say."""

    def __init__(self, starter: Any, space: Path, environment: dict[str, str]) -> None:
        self.starter, self.space, self.environment = starter, space, environment
        self.said: dict[str, list[str]] = {}

    def type(self, command: str, *words: object, **more: str) -> Any:
        self.starter.start(command, *words, space=self.space, environment=self.environment | more)
        ended = self.starter.wait()
        assert "Traceback" not in ended.err, ended.err
        if found := traces(ended.out, ended.err, str(ended.result)):
            self.said[f"{command} {more}"] = found
        return ended


def test_where_nobody_answers_no_command_tells_a_secret(
    starter, recipe: Path, tmp_path: Path
) -> None:
    space = starter.new_space(tmp_path / "w")
    away = with_login("http://127.0.0.1:9/x")
    walk = Walk(starter, space, VARIABLES | {"MLFLOW_TRACKING_URI": away})
    assert walk.type("promote", recipe, 1).code == 1
    assert walk.type("rollback", recipe).code == 1
    assert walk.type("compare", "patches/1", "patches/2").code != 0
    assert walk.type("doctor").code == 1
    assert walk.type("doctor", FOODCLS_STORE=with_login("s3://b/x")).code == 1
    assert walk.type("doctor", PREFECT_API_URL=f"{away}/api").code == 1
    assert walk.type("doctor", FOODCLS_RUNNER=f"dask:{with_login('tcp://127.0.0.1:9')}").code == 1
    for command in ("sync", "verify", "gc"):
        assert walk.type(command).code == 0
    assert walk.type("run", recipe, "--store", with_login("s3://b/x")).code == 2
    assert walk.type("run", recipe, "--store", "s3://b/x", AWS_ENDPOINT_URL=away).code == 1
    assert not walk.said and not files_with_traces(space)


@pytest.fixture
def from_git(recipe: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The recipe's folder as a clone of a place that wants a token."""
    for words in ("init", "add .", "-c user.name=a -c user.email=b commit -m c",
                  f"remote add origin {with_login('http://127.0.0.1:9/x.git')}"):  # fmt: skip
        subprocess.run(["git", *words.split()], cwd=recipe.parent, check=True, capture_output=True)
    return recipe


@pytest.mark.long
def test_whatever_is_typed_no_secret_is_told_or_kept(
    starter, from_git: Path, tracking_server, tmp_path: Path
) -> None:
    space, recipe = starter.new_space(tmp_path / "w"), from_git
    walk = Walk(starter, space, VARIABLES | {
        "MLFLOW_TRACKING_URI": with_login(tracking_server.url),
        "PREFECT_API_URL": with_login(str(PREFECT_API_URL.value())),
    })  # fmt: skip
    urls = recipe.with_name("urls.csv")
    urls.write_text(f"label,url\nreds,{with_login('http://127.0.0.1:9/x.jpg')}\n")
    assert walk.type("run", recipe).code == 0
    again = walk.type("run", recipe)
    assert again.code == 0 and again.result["recorded_anew"] is False
    assert again.result["mlflow_tracking_uri"] == tracking_server.url
    assert walk.type("run", recipe, "--set", "train.epochs=2").code == 0
    assert walk.type("run", recipe, "--set", "train.weights=http://me:x").code == 2
    listed = ("--set", "collect.folder=null", "--set", f"collect.urls={urls}",
              "--set", "collect.min_per_class=0")  # fmt: skip
    for command in ("prepare", "ablate"):
        assert walk.type(command, recipe).code == 0
    for words in (("promote", recipe, 2), ("promote", recipe, 99), ("rollback", recipe),
                  ("compare", "patches/1", "patches/2"), ("compare", "patches/1", "patches/99"),
                  ("compare", "f" * 32, "patches@nobody"), ("trace", "reds-1.png"),
                  ("suspects", recipe), ("propose", recipe), ("sync",), ("verify",), ("gc",),
                  ("gc", "--delete"), ("doctor",)):  # fmt: skip
        walk.type(*words)
    model = next((space / "models").glob("*.pt"))
    walk.type("trace", model)
    assert walk.type("prepare", recipe, *listed).code != 2
    assert not walk.said
    assert not files_with_traces(space, tracking_server.folder)
    assert not traces(*told_to_mlflow(tracking_server.url), *told_to_prefect())


def told_to_mlflow(url: str) -> list[str]:
    client = MlflowClient(url)
    ids = [one.experiment_id for one in client.search_experiments()]
    runs = client.search_runs(ids)
    assert len(runs) > 3
    return [str(run.to_dictionary()) for run in runs]


def told_to_prefect() -> list[str]:
    with get_client(sync_client=True) as client:
        runs, artifacts = client.read_flow_runs(), client.read_artifacts()
        logs = client.request("POST", "/logs/filter", json={"limit": 200}).json()
    assert runs
    return [str(runs), str(artifacts), str(logs)]

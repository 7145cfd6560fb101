"""Starts the tracking server as a team does, and knocks at all its doors."""

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec
import psycopg2
import pytest
from mlflow.tracking import MlflowClient

from flows.cli.run import open_tracking

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Server:
    """A running tracking server."""

    url: str
    folder: Path
    pid: int

    def ask(self, route: str, method: str = "GET", body: bytes | None = None,
            headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:  # fmt: skip
        request = urllib.request.Request(
            f"{self.url}{route}", body, {"Content-Type": "application/json"} | dict(headers or {}),
            method=method,
        )  # fmt: skip
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()


def start(folder: Path, **settings: str) -> subprocess.Popen[str]:
    """Start `serve.sh` in a copy of the project, so that nothing is written beside this one."""
    project = folder / "project"
    shutil.copytree(ROOT / "mlflow", project / "mlflow", dirs_exist_ok=True)
    place = {name: os.environ[name] for name in os.environ if name.startswith(("AWS_", "HOME"))}
    place["PATH"] = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    return subprocess.Popen([project / "mlflow" / "serve.sh"], env=place | settings, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            start_new_session=True)  # fmt: skip


def count_processes(session: int) -> int:
    """How many processes a session has, itself included."""
    stats = (path.read_text() for path in Path("/proc").glob("[0-9]*/stat"))
    return sum(int(stat.rpartition(")")[2].split()[3]) == session for stat in stats)


def serving(folder: Path, port: int, **settings: str) -> Iterator[Server]:
    process = start(folder, MLFLOW_PORT=str(port), **settings)
    server = Server(f"http://127.0.0.1:{port}", folder / "project", process.pid)
    await_health(server, process)
    yield server
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def await_health(server: Server, process: subprocess.Popen[Any]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise AssertionError(process.stdout.read() if process.stdout else process.returncode)
        try:
            assert server.ask("/health") == (200, b"OK")
            return
        except OSError:
            time.sleep(0.2)


@pytest.fixture(scope="module")
def plain(
    tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int], mlflow_tables: Path
) -> Iterator[Server]:
    """What `mlflow/serve.sh` starts where nothing is set; only its tables are there already."""
    folder = tmp_path_factory.mktemp("plain")
    (folder / "project" / "workspace").mkdir(parents=True)
    shutil.copy(mlflow_tables, folder / "project" / "workspace" / "mlflow.db")
    yield from serving(folder, free_port())


@pytest.fixture(scope="module")
def team(
    tmp_path_factory: pytest.TempPathFactory,
    free_port: Callable[[], int],
    postgres: str,
    object_store: Path,
) -> Iterator[Server]:
    """PostgreSQL, artifacts in an object store, users with passwords."""
    yield from serving(
        tmp_path_factory.mktemp("team"),
        free_port(),
        FOODCLS_AUTH="basic",
        FOODCLS_USERS=postgres,
        MLFLOW_AUTH_ADMIN_PASSWORD=PASSWORD,
        MLFLOW_BACKEND_STORE_URI=postgres,
        MLFLOW_ARTIFACTS_DESTINATION="s3://foodcls/mlflow",
    )


def key(name: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def test_what_is_printed_to_open_mlflow_asks_for_no_more_processes_than_these_two(
    plain: Server,
) -> None:
    assert count_processes(plain.pid) == 2
    settings = Path(f"/proc/{plain.pid}/environ").read_text().split("\0")
    few = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false", "MLFLOW_WORKERS=1"}
    printed = open_tracking("", {"mlflow_page": "", "mlflow_tracking_uri": "sqlite:///w"})
    assert few <= {*settings} and few <= {*printed.replace("--workers ", "MLFLOW_WORKERS=").split()}


@pytest.mark.long
def test_what_is_printed_to_open_mlflow_starts_two_processes(
    tmp_path: Path, free_port: Callable[[], int], mlflow_tables: Path
) -> None:
    uri = f"sqlite:///{shutil.copy(mlflow_tables, tmp_path)}"
    result = {"mlflow_page": "", "mlflow_tracking_uri": uri}
    line = open_tracking(f"{Path(sys.executable).parent}/", result)
    port = str(free_port())
    with subprocess.Popen(f"exec env {line}", shell=True, start_new_session=True,
                          env=os.environ | {"MLFLOW_PORT": port}) as process:  # fmt: skip
        await_health(Server(f"http://127.0.0.1:{port}", tmp_path, process.pid), process)
        # jobs would be started beside the server
        assert count_processes(process.pid) == 2
        os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"MLFLOW_HOST": "0.0.0.0"}, "without a password"),
        ({"MLFLOW_HOST": "127.0.0.1.example.org"}, "without a password"),
        ({"MLFLOW_HOST": "::", "FOODCLS_AUTH": "off"}, "without a password"),
        ({"MLFLOW_HOST": "0.0.0.0", "FOODCLS_AUTH": "proxy"}, "MLFLOW_SERVER_ALLOWED_HOSTS"),
        ({"MLFLOW_HOST": "0.0.0.0", "FOODCLS_AUTH": "basic",
          "MLFLOW_SERVER_ALLOWED_HOSTS": "*"}, "MLFLOW_SERVER_ALLOWED_HOSTS"),
        ({"FOODCLS_AUTH": "basic"}, "MLFLOW_AUTH_ADMIN_PASSWORD"),
        ({"FOODCLS_AUTH": "yes"}, "allowed: off, basic, proxy"),
        ({"MLFLOW_GUNICORN_OPTS": "--timeout 9"}, "Host and Origin"),
        ({"MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE": "true"}, "unset it"),
    ],
)  # fmt: skip
def test_an_open_door_is_refused_before_anything_starts(
    tmp_path: Path, settings: dict[str, str], said: str
) -> None:
    process = start(tmp_path, **settings)
    words, _ = process.communicate(timeout=30)
    assert process.returncode == 2 and said in words


def test_arguments_are_refused() -> None:
    done = subprocess.run([ROOT / "mlflow" / "serve.sh", "--host", "0.0.0.0"], text=True,
                          capture_output=True, check=False)  # fmt: skip
    assert done.returncode == 2 and "takes no arguments" in done.stderr


@pytest.mark.runs("mlflow/serve.sh")
def test_it_listens_on_loopback_alone(plain: Server) -> None:
    table = subprocess.run(["ss", "-ltnpH"], capture_output=True, text=True, check=True).stdout
    family = {str(plain.pid), *children(plain.pid)}
    places = [line.split()[3] for line in table.splitlines()
              if any(f"pid={pid}," in line for pid in family)]  # fmt: skip
    assert places == [plain.url.removeprefix("http://")]


def children(pid: int) -> set[str]:
    found: set[str] = set()
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found |= {child, *children(int(child))}
    return found


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "0x7f000001"])
def test_a_foreign_host_is_refused(plain: Server, host: str) -> None:
    for route in ("/", "/api/2.0/mlflow/experiments/search?max_results=1", "/graphql"):
        assert plain.ask(route, headers={"Host": host})[0] == 403


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://localhost.evil.example", "null"]
)
def test_a_foreign_page_changes_nothing(plain: Server, origin: str) -> None:
    body = json.dumps({"name": f"from {origin}"}).encode()
    for route in ("/api/2.0/mlflow/experiments/create", "/ajax-api/2.0/mlflow/experiments/create"):
        assert plain.ask(route, "POST", body, {"Origin": origin})[0] == 403
    names = json.loads(plain.ask("/api/2.0/mlflow/experiments/search?max_results=99")[1])
    assert [one["name"] for one in names["experiments"]] == ["Default"]


@pytest.mark.parametrize(
    "path",
    ["../secret.txt", "%2e%2e/secret.txt", "%252e%252e%252fsecret.txt", "a/..%2f..%2fsecret.txt",
     "..%5csecret.txt", "/etc/passwd", "%2fetc%2fpasswd", "link/secret.txt",
     "x%23/../../secret.txt", "file:%2f%2f%2fetc%2fpasswd"],
)  # fmt: skip
def test_nothing_outside_the_artifacts_is_read_or_written(plain: Server, path: str) -> None:
    artifacts = plain.folder / "workspace" / "mlartifacts"
    artifacts.mkdir(parents=True, exist_ok=True)
    outside = plain.folder / "workspace" / "secret.txt"
    outside.write_text("SECRET")
    if not (artifacts / "link").is_symlink():
        (artifacts / "link").symlink_to(outside.parent)
    route = f"/api/2.0/mlflow-artifacts/artifacts/{path}"
    status, body = plain.ask(route)
    assert status in (400, 403, 404, 500) and b"SECRET" not in body and b"root:" not in body
    plain.ask(route, "PUT", b"changed")
    assert outside.read_text() == "SECRET"
    status, body = plain.ask(f"/get-artifact?path={path}&run_uuid=x")
    assert status in (400, 403, 404) and b"SECRET" not in body


def test_code_is_not_run_on_request(plain: Server) -> None:
    status, _ = plain.ask("/ajax-api/3.0/jobs", "POST", b'{"job_name": "x", "params": {}}')
    assert status in (400, 403, 404, 405, 501, 503)


def routes(team: Server) -> set[tuple[str, str]]:
    """Every method and path that MLflow's own application lists, with its holes filled."""
    program = (
        "import json, re\nfrom mlflow.server import app\n"
        "from mlflow.server.auth import create_app\n"
        "native = create_app(app)\n"
        "found = {(m, r.rule) for r in app.url_map.iter_rules() for m in r.methods}\n"
        "found |= {(m, r.path) for r in native.routes for m in getattr(r, 'methods', None) or ()}\n"
        "fill = lambda path: re.sub(r'[<{][^>}]*[>}]', '1', path)\n"
        "print('ROUTES', json.dumps(sorted({(m, fill(p)) for m, p in found})))\n"
    )
    place = os.environ | {
        "_MLFLOW_SGI_NAME": "uvicorn", "MLFLOW_FLASK_SERVER_SECRET_KEY": "x",
        "MLFLOW_AUTH_ADMIN_USERNAME": "admin", "MLFLOW_AUTH_ADMIN_PASSWORD": PASSWORD,
        "MLFLOW_AUTH_CONFIG_PATH": str(team.folder / "workspace" / "mlflow-auth.ini"),
    }  # fmt: skip
    done = subprocess.run([sys.executable, "-c", program], env=place, capture_output=True,
                          text=True, check=True, cwd=team.folder)  # fmt: skip
    listed = done.stdout.partition("ROUTES ")[2]
    return {(method, path) for method, path in json.loads(listed)}


def test_no_route_answers_without_a_password(team: Server) -> None:
    listed = routes(team)
    assert len(listed) > 300
    asked = [(method, path) for method, path in sorted(listed) if method not in ("HEAD", "OPTIONS")]
    asked += [("POST", "/graphql"), ("POST", "/v1/traces"), ("GET", "/ajax-api/3.0/jobs/1")]
    answers = {(method, path): team.ask(path, method, b"{}" if method != "GET" else None)[0]
               for method, path in asked}  # fmt: skip
    still_open = {path for (_, path), status in answers.items() if status not in (401, 403)}
    # MLflow's page without data, whether it lives, and what it can do
    public = ("/static", "/health", "/version", "/favicon.ico")
    capable = {"/api/3.0/mlflow/server-info", "/ajax-api/3.0/mlflow/server-info"}
    assert {path for path in still_open if not path.startswith(public)} == capable
    for path in capable:
        assert not re.search(rb"://|foodcls|tester|admin", team.ask(path)[1])


def test_a_wrong_password_is_none(team: Server) -> None:
    route = "/api/2.0/mlflow/experiments/search?max_results=1"
    assert team.ask(route, headers=key("admin", "password1234"))[0] == 401
    assert team.ask(route, headers=key("admin", PASSWORD))[0] == 200


def test_a_run_of_the_team_lies_in_postgres_and_in_the_object_store(
    team: Server, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "admin")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", PASSWORD)
    client = MlflowClient(team.url)
    run = client.create_run(client.create_experiment("lunch"))
    client.log_metric(run.info.run_id, "accuracy", 0.5)
    client.log_text(run.info.run_id, "soup", "menu.txt")
    with psycopg2.connect(postgres) as database, database.cursor() as cursor:
        cursor.execute("SELECT value FROM metrics WHERE run_uuid = %s", (run.info.run_id,))
        assert cursor.fetchall() == [(0.5,)]
    (path,) = fsspec.filesystem("s3").glob(f"foodcls/mlflow/**/{run.info.run_id}/**/menu.txt")
    assert fsspec.filesystem("s3").cat_file(path) == b"soup"
    route = f"/get-artifact?path=menu.txt&run_uuid={run.info.run_id}"
    assert team.ask(route, headers=key("admin", PASSWORD)) == (200, b"soup")


def test_no_password_can_be_read_by_other_users_of_the_machine(team: Server) -> None:
    words = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in (team.pid, *children(team.pid))]
    assert not [line for line in words if PASSWORD.encode() in line or b"postgresql:" in line]
    assert (team.folder / "workspace" / "mlflow-auth.ini").stat().st_mode & 0o077 == 0

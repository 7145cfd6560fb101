"""Deploys with prefect.yaml to a real server, and lets a real process worker live through a day."""

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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from mlflow.tracking import MlflowClient

from foodcls.workspace.lock import HOLDER, holding

ROOT = Path(__file__).resolve().parents[2]
SECRET = "geheim-4711"
PATIENCE = 300  # seconds; a flow's process imports for 10 s, and the machine may be busy
# the sample made small: three classes of 12 pictures, a random tiny network
SMALL = {
    "classes": [{"name": name, "queries": [name]} for name in ("rabbit", "salad", "bread")],
    "filter.manifest": None,
    "crop.boxes": None,
    "collect.per_query": 14,
    "collect.min_per_class": 6,
    "augment.per_class": 8,
    "train.backbone": "test_resnet",
    "train.weights": "none",
    "train.trainable": [],
    "train.input_size": 32,
    "train.epochs": 1,
    "export.formats": ["torchscript"],
}
SLOW = """\
name: slow
classes: [{name: a}, {name: b}]
collect: {urls: urls.csv, allow_private_hosts: true, timeout: 600, min_per_class: 0}
train: {backbone: test_resnet, weights: none, trainable: []}
"""


# commands of Prefect's and of ours, each in a fork: to import Prefect anew takes seconds, and so
# does it to look through all of it for cycles, or to take it down
TYPED = """if True:
    import gc, json, os, sys
    gc.disable()
    from prefect.cli import app
    from flows.cli.main import app as foodcls
    import flows.retrain
    gc.freeze()
    gc.enable()
    for line in sys.stdin:
        if os.fork() == 0:
            file, *sys.argv = json.loads(line)
            for handle in (1, 2):
                os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND), handle)
            code = 0
            try:
                (foodcls if sys.argv[0] == "foodcls" else app)()
            except SystemExit as end:
                code = end.code
            sys.stdout.flush()
            os._exit(code if isinstance(code, int) else code is not None)
        print(os.waitstatus_to_exitcode(os.wait()[1]), flush=True)
"""


class Site(ThreadingHTTPServer):
    """Takes webhook messages, and lets those who ask for pictures wait."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.messages: list[dict[str, Any]] = []
        self.was_asked, self.is_over = Event(), Event()

    def await_messages(self, count: int) -> None:
        end = time.monotonic() + PATIENCE
        while len(self.messages) < count and time.monotonic() < end:
            time.sleep(0.2)


class Answer(BaseHTTPRequestHandler):
    server: Site

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.messages.append(json.loads(body))
        self.send_response(204)
        self.end_headers()

    def do_GET(self) -> None:
        self.server.was_asked.set()
        self.server.is_over.wait(PATIENCE)

    def log_message(self, format: str, *args: object) -> None: ...


class Prefect:
    """Runs Prefect's own commands against one server."""

    def __init__(self, folder: Path, site: Site, port: int) -> None:
        self.command = [sys.executable, "-m", "prefect", "--no-prompt"]
        self.folder, self.project, self.site = folder, folder / "project", site
        self.port = port
        self.api = f"http://127.0.0.1:{self.port}/api"
        # a command that another test typed within this process has hushed Prefect
        heard = {name: value for name, value in os.environ.items()
                 if not name.startswith("PREFECT_LOGGING_")}  # fmt: skip
        self.environment = heard | {
            "PREFECT_HOME": str(folder / "home"),
            "PREFECT_API_URL": self.api,
            # what prefect.yaml calls the folder of the deployer; a shell sets it
            "PWD": str(self.project),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            # nobody looks at its pages
            "PREFECT_UI_ENABLED": "false",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            # how long a worker, a waiting run and a cancelled one take to notice
            "PREFECT_WORKER_QUERY_SECONDS": "2",
            "PREFECT_RUNNER_POLL_FREQUENCY": "2",
            "PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS": "5",
            # what must not be found in any log or record
            "FOODCLS_WEBHOOK": f"{site.url}/{SECRET}?token={SECRET}",
            "FLICKR_API_KEY": SECRET,
            "MLFLOW_TRACKING_PASSWORD": SECRET,
        }
        self.environment.pop("MLFLOW_TRACKING_URI", None)
        self.shell: subprocess.Popen[str] | None = None

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a command that stays; what it says goes into a file."""
        with (self.folder / f"{words[0]}.log").open("ab") as log:
            return subprocess.Popen([*self.command, *words], env=self.environment,
                                    cwd=self.project, stdout=log, stderr=log)  # fmt: skip

    def type(self, program: str, *words: str) -> str:
        """What a command said."""
        if not self.shell:
            self.shell = subprocess.Popen(
                [sys.executable, "-c", TYPED], env=self.environment, cwd=self.project, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            )  # fmt: skip
        assert self.shell.stdin and self.shell.stdout
        (said := self.folder / "said").unlink(missing_ok=True)
        print(json.dumps([str(said), program, *words]), file=self.shell.stdin, flush=True)
        code = self.shell.stdout.readline()
        assert code == "0\n", code + said.read_text()
        return said.read_text()

    def run(self, *words: str) -> str:
        return self.type("prefect", "--no-prompt", *words)

    def deploy(self) -> None:
        """Deploy what prefect.yaml names, and by `foodcls schedule` a recipe that it does not."""
        self.run("work-pool", "create", "foodcls", "--type", "process")
        self.run("deploy", "--all")
        said = self.type("foodcls", "schedule", "recipes/slow.yaml", "--cron=0 3 * * 1",
                         "--timezone=Europe/Rome", "--workspace=workspace/slow")  # fmt: skip
        assert "Monday" in said and "at 03:00, Europe/Rome" in said

    def order(self, deployment: str, **parameters: Any) -> str:
        """Have a deployment run, as its page in the UI does; the id of the run."""
        found = self.ask(f"deployments/name/retrain/{deployment}")
        body = {"parameters": parameters, "state": {"type": "SCHEDULED"}}
        run: str = self.ask(f"deployments/{found['id']}/create_flow_run", body)["id"]
        return run

    def type_order(self, deployment: str, **parameters: Any) -> str:
        """The same, typed."""
        words = [f"--param={name}={json.dumps(value)}" for name, value in parameters.items()]
        said = self.run("deployment", "run", f"retrain/{deployment}", *words)
        found = re.search(r"flow-run/([0-9a-f-]{36})|UUID: ([0-9a-f-]{36})", said)
        assert found, said
        return found[1] or found[2]

    def ask(self, route: str, body: dict[str, Any] | None = None) -> Any:
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(
            f"{self.api}/{route}", data, {"Content-Type": "application/json"}
        )
        for _ in range(PATIENCE):
            try:
                with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                # the database is busy; Prefect's own client asks again, too
                if error.code != 503:
                    raise
                time.sleep(1)
        raise TimeoutError(route)

    def wait(self, run: str, *names: str) -> dict[str, Any]:
        """The flow run, once its state is called one of these."""
        for _ in range(PATIENCE):
            found: dict[str, Any] = self.ask(f"flow_runs/{run}")
            if found["state"]["name"] in names:
                return found
            time.sleep(1)
        raise TimeoutError(f"{found['name']}: {found['state']}, not {names}; {self.said()}")

    def wait_until_stuck(self, run: str) -> None:
        """Until the run waits for its pictures."""
        for _ in range(PATIENCE):
            if self.site.was_asked.wait(1):
                return
            state = self.ask(f"flow_runs/{run}")["state"]
            assert state["type"] not in ("FAILED", "CRASHED"), self.said()
        raise TimeoutError(self.said())

    def said(self) -> str:
        return (self.folder / "worker.log").read_text()[-6000:]


@dataclass(frozen=True)
class Day:
    """What has happened: the flow runs as the server knows them, and what was seen meanwhile."""

    prefect: Prefect
    slow: dict[str, Any]  # a recipe that waits, as `foodcls schedule` deployed it; cancelled
    doubled: dict[str, Any]  # the same again, meanwhile
    small: dict[str, Any]  # sample, with overrides
    late: dict[str, Any]  # the same again, ordered while the first was on
    late_states: list[str]  # the names of the states that it went through
    holder: dict[str, Any]  # of the slow run's workspace, before the cancellation


def wait_for(url: str) -> None:
    for _ in range(PATIENCE * 5):
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(url)


@contextmanager
def running(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site() as site:
        Thread(target=site.serve_forever, daemon=True).start()
        yield site
        site.is_over.set()
        site.shutdown()


@pytest.fixture(scope="module")
def prefect(
    tmp_path_factory: pytest.TempPathFactory,
    site: Site,
    free_port: Callable[[], int],
    prefect_tables: Path,
    mlflow_tables: Path,
) -> Iterator[Prefect]:
    """A server of its own, with a copy of the project that was deployed to it."""
    prefect = Prefect(tmp_path_factory.mktemp("prefect"), site, free_port())
    prefect.project.mkdir()
    (prefect.folder / "home").mkdir()
    shutil.copy(prefect_tables, prefect.folder / "home")
    for name in ("foodcls", "tasks", "flows", "recipes", "prefect.yaml", "automations.yaml"):
        source, place = ROOT / name, prefect.project / name
        shutil.copytree(source, place) if source.is_dir() else shutil.copy(source, place)
    space = prefect.project / "workspace" / "sample"
    space.mkdir(parents=True)
    shutil.copy(mlflow_tables, space / "mlflow.db")
    (prefect.project / "recipes" / "slow.yaml").write_text(SLOW)
    rows = [f"{label},{site.url}/{label}{n}.jpg\n" for label in "ab" for n in range(3)]
    (prefect.project / "recipes" / "urls.csv").write_text("label,url\n" + "".join(rows))
    server = prefect.start("server", "start", "--host", "127.0.0.1", "--port", str(prefect.port))
    with running(server):
        wait_for(f"{prefect.api}/health")
        prefect.deploy()
        yield prefect
        if prefect.shell:
            prefect.shell.communicate()


@pytest.fixture(scope="module")
def day(prefect: Prefect, site: Site) -> Day:
    """Runs that overlap, are doubled and cancelled, all with one worker."""
    space = prefect.project / "workspace" / "slow"
    with running(prefect.start("worker", "start", "--pool", "foodcls")):
        slow = prefect.order("slow")
        prefect.wait_until_stuck(slow)
        doubled = prefect.order("slow")
        small = prefect.type_order("sample", overrides=SMALL)
        # ordered at once, the worker might begin with either
        prefect.wait(small, "Pending", "Running", "Completed")
        late = prefect.order("sample", overrides=SMALL)
        small_done, late_done = (
            prefect.wait(run, "Completed", "Failed", "Crashed") for run in (small, late)
        )
        holder = json.loads((space / HOLDER).read_text())
        prefect.ask(f"flow_runs/{slow}/set_state", {"state": {"type": "CANCELLING"}})
        day = Day(
            prefect,
            slow=prefect.wait(slow, "Cancelled"),
            doubled=prefect.wait(doubled, "Cancelled"),
            small=small_done,
            late=late_done,
            late_states=[
                state["name"] for state in prefect.ask(f"flow_run_states/?flow_run_id={late}")
            ],
            holder=holder,
        )
        # a run has ended before it tells of it, and its worker takes it along
        site.await_messages(3)
        return day


def message_of(day: Day, run: dict[str, Any]) -> dict[str, Any]:
    """What the webhook was told of a run; exactly one message."""
    (message,) = [one for one in day.prefect.site.messages if one["run_id"] == run["id"]]
    return message


# the first of them waits for the whole day
pytestmark = pytest.mark.timeout(3 * PATIENCE)


@pytest.mark.runs(
    "prefect server start",
    "prefect work-pool create",
    "prefect worker start",
    "prefect deployment run",
)
def test_deployed_sample_runs_to_completed_with_overrides(day: Day) -> None:
    assert day.small["state"]["name"] == "Completed", day.prefect.said()
    store = day.prefect.project / "workspace" / "sample" / "mlflow.db"
    client = MlflowClient(f"sqlite:///{store}")
    champion = client.get_model_version_by_alias("sample", "champion")
    assert client.get_run(champion.run_id).data.params["train.backbone"] == "test_resnet"
    assert "version 1 is the champion now, the first model" in day.small["state"]["message"]


def test_a_run_that_was_ordered_twice_waits_and_then_finds_nothing_new(day: Day) -> None:
    assert "AwaitingConcurrencySlot" in day.late_states
    assert day.late["start_time"] >= day.small["end_time"]
    assert day.late["state"]["message"].startswith("sample: nothing new"), day.late["state"]
    # on a quiet machine 5 s against 15; a busy one stretches both
    assert day.late["total_run_time"] < 0.8 * day.small["total_run_time"]


def test_a_second_run_of_a_scheduled_recipe_is_dropped_while_the_first_is_on(day: Day) -> None:
    assert day.doubled["state"]["message"] == "Deployment concurrency limit reached."
    assert day.doubled["run_count"] == 0


def test_a_cancelled_run_stops_frees_its_workspace_and_leaves_nothing_torn(day: Day) -> None:
    assert day.slow["state"]["name"] == "Cancelled"
    with pytest.raises(ProcessLookupError):
        os.kill(day.holder["pid"], 0)
    space = day.prefect.project / "workspace" / "slow"
    assert not (space / HOLDER).exists()
    with holding(space):
        assert not list(space.rglob("*.part"))


def test_the_webhook_is_told_how_each_run_ended(day: Day) -> None:
    small, late, slow = (message_of(day, run) for run in (day.small, day.late, day.slow))
    assert [one["state"] for one in (small, late, slow)] == ["Completed", "Completed", "Cancelled"]
    assert "champion now" in small["reason"] and "nothing new" in late["reason"]
    assert slow["recipe"].endswith("/project/recipes/slow.yaml") and slow["flow"] == "retrain"
    assert small["links"]["flow_run"].endswith(f"/runs/flow-run/{day.small['id']}")
    # what never began has nobody to tell of it
    assert day.doubled["id"] not in [one["run_id"] for one in day.prefect.site.messages]


def test_flows_that_a_run_calls_have_its_tags(day: Day) -> None:
    """By which automations.yaml finds those that have lost their process."""
    found = day.prefect.ask("flow_runs/filter", {})
    called = [run for run in found if run["parent_task_run_id"]]
    assert len(called) >= 4 and all("foodcls" in run["tags"] for run in called)


def test_tables_of_a_run_are_artifacts(day: Day) -> None:
    found = {one["key"]: one for one in day.prefect.ask("artifacts/latest/filter", {})}
    of_a_run = ("stages-train", "stages-prepare", "classes", "dropped", "metrics", "verdict")
    assert {f"{name}-sample" for name in (*of_a_run, "metrics-by-class")} <= set(found)
    assert {row["class"] for row in json.loads(found["classes-sample"]["data"])} >= {"bread"}
    assert "Nothing new" in found["verdict-sample"]["data"]


def test_no_secret_of_the_environment_is_in_any_log_or_record(day: Day) -> None:
    """Server's database and log, worker's log, workspaces with MLflow's store and artifacts."""
    for run in (day.small, day.slow):
        lines = day.prefect.ask("logs/filter", {"logs": {"flow_run_id": {"any_": [run["id"]]}}})
        assert lines and SECRET not in json.dumps(lines)
    files = [path for path in day.prefect.folder.rglob("*") if path.is_file()]
    assert any(path.name == "prefect.db" for path in files)
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]


@pytest.mark.runs("prefect deploy --all", "foodcls schedule", "prefect deployment delete")
def test_only_a_schedule_that_was_asked_for_is_active(prefect: Prefect) -> None:
    """Deploying all sets no weekly crawl of 13 dishes going; "schedule" deploys one recipe."""
    for name, is_active in (("foods13", False), ("slow", True)):
        deployed = prefect.ask(f"deployments/name/retrain/{name}")
        (schedule,) = deployed["schedules"]
        found = schedule["schedule"]
        assert (found["cron"], found["timezone"]) == ("0 3 * * 1", "Europe/Rome")
        assert schedule["active"] == is_active
        assert deployed["global_concurrency_limit"]["limit"] == 1
    prefect.run("deployment", "delete", "retrain/slow")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        prefect.ask("deployments/name/retrain/slow")


@pytest.mark.runs("prefect automation create")
@pytest.mark.long
def test_a_run_that_lost_its_process_is_crashed_and_its_place_is_free_again(
    prefect: Prefect, site: Site
) -> None:
    """Worker and process die together; another run dies before its first beat."""
    prefect.run("automation", "create", "--from-file", "automations.yaml")
    space = prefect.project / "workspace" / "lost"
    site.was_asked.clear()
    with running(prefect.start("worker", "start", "--pool", "foodcls")) as worker:
        lost = prefect.order("foods13", recipe="recipes/slow.yaml", workspace=str(space))
        prefect.wait_until_stuck(lost)
        worker.kill()
        os.kill(json.loads((space / HOLDER).read_text())["pid"], signal.SIGKILL)
    started = time.monotonic()
    silent = prefect.order("sample")
    for state in ("PENDING", "RUNNING"):
        prefect.ask(f"flow_runs/{silent}/set_state", {"state": {"type": state}, "force": True})
    for run in (lost, silent):
        assert "no sign of life" in prefect.wait(run, "Crashed")["state"]["message"]
    # three beats of 30 s, and a minute
    assert time.monotonic() - started < 150
    # nor are the flows that it had called, of which no worker knows: their last beat was later
    alive = {"flow_runs": {"state": {"type": {"any_": ["RUNNING"]}}}}
    while found := prefect.ask("flow_runs/filter", alive):
        assert time.monotonic() - started < 180, found
        time.sleep(1)
    # nothing waits for the lost one: not the deployment's limit, not the workspace
    limit = prefect.ask("v2/concurrency_limits/filter", {})
    assert all(one["active_slots"] == 0 for one in limit)
    with holding(space):
        assert not list(space.rglob("*.part"))

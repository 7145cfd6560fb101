"""How the tests are shared out among processes, and what of the machine none of them sees."""

import gc
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# tests that run beside each other on all cores have one each: more threads would wait in circles
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # to look for cycles in what is imported takes a quarter of the time of importing it
    gc.disable()

import pytest

ROOT = Path(__file__).resolve().parent.parent
if "PYTEST_XDIST_WORKER" not in os.environ:
    # what the processes that tests start read first; workers have it from who starts them
    places = [str(ROOT / "tests" / "children"), os.environ.get("PYTHONPATH")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, places))
# the modules of tests/fixtures
FIXTURES = ("answer_fixtures", "browser_fixtures", "model_fixtures", "network_fixtures",
            "picture_fixtures", "server_fixtures", "store_fixtures")  # fmt: skip
# files that take longest, much of it waiting: begun first, they leave no core idle at the end
LONGEST = ("flows/test_worker.py", "flows/test_outage.py", "test_serve.py",
           "docs/test_tutorial.py", "flows/test_train.py", "tasks/tracking/test_send.py",
           "flows/test_retrain.py", "tasks/engine/test_cluster.py", "flows/test_far.py",
           "cpp/test_parity.py", "flows/cli/test_main.py",
           "foodcls/train/test_resume.py", "foodcls/train/test_methods.py",
           "foodcls/evaluate/test_strangers.py")  # fmt: skip
# files that share a program that is slow to start: tests/flows/starter.py (those that take minutes
# have their own) and a server of MLflow; a cluster of Dask
TOGETHER = {
    **dict.fromkeys(("flows/test_outage", "flows/test_secrets", "flows/test_tidy",
                     "tasks/tracking/test_send"), "starter"),
    **dict.fromkeys(("tasks/engine/test_cluster", "flows/test_far"), "cluster"),
}  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    """Whoever runs tests has the fixtures; who hands them out to others need not import torch."""
    if config.getoption("dist", "no") == "no" or config.getoption("collectonly"):
        for name in FIXTURES:
            config.pluginmanager.import_plugin(name)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: tests wait a third of their time, for servers and clocks."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """From here on cycles are looked for, but not in what has been imported and collected."""
    gc.freeze()
    gc.set_threshold(700, 10, 10)  # Python's own: networks lie in cycles, and are large
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
            return TOGETHER.get(file.removeprefix("tests/").removesuffix(".py"), file)

    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, the library's many short ones last; a file keeps its order."""
    places = {ROOT / "tests" / name: place for place, name in enumerate(LONGEST)}
    library = ROOT / "tests" / "foodcls"
    items.sort(key=lambda item: (places.get(item.path, len(places)), library in item.path.parents))


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

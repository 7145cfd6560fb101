"""Exports a network as machine code by AOTInductor, for programs with libtorch, as a .aoti.pt2.

The code is made for this machine's processor and torch; what it is bound to stands in the file.
"""

import io
import json
import logging
import platform
import shutil
import warnings
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import BadZipFile, ZipFile

import torch
from torch import nn

from foodcls.errors import ExportError
from foodcls.export.exported_program import FACTS, capture_interleaved, model_of
from foodcls.export.model import Model
from foodcls.export.safety.archive import refuse
from foodcls.export.torchscript import InferenceConfig
from foodcls.store.store import digest_of

COMPILERS = ("c++", "g++", "clang++")


def package_bytes(
    network: nn.Module, config: InferenceConfig, provenance: Mapping[str, str]
) -> bytes:
    """The package of a network: uint8 (N, H, W, 3) of any size, row by row, on such processors.

    ExportError where no C++ compiler is found.
    """
    if not any(map(shutil.which, COMPILERS)):
        raise ExportError(
            "aotinductor needs a C++ compiler: apt-get install g++, or leave it out of "
            "export.formats"
        )
    bound = bound_to()
    facts = asdict(config) | {"provenance": dict(provenance), "bound_to": bound}
    # for C++: libtorch reads it without running anything
    metadata = config.metadata() | {f"bound_to.{name}": value for name, value in bound.items()}
    with TemporaryDirectory() as place, warnings.catch_warnings():
        # of torch about itself
        warnings.simplefilter("ignore")
        logging.getLogger("torch._inductor").setLevel(logging.ERROR)
        path = Path(place, "model.pt2")
        torch._inductor.aoti_compile_and_package(
            capture_interleaved(network, config),
            package_path=str(path),
            inductor_configs={"aot_inductor.metadata": metadata},
        )
        with ZipFile(path, "a") as package:
            package.writestr(f"{package.namelist()[0].partition('/')[0]}/extra/{FACTS}",
                             json.dumps(facts, ensure_ascii=False))  # fmt: skip
        return path.read_bytes()


def bound_to() -> dict[str, str]:
    """What machine code made here asks of where it runs."""
    return {
        "device": "cpu",
        "torch": torch.__version__,
        "system": platform.system(),
        "machine": platform.machine(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
    }


def read_package(data: bytes) -> Model:
    """The model in a package's bytes, whose digest is trusted: it is machine code.

    ValueError where it was made for another machine.
    """
    try:
        with ZipFile(io.BytesIO(data)) as package:
            (name,) = (one for one in package.namelist() if one.endswith(f"/extra/{FACTS}"))
            facts = json.loads(package.read(name))
            # libtorch leaves what it has unpacked behind when it fails at the rest
            if damaged := package.testzip():
                refuse(f"{damaged} in it is damaged")
    except BadZipFile as error:
        refuse(str(error))
    here, there = bound_to(), facts["bound_to"]
    if other := [name for name in here if there.get(name) != here[name]]:
        told = (", ".join(f"{name} {one.get(name)}" for name in other) for one in (there, here))
        refuse("it is machine code for {}; here is {}".format(*told))
    with TemporaryDirectory() as place:
        path = Path(place, "model.pt2")
        path.write_bytes(data)
        loaded = torch._inductor.aoti_load_package(str(path))
    return model_of(
        lambda images: loaded(images.permute(0, 2, 3, 1).contiguous()), facts, digest_of(data)
    )

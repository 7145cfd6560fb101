"""Says whether a recipe's `trainable` names modules of its backbone, before torch is imported.

The usual backbones' modules are kept in module_names.json, as benchmarks/module_names.py writes it;
of others, and of other versions of the libraries, it is known here which words name no module.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from foodcls.errors import InputError
from foodcls.network.at_hand import member_names, sources

KEPT = Path(__file__).with_name("module_names.json")
LIBRARIES = ("timm", "torchvision")
ALL = "all"
MEMBERS = "members"  # of backbones that are joined


def check_trainable(backbone: str, trainable: Sequence[str]) -> bool:
    """Whether the backbone's modules are kept; InputError where one that is named is none of them.

    Those without weights, which cannot learn, are not among them.
    """
    kept = json.loads(KEPT.read_text("utf-8"))
    members = member_names(backbone)
    if kept["versions"] != installed_versions() or not set(members) <= kept["modules"].keys():
        _check_words(trainable)
        return False
    trees = [kept["modules"][name] for name in members]
    joined = {MEMBERS: {str(place): tree for place, tree in enumerate(trees)}}
    tree = joined if len(trees) > 1 else trees[0]
    known = set(_paths(tree))
    for name in trainable:
        if name not in known and list(trainable) != [ALL]:
            raise no_module(name, tree)
    return True


def _check_words(trainable: Sequence[str]) -> None:
    """InputError where a name has a word that the libraries write nowhere: none is called so."""
    text = "".join((ALL, MEMBERS, *(text for library in LIBRARIES for text in sources(library))))
    for name in trainable:
        # numbers are often made by counting
        if odd := [word for word in re.findall(r"[^\W\d_]+", name) if word not in text]:
            raise InputError(
                f"trainable: {name!r} is no module of any backbone, {odd[0]!r} stands nowhere in "
                f"the sources of {' and '.join(LIBRARIES)}; without this line the last stage is "
                "trained; ['all'] trains everything, [] the head alone"
            )


def no_module(name: str, children: Iterable[str]) -> InputError:
    """What to say of a name that is no module of a backbone with these children."""
    return InputError(
        f"trainable: {name!r} is no module of the backbone with weights to train; its modules are "
        f"{', '.join(children)}, or parts of them, as layer4.1 is of layer4; ['all'] trains "
        "everything, [] the head alone"
    )


def installed_versions() -> dict[str, str]:
    """Those of the libraries, without the tags of their builds."""
    return {name: version(name).partition("+")[0] for name in LIBRARIES}


def _paths(tree: Mapping[str, Any], above: str = "") -> Iterator[str]:
    for name, inner in tree.items():
        yield above + name
        yield from _paths(inner, f"{above}{name}.")

"""Says whether a recipe's `trainable` names modules of its backbone, before torch is imported.

All backbones' modules are kept in module_names.json, as benchmarks/module_names.py writes it, but
for those of timm that torchvision has by the same name; of these, and of other versions of the
libraries, it is known here which words name no module.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

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
    found = (_find_top(name, kept["backbones"]) for name in members)
    tops = [top for top in found if top is not None]
    if kept["versions"] != installed_versions() or len(tops) < len(members):
        _check_words(trainable)
        return False
    modules: list[Mapping[str, int]] = kept["modules"]
    if len(tops) > 1:
        modules += [{str(place): top for place, top in enumerate(tops)}, {MEMBERS: len(modules)}]
        tops = [len(modules) - 1]
    for name in trainable if list(trainable) != [ALL] else ():
        at: int | None = tops[0]
        for word in name.split("."):
            at = modules[at].get(word) if at is not None else None
        if at is None:
            raise no_module(name, modules[tops[0]])
    return True


def _find_top(name: str, backbones: Mapping[str, Mapping[str, int]]) -> int | None:
    """Which of the kept modules a backbone is; a name with a tag is timm's."""
    plain, tag, _ = name.partition(".")
    libraries = LIBRARIES[:1] if tag else LIBRARIES[::-1]
    return next((backbones[one][plain] for one in libraries if plain in backbones[one]), None)


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
    """The libraries' installed versions, without the tags of their builds."""
    return {name: version(name).partition("+")[0] for name in LIBRARIES}

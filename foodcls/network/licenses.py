"""The licenses of pretrained weights, as far as timm and torchvision tell them."""

import logging
import re

from foodcls.errors import InputError
from foodcls.network import model_zoo
from foodcls.network.at_hand import PACKAGES, member_names
from foodcls.network.backbones import torchvision_names
from foodcls.recipe.train_settings import Train

log = logging.getLogger(__name__)

UNSTATED = "not stated"
# of the names that timm gives, those that allow research alone, and those that allow all use
RESEARCH = re.compile(r"-nc(-|$)|noncommercial|^apple-amlr$")
OPEN = re.compile(r"^(apache|mit|bsd|cc-by-4)")


def weights_license(settings: Train) -> str:
    """The name of the weights' license, "not stated" where no library says; empty for random ones.

    torchvision names none but that of SWAG's weights: it holds that terms may follow from the data.
    Of several backbones' weights all licenses are named.
    """
    return ", ".join(_licenses(settings))


def check_license(settings: Train) -> None:
    """InputError where the weights' license forbids the use that the recipe states."""
    licenses = _licenses(settings)
    if settings.use != "commercial" or all(map(OPEN.search, licenses)):
        return
    stated = ", ".join(licenses)
    if any(map(RESEARCH.search, licenses)):
        raise InputError(
            f"train.use is commercial, and the license of the weights of {settings.backbone!r}, "
            f"{stated}, allows research alone; set another train.backbone, e.g. "
            f"{next(iter(PACKAGES))} (apache-2.0), or train.use: research"
        )
    log.warning(
        "train.use is commercial, and the license of the weights of %s is %s: make sure that it "
        "allows that", settings.backbone, stated,
    )  # fmt: skip


def _licenses(settings: Train) -> list[str]:
    if settings.weights != "imagenet":
        return [] if settings.weights == "none" else [UNSTATED]
    return list(dict.fromkeys(map(_license_of, member_names(settings.backbone))))


def _license_of(name: str) -> str:
    if name in torchvision_names():
        held = model_zoo.torchvision.models.get_model_weights(name).DEFAULT.meta.get("license", "")
        return "cc-by-nc-4.0" if "SWAG" in held else held or UNSTATED
    known = model_zoo.timm.get_pretrained_cfg(name)
    stated = str(known.license) if known and known.license else UNSTATED
    return UNSTATED if stated == "unknown" else stated

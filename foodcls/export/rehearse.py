"""Makes sure, before anything is trained, that a recipe's network can learn and be exported."""

from torch import nn

from foodcls.errors import ExportError, first_line
from foodcls.export.optimize import OptimizedNetwork
from foodcls.export.safety.read import UNREADABLE, read_module
from foodcls.export.torchscript import InferenceConfig, export_bytes
from foodcls.network.network import check_gradients, count_views, start_network, with_own_size
from foodcls.recipe.train_settings import Train


def rehearse(settings: Train) -> str:
    """Export the untrained network and read the file back; the digest of its first weights.

    WeightsError or InputError when the network cannot be had or would not learn, ExportError when
    its file would be refused.
    """
    settings = with_own_size(settings)
    # which of them is chosen for pictures that are not there yet; a backbone that has learnt
    # nothing makes no probe
    is_open = settings.method == "auto" and settings.weights != "none"
    methods = ("finetune", "probe") if is_open else (settings.method,)
    return [_rehearse(settings.model_copy(update={"method": method})) for method in methods][0]


def _rehearse(settings: Train) -> str:
    backbone, network = start_network(settings, classes=2)
    check_gradients(network, settings)
    network.tta_views = count_views(settings)
    config = InferenceConfig(settings.input_size, ("a", "b"))
    # as it is, which is faster; where that is refused, optimized as `export` writes it
    if _refusal(network, config) and (
        why := _refusal(OptimizedNetwork(network, settings.input_size), config)
    ):
        raise ExportError(
            f"a model with the backbone {settings.backbone!r} could not be exported ({why}); "
            "use another"
        )
    return backbone.pretrained_digest


def _refusal(network: nn.Module, config: InferenceConfig) -> str:
    """Why the file of a network would not be read; empty where it would."""
    try:
        read_module(export_bytes(network, config, {"recipe": ""}))
    except UNREADABLE as error:
        return first_line(error)
    return ""

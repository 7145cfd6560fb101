import pytest
import torch
from torch import nn

from foodcls.errors import ExportError, InputError
from foodcls.export.rehearse import rehearse
from foodcls.network import backbones
from foodcls.network.network import Network, check_gradients, start_network
from foodcls.recipe.train_settings import Extras, Train


def settings(backbone: str, *trainable: str, tta: int = 1) -> Train:
    extras = Extras.model_validate({"tta": tta})
    return Train(
        backbone=backbone, weights="none", trainable=trainable, input_size=32, extras=extras
    )


def test_a_sound_network_passes_and_stays_as_it_is() -> None:
    wanted = start_network(settings("test_resnet", "layer4"), 2)[0].pretrained_digest
    assert rehearse(settings("test_resnet", "layer4", tta=4)) == wanted


def test_where_the_method_is_open_each_that_may_be_chosen_is_rehearsed(monkeypatch) -> None:
    """A probe takes roots of the features, which no other method exports."""
    seen = list[tuple[bool, int]]()

    def started(settings: Train, classes: int) -> tuple[backbones.Backbone, Network]:
        bare = settings.model_copy(update={"weights": "none"})
        backbone, network = start_network(bare, classes)
        seen.append((network.takes_roots, len(network.trainable)))
        return backbone, network

    monkeypatch.setattr("foodcls.export.rehearse.start_network", started)
    learnt = Train(backbone="test_resnet", input_size=32)
    for method, forms in (("auto", [(False, 1), (True, 0)]), ("probe", [(True, 0)])):
        seen.clear()
        rehearse(learnt.model_copy(update={"method": method}))
        assert seen == forms


class Sorting(nn.Module):
    """Uses what no exported file may."""

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return pictures.mean((2, 3)).sort().values


def test_an_operator_that_no_file_may_use_is_refused_before_training(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backbones, "_build", lambda name, size: backbones._Bare(Sorting(), ()))
    with pytest.raises(ExportError, match="'sorting'.*aten::sort"):
        rehearse(settings("sorting"))


def test_what_never_learns_is_refused() -> None:
    with pytest.raises(InputError, match="'dead' would never learn"):
        network = start_network(settings("test_resnet", "layer4"), 2)[1]
        dead = nn.Linear(1, 1)
        network.trainable, network.trainable_names = (dead,), ("dead",)
        check_gradients(network, settings("test_resnet", "dead"))


def test_what_torchvision_trains_beside_the_classifier_is_no_module() -> None:
    with pytest.raises(InputError, match="'aux2' is no module"):
        rehearse(settings("googlenet", "aux2"))

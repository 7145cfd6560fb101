from collections.abc import Callable

import pytest
import torch

from foodcls.errors import TrainingError
from foodcls.recipe.train_settings import Extras, Train
from foodcls.train.dataset import TrainVal
from foodcls.train.learner import Learner, choose_device

Build = Callable[..., Learner]


def test_only_devices_that_exist_are_chosen() -> None:
    assert choose_device("cpu").type == "cpu"
    if torch.cuda.is_available():
        assert choose_device("auto").type == choose_device("cuda").type == "cuda"
    else:
        assert choose_device("auto").type == "cpu"
        with pytest.raises(TrainingError, match="no graphics card"):
            choose_device("cuda")


def test_answers_are_logits_in_fp32(build: Build, train_val: TrainVal) -> None:
    learner = build()
    answers = learner.logits(train_val.train.take(train_val.train.targets[:4], 1))
    assert answers.shape == (4, train_val.classes) and answers.dtype == torch.float32


def test_smoothing_raises_the_loss_of_the_sure(build: Build, settings: Train) -> None:
    smooth = build(settings=settings.model_copy(update={"extras": Extras(label_smoothing=0.2)}))
    sure, truth = torch.eye(13) * 20, torch.arange(13)
    assert build().loss(sure, truth) < 1e-6 < 1 < smooth.loss(sure, truth)


def test_a_step_goes_at_a_share_of_the_rate(build: Build) -> None:
    moved = []
    for share in (1.0, 0.1):
        learner = build()
        weight = learner.network.head[1].bias
        before = weight.detach().clone()
        learner.step(weight.sum(), share, number=0)
        # Adam's first step is the rate itself
        moved.append(float((weight.detach() - before).abs().max()))
    assert moved == pytest.approx([0.02, 0.002], rel=1e-3)

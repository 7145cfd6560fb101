import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from foodcls.errors import TrainingError
from foodcls.network.backbones import Backbone
from foodcls.network.network import Network, make_head
from foodcls.network.resize import as_images
from foodcls.recipe.train_settings import Extras, Train
from foodcls.train.checkpoint import EpochReport
from foodcls.train.dataset import TrainVal
from foodcls.train.learner import Learner, start_learner
from foodcls.train.loop import fit

# the least that cross entropy of softmaxed outputs can be for 13 classes (the original's fault)
FLOOR = 1.69

Build = Callable[..., Learner]


def test_loss_falls_below_what_softmaxed_outputs_allow(
    build: Build, train_val: TrainVal, settings: Train
) -> None:
    reports = list(fit(build(), train_val, settings))
    assert reports[-1].train_loss < FLOOR / 2
    assert reports[-1].val_loss < FLOOR / 2
    assert reports[-1].val_accuracy > 0.8
    assert reports[-1].val_average_position < 1.5


def test_losses_are_the_cross_entropy_of_logits(
    tiny_backbone: Callable[[], Backbone], train_val: TrainVal
) -> None:
    # frozen but for a head without dropout, and all in one batch: training changes nothing yet
    network = Network(tiny_backbone(), make_head(8, 0, train_val.classes, 0.0, 0), ())
    wanted = []
    for part in (train_val.train, train_val.val):
        logits = network(as_images(part.inputs[0].take(np.arange(len(part))))).detach()
        wanted.append(float(nn.CrossEntropyLoss()(logits, torch.from_numpy(part.targets))))
    settings = Train(lr=1e-12, epochs=1, batch_size=len(train_val.train))
    (report,) = fit(start_learner(network, network, settings), train_val, settings)
    assert [report.train_loss, report.val_loss] == pytest.approx(wanted, abs=1e-5)


def test_reports_count_epochs_and_time(build: Build, train_val: TrainVal, settings: Train) -> None:
    ticks = iter([0.0, 1.5, 10.0, 9.0])
    quick = settings.model_copy(update={"epochs": 2})
    reports = list(fit(build(), train_val, quick, clock=lambda: next(ticks)))
    assert [report.epoch for report in reports] == [1, 2]
    # a clock that steps back gives no negative time
    assert [report.seconds for report in reports] == [1.5, 0.0]
    assert {report.lr for report in reports} == {settings.lr}


def run(
    build: Build, train_val: TrainVal, settings: Train
) -> tuple[list[EpochReport], torch.Tensor]:
    learner = build()
    reports = list(fit(learner, train_val, settings, clock=lambda: 0.0))
    return reports, learner.network.head[1].weight.detach().clone()


def test_same_seed_gives_the_same_bits_and_another_seed_others(
    build: Build, train_val: TrainVal, settings: Train
) -> None:
    short = settings.model_copy(update={"epochs": 2})
    torch.manual_seed(1)
    state = torch.random.get_rng_state()
    first = run(build, train_val, short)
    assert torch.equal(torch.random.get_rng_state(), state)
    torch.manual_seed(2)
    again = run(build, train_val, short)
    other = run(build, train_val, short.model_copy(update={"seed": 1}))
    assert first[0] == again[0]
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[1], other[1])


def test_frozen_part_comes_out_bit_for_bit(
    build: Build, train_val: TrainVal, settings: Train
) -> None:
    learner = build(("conv2", "bn2"))
    before = {name: value.clone() for name, value in learner.network.state_dict().items()}
    list(fit(learner, train_val, settings.model_copy(update={"epochs": 2})))
    moved = {n for n, v in learner.network.state_dict().items() if not torch.equal(v, before[n])}
    assert not any(name.startswith(("backbone.conv1", "backbone.bn1")) for name in moved)
    assert {"backbone.conv2.weight", "backbone.bn2.running_mean", "head.1.weight"} <= moved


def test_a_loss_that_is_no_number_names_the_pictures(
    build: Build, train_val: TrainVal, settings: Train
) -> None:
    learner = build()
    with torch.no_grad():
        learner.network.head[1].weight[0, 0] = torch.nan
    with pytest.raises(TrainingError, match=r"loss is nan.*picture\d+, picture\d+"):
        list(fit(learner, train_val, settings))


def test_a_learning_rate_out_of_all_bounds_is_an_error(
    build: Build, train_val: TrainVal, settings: Train
) -> None:
    wild = settings.model_copy(update={"lr": 1e30})
    with pytest.raises(TrainingError, match=r"lr 1e\+30 is too high"):
        list(fit(build(settings=wild), train_val, wild))


def test_a_budget_that_is_over_cuts_the_epoch_and_ends_with_it(
    build: Build, train_val: TrainVal, settings: Train
) -> None:
    # asked after each batch but the first: over in the third batch of the second epoch
    answers = iter([False] * 8)
    reports = list(fit(build(), train_val, settings, is_over=lambda: next(answers, True)))
    assert [report.epoch for report in reports] == [1, 2]
    whole = list(fit(build(), train_val, settings.model_copy(update={"epochs": 2})))
    assert reports[0].val_loss == whole[0].val_loss
    assert reports[1].val_loss != whole[1].val_loss


def test_a_budget_that_is_over_before_an_epoch_leaves_it_out_but_for_the_first(
    build: Build, train_val: TrainVal, settings: Train
) -> None:
    assert len(list(fit(build(), train_val, settings, is_over=lambda: True))) == 1
    assert list(fit(build(), train_val, settings, first_epoch=2, is_over=lambda: True)) == []


EXTRAS = {
    "label smoothing": Extras(label_smoothing=0.1),
    "warm-up and cosine": Extras(warmup=1.5, cosine=True),
    "layer-wise rates": Extras(layer_decay=0.5),
    "ema": Extras(ema=0.9),
    "mixup": Extras(mixup=0.2),
    "class weights": Extras(balance="weights"),
    "all of them": Extras(
        label_smoothing=0.05, warmup=1, cosine=True, layer_decay=0.8, ema=0.5, mixup=0.1,
        balance="sampling",
    ),
}  # fmt: skip


@pytest.mark.parametrize("extras", EXTRAS.values(), ids=EXTRAS)
def test_each_extra_learns_and_learns_otherwise(
    build: Build, train_val: TrainVal, settings: Train, extras: Extras
) -> None:
    changed = settings.model_copy(update={"extras": extras})
    weights = torch.linspace(0.5, 1.5, train_val.classes) if extras.balance == "weights" else None
    learner = dataclasses.replace(build(settings=changed), weights=weights)
    reports = list(fit(learner, train_val, changed))
    assert reports[-1].val_accuracy > 0.7
    plain = list(fit(build(), train_val, settings))
    assert reports[-1].val_loss != plain[-1].val_loss


def test_the_average_is_judged_and_learning_goes_on_from_the_weights(
    build: Build, train_val: TrainVal, settings: Train
) -> None:
    averaged = settings.model_copy(update={"epochs": 3, "extras": Extras(ema=0.9)})
    learner, plain = build(settings=averaged), build()
    reports = list(fit(learner, train_val, averaged))
    others = list(fit(plain, train_val, settings.model_copy(update={"epochs": 3})))
    # the same weights learnt, bit for bit; another network judged
    for name, value in plain.network.state_dict().items():
        assert torch.equal(learner.network.state_dict()[name], value), name
    assert [r.train_loss for r in reports] == [r.train_loss for r in others]
    assert all(r.val_loss != o.val_loss for r, o in zip(reports, others, strict=True))


def test_rates_rise_and_fall_as_reported(
    build: Build, train_val: TrainVal, settings: Train
) -> None:
    changed = settings.model_copy(
        update={"epochs": 4, "extras": Extras(warmup=1, cosine=True, layer_decay=0.5)}
    )
    learner = build(settings=changed)
    rates = [report.lr / settings.lr for report in fit(learner, train_val, changed)]
    assert rates[0] == 1 and rates == sorted(rates, reverse=True) and rates[-1] < 0.02
    groups = [group["lr"] for group in learner.optimizer.param_groups]
    assert groups == pytest.approx([changed.lr * rates[-1] * 0.5**k for k in range(len(groups))])


def test_bf16_learns_as_fp32_within_its_rounding(
    build: Build, train_val: TrainVal, settings: Train
) -> None:
    short = settings.model_copy(update={"epochs": 3})
    coarse = dataclasses.replace(build(), precision="bf16")
    reports = list(fit(coarse, train_val, short))
    others = list(fit(build(), train_val, short))
    assert reports[-1].train_loss != others[-1].train_loss
    assert reports[-1].train_loss == pytest.approx(others[-1].train_loss, rel=0.1)
    # what is kept stays fp32
    assert {w.dtype for w in coarse.network.parameters()} == {torch.float32}

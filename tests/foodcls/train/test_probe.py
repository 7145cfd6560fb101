import copy
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from foodcls.network.network import Network
from foodcls.recipe.train_settings import Target, Train
from foodcls.train.dataset import TrainVal, predict_all
from foodcls.train.learner import Learner
from foodcls.train.probe import (
    STRENGTHS,
    Features,
    Scaled,
    choose_strength,
    extract_features,
    fit_head,
    fit_probe,
    measure_head,
    minimize,
)

Build = Callable[..., Learner]


@pytest.mark.parametrize("hidden", [0, 6])
def test_the_head_is_fitted_to_convergence_always_the_same_and_the_backbone_stays(
    build: Build, train_val: TrainVal, settings: Train, hidden: int
) -> None:
    learner = build((), settings.model_copy(update={"hidden_units": hidden}))
    network = learner.network
    before, start = map(copy.deepcopy, (network.backbone.state_dict(), network.head.state_dict()))
    probe = fit_probe(learner, train_val, settings)
    assert all(value.equal(before[name]) for name, value in network.backbone.state_dict().items())
    assert probe.l2 > 0 and probe.train_accuracy > 0.9
    # the figures are those of the head as it stands in the network, on features as they are
    loss, probabilities = predict_all(learner.logits, train_val.val, 5)
    assert probe.val_loss == pytest.approx(loss, abs=1e-3)
    assert (probabilities.argmax(1) == train_val.val.targets).mean() > 0.9
    fitted = copy.deepcopy(network.head.state_dict())
    network.head.load_state_dict(start)
    fit_probe(learner, train_val, settings)
    # to the bit
    assert all(value.equal(fitted[name]) for name, value in network.head.state_dict().items())


def test_look_alikes_of_validation_count_once(train_val: TrainVal) -> None:
    val = train_val.val
    clusters = ("a", "a", *[""] * (len(val) - 2))
    weights = replace(val, clusters=clusters).cluster_weights
    assert weights.sum() == pytest.approx(1)
    assert weights[0] == weights[1] == pytest.approx(weights[2] / 2)
    assert np.ptp(weights[2:]) == 0


def test_features_are_what_reaches_the_head(build: Build, train_val: TrainVal) -> None:
    learner = build(())
    found = extract_features(learner, train_val.val, 4)
    (pixels,) = train_val.val.take(np.arange(len(train_val.val)), 0)
    network: Network = learner.network
    with torch.no_grad():
        wanted = network.backbone((pixels.float() / 255 - network.mean) / network.std)
    assert torch.allclose(found.values, wanted, atol=1e-5)
    assert found.truth.tolist() == train_val.val.targets.tolist()


def test_the_minimum_is_the_one_where_no_weight_has_a_gradient() -> None:
    generator = torch.Generator().manual_seed(0)
    values, truth = torch.randn(60, 4, generator=generator), torch.arange(60) % 3
    weights = torch.zeros(4, 3, requires_grad=True)
    minimize([weights], lambda: functional.cross_entropy(values @ weights, truth), 0.1)
    loss = functional.cross_entropy(values @ weights, truth) + 0.05 * weights.square().sum()
    (gradient,) = torch.autograd.grad(loss, weights)
    assert gradient.abs().max() < 5e-4 and weights.abs().max() > 0.01


def test_for_a_target_the_strongest_of_strengths_that_cannot_be_told_apart_is_chosen() -> None:
    generator = torch.Generator().manual_seed(0)

    def draw(count: int) -> Features:
        truth = torch.arange(count) % 2
        noise = torch.randn(count, 5, generator=generator)
        return Features(noise + truth[:, None], truth, torch.full((count,), 1 / count))

    scale = (torch.arange(40), torch.zeros(5), torch.ones(()))
    seen = Scaled(draw(200), draw(40), None, *scale)
    head = torch.nn.Linear(5, 2)
    all_of_them = [fit_head(head, l2, seen, 0.0) for l2 in STRENGTHS]
    best = min(all_of_them, key=lambda probe: probe.val_loss)
    losses = seen.val.losses(best.head)
    assert best.val_error == pytest.approx(losses.std(correction=0).item() / 40**0.5, rel=1e-3)
    limit = best.val_loss + best.val_error
    within = [probe.l2 for probe in all_of_them if probe.val_loss <= limit]
    assert choose_strength(head, seen, Train(target=Target())).l2 == max(within) > best.l2
    # look-alikes tell no more than one of them
    thrice = Features(*(torch.cat([one] * 3) for one in (seen.val.values, seen.val.truth)),
                      torch.full((120,), 1 / 120))  # fmt: skip
    copied = replace(seen, val=thrice, clusters=seen.clusters.repeat(3))
    assert measure_head(best.l2, best.head, copied).val_error == pytest.approx(best.val_error)
    # where pictures look in use as in validation
    assert choose_strength(head, seen, Train()).l2 == best.l2


def test_heavier_examples_pull_more(make_counts: Callable[[float], float]) -> None:
    assert make_counts(9.0) > 0.85 > 0.6 > make_counts(1.0) > 0.4


@pytest.fixture
def make_counts() -> Callable[[float], float]:
    """The probability of class 1 where both classes look the same and class 1 weighs so much."""

    def fit(weight: float) -> float:
        features = Features(torch.ones(2, 1), torch.tensor([0, 1]), torch.full((2,), 0.5))
        heavy = features.weighing(torch.tensor([1.0, weight]))
        head = torch.nn.Linear(1, 2)
        minimize(list(head.parameters()), lambda: heavy.loss(head), 1e-3)
        return head(torch.ones(1, 1)).softmax(1)[0, 1].item()

    return fit

"""Linear probing: fits the head to the frozen backbone's features, to convergence (L-BFGS)."""

import copy
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from foodcls.train.dataset import Dataset, TrainVal, predict_all
from foodcls.train.learner import Learner

log = logging.getLogger(__name__)

# of L2 regularization, for features whose variance is 1 in the mean, from the strongest on
STRENGTHS = (1.0, 0.3, 0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4, 1e-4)
STEPS = 200
# once validation is worse so many times, still weaker regularization is not tried
PATIENCE = 2


@dataclass(frozen=True)
class Features:
    """What the head gets of N examples."""

    values: Tensor  # float32 (N, F)
    truth: Tensor  # int64 (N,), classes
    weights: Tensor  # float32 (N,), of sum 1: how much each counts

    def weighing(self, weights: Tensor) -> "Features":
        """The same, each counted by its weight of `weights` (N,), of any sum."""
        share = (weights / weights.sum()).to(self.values)
        return replace(self, weights=share)

    def loss(self, head: nn.Module, smoothing: float = 0.0) -> Tensor:
        """The weighted mean cross entropy, float32 (), in nats."""
        each = functional.cross_entropy(
            head(self.values), self.truth, reduction="none", label_smoothing=smoothing
        )
        return each @ self.weights


@dataclass(frozen=True)
class Probe:
    """A head that was fitted with one strength of regularization, and its figures."""

    l2: float
    head: nn.Module
    val_loss: float  # a cluster counts as one picture
    train_loss: float
    train_accuracy: float


def fit_probe(learner: Learner, train_val: TrainVal, batch_size: int) -> Probe:
    """Fit the head of the learner's network, for each of `STRENGTHS`; the best by validation stays.

    Each begins at the untrained head: at that of a stronger one a hidden layer may have died.
    """
    head = learner.network.head
    train = extract_features(learner, train_val.train, batch_size)
    if learner.weights is not None:
        train = train.weighing(learner.weights[train.truth])
    val = extract_features(learner, train_val.val, batch_size)
    val = val.weighing(torch.from_numpy(train_val.val.cluster_weights))
    mean, spread = train.values.mean(0), train.values.var(0).mean().sqrt().clamp_min(1e-12)
    train, val = (replace(one, values=(one.values - mean) / spread) for one in (train, val))
    probes: list[Probe] = []
    for l2 in STRENGTHS:
        trial = copy.deepcopy(head).requires_grad_(True).eval()
        probes.append(_fit(trial, l2, train, val, learner.smoothing))
        if len(probes) - probes.index(_best(probes)) > PATIENCE:
            break
    best = _best(probes)
    log.info("probe: of %d strengths of L2 regularization %g is best: validation loss %.4f",
             len(probes), best.l2, best.val_loss)  # fmt: skip
    head.load_state_dict(best.head.state_dict())
    _unscale(head, mean, spread)
    return best


def extract_features(learner: Learner, dataset: Dataset, batch_size: int) -> Features:
    """What reaches the head of each example in evaluation; all count the same."""
    seen: list[Tensor] = []
    first = first_linear(learner.network.eval().head)
    # dropout, which stands before it, does nothing in evaluation
    with first.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0])):
        predict_all(learner.logits, dataset, batch_size)
    values = torch.cat(seen).float()
    truth = torch.from_numpy(dataset.targets).to(learner.device)
    return Features(values, truth, torch.full_like(values[:, 0], 1 / len(values)))


def minimize(
    weights: Sequence[Tensor], loss: Callable[[], Tensor], l2: float, steps: int = STEPS
) -> None:
    """Minimize a loss, plus `l2` / 2 times the squared matrices among its weights, in place."""
    search = torch.optim.LBFGS(weights, max_iter=steps, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        search.zero_grad()
        squares = [one.square().sum() for one in weights if one.ndim > 1]
        value = loss() + l2 / 2 * torch.stack(squares).sum()
        value.backward()
        return value

    search.step(closure)


def _fit(head: nn.Module, l2: float, train: Features, val: Features, smoothing: float) -> Probe:
    minimize(list(head.parameters()), lambda: train.loss(head, smoothing), l2)
    with torch.no_grad():
        right = (head(train.values).argmax(1) == train.truth).float().mean()
        return Probe(l2, head, float(val.loss(head)), float(train.loss(head)), float(right))


def first_linear(head: nn.Module) -> nn.Linear:
    """The layer of a head that the features reach first."""
    return next(one for one in head.modules() if isinstance(one, nn.Linear))


def _best(probes: Sequence[Probe]) -> Probe:
    return min(probes, key=lambda probe: probe.val_loss)


@torch.no_grad()
def _unscale(head: nn.Module, mean: Tensor, spread: Tensor) -> None:
    """Let a head that was fitted to (features - mean) / spread take the features themselves."""
    first = first_linear(head)
    first.weight /= spread
    first.bias.sub_(first.weight @ mean)

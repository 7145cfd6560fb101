"""Linear probing: fits the head to the frozen backbone's features, to convergence (L-BFGS)."""

import copy
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from foodcls.recipe.train_settings import Train
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
        """A copy in which each example counts by its weight in `weights` (N,), of any sum."""
        share = (weights / weights.sum()).to(self.values)
        return replace(self, weights=share)

    def balanced(self) -> "Features":
        """A copy in which all classes count the same."""
        return self.weighing(1 / torch.bincount(self.truth)[self.truth].float())

    def pick(self, chosen: Tensor) -> "Features":
        """The examples at True of bool (N,), with the weights they have to each other."""
        values, truth, weights = (one[chosen] for one in (self.values, self.truth, self.weights))
        return Features(values, truth, weights / weights.sum().clamp_min(1e-12))

    def join(self, other: "Features") -> "Features":
        """These examples and the others, all weighed the same."""
        values, truth = torch.cat([self.values, other.values]), torch.cat([self.truth, other.truth])
        return Features(values, truth, torch.full_like(values[:, 0], 1 / len(values)))

    def losses(self, head: nn.Module, smoothing: float = 0.0) -> Tensor:
        """The cross entropy of each, float32 (N,), in nats."""
        logits = head(self.values)
        return functional.cross_entropy(
            logits, self.truth, reduction="none", label_smoothing=smoothing
        )

    def loss(self, head: nn.Module, smoothing: float = 0.0) -> Tensor:
        """The weighted mean cross entropy, float32 (), in nats."""
        return self.losses(head, smoothing) @ self.weights


@dataclass(frozen=True)
class Scaled:
    """Features less their mean in training, divided by their spread there."""

    train: Features
    val: Features
    own: Features | None
    clusters: Tensor  # int64 (N,), of validation pictures: the same number for look-alikes
    mean: Tensor  # float32 (F,)
    spread: Tensor  # float32 ()

    def apply(self, features: Features) -> Features:
        """Features as they are, in this scale."""
        return replace(features, values=self.scale(features.values))

    def scale(self, values: Tensor) -> Tensor:
        """Values of features, float32 (N, F), in this scale."""
        return (values - self.mean) / self.spread

    @torch.no_grad()
    def set_head(self, head: nn.Module, fitted: nn.Module) -> None:
        """Give a head the weights of one fitted in this scale, for features as they are."""
        head.load_state_dict(fitted.state_dict())
        first = first_linear(head)
        first.weight /= self.spread
        first.bias.sub_(first.weight @ self.mean)


@dataclass(frozen=True)
class Probe:
    """A head that was fitted with one strength of regularization, and its figures."""

    l2: float
    head: nn.Module
    val_loss: float  # a cluster counts as one picture
    val_error: float  # the standard error of that
    train_loss: float
    train_accuracy: float


def fit_probe(learner: Learner, train_val: TrainVal, settings: Train) -> Probe:
    """Fit the head of the learner's network, for each of `STRENGTHS`; validation chooses one."""
    seen = scale_features(learner, train_val, settings.batch_size)
    head = learner.network.head
    best = learner.group.agree(lambda: choose_strength(head, seen, settings))
    seen.set_head(learner.network.head, best.head)
    return best


def scale_features(learner: Learner, train_val: TrainVal, batch_size: int) -> Scaled:
    """The features of all that is learnt from, weighed as the learner says, of one scale."""
    train = extract_features(learner, train_val.train, batch_size)
    if learner.weights is not None:
        train = train.weighing(learner.weights[train.truth])
    val = extract_features(learner, train_val.val, batch_size)
    val = val.weighing(torch.from_numpy(train_val.val.cluster_weights))
    clusters = torch.from_numpy(train_val.val.cluster_numbers).to(val.truth)
    own = extract_features(learner, train_val.own, batch_size) if train_val.own else None
    mean, spread = train.values.mean(0), train.values.var(0).mean().sqrt().clamp_min(1e-12)
    scaled = Scaled(train, val, own, clusters, mean, spread)
    return replace(scaled, train=scaled.apply(train), val=scaled.apply(val),
                   own=scaled.apply(own) if own else None)  # fmt: skip


def choose_strength(head: nn.Module, seen: Scaled, settings: Train) -> Probe:
    """The best by validation of copies of an untrained head, one fitted with each strength.

    A linear head begins at that of the strength before, which leads to the same minimum sooner; one
    with a hidden layer at the untrained: at that of a stronger one it may have died.

    Where the recipe names a target, it is the strongest whose loss is within a standard error of
    the least (Breiman et al. 1984): pictures look otherwise in use than the views made of photos,
    and a simpler head loses less there.
    """
    smoothing = settings.extras.label_smoothing
    probes: list[Probe] = []
    is_linear = sum(isinstance(one, nn.Linear) for one in head.modules()) == 1
    for l2 in STRENGTHS:
        begun = probes[-1].head if probes and is_linear else head
        probes.append(fit_head(begun, l2, seen, smoothing))
        if len(probes) - probes.index(_best(probes)) > PATIENCE:
            break
    best = _best(probes)
    enough = best.val_loss + (best.val_error if settings.target else 0.0)
    chosen = next(probe for probe in probes if probe.val_loss <= enough)
    least = "" if chosen is best else f"; L2 {best.l2:g} has the least, {best.val_loss:.4f}"
    log.info(
        "probe: L2 %g of %d tried: validation loss %.4f%s",
        chosen.l2, len(probes), chosen.val_loss, least,
    )  # fmt: skip
    return chosen


def extract_features(learner: Learner, dataset: Dataset, batch_size: int) -> Features:
    """What reaches the head of each example in evaluation; all count the same."""
    (values,) = extract_views(learner, dataset, batch_size, 1)
    truth = torch.from_numpy(dataset.targets).to(learner.device)
    return Features(values, truth, torch.full_like(values[:, 0], 1 / len(values)))


def extract_views(
    learner: Learner, dataset: Dataset, batch_size: int, views: int
) -> tuple[Tensor, ...]:
    """The features, float32 (N, F), of each view over which the learner's tail takes the mean."""
    seen: list[Tensor] = []
    first = first_linear(learner.network.eval().head)
    # dropout, which stands before it, does nothing in evaluation
    with first.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0])):
        predict_all(learner.logits, dataset, batch_size, learner.group)
    seen = [one.to(learner.device) for one in learner.group.gather(one.cpu() for one in seen)]
    # batch by batch, and in each batch view by view
    return tuple(torch.cat(seen[number::views]).float() for number in range(views))


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


def fit_head(head: nn.Module, l2: float, seen: Scaled, smoothing: float) -> Probe:
    """A copy of a head, fitted with this strength."""
    trial = copy.deepcopy(head).requires_grad_(True).eval()
    minimize(list(trial.parameters()), lambda: seen.train.loss(trial, smoothing), l2)
    return measure_head(l2, trial, seen)


def measure_head(l2: float, head: nn.Module, seen: Scaled) -> Probe:
    """A fitted head with its figures."""
    train, val = seen.train, seen.val
    with torch.no_grad():
        right = (head(train.values).argmax(1) == train.truth).float().mean()
        losses = val.losses(head)
        loss = losses @ val.weights
        # look-alikes err together
        parts = torch.zeros_like(losses).index_add(0, seen.clusters, val.weights * (losses - loss))
        error = parts.norm()
        return Probe(l2, head, float(loss), float(error), float(train.loss(head)), float(right))


def first_linear(head: nn.Module) -> nn.Linear:
    """The layer of a head that the features reach first."""
    return next(one for one in head.modules() if isinstance(one, nn.Linear))


def _best(probes: Sequence[Probe]) -> Probe:
    return min(probes, key=lambda probe: probe.val_loss)

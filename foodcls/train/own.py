"""Own photos first: fits the head to all photos, then to own ones and the nearest of the crawl.

The stages are those of Liu et al. 2024 (arXiv 2406.11148): mixed first, then the head alone on the
few photos that look as in use. A class without own photos is held by its nearest crawled ones.
"""

import copy
import logging
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from foodcls.recipe.train_settings import Train
from foodcls.train.dataset import TrainVal
from foodcls.train.learner import Learner
from foodcls.train.nearness import rate_nearness
from foodcls.train.probe import (
    Features,
    Probe,
    Scaled,
    choose_strength,
    measure_head,
    minimize,
    scale_features,
)
from foodcls.train.views import training_views, validation_views

log = logging.getLogger(__name__)

SHARE = 0.25  # of own photos in the first stage's loss
PULL = 0.1  # towards the first stage's head, in the second
STAND_INS = 8  # nearest crawled photos of a class without own ones, in the second


@dataclass(frozen=True)
class OwnSet:
    """Features of crawled photos in several looks, one look after the other, and of own ones."""

    crawl: Features
    own: Features
    groups: tuple[str, ...]  # of own photos, in one look
    near: int  # the look that shows a photo as the model will be given it

    @property
    def looks(self) -> int:
        """How many looks there are at each photo."""
        return len(self.own.truth) // len(self.groups)

    def look(self, number: int) -> Tensor:
        """The features, float32 (N, F), of crawled photos in one look."""
        return self.crawl.values.chunk(self.looks)[number]

    def without(self, held_out: Tensor) -> "OwnSet":
        """A copy without some own photos, bool (M,)."""
        kept = ~held_out
        groups = tuple(name for name, is_kept in zip(self.groups, kept, strict=True) if is_kept)
        return replace(self, own=self.own.pick(kept.repeat(self.looks)), groups=groups)


def fit_with_own(learner: Learner, train_val: TrainVal, settings: Train) -> Probe:
    """Fit the learner's head in both stages; its strength of regularization is the crawl's."""
    seen = scale_features(learner, train_val, settings.batch_size)
    own = join_own(seen, train_val, settings)

    def fit() -> Probe:
        best = choose_strength(learner.network.head, seen, settings)
        return measure_head(best.l2, fit_stages(best, own, learner.smoothing), seen)

    probe = learner.group.agree(fit)
    log.info(
        "own photos: learnt from %d beside %d crawled ones",
        len(own.groups),
        len(seen.train.truth) // own.looks,
    )
    seen.set_head(learner.network.head, probe.head)
    return probe


def join_own(seen: Scaled, train_val: TrainVal, settings: Train) -> OwnSet:
    """Put the features of all photos that are learnt from beside each other."""
    assert seen.own is not None and train_val.own is not None, "no own photos"
    names = [getattr(view, "number", None) for view in training_views(settings)]
    used = getattr(validation_views(settings)[0], "number", None)
    near = names.index(used) if used in names else 0
    groups = train_val.own.clusters[: len(seen.own.truth) // len(names)]
    return OwnSet(seen.train, seen.own, groups, near)


def fit_stages(start: Probe, photos: OwnSet, smoothing: float) -> nn.Module:
    """A head that began as `start`, fitted to all photos, then to own ones and stand-ins."""
    crawl, own = photos.crawl, photos.own.balanced()
    head = copy.deepcopy(start.head).requires_grad_(True)
    weights = list(head.parameters())

    def mixed() -> Tensor:
        return (1 - SHARE) * crawl.loss(head, smoothing) + SHARE * own.loss(head, smoothing)

    minimize(weights, mixed, start.l2)
    anchor = [one.detach().clone() for one in weights]
    last = photos.own.join(stand_ins(photos)).balanced()

    def pulled() -> Tensor:
        away = torch.stack(
            [(one - at).square().sum() for one, at in zip(weights, anchor, strict=True)]
        )
        return last.loss(head, smoothing) + PULL / 2 * away.sum()

    minimize(weights, pulled, 0.0)
    return head.requires_grad_(False)


def stand_ins(photos: OwnSet) -> Features:
    """The nearest crawled photos, in all looks, of each class without own ones."""
    truth = photos.crawl.truth.chunk(photos.looks)[0]
    chosen = torch.zeros_like(truth, dtype=torch.bool)
    if lacking := set(truth.tolist()) - set(photos.own.truth.tolist()):
        # as the model will be given them, against own ones as they are
        own = photos.own.values[: len(photos.groups)]
        near = rate_nearness(photos.look(photos.near), own, photos.groups)
        order = near.crawl.argsort(descending=True, stable=True)
        for label in lacking:
            chosen[order[truth[order] == label][:STAND_INS]] = True
    return photos.crawl.pick(chosen.repeat(photos.looks))

"""Judges own photos: how far the crawl is from them, and what it is worth to learn from them.

Each group of own photos is answered for by two heads that have not seen it: one fitted to the crawl
alone, and one that has learnt from the other groups too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd
import torch
from torch import Tensor, nn

from foodcls.evaluate.inference import BATCH
from foodcls.features.activations import cacheable_partition
from foodcls.features.row_cache import FeatureCache
from foodcls.manifest import LEARNT, split_rows
from foodcls.metrics.own_worth import ClassDistance, OwnWorth
from foodcls.metrics.paired_test import PairedTest, compare_predictions
from foodcls.metrics.ranks import number_groups
from foodcls.metrics.separation import auroc
from foodcls.network.network import head_units, make_head
from foodcls.progress import Track
from foodcls.recipe.data_settings import Own
from foodcls.split.test_groups import group_own
from foodcls.train.checkpoint import Checkpoint
from foodcls.train.dataset import InputSpec, load_dataset
from foodcls.train.nearness import Nearness, rate_nearness
from foodcls.train.own import OwnSet, fit_stages, join_own
from foodcls.train.prepare import prepare_learner
from foodcls.train.probe import (
    Probe,
    extract_views,
    first_linear,
    fit_head,
    scale_features,
)
from foodcls.train.restore import load_network

FEWEST = 5  # own photos of a class whose distance is told
SHOWN = 8  # nearest pictures, and farthest ones


@dataclass(frozen=True)
class _Seen:
    """What the heads are fitted to, and the own photos as an answer sees them."""

    start: Probe  # fitted to the crawl alone
    photos: OwnSet
    views: tuple[Tensor, ...]  # float32 (M, F) each
    smoothing: float


def judge_own(
    checkpoint: Checkpoint,
    manifest: pd.DataFrame,
    feature_cache: FeatureCache,
    settings: Own,
) -> OwnWorth | None:
    """Judge the rows of split "own" by groups, as `settings` name them; None where there are none.

    The checkpoint says how heads are fitted; it has learnt from all groups itself.
    """
    rows, crawl = split_rows(manifest, "own"), split_rows(manifest, "train")
    if rows.empty:
        return None
    groups = group_own(rows, settings)
    seen = _see(checkpoint, manifest, feature_cache)
    own = seen.photos.own.values[: len(rows)]
    near, as_crawled = (
        rate_nearness(seen.photos.look(look), own, groups) for look in (seen.photos.near, 0)
    )
    order = near.crawl.argsort(descending=True, stable=True).tolist()
    pictures = [crawl["picture"].iloc[place] for place in order]
    several = len(set(number_groups(groups))) > 1
    return OwnWorth(
        n=len(rows),
        groups=len(set(number_groups(groups))),
        auc=_auc(near.crawl, near.own),
        auc_as_crawled=_auc(as_crawled.crawl, as_crawled.own),
        by_class=_by_class(near, crawl["label"], rows["label"], checkpoint.labels),
        nearest=tuple(pictures[:SHOWN]),
        farthest=tuple(pictures[: -SHOWN - 1 : -1]),
        gain=_gain(seen, groups, feature_cache.track) if several else None,
    )


def _see(checkpoint: Checkpoint, manifest: pd.DataFrame, feature_cache: FeatureCache) -> _Seen:
    """Load the features that the checkpoint was fitted to, and fit its head to the crawl alone."""
    settings, labels = checkpoint.settings, checkpoint.labels
    splits = [split_rows(manifest, name) for name in LEARNT]
    network = load_network(checkpoint, feature_cache.store)
    views, network.tta_views = network.tta_views, 1
    learner, train_val = prepare_learner(network, settings, labels, splits, feature_cache)
    scaled = scale_features(learner, train_val, settings.batch_size)
    features = first_linear(network.head).in_features
    head = make_head(features, head_units(settings), len(labels), settings.dropout, settings.seed)
    # that strength was chosen on the crawl alone
    start = fit_head(head.to(learner.device), checkpoint.best.l2, scaled, learner.smoothing)
    network.tta_views = views
    size, precision = settings.input_size, settings.precision
    partition = cacheable_partition(network, size, precision, len(splits[2]), feature_cache)
    answering = InputSpec(partition, size, precision)
    asked = load_dataset(splits[2], labels, answering, feature_cache)
    answerer = replace(learner, tail=partition.tail)
    own_views = extract_views(answerer, asked, BATCH, views)
    photos = join_own(scaled, train_val, settings)
    return _Seen(start, photos, tuple(map(scaled.scale, own_views)), learner.smoothing)


def _gain(seen: _Seen, groups: list[str], track: Track) -> PairedTest:
    """Compare the answers without own photos (A) with those that learn from other groups (B)."""
    numbers = torch.from_numpy(number_groups(groups))
    looks_alike = torch.from_numpy(number_groups(seen.photos.groups))
    count = int(numbers.max()) + 1
    before = _answer(seen.start.head, seen.views)
    after = torch.zeros_like(before)
    for number in track(range(count), count, "leave a group out"):
        left_out = numbers == number
        # what looks like a photo that is left out is not learnt from either
        hidden = torch.isin(looks_alike, looks_alike[left_out])
        photos = seen.photos.without((left_out | hidden).to(before.device))
        head = fit_stages(seen.start, photos, seen.smoothing) if photos.groups else seen.start.head
        after[left_out] = _answer(head, [view[left_out] for view in seen.views])
    truth = seen.photos.own.truth[: len(groups)]
    a, b, right = (one.cpu().numpy() for one in (before, after, truth))
    return compare_predictions(a, b, right, numbers.numpy())


@torch.no_grad()
def _answer(head: nn.Module, views: Sequence[Tensor]) -> Tensor:
    """The mean probabilities, float32 (N, C), over the views (N, F) of each picture."""
    return torch.stack([head(view).softmax(1) for view in views]).mean(0)


def _auc(crawl: Tensor, own: Tensor) -> float:
    """Of how many pairs the own photo looks more like an own one; 0.5 if nothing differs."""
    return auroc(own.cpu().numpy(), crawl.cpu().numpy())


def _by_class(
    near: Nearness, crawl: pd.Series, own: pd.Series, labels: Sequence[str]
) -> tuple[ClassDistance, ...]:
    found = []
    for label in labels:
        is_crawl, is_own = (
            torch.from_numpy((names == label).to_numpy(copy=True)).to(near.own.device)
            for names in (crawl, own)
        )
        if int(is_own.sum()) >= FEWEST:
            auc = _auc(near.crawl[is_crawl], near.own[is_own])
            found.append(ClassDistance(label, int(is_own.sum()), auc))
    return tuple(found)

"""Finds label issues: ranks pictures by how likely their label is wrong or fits no class.

Two models that were not trained on a picture predict its label: a linear classifier on features of
the frozen backbone, fitted on the other folds (confident learning, Northcutt et al. 2021), and the
picture's nearest neighbors. A picture of no class gets a low probability from both.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn

from foodcls.errors import TrainingError
from foodcls.features.activations import load_activations, row_bytes, run_trunk
from foodcls.features.pixels import decode_rows
from foodcls.features.row_cache import FeatureCache
from foodcls.manifest import KEPT, cluster_names
from foodcls.metrics.ranks import Floats, Ints
from foodcls.network.network import start_network, with_own_size
from foodcls.network.partition import partition_network
from foodcls.recipe.train_settings import Train
from foodcls.store.store import digest_of
from foodcls.train.dataset import encode_labels
from foodcls.train.probe import minimize

FOLDS = 5
NEIGHBORS = 20
# weight decay of the linear classifier, for rows of length 1: of 1e-3, 1e-4 and 1e-5 the one of
# the highest accuracy on 1,605 web photos of 13 dishes (0.89, 0.93, 0.92)
DECAY = 1e-4
STEPS = 100
# above this score: on those photos and 260 unrelated ones, 259 of these and 52 others
LIMIT = 0.8
# from this mean probability on, a class is named as what a picture looks like
SURE = 0.4


@dataclass(frozen=True)
class LabelScores:
    """Class probabilities of each picture, float64 (N, C), by both models; rows sum to 1."""

    probabilities: Floats  # of the linear classifier
    votes: Floats  # shares among the nearest neighbors

    def scores(self, truth: Ints) -> Floats:
        """float64 (N,), 0 to 1: one less both models' mean probability of the labels `truth`."""
        return 1 - self.mean[np.arange(len(truth)), truth]

    @property
    def mean(self) -> Floats:
        """The mean of both, float64 (N, C)."""
        return (self.probabilities + self.votes) / 2


@dataclass(frozen=True)
class JudgedLabels:
    """N rows of a manifest, and what both models say of their labels."""

    rows: pd.DataFrame
    features: Floats  # (N, F), see `pool_features`
    truth: Ints  # (N,), the labels by their places in `labels`
    labels: tuple[str, ...]
    scored: LabelScores


def judge_labels(
    manifest: pd.DataFrame, labels: Sequence[str], settings: Train, feature_cache: FeatureCache
) -> JudgedLabels:
    """Judge the label of each picture; copies and outside test pictures are left out.

    TrainingError when there are too few pictures for two folds, or a label is not in `labels`.
    """
    rows = judged_rows(manifest)
    if rows.empty:
        raise TrainingError("no pictures are kept, so there are none to judge; collect more")
    truth = encode_labels(rows, labels)
    groups = cluster_names(rows).to_numpy(object)
    features = pool_features(rows, settings, feature_cache)
    scored = score_labels(features, truth, groups, len(labels))
    return JudgedLabels(rows, features, truth, tuple(labels), scored)


def rank_label_issues(judged: JudgedLabels) -> pd.DataFrame:
    """All pictures, the most probable issue first: id, keep (1 or 0), reason and score (0 to 1).

    The table serves as a filter file: `keep` is 0 above a score of 0.8. A picture of several crops
    has the score of its worst one.
    """
    scores = judged.scored.scores(judged.truth).round(4)
    table = pd.DataFrame({
        "id": judged.rows["id"].to_numpy(),
        "keep": (scores <= LIMIT).astype(int),
        "reason": [_reason(likely, place, judged.labels)
                   for likely, place in zip(judged.scored.mean, judged.truth, strict=True)],
        "score": scores,
    })  # fmt: skip
    ranked = table.sort_values(["score", "id"], ascending=[False, True], kind="stable")
    return ranked.drop_duplicates("id").reset_index(drop=True)


def judged_rows(manifest: pd.DataFrame) -> pd.DataFrame:
    """The rows of original pictures that the filter stage has kept, but for outside tests."""
    is_kept = (manifest["state"] == KEPT) | (manifest["stage"] == "augment")
    is_original = (manifest["parent"] == "") & (manifest["source"] != "test")
    return manifest[is_kept & is_original]


def pool_features(rows: pd.DataFrame, settings: Train, feature_cache: FeatureCache) -> Floats:
    """float32 (N, F), rows of length 1: square roots of the features of the frozen backbone.

    The root, with the sign kept, lessens the weight of a few large features.
    """
    settings = with_own_size(settings)
    frozen = settings.model_copy(update={"method": "finetune", "trainable": (), "hidden_units": 0})
    _, network = start_network(frozen, 2)
    partition = partition_network(network, settings.input_size)
    if partition.trunk is None:
        raise TrainingError(
            f"the backbone {settings.backbone!r} cannot be run apart from its head; name another "
            "in the recipe, e.g. resnet34"
        )
    decoded = decode_rows(rows, feature_cache.store, settings.input_size)
    if feature_cache.fits(len(set(decoded.names)), row_bytes(partition, "fp32"), "features"):
        raw = load_activations(partition, decoded, feature_cache)[0].take(range(len(rows)))
    else:
        (raw,) = run_trunk(partition, decoded, feature_cache)
    raw = raw.astype(np.float32)
    roots = np.sign(raw) * np.sqrt(np.abs(raw))
    return roots / np.maximum(np.linalg.norm(roots, axis=1, keepdims=True), 1e-12)


def score_labels(features: Floats, truth: Ints, groups: NDArray, classes: int) -> LabelScores:
    """Predict `features` (N, F) by both models, never from pictures of the same group.

    `truth` (N,) are the labels from 0 to `classes` - 1, `groups` (N,) names of look-alikes.
    TrainingError when there are too few groups for two folds.
    """
    folds = assign_folds(truth, groups)
    if folds.max(initial=0) < 1:
        raise TrainingError("too few pictures to judge some by others; collect more")
    probabilities = np.zeros((len(truth), classes))
    for fold in range(folds.max() + 1):
        held = folds == fold
        weights = _fit_linear(features[~held], truth[~held], classes)
        logits = torch.from_numpy(features[held] @ weights)
        probabilities[held] = logits.double().softmax(dim=1).numpy()
    return LabelScores(probabilities, neighbor_votes(features, truth, groups, classes))


def assign_folds(truth: Ints, groups: NDArray) -> Ints:
    """The cross-validation fold of each row, int64 (N,): stratified by class, whole by group."""
    table = pd.DataFrame({"group": groups, "class": truth}).drop_duplicates("group")
    # an order that has nothing to do with the rows' order
    table["order"] = [digest_of(str(group).encode()) for group in table["group"]]
    table = table.sort_values(["class", "order"])
    places = dict(zip(table["group"], range(len(table)), strict=True))
    return np.array([places[group] % FOLDS for group in groups], dtype=np.int64)


def neighbor_votes(features: Floats, truth: Ints, groups: NDArray, classes: int) -> Floats:
    """The share of each class among a picture's nearest neighbors of other groups, (N, C)."""
    votes = np.zeros((len(truth), classes))
    count = min(NEIGHBORS, len(truth) - 1)
    codes = pd.factorize(groups)[0]
    for row in range(len(truth)):
        similarity = features @ features[row]
        similarity[codes == codes[row]] = -np.inf
        nearest = np.argsort(-similarity, kind="stable")[:count]
        nearest = nearest[np.isfinite(similarity[nearest])]
        votes[row] = np.bincount(truth[nearest], minlength=classes) / max(1, len(nearest))
    return votes


def _fit_linear(features: Floats, truth: Ints, classes: int) -> Floats:
    """Weights (F, C) of a logistic regression; deterministic, as the problem is convex."""
    inputs = torch.from_numpy(np.ascontiguousarray(features))
    targets = torch.from_numpy(truth)
    weights = torch.zeros(features.shape[1], classes, requires_grad=True)
    minimize(
        [weights], lambda: nn.functional.cross_entropy(inputs @ weights, targets), DECAY, STEPS
    )
    return weights.detach().numpy()


def _reason(likely: Floats, place: int, labels: Sequence[str]) -> str:
    """What a picture looks like instead; nothing where it looks like its label."""
    best = int(likely.argmax())
    if likely[best] < SURE:
        return "like no class"
    return "" if best == place else f"looks like {labels[best]}"

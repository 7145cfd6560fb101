"""Ranks pictures by how likely their label is wrong or of no class, from what others teach.

Two witnesses that have not seen a picture judge its label: a linear classifier on the features of
the frozen backbone, taught by the other folds (confident learning, Northcutt et al. 2021), and the
picture's nearest neighbours. What belongs to no class is believed by neither.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn

from foodcls.errors import TrainingError
from foodcls.manifest import KEPT
from foodcls.metrics.ranks import Ints
from foodcls.network.network import start_network
from foodcls.network.partition import partition_network
from foodcls.recipe.train_settings import Train
from foodcls.store.store import digest_of
from foodcls.tables.spreadsheet import write_csv
from foodcls.train.activations import load_activations, row_bytes, run_trunk
from foodcls.train.dataset import encode_labels
from foodcls.train.pixels import decode_rows
from foodcls.train.row_cache import FeatureCache

FOLDS = 5
NEIGHBOURS = 20
# pull of the linear classifier's weights towards 0, for rows of length 1: of 1e-3, 1e-4 and 1e-5
# the one that told most of 1,605 web photos of 13 dishes right (0.89, 0.93, 0.92)
DECAY = 1e-4
STEPS = 100
# advised to be dropped: on those photos and 260 unrelated ones, 259 of these and 52 others
LIMIT = 0.8
# what both together believe by this much is what a picture looks like
SURE = 0.4

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Doubts:
    """What the witnesses say of each picture, (N, C): the sum over classes is 1."""

    probabilities: Floats  # of a classifier that was not taught with it
    votes: Floats  # of its neighbours

    def scores(self, truth: Ints) -> Floats:
        """From 0, both witnesses are sure of the label, to 1, both deny it."""
        rows = np.arange(len(truth))
        return 1 - (self.probabilities[rows, truth] + self.votes[rows, truth]) / 2


def rank_suspects(
    manifest: pd.DataFrame, labels: Sequence[str], settings: Train, feature_cache: FeatureCache
) -> pd.DataFrame:
    """All pictures, the most doubtful first: id, keep (1 or 0), reason and score (0 to 1).

    A filter file: `keep` is 0 where both witnesses nearly deny the label. Copies and outside test
    pictures are left out; a picture that was cut in several has the score of its worst piece.
    TrainingError when there are too few pictures to part, or a label is not among the classes.
    """
    rows = list_judged(manifest)
    if rows.empty:
        raise TrainingError("no pictures are kept, so there are none to judge; collect more")
    truth = encode_labels(rows, labels)
    groups = np.array(rows["cluster"].where(rows["cluster"] != "", rows["id"]), dtype=object)
    doubts = doubt_labels(pool_features(rows, settings, feature_cache), truth, groups, len(labels))
    scores = doubts.scores(truth).round(4)
    table = pd.DataFrame({
        "id": rows["id"].to_numpy(),
        "keep": (scores <= LIMIT).astype(int),
        "reason": _reasons(doubts, truth, labels),
        "score": scores,
    })  # fmt: skip
    ranked = table.sort_values(["score", "id"], ascending=[False, True], kind="stable")
    return ranked.drop_duplicates("id").reset_index(drop=True)


def write_suspects(ranked: pd.DataFrame, path: Path) -> None:
    """Write what `rank_suspects` gave, whole or not at all."""
    write_csv(ranked, path)


def list_judged(manifest: pd.DataFrame) -> pd.DataFrame:
    """The rows that a person may decide on, before augmentation chose among them."""
    is_kept = (manifest["state"] == KEPT) | (manifest["stage"] == "augment")
    is_original = (manifest["parent"] == "") & (manifest["source"] != "test")
    return manifest[is_kept & is_original]


def pool_features(rows: pd.DataFrame, settings: Train, feature_cache: FeatureCache) -> Floats:
    """float32 (N, F): the square roots of what the whole frozen backbone gives, of length 1.

    The root keeps a few strong features from drowning the rest.
    """
    frozen = settings.model_copy(update={"trainable": (), "hidden_units": 0})
    _, network = start_network(frozen, 2)
    partition = partition_network(network, settings.input_size)
    if partition.trunk is None:
        raise TrainingError(
            f"the backbone {settings.backbone!r} cannot be run apart from its head; name another "
            "in the recipe, e.g. resnet34"
        )
    decoded = decode_rows(rows, feature_cache.store, settings.input_size)
    if feature_cache.fits(len(set(decoded.digests)), row_bytes(partition, "fp32"), "features"):
        raw = load_activations(partition, decoded, feature_cache)[0].take(range(len(rows)))
    else:
        (raw,) = run_trunk(partition, decoded, feature_cache)
    raw = raw.astype(np.float32)
    roots = np.sign(raw) * np.sqrt(np.abs(raw))
    return roots / np.maximum(np.linalg.norm(roots, axis=1, keepdims=True), 1e-12)


def doubt_labels(features: Floats, truth: Ints, groups: NDArray, classes: int) -> Doubts:
    """Ask both witnesses; no picture is judged by one of its own group."""
    folds = part_groups(truth, groups)
    if folds.max(initial=0) < 1:
        raise TrainingError("too few pictures to judge some by others; collect more")
    probabilities = np.zeros((len(truth), classes))
    for fold in range(folds.max() + 1):
        held = folds == fold
        weights = _fit_linear(features[~held], truth[~held], classes)
        probabilities[held] = _softmax(features[held] @ weights)
    return Doubts(probabilities, count_votes(features, truth, groups, classes))


def part_groups(truth: Ints, groups: NDArray) -> Ints:
    """The fold of each row: each class spread over all folds, no group in two."""
    table = pd.DataFrame({"group": groups, "class": truth}).drop_duplicates("group")
    # an order that has nothing to do with the rows' order
    table["order"] = [digest_of(str(group).encode()) for group in table["group"]]
    table = table.sort_values(["class", "order"])
    places = dict(zip(table["group"], range(len(table)), strict=True))
    return np.array([places[group] % FOLDS for group in groups], dtype=np.int64)


def count_votes(features: Floats, truth: Ints, groups: NDArray, classes: int) -> Floats:
    """The share of each class among a picture's nearest neighbours of other groups."""
    votes = np.zeros((len(truth), classes))
    count = min(NEIGHBOURS, len(truth) - 1)
    codes = pd.factorize(groups)[0]
    for row in range(len(truth)):
        likeness = features @ features[row]
        likeness[codes == codes[row]] = -np.inf
        nearest = np.argsort(-likeness, kind="stable")[:count]
        nearest = nearest[np.isfinite(likeness[nearest])]
        votes[row] = np.bincount(truth[nearest], minlength=classes) / max(1, len(nearest))
    return votes


def _fit_linear(features: Floats, truth: Ints, classes: int) -> Floats:
    """Weights (F, C) of the multinomial logistic regression; convex, so nothing is drawn."""
    inputs = torch.from_numpy(np.ascontiguousarray(features))
    targets = torch.from_numpy(truth)
    weights = torch.zeros(features.shape[1], classes, requires_grad=True)
    search = torch.optim.LBFGS([weights], max_iter=STEPS, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        search.zero_grad()
        value = nn.functional.cross_entropy(inputs @ weights, targets)
        value = value + DECAY / 2 * weights.square().sum()
        value.backward()
        return value

    search.step(loss)
    return weights.detach().numpy()


def _softmax(logits: Floats) -> Floats:
    return torch.from_numpy(logits).double().softmax(dim=1).numpy()


def _reasons(doubts: Doubts, truth: Ints, labels: Sequence[str]) -> list[str]:
    """What a picture looks like instead; nothing where it looks like its label."""
    both = (doubts.probabilities + doubts.votes) / 2
    return [
        _reason(likely, place, labels) for likely, place in zip(both, truth.tolist(), strict=True)
    ]


def _reason(likely: Floats, place: int, labels: Sequence[str]) -> str:
    best = int(likely.argmax())
    if likely[best] < SURE:
        return "like no class"
    return "" if best == place else f"looks like {labels[best]}"

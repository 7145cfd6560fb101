"""Finds strangers, which a person dropped as of no class, and learns from half of them to refuse.

A model refuses by the score that lets fewest pass, by folds.
"""

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from safetensors.torch import save as save_safetensors
from torch import Tensor
from torch.nn import functional

from foodcls.evaluate.inference import embed_rows
from foodcls.evaluate.label_issues import assign_folds
from foodcls.features.row_cache import FeatureCache
from foodcls.manifest import FILTERED, cluster_names, is_of, picture_blobs, split_rows
from foodcls.metrics.ranks import Ints
from foodcls.metrics.separation import accepted_share, auroc, keeping_threshold
from foodcls.network.rejection import SCORES
from foodcls.recipe.train_settings import Rejection
from foodcls.store.store import Store, digest_of
from foodcls.train.checkpoint import Checkpoint, RejectionRef
from foodcls.train.dataset import encode_labels
from foodcls.train.probe import minimize

log = logging.getLogger(__name__)
# what the filter adds to the reason of a picture that was decided by its copy
OF_COPY = r" \(decided of its copy [0-9a-f]*\)$"
LEARN, TEST = "learn", "test"
# clusters of strangers to learn from: two a fold
FEW = 10
# pictures of either side to learn from: the threshold's share is then known to 0.3 points, and
# each of them is compared with each, in memory
MANY = 5_000
Tensors = dict[str, Tensor]
# of L2 regularization, for features whose variance is 1 in the mean; on 116 strangers and 319
# known web photos all of 1 to 0.001 refused all 144 others
STRENGTH = 0.1
# of Platt's scaling: without it, the slope has no bound where no score overlaps
PLATT = 0.01


@dataclass(frozen=True)
class Examples:
    """N pictures: known ones, then strangers."""

    logits: Tensor  # float64 (N, C)
    features: Tensor  # float64 (N, F)
    truth: Ints  # int64 (N,), classes; C for a stranger
    groups: NDArray[np.object_]  # (N,), names of look-alikes

    @property
    def is_known(self) -> Tensor:
        """bool (N,)."""
        return torch.from_numpy(self.truth < self.logits.shape[1])

    def take(self, rows: Tensor) -> "Examples":
        """Those at True of bool (N,)."""
        places = rows.numpy()
        chosen = self.logits[rows], self.features[rows]
        return Examples(*chosen, self.truth[places], self.groups[places])


def learn_rejection(examples: Examples, settings: Rejection) -> tuple[str, Tensors, float]:
    """The best score's name, its tensors, and from which probability on a picture is known.

    Each score is fitted to four folds of five and judged by the fifth. The threshold keeps the
    share `settings.keep` of the known, by folds too; probabilities are as if strangers were as
    frequent as the known.
    """
    names = list(FITS) if settings.score == "auto" else [settings.score]
    held = {name: _score_held_out(name, examples) for name in names}
    known = examples.is_known

    def loss(name: str) -> tuple[float, float]:
        sides = held[name][known].numpy(), held[name][~known].numpy()
        return accepted_share(*sides, settings.keep), -auroc(*sides)

    best = min(names, key=loss)
    log.info("rejection: by %s, which lets %.1f %% of strangers pass", best, 100 * loss(best)[0])
    scaling = _fit_linear(held[best][:, None], known, PLATT)
    slope, shift = scaling["weight"][0], scaling["bias"]
    sure = torch.sigmoid(held[best][known] * slope + shift).numpy()
    tensors = FITS[best](examples) | {"slope": slope, "shift": shift}
    return best, tensors, keeping_threshold(sure, settings.keep)


def _score_held_out(name: str, examples: Examples) -> Tensor:
    """The score of each picture, float64 (N,), learnt from other folds."""
    folds = torch.from_numpy(assign_folds(examples.truth, examples.groups))
    scores = torch.zeros(len(folds), dtype=torch.float64)
    for fold in folds.unique():
        held = examples.take(folds == fold)
        tensors = FITS[name](examples.take(folds != fold))
        scores[folds == fold] = SCORES[name](tensors, held.logits, held.features)
    return scores


def _fit_linear(inputs: Tensor, is_known: Tensor, l2: float) -> Tensors:
    """Weight (F,) and bias of the logit of being known, of inputs (N, F); both sides weigh half."""
    mean, spread = inputs.mean(0), inputs.var(0).mean().sqrt().clamp_min(1e-12)
    weight = torch.zeros(1, inputs.shape[1], dtype=inputs.dtype, requires_grad=True)
    bias = torch.zeros((), dtype=inputs.dtype, requires_grad=True)
    scaled, target = (inputs - mean) / spread, is_known.to(inputs.dtype)
    shares = target / target.sum() + (1 - target) / (1 - target).sum()

    def loss() -> Tensor:
        logits = scaled @ weight[0] + bias
        each = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
        return each @ shares / 2

    minimize([weight, bias], loss, l2)
    own = weight.detach()[0] / spread
    return {"weight": own, "bias": bias.detach() - own @ mean}


# of equals the first is taken: those that need fewest numbers
FITS: dict[str, Callable[[Examples], Tensors]] = {
    "max_logit": lambda _: {},
    "energy": lambda _: {},
    "logistic": lambda one: _fit_linear(one.features, one.is_known, STRENGTH),
    "knn": lambda one: {"bank": functional.normalize(one.features[one.is_known])},
}


def list_strangers(
    manifest: pd.DataFrame, reasons: Sequence[str], labels: Sequence[str], store: Store
) -> pd.DataFrame:
    """Rows of the strangers whose pictures are there, each once; `split` is "learn" or "test".

    `reasons` are words in the filter's reasons, in any case; `kind` is the whole reason. Half of
    the clusters of look-alikes are for test, by a hash of their names, so that they stay there.
    """
    rows = manifest[is_of(manifest, FILTERED)].drop_duplicates("id")
    kind = rows["reason"].str.replace(OF_COPY, "", regex=True)
    words = "|".join(map(re.escape, reasons)) or "(?!)"
    is_one = kind.str.contains(words, case=False) & rows["label"].isin(labels)
    rows = rows.assign(picture=picture_blobs(rows), kind=kind)[is_one]
    missing = set(store.lacking(rows["picture"]))
    rows = rows[~rows["picture"].isin(missing)]
    return rows.assign(split=[_part(name) for name in cluster_names(rows)])


def refuse_strangers(
    checkpoint: Checkpoint, manifest: pd.DataFrame, feature_cache: FeatureCache, settings: Rejection
) -> RejectionRef | None:
    """Learn from validation pictures and half of the strangers; None where these are too few."""
    labels, store = checkpoint.labels, feature_cache.store
    strangers = list_strangers(manifest, settings.reasons, labels, store)
    learnt = _draw(strangers[strangers["split"] == LEARN], MANY)
    known = _draw(split_rows(manifest, "val"), MANY)
    count = min(cluster_names(rows).nunique() for rows in (learnt, known))
    if count < FEW:
        if len(strangers):
            log.info("rejection: only %d strangers or known pictures, %d are needed to learn it",
                     count, FEW)  # fmt: skip
        return None
    rows = pd.concat([known, learnt])
    truth = np.append(encode_labels(known, labels), np.full(len(learnt), len(labels)))
    examples = Examples(
        *embed_rows(checkpoint, rows, feature_cache), truth, cluster_names(rows).to_numpy(object)
    )
    score, tensors, known_from = learn_rejection(examples, settings)
    # as an exported file holds them
    plain = {name: values.float().contiguous() for name, values in tensors.items()}
    blob = store.put(save_safetensors(plain), durable=True)
    return RejectionRef(score, blob, known_from, settings.reasons)


def _draw(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    """At most so many rows, in their order: those whose ids' digests come first."""
    if len(rows) <= most:
        return rows
    order = np.argsort([digest_of(name.encode()) for name in rows["id"]], kind="stable")
    return rows.iloc[np.sort(order[:most])]


def _part(cluster: str) -> str:
    return TEST if int(digest_of(cluster.encode())[0], 16) % 2 else LEARN

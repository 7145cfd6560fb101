"""Open-set recognition: scores how surely a picture is of some class, from logits and features."""

from collections.abc import Callable, Mapping

from torch import Tensor, nn
from torch.nn import functional

NEIGHBORS = 5
# of logits (N, C) and features (N, F): a score (N,), higher for pictures of a class
Score = Callable[[Mapping[str, Tensor], Tensor, Tensor], Tensor]


class Rejector(nn.Module):
    """Maps logits (N, C) and features (N, F) to log P(some class), float32 (N, 1).

    `tensors` are those of its score, and `slope` and `shift` of Platt's scaling.
    """

    def __init__(self, score: str, tensors: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.score = score
        for name, values in tensors.items():
            self.register_buffer(name, values.float())

    def forward(self, logits: Tensor, features: Tensor) -> Tensor:
        """The logarithm of the probability that pictures show one of the classes."""
        own = dict(self.named_buffers())
        evidence = SCORES[self.score](own, logits, features) * own["slope"] + own["shift"]
        # as -log(1 + exp(-x)), for whose operators an exported file is known
        return -functional.softplus(-evidence)[:, None]


class FeaturesAlone(nn.Module):
    """Gives the features themselves, to learn a score from."""

    def forward(self, logits: Tensor, features: Tensor) -> Tensor:
        """The features, as they are."""
        return features


def _max_logit(tensors: Mapping[str, Tensor], logits: Tensor, features: Tensor) -> Tensor:
    """The highest logit (Hendrycks et al. 2022, arXiv:1911.11132)."""
    return logits.amax(1)


def _energy(tensors: Mapping[str, Tensor], logits: Tensor, features: Tensor) -> Tensor:
    """The negative free energy (Liu et al. 2020, arXiv:2010.03759)."""
    return logits.logsumexp(1)


def _knn(tensors: Mapping[str, Tensor], logits: Tensor, features: Tensor) -> Tensor:
    """Cosine similarity to a near neighbor (Sun et al. 2022, arXiv:2204.06507)."""
    cosines = functional.linear(functional.normalize(features), tensors["bank"])
    return cosines.topk(min(NEIGHBORS, len(tensors["bank"])), dim=1).values[:, -1]


def _logistic(tensors: Mapping[str, Tensor], logits: Tensor, features: Tensor) -> Tensor:
    """The logit of a logistic regression of known pictures against strangers."""
    return features @ tensors["weight"] + tensors["bias"]


SCORES: dict[str, Score] = {
    "max_logit": _max_logit,
    "energy": _energy,
    "knn": _knn,
    "logistic": _logistic,
}

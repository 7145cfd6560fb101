"""An exported file as programs use it, whatever its format."""

from collections.abc import Callable
from dataclasses import dataclass

from foodcls.metrics.ranks import Floats
from foodcls.network.resize import Pixels

# of uint8 (N, H, W, 3), upright RGB: probabilities, float32, of the classes (N, C) and of any (N,)
Answer = Callable[[Pixels], tuple[Floats, Floats]]


@dataclass(frozen=True)
class Model:
    """An exported file, ready to use."""

    answer: Answer
    labels: tuple[str, ...]  # in output order
    size: int  # pixels a side of what the network sees
    abstain_below: float  # a highest probability below this is no answer
    known_from: float  # a probability of any class below this means none of these
    provenance: dict[str, str]
    digest: str  # SHA-256 of the file

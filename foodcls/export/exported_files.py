"""Says what an export gives, and what its answers are called; knows no torch, slow to import.

A run that finds all of its stages in the cache reads this, and neither trains nor exports.
"""

from dataclasses import dataclass

# torch evaluates parts of such a file as Python: for who trusts its digest
PROGRAM = ".pt2"
CARD = ".MODEL_CARD.md"
DIGESTS = ".sha256"  # ending of the file beside a model, in the form of `sha256sum`
# columns of a prediction in tables, before a probability for each class
PREDICTION_COLUMNS = ("label", "guess", "probability", "known", "unsure", "none", "error")


@dataclass(frozen=True)
class ExportedRef:
    """The exported files in the store; both hold classes, threshold and provenance."""

    blob: str  # TorchScript (.pt), named by its SHA-256
    program: str  # torch.export (.pt2)
    bytes: int  # of the first
    max_difference: float  # of a probability, between the trained network and either file
    compared: int  # pictures

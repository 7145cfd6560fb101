"""Compares backbones on validation pictures, and takes the cheapest of those that are as good."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from foodcls.choose.candidates import Candidate, probe_backbone, probing
from foodcls.features.row_cache import FeatureCache
from foodcls.manifest import split_rows
from foodcls.metrics.paired_test import PairedTest, compare_predictions
from foodcls.metrics.ranks import Ints, average_position, number_groups, ranks
from foodcls.recipe.train_settings import Train
from foodcls.train.dataset import check_splits, encode_labels


@dataclass(frozen=True)
class Choice:
    """Backbones from the most accurate to the least, each beside the first."""

    candidates: tuple[Candidate, ...]
    tests: tuple[PairedTest, ...]  # of each against the first, on the same validation pictures

    @property
    def as_good(self) -> tuple[Candidate, ...]:
        """The first, and all that cannot be told from it."""
        pairs = zip(self.candidates, self.tests, strict=True)
        return tuple(candidate for candidate, test in pairs if test.verdict != "worse")

    @property
    def cheapest(self) -> Candidate:
        """The quickest to answer of those that are as good."""
        return min(self.as_good, key=lambda candidate: candidate.ms)


def choose_backbone(
    manifest: pd.DataFrame,
    labels: tuple[str, ...],
    settings: Train,
    backbones: Sequence[str],
    feature_cache: FeatureCache,
) -> Choice:
    """Fit a probe for each backbone on the split "train", judge it on "val"; never on "test"."""
    splits = split_rows(manifest, "train"), split_rows(manifest, "val")
    check_splits(*splits, labels)
    truth, groups = encode_labels(splits[1], labels), number_groups(splits[1]["cluster"])
    candidates = [
        probe_backbone(probing(settings, name), labels, splits, feature_cache)
        for name in dict.fromkeys(backbones)
    ]
    ordered = sorted(candidates, key=lambda candidate: _merit(candidate, truth), reverse=True)
    tests = (
        compare_predictions(ordered[0].probabilities, one.probabilities, truth, groups)
        for one in ordered
    )
    return Choice(tuple(ordered), tuple(tests))


def _merit(candidate: Candidate, truth: Ints) -> tuple[float, float]:
    """Accuracy; where that is equal, the average position counts."""
    answers = candidate.probabilities
    place = average_position(ranks(answers, truth), truth)
    return float((answers.argmax(axis=1) == truth).mean()), -place

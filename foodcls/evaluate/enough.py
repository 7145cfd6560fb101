"""Says of which classes there are too few pictures to forecast what more are worth."""

from collections.abc import Sequence

import pandas as pd

from foodcls.manifest import cluster_names, kept_rows

# of look-alikes one: with fewer a fold may have none of a class
LEAST = 10
COLUMNS = ("id", "label", "state", "parent", "split", "cluster")  # that are looked at


def worth_rows(manifest: pd.DataFrame) -> pd.DataFrame:
    """The rows of original pictures for training and validation."""
    rows = kept_rows(manifest)
    return rows[(rows["parent"] == "") & rows["split"].isin(["train", "val"])]


def few_classes(manifest: pd.DataFrame, labels: Sequence[str]) -> list[str]:
    """The classes with too few clusters of pictures for training and validation together."""
    rows = worth_rows(manifest)
    counts = cluster_names(rows).groupby(rows["label"]).nunique()
    return [label for label in labels if counts.get(label, 0) < LEAST]

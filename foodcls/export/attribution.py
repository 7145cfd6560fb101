"""Lists origin, author and licence of the pictures that a model was trained on, as credits."""

import pandas as pd

from foodcls.manifest import kept_rows

COLUMNS = (
    "id",
    "origin",
    "page",
    "author",
    "licence",
    "licence_url",
    "licence_by",
    "source",
    "query",
)


def attribution(manifest: pd.DataFrame) -> pd.DataFrame:
    """A row for each kept picture of the split "train", in the manifest's order.

    Augmented copies are left out: they are made of pictures that are listed. Where no licence is
    known, the search engine's filter may stand for it: "commercial (as bing filters)".
    """
    rows = kept_rows(manifest)
    trained = rows[(rows["split"] == "train") & (rows["parent"] == "")]
    return trained[list(COLUMNS)].drop_duplicates(ignore_index=True)

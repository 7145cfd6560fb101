"""Shows what a network has learnt from: the views of one training photo of each class."""

from collections.abc import Mapping

import pandas as pd
from PIL import Image

from foodcls.image.decode import png_bytes
from foodcls.manifest import split_rows
from foodcls.recipe.train_settings import Train
from foodcls.report.thumbnails import thumbnail
from foodcls.store.store import Store

SIDE = 112  # pixels of a view


def contact_sheet(
    manifest: pd.DataFrame, settings: Train, store: Store
) -> Mapping[str, tuple[str, ...]]:
    """By class, the views of its first training photo as data URIs, squashed as for the network.

    Nothing where photos are learnt from as they are.
    """
    rows = split_rows(manifest, "train").drop_duplicates("label")
    if settings.target is None or settings.target.views == 1 or rows.empty:
        return {}
    # most runs show nothing here, and need not wait for torch
    from foodcls.features.pixels import decode_rows
    from foodcls.train.views import training_views

    views = training_views(settings)
    decoded = decode_rows(rows, store, SIDE, views)
    pixels = decoded.take(range(len(decoded))).reshape(len(rows), len(views), SIDE, SIDE, 3)
    return {
        label: tuple(thumbnail(png_bytes(Image.fromarray(one))) for one in row)
        for label, row in zip(rows["label"], pixels, strict=True)
    }

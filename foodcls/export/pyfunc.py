"""Wraps an exported model as an MLflow pyfunc model; imports nothing of MLflow."""

import base64
import binascii
from pathlib import Path

import pandas as pd

from foodcls.errors import InputError
from foodcls.export.exported_files import PREDICTION_COLUMNS
from foodcls.export.load import load_model
from foodcls.export.model import Model
from foodcls.export.predict import predict_many, prediction_cells

IMAGE = "image"


class PyfuncModel:
    """Predicts tables of pictures, as MLflow's pyfunc flavor calls it."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def predict(self, frame: pd.DataFrame, params: object = None) -> pd.DataFrame:
        """A row for each row of `frame`, whose column `image` holds files as bytes or base64 text.

        Columns: label (empty when unsure or none of the classes), guess, probability of the
        guess, known (the probability that it is one of the classes), unsure, none (of these),
        error (empty when all is well), and p_CLASS for each class.
        """
        if IMAGE not in frame:
            raise InputError(
                f"the table has the columns {list(frame.columns)}; it needs {IMAGE!r}, the bytes "
                "of a picture file or their base64 text"
            )
        labels = self.model.labels
        # a class may be called "label": with the prefix no two columns have one name
        columns = [*PREDICTION_COLUMNS, *(f"p_{label}" for label in labels)]
        rows = [
            [*prediction_cells(answer), *(answer.probabilities or [None] * len(labels))]
            for answer in predict_many(self.model, map(_as_bytes, frame[IMAGE]))
        ]
        return pd.DataFrame(rows, index=frame.index, columns=columns)


def _load_pyfunc(path: str) -> PyfuncModel:
    """Open the exported file at `path`, or the only .pt file in that folder."""
    place = Path(path)
    files = sorted(place.glob("*.pt")) if place.is_dir() else [place]
    if len(files) != 1:
        raise InputError(f"{place} holds {len(files)} .pt files; it needs exactly one")
    return PyfuncModel(load_model(files[0]))


def _as_bytes(cell: object) -> bytes:
    if isinstance(cell, bytes | bytearray | memoryview):
        return bytes(cell)
    try:
        return base64.b64decode(str(cell), validate=True)
    except (binascii.Error, ValueError):
        # decoding will say that these are no picture
        return str(cell).encode()

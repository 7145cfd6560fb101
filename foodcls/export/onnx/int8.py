"""Quantizes an .onnx file to whole numbers, kept only if it is shown to lose little accuracy."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import pandas as pd
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from foodcls.errors import ExportError
from foodcls.export.model import Model
from foodcls.export.onnx.read import read_onnx
from foodcls.export.onnx.vet import INPUT, OWN_DOMAINS
from foodcls.features.pixels import read_picture
from foodcls.manifest import split_rows
from foodcls.metrics.paired_test import compare_predictions
from foodcls.metrics.ranks import Floats, number_groups
from foodcls.network.resize import Pixels, squash_pixels
from foodcls.store.store import Store
from foodcls.train.dataset import encode_labels

CALIBRATED = 128  # training pictures that ranges are taken from
BATCH = 8
# what a network computes much in, and what lies between, so that numbers stay whole
OPERATORS = ["Conv", "Gemm", "MatMul", "Add", "Relu", "Clip", "MaxPool", "AveragePool", "Concat"]


class _Reader(CalibrationDataReader):
    def __init__(self, pictures: Sequence[Pixels]) -> None:
        starts = range(0, len(pictures), BATCH)
        self._batches: Iterator[Pixels] = (
            np.stack(pictures[start : start + BATCH]) for start in starts
        )

    def get_next(self) -> Any:
        """The next batch, or None."""
        batch = next(self._batches, None)
        return None if batch is None else {INPUT: batch}


def quantize_checked(
    data: bytes, manifest: pd.DataFrame, store: Store, margin: float
) -> tuple[bytes, str]:
    """The .onnx file in int8, and its figures; ExportError where it may be worse by `margin`.

    Ranges are taken from training pictures, and both answer the same test pictures.
    """
    fp32 = read_onnx(data)
    quantized = quantize(data, list(_training_pictures(manifest, store, fp32.size)))
    return quantized, _judge(fp32, read_onnx(quantized), manifest, store, margin)


def quantize(data: bytes, pictures: Sequence[Pixels]) -> bytes:
    """The model quantized to int8; ranges of values are measured on `pictures`, uint8 (S, S, 3).

    Weights have 7 bits: with 8, processors without VNNI sum products of bytes wrongly.
    """
    with TemporaryDirectory() as place:
        source, target = Path(place, "fp32.onnx"), Path(place, "int8.onnx")
        source.write_bytes(data)
        logging.getLogger().addFilter(_is_no_advice)
        try:
            quantize_static(
                source,
                target,
                _Reader(pictures),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=OPERATORS,
                per_channel=True,
                reduce_range=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
            )
        finally:
            logging.getLogger().removeFilter(_is_no_advice)
        model = onnx.load(target)
    props = {entry.key: entry.value for entry in onnx.load_from_string(data).metadata_props}
    onnx.helper.set_model_props(model, props)
    # named by the quantizer, used by no operator
    own = [entry for entry in model.opset_import if entry.domain in OWN_DOMAINS]
    del model.opset_import[:]
    model.opset_import.extend(own)
    whole: bytes = model.SerializeToString(deterministic=True)
    return whole


def _is_no_advice(record: logging.LogRecord) -> bool:
    return "pre-processing before quantization" not in record.getMessage()


def _training_pictures(manifest: pd.DataFrame, store: Store, size: int) -> Iterator[Pixels]:
    rows = split_rows(manifest, "train").drop_duplicates("picture")
    places = np.unique(np.linspace(0, len(rows) - 1, CALIBRATED).astype(int))
    for digest in rows["picture"].iloc[places]:
        yield squash_pixels(read_picture(digest, store), size)


def _judge(fp32: Model, int8: Model, manifest: pd.DataFrame, store: Store, margin: float) -> str:
    rows = split_rows(manifest, "test")
    if rows.empty:
        raise ExportError("onnx_int8 is not kept: there are no test pictures to judge it by")
    answers: list[list[Floats]] = [[], []]
    for digest in rows["picture"]:
        square = squash_pixels(read_picture(digest, store), fp32.size)[None]
        for model, given in zip((fp32, int8), answers, strict=True):
            given.append(model.answer(square)[0][0])
    truth, groups = encode_labels(rows, fp32.labels), number_groups(tuple(rows["cluster"]))
    test = compare_predictions(np.stack(answers[0]), np.stack(answers[1]), truth, groups)
    shift = test.accuracy
    figures = (
        f"accuracy {test.b.accuracy.value:.3f}, {shift.value:+.3f} against fp32 "
        f"({shift.low:+.3f} to {shift.high:+.3f}, n = {test.n})"
    )
    if not shift.low > -margin:
        raise ExportError(
            f"onnx_int8 is not kept: {figures}; more than {margin} may be lost (export.int8_margin)"
        )
    return figures

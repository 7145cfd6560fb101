"""Draws the confusion matrix as PNG, and writes it as CSV."""

import io

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from foodcls.metrics.evaluation import Evaluation
from foodcls.report.confusion import share_text
from foodcls.tables.spreadsheet import table_csv

DPI = 100
# inches of a cell: three digits at 7 points still fit
CELL = 0.34
# above this many classes texts are smaller, and names stand at all four sides
MANY = 40


def confusion_csv(evaluation: Evaluation) -> str:
    """The counts as CSV: a row for each true class, a column for each predicted one."""
    table = pd.DataFrame(evaluation.confusion, columns=evaluation.labels)
    table.insert(0, "true \\ predicted", evaluation.labels)
    return table_csv(table)


def confusion_png(evaluation: Evaluation, *, as_shares: bool = False) -> bytes:
    """The counts as a picture, or the shares of the true class's pictures in percent.

    A cell's shade is that share in both.
    """
    counts = np.array(evaluation.confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = max(4.0, CELL * len(counts))
    figure = Figure(figsize=(side + 3.0, side + 2.6), layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(np.ma.masked_equal(shares, 0), cmap="Blues", vmin=0, vmax=1)
    _label_axes(axes, evaluation, "% of the true class" if as_shares else "pictures")
    for row, column in zip(*np.nonzero(counts), strict=True):
        share = float(shares[row, column])
        text = share_text(share) if as_shares else str(counts[row, column])
        _write_cell(axes, (column, row), text, share, _font_size(len(counts)))
    return _encode_figure(figure)


def _label_axes(axes: Axes, evaluation: Evaluation, shown: str) -> None:
    count = len(evaluation.labels)
    axes.set_xticks(range(count), evaluation.labels, rotation=90)
    axes.set_yticks(range(count), evaluation.labels)
    is_large = count > MANY
    axes.tick_params(labelsize=_font_size(count), labeltop=is_large, labelright=is_large)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(np.arange(count - 1) + 0.5, minor=True)
    axes.grid(which="minor", color="#e3e7ee", linewidth=0.6)
    axes.tick_params(which="minor", length=0)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    accuracy = evaluation.scores.accuracy
    axes.set_title(
        f"{evaluation.split}, {shown}: accuracy {accuracy.value:.3f} "
        f"({accuracy.low:.3f} to {accuracy.high:.3f}, "
        f"n = {evaluation.n})\naverage position {evaluation.average_position:.2f}",
        fontsize=10,
    )


def _font_size(classes: int) -> int:
    return 7 if classes > MANY else 9


def _write_cell(axes: Axes, place: tuple[int, int], text: str, share: float, size: int) -> None:
    # white on the dark half of the shades
    color = "white" if share > 0.5 else "black"
    axes.text(*place, text, ha="center", va="center", color=color, fontsize=size)


def _encode_figure(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    # without the metadata, which names the version of matplotlib, bytes depend on the data alone
    FigureCanvasAgg(figure).print_figure(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()

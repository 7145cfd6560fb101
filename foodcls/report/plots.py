"""Draws the confusion matrix and the learning curves as PNG, and writes the matrix as CSV."""

import io
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from foodcls.metrics.evaluation import Evaluation
from foodcls.report.confusion import share_text
from foodcls.tables.spreadsheet import table_csv
from foodcls.train.checkpoint import EpochReport

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


def learning_png(reports: Sequence[EpochReport], best_epoch: int) -> bytes:
    """Loss, accuracy and average position by epoch; a line marks the epoch that was kept."""
    figure = Figure(figsize=(11, 3.4), layout="constrained")
    curves = {
        "loss": ("train_loss", "val_loss"),
        "accuracy": ("train_accuracy", "val_accuracy"),
        "average position": ("val_average_position",),
    }
    for axes, (title, names) in zip(figure.subplots(1, 3), curves.items(), strict=True):
        _draw_curves(axes, reports, names)
        axes.axvline(best_epoch, color="gray", linestyle=":", label="kept")
        axes.set_title(title)
        axes.legend()
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
    axes.set_title(
        f"{evaluation.split}, {shown}: accuracy {evaluation.accuracy:.3f} "
        f"({evaluation.accuracy_low:.3f} to {evaluation.accuracy_high:.3f}, "
        f"n = {evaluation.n})\naverage position {evaluation.average_position:.2f}",
        fontsize=10,
    )


def _font_size(classes: int) -> int:
    return 7 if classes > MANY else 9


def _write_cell(axes: Axes, place: tuple[int, int], text: str, share: float, size: int) -> None:
    # white on the dark half of the shades
    color = "white" if share > 0.5 else "black"
    axes.text(*place, text, ha="center", va="center", color=color, fontsize=size)


def _draw_curves(axes: Axes, reports: Sequence[EpochReport], names: Sequence[str]) -> None:
    epochs = [report.epoch for report in reports]
    for name in names:
        values = [getattr(report, name) for report in reports]
        axes.plot(epochs, values, marker="o", label=name.partition("_")[0])
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _encode_figure(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    # without the metadata, which names the version of matplotlib, bytes depend on the data alone
    FigureCanvasAgg(figure).print_figure(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()

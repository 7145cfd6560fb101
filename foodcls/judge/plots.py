"""Draws an evaluation and a training: confusion matrix and learning curve, as CSV text and PNG."""

import csv
import io
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from foodcls.judge.epochs import EpochReport
from foodcls.judge.evaluation import Evaluation

DPI = 100
# inches of a cell: three digits at 7 points still fit
CELL = 0.34
# above this many classes a cell's count is drawn smaller, and the names too
MANY = 40


def confusion_csv(evaluation: Evaluation) -> str:
    """The counts as CSV: a row for each true class, a column for each predicted one."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["true \\ predicted", *evaluation.labels])
    for label, row in zip(evaluation.labels, evaluation.confusion, strict=True):
        writer.writerow([label, *row])
    return buffer.getvalue()


def confusion_png(evaluation: Evaluation) -> bytes:
    """The counts as a picture; a cell's shade is its share of the true class's pictures."""
    counts = np.array(evaluation.confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = max(4.0, CELL * len(counts))
    figure = Figure(figsize=(side + 3.0, side + 2.6), layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    _label_axes(axes, evaluation)
    _write_counts(axes, counts, shares)
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
        axes.axvline(best_epoch, color="grey", linestyle=":", label="kept")
        axes.set_title(title)
        axes.legend()
    return _encode_figure(figure)


def _label_axes(axes: Axes, evaluation: Evaluation) -> None:
    size = 6 if len(evaluation.labels) > MANY else 9
    places = range(len(evaluation.labels))
    axes.set_xticks(places, evaluation.labels, rotation=90, fontsize=size)
    axes.set_yticks(places, evaluation.labels, fontsize=size)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.set_title(
        f"{evaluation.split}: accuracy {evaluation.accuracy:.3f} "
        f"({evaluation.accuracy_low:.3f} to {evaluation.accuracy_high:.3f}, "
        f"n = {evaluation.n})\naverage position {evaluation.average_position:.2f}",
        fontsize=10,
    )


def _write_counts(axes: Axes, counts: np.ndarray, shares: np.ndarray) -> None:
    size = 7 if len(counts) > MANY else 9
    for row, column in zip(*np.nonzero(counts), strict=True):
        # white on the dark half of the shades
        colour = "white" if shares[row, column] > 0.5 else "black"
        axes.text(
            column,
            row,
            str(counts[row, column]),
            ha="center",
            va="center",
            color=colour,
            fontsize=size,
        )


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

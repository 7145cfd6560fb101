"""Draws the confusion matrix and the distances of pairs as PNG; writes the matrix as CSV."""

import io
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from foodcls.dedup.pairs import Distances
from foodcls.metrics.evaluation import Evaluation
from foodcls.tables.spreadsheet import table_csv

# imported where something is drawn: a run that is recalled draws nothing
if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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


def confusion_png(evaluation: Evaluation) -> bytes:
    """The counts as a picture; a cell's shade is its share of the true class's pictures."""
    counts = np.array(evaluation.confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = max(4.0, CELL * len(counts))
    figure = _new_figure(side + 3.0, side + 2.6)
    axes = figure.add_subplot()
    axes.imshow(np.ma.masked_equal(shares, 0), cmap="Blues", vmin=0, vmax=1)
    _label_axes(axes, evaluation)
    for row, column in zip(*np.nonzero(counts), strict=True):
        # white on the dark half of the shades
        color = "white" if shares[row, column] > 0.5 else "black"
        axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=color,
                  fontsize=_font_size(len(counts)))  # fmt: skip
    return _encode_figure(figure)


def histogram_png(found: Distances) -> bytes:
    """Pairs by distance as a PNG: what is the same above the line, what was vetoed below it.

    The recipe's distance should lie where confirmed pairs end: beyond it only crops are lost.
    """
    figure = _new_figure(8, 4.2)
    upper, lower = figure.subplots(2, 1, sharex=True)
    _draw_bars(upper, found.confirmed, "tab:blue", "the same")
    _draw_bars(lower, found.vetoed, "tab:orange", "vetoed")
    for axes in (upper, lower):
        axes.axvline(found.distance + 0.5, color="black", linestyle="--")
    upper.set_title(
        f"pairs by distance; the recipe's is {found.distance}, crops are looked for up to "
        f"{found.reach}\n{sum(found.confirmed[: found.distance + 1])} confirmed within the "
        f"recipe's, {found.vetoed_within} vetoed by their thumbnails",
        fontsize=10,
    )
    lower.set_xlabel("bits that differ")
    lower.set_xticks(range(0, len(found.confirmed), 2))
    return _encode_figure(figure)


def _new_figure(width: float, height: float) -> "Figure":
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _label_axes(axes: "Axes", evaluation: Evaluation) -> None:
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
        f"{evaluation.split}: accuracy {accuracy.value:.3f} "
        f"({accuracy.low:.3f} to {accuracy.high:.3f}, "
        f"n = {evaluation.n})\naverage position {evaluation.average_position:.2f}",
        fontsize=10,
    )


def _font_size(classes: int) -> int:
    return 7 if classes > MANY else 9


def _draw_bars(axes: "Axes", counts: tuple[int, ...], color: str, name: str) -> None:
    bars = axes.bar(np.arange(len(counts)), counts, color=color)
    axes.bar_label(bars, [str(count) if count else "" for count in counts], fontsize=8)
    # chance pairs grow tenfold every few bits
    axes.set_yscale("symlog", linthresh=1)
    axes.set_ylim(0, max(10, *counts) * 5)
    axes.set_ylabel(f"pairs, {name}")


def _encode_figure(figure: "Figure") -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    buffer = io.BytesIO()
    # without the metadata, which names the version of matplotlib, bytes depend on the data alone
    FigureCanvasAgg(figure).print_figure(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()

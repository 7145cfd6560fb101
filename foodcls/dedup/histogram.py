"""Draws how far apart the hashes of pairs are, so that a person can choose the distance.

A module of its own, so that no version of matplotlib is in the cache key of `dedup`.
"""

import io

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from foodcls.dedup.pairs import Distances

DPI = 100


def histogram_png(found: Distances) -> bytes:
    """Pairs by distance as a PNG: what is the same above the line, what was vetoed below it.

    The recipe's distance should lie where confirmed pairs end: beyond it only crops are lost.
    """
    figure = Figure(figsize=(8, 4.2), layout="constrained")
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
    buffer = io.BytesIO()
    # without the metadata, which names the version of matplotlib, bytes depend on the data alone
    FigureCanvasAgg(figure).print_figure(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()


def _draw_bars(axes: Axes, counts: tuple[int, ...], color: str, name: str) -> None:
    bars = axes.bar(np.arange(len(counts)), counts, color=color)
    axes.bar_label(bars, [str(count) if count else "" for count in counts], fontsize=8)
    # chance pairs grow tenfold every few bits
    axes.set_yscale("symlog", linthresh=1)
    axes.set_ylim(0, max(10, *counts) * 5)
    axes.set_ylabel(f"pairs, {name}")

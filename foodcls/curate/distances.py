"""Counts pairs by how far their hashes are apart, and draws them, for choosing the distance."""

import io
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

DPI = 100


@dataclass(frozen=True)
class Distances:
    """Pairs at each distance from 0 bits on: shown to be the same by thumbnails, or vetoed.

    A pair counts once, at the lower of its straight and its mirrored distance.
    """

    confirmed: tuple[int, ...]
    vetoed: tuple[int, ...]
    distance: int  # the recipe's
    reach: int  # up to here crops are looked for

    @property
    def vetoed_within(self) -> int:
        """Pairs within the recipe's distance that the thumbnails tell apart."""
        return sum(self.vetoed[: self.distance + 1])

    def rows(self) -> list[dict[str, int]]:
        """A row for each distance that any pair has."""
        counts = enumerate(zip(self.confirmed, self.vetoed, strict=True))
        return [
            {"distance": bits, "confirmed": same, "vetoed": other}
            for bits, (same, other) in counts
            if same or other
        ]


def distances_png(found: Distances) -> bytes:
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


def _draw_bars(axes: Axes, counts: tuple[int, ...], colour: str, name: str) -> None:
    bars = axes.bar(np.arange(len(counts)), counts, color=colour)
    axes.bar_label(bars, [str(count) if count else "" for count in counts], fontsize=8)
    # chance pairs grow tenfold every few bits
    axes.set_yscale("symlog", linthresh=1)
    axes.set_ylim(0, max(10, *counts) * 5)
    axes.set_ylabel(f"pairs, {name}")

"""Lays out small charts, as the reliability diagram, in lines, bars and ticks; knows no HTML."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from foodcls.metrics.calibration import Bin, Calibration
from foodcls.metrics.temperature import Threshold
from foodcls.train.checkpoint import EpochReport

Points = tuple[tuple[float, float], ...]
WIDTH, HEIGHT = 340.0, 240.0  # of the frame, in the units of the drawing
# ticks with a number on an axis of epochs, at most
NUMBERED = 8
# a point for each unit of width is enough
POINTS = 340


@dataclass(frozen=True)
class Axis:
    """An axis: its range, ticks and title."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    title: str

    def share(self, value: float) -> float:
        """How far along the axis a value lies, 0 to 1."""
        return (value - self.low) / (self.high - self.low)


@dataclass(frozen=True)
class Polyline:
    """Points joined by a line; `style` is first, second, guide or whisker; no name, no legend."""

    name: str
    points: Points
    style: str


@dataclass(frozen=True)
class Bar:
    """A vertical bar from 0 to `top`; `text` is its tooltip."""

    left: float
    right: float
    top: float
    text: str


@dataclass(frozen=True)
class Mark:
    """A point with a label."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Chart:
    """A chart in a frame of 340 by 240."""

    title: str
    x: Axis
    y: Axis
    lines: tuple[Polyline, ...] = ()
    bars: tuple[Bar, ...] = ()
    marks: tuple[Mark, ...] = ()

    def left(self, value: float) -> float:
        """Distance from the frame's left side."""
        return round(WIDTH * self.x.share(value), 1)

    def top(self, value: float) -> float:
        """Distance from the frame's upper side."""
        return round(HEIGHT * (1 - self.y.share(value)), 1)

    def path(self, line: Polyline) -> str:
        """The points of a line as SVG writes them."""
        return " ".join(f"{self.left(x)},{self.top(y)}" for x, y in line.points)


def reliability_chart(bins: Sequence[Bin]) -> Chart:
    """The reliability diagram: accuracy by confidence; calibrated bars end on the diagonal.

    Whiskers are the accuracy's 95 % interval in each bin.
    """
    whiskers = [
        Polyline(
            "", ((bin.confidence, bin.accuracy.low), (bin.confidence, bin.accuracy.high)), "whisker"
        )
        for bin in bins
    ]
    return Chart(
        title="When it says 80 %, is it right in 80 %?",
        x=_percent_axis("highest probability"),
        y=_percent_axis("right"),
        bars=tuple(
            Bar(
                bin.low,
                bin.high,
                bin.accuracy.value,
                f"{bin.n} pictures at {bin.confidence:.0%} on average: "
                f"{bin.accuracy.value:.0%} right",
            )
            for bin in bins
        ),
        lines=(Polyline("", ((0, 0), (1, 1)), "guide"), *whiskers),
        marks=tuple(Mark(bin.confidence, bin.accuracy.value, "") for bin in bins),
    )


def coverage_chart(curve: Sequence[Threshold], calibration: Calibration) -> Chart:
    """Accuracy by coverage: the share of pictures that get an answer, the most confident first."""
    low = min([0.9, *(point.accuracy for point in curve)])
    bottom = int(low * 10) / 10
    # backwards, so that the last point, all pictures, stays
    thin = curve[:: -max(1, len(curve) // POINTS)][::-1]
    answered = calibration.answered
    chosen = Mark(
        calibration.coverage,
        answered.value if answered else bottom,
        f"answers from {calibration.abstain_below:.2f} on",
    )
    return Chart(
        title="Fewer answers, better answers",
        x=_percent_axis("pictures that get an answer"),
        y=_percent_axis("right, of those", bottom),
        lines=(Polyline("", tuple((point.coverage, point.accuracy) for point in thin), "first"),),
        marks=(chosen,) if answered and calibration.abstain_below > 0 else (),
    )


def learning_charts(reports: Sequence[EpochReport], best_epoch: int) -> tuple[Chart, ...]:
    """Loss, accuracy and average position by epoch; the kept epoch is marked."""
    return (
        _curves("Loss", reports, ("train_loss", "val_loss"), best_epoch),
        _curves("Accuracy", reports, ("train_accuracy", "val_accuracy"), best_epoch),
        _curves("Average position", reports, ("val_average_position",), best_epoch),
    )


def _curves(
    title: str, reports: Sequence[EpochReport], names: Sequence[str], best_epoch: int
) -> Chart:
    styles = {"train": "second", "val": "first"}
    lines = tuple(
        Polyline(
            {"train": "training", "val": "validation"}[name.partition("_")[0]],
            tuple((report.epoch, getattr(report, name)) for report in reports),
            styles[name.partition("_")[0]],
        )
        for name in names
    )
    best = next(report for report in reports if report.epoch == best_epoch)
    kept = Mark(best_epoch, getattr(best, names[-1]), "kept")
    # of one epoch no line is drawn
    alone = tuple(Mark(*line.points[0], line.name) for line in lines[:-1] if len(reports) == 1)
    return Chart(title, _epoch_axis(reports), _value_axis(lines), lines, marks=(*alone, kept))


def _percent_axis(title: str, low: float = 0.0) -> Axis:
    steps = 5
    values = [low + (1 - low) * step / steps for step in range(steps + 1)]
    return Axis(low, 1.0, tuple((value, f"{100 * value:.0f} %") for value in values), title)


def _epoch_axis(reports: Sequence[EpochReport]) -> Axis:
    epochs = [report.epoch for report in reports]
    stride = -(-len(epochs) // NUMBERED)
    ticks = tuple((float(epoch), str(epoch)) for epoch in epochs[::stride])
    # a single epoch still has a width
    return Axis(epochs[0] - 0.5, epochs[-1] + 0.5, ticks, "epoch")


def _value_axis(lines: Sequence[Polyline]) -> Axis:
    values = [y for line in lines for _, y in line.points]
    low, high = min(values), max(values)
    room = 0.08 * (high - low) or 0.1
    ticks = tuple((low + (high - low) * step / 4, "") for step in range(5)) if high > low else ()
    # as many digits as tell the ticks apart
    digits = max(2, 1 - math.floor(math.log10((high - low) / 4))) if ticks else 2
    named = tuple((value, f"{value:.{digits}f}") for value, _ in ticks) or ((low, f"{low:.2f}"),)
    return Axis(low - room, high + room, named, "")

import numpy as np
import pytest

from foodcls.metrics.calibration import fill_bins, measure_calibration
from foodcls.metrics.temperature import coverage_curve
from foodcls.report.charts import coverage_chart, learning_charts, reliability_chart
from foodcls.train.checkpoint import EpochReport


def reports(count: int) -> list[EpochReport]:
    return [EpochReport(e, 2 / e, 0.5, 2.5 / e, 0.6, 2.0, 1.0, 1e-3) for e in range(1, count + 1)]


def test_places_count_from_the_upper_left() -> None:
    chart = reliability_chart([])
    assert (chart.left(0), chart.left(1), chart.top(0), chart.top(1)) == (0, 340, 240, 0)


def test_a_bar_for_each_bin_with_its_interval() -> None:
    bins = fill_bins(np.array([0.95, 0.97, 0.3]), np.array([1, 0, 0]))
    chart = reliability_chart(bins)
    assert [bar.top for bar in chart.bars] == [0, 0.5]
    assert chart.bars[1].text == "2 pictures at 96% on average: 50% right"
    guide, *whiskers = chart.lines
    assert chart.path(guide) == "0.0,240.0 340.0,0.0"
    for line, bin in zip(whiskers, bins, strict=True):
        (x, low), (_, high) = line.points
        assert x == bin.confidence and low < bin.accuracy.value + 1e-9 < high + 1e-6


def test_the_threshold_is_marked_on_the_curve() -> None:
    rows = np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4], [0.55, 0.45]])
    right = np.array([1, 1, 0, 1])
    calibration = measure_calibration(rows, right, 1.0, 0.7)
    chart = coverage_chart(coverage_curve(rows.max(axis=1), right), calibration)
    (mark,) = chart.marks
    assert (mark.x, mark.y) == (0.5, 1.0) and "0.70" in mark.text
    assert (0.5, 1.0) in chart.lines[0].points
    # the axis begins at a whole tenth below all of the curve
    assert chart.y.low == pytest.approx(0.6)


def test_a_long_curve_is_thinned_and_keeps_its_end() -> None:
    rng = np.random.default_rng(0)
    sure, right = rng.random(20_000), rng.integers(0, 2, 20_000)
    rows = np.stack([sure, 1 - sure], axis=1)
    (line,) = coverage_chart(
        coverage_curve(sure, right), measure_calibration(rows, right, 1, 0)
    ).lines
    assert 300 < len(line.points) < 400
    assert line.points[-1] == (1.0, pytest.approx(right.mean()))


def test_a_threshold_that_leaves_no_answer_is_not_marked() -> None:
    rows = np.array([[0.9, 0.1]])
    calibration = measure_calibration(rows, np.array([1]), 1.0, 0.95)
    assert coverage_chart(coverage_curve(rows.max(axis=1), np.array([1])), calibration).marks == ()


@pytest.mark.parametrize("count", [1, 2, 8, 50])
def test_learning_is_drawn_from_one_epoch_on(count: int) -> None:
    loss, accuracy, position = learning_charts(reports(count), 1)
    assert [line.name for line in loss.lines] == ["training", "validation"]
    assert len(position.lines) == 1 and len(loss.x.ticks) <= 8
    for chart in (loss, accuracy, position):
        for line in chart.lines:
            assert all(0 <= chart.left(x) <= 340 and 0 <= chart.top(y) <= 240
                       for x, y in line.points)  # fmt: skip
        assert chart.marks[0].x == 1


@pytest.mark.parametrize("spread", [4e-4, 0.03, 2.0])
def test_ticks_of_a_loss_are_told_apart_and_one_epoch_is_seen(spread: float) -> None:
    report = EpochReport(1, 0.001, 0.9, 0.001 + spread, 0.8, 2.0, 1.0, 1e-3)
    loss, accuracy, position = learning_charts([report], 1)
    assert len({text for _, text in loss.y.ticks}) == 5
    assert [mark.text for mark in loss.marks] == ["training", "kept"]
    assert len(accuracy.marks) == 2 and len(position.marks) == 1

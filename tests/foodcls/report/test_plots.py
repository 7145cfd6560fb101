import csv
import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from foodcls.dedup.pairs import Distances
from foodcls.metrics.evaluation import Evaluation
from foodcls.report.plots import confusion_csv, confusion_png, histogram_png

COUNTED = Distances((5, 0, 2, 0, 1), (0, 0, 1, 0, 40), distance=2, reach=4)


@pytest.fixture
def evaluation(judged) -> Callable[..., Evaluation]:
    """Nine pictures a class, all right but `wrong` of the first, taken for the last."""

    def make(classes: int, wrong: int = 0) -> Evaluation:
        confusion = np.eye(classes, dtype=int) * 9
        confusion[0, classes - 1] = wrong
        return judged(confusion, [f'dish, "{number}"' for number in range(classes)])

    return make


def open_png(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "PNG"
        return image.convert("RGB")


def test_table_reads_back_with_true_classes_in_rows(evaluation) -> None:
    shown = evaluation(3, wrong=4)
    header, *rows = csv.reader(io.StringIO(confusion_csv(shown)))
    assert header[1:] == [row[0] for row in rows] == list(shown.labels)
    assert [list(map(int, row[1:])) for row in rows] == [[9, 0, 4], [0, 9, 0], [0, 0, 9]]


@pytest.mark.parametrize("classes", [2, 13, 41])
def test_matrix_grows_with_the_classes(evaluation, classes: int) -> None:
    image = open_png(confusion_png(evaluation(classes)))
    # legible: at least 30 pixels a cell
    assert min(image.size) > 30 * classes


def test_matrix_shows_the_counts_and_repeats_byte_for_byte(evaluation) -> None:
    assert confusion_png(evaluation(5)) == confusion_png(evaluation(5))
    assert confusion_png(evaluation(5)) != confusion_png(evaluation(5, wrong=2))


def test_a_class_without_pictures_is_drawn(judged) -> None:
    open_png(confusion_png(judged([[0, 0], [0, 9]])))


def test_the_histogram_of_distances_depends_on_the_counts_alone() -> None:
    drawn = histogram_png(COUNTED)
    assert open_png(drawn).width == 800
    assert drawn == histogram_png(COUNTED)
    assert drawn != histogram_png(Distances((5,), (0,), 2, 4))


def test_no_pairs_are_drawn_too() -> None:
    assert histogram_png(Distances((0, 0), (0, 0), 0, 1)).startswith(b"\x89PNG")

import csv
import io

import numpy as np
import pytest
from PIL import Image

from foodcls.learn.evaluate import ClassScore, Evaluation
from foodcls.learn.fit import EpochReport
from foodcls.learn.plots import confusion_csv, confusion_png, learning_png


def evaluation(classes: int, wrong: int = 0) -> Evaluation:
    confusion = np.eye(classes, dtype=int) * 9
    confusion[0, classes - 1] = wrong
    labels = tuple(f'dish, "{number}"' for number in range(classes))
    return Evaluation(
        checkpoint="c",
        split="test",
        n=int(confusion.sum()),
        accuracy=0.9,
        accuracy_low=0.8,
        accuracy_high=0.95,
        average_position=1.2,
        average_position_micro=1.2,
        top3=1.0,
        labels=labels,
        per_class=tuple(ClassScore(label, 9, 1.0, 1.0, 1.0) for label in labels),
        confusion=tuple(tuple(map(int, row)) for row in confusion),
        predictions="p",
    )


def open_png(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "PNG"
        return image.convert("RGB")


def test_table_reads_back_with_true_classes_in_rows() -> None:
    shown = evaluation(3, wrong=4)
    header, *rows = csv.reader(io.StringIO(confusion_csv(shown)))
    assert header[1:] == [row[0] for row in rows] == list(shown.labels)
    assert [list(map(int, row[1:])) for row in rows] == [[9, 0, 4], [0, 9, 0], [0, 0, 9]]


@pytest.mark.parametrize("classes", [2, 100])
def test_matrix_grows_with_the_classes(classes: int) -> None:
    image = open_png(confusion_png(evaluation(classes)))
    # legible: at least 30 pixels a cell
    assert min(image.size) > 30 * classes


def test_matrix_shows_the_counts_and_repeats_byte_for_byte() -> None:
    assert confusion_png(evaluation(5)) == confusion_png(evaluation(5))
    assert confusion_png(evaluation(5)) != confusion_png(evaluation(5, wrong=2))


def test_a_class_without_pictures_is_drawn() -> None:
    bare = evaluation(2)
    open_png(confusion_png(Evaluation(**{**vars(bare), "confusion": ((0, 0), (0, 9))})))


@pytest.mark.parametrize("epochs", [1, 8])
def test_curves_are_drawn_from_one_epoch_on(epochs: int) -> None:
    reports = [
        EpochReport(epoch, 1 / epoch, 0.5, 1.2 / epoch, 0.6, 2.0, 1.0, 3e-5)
        for epoch in range(1, epochs + 1)
    ]
    assert open_png(learning_png(reports, 1)).width > 800
    assert learning_png(reports, 1) == learning_png(reports, 1)

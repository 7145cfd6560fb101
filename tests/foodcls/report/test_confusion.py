import pytest

from foodcls.report.confusion import SIDE, lay_matrix, share_text


def test_cells_stand_by_true_class_and_class_said() -> None:
    matrix = lay_matrix(("a", "b"), [[3, 1], [0, 0]])
    right, wrong = matrix.cells
    assert (right.x, right.y, right.count, right.percent) == (0, 0, 3, "75")
    assert (wrong.x, wrong.y, wrong.count, wrong.percent) == (SIDE, 0, 1, "25")
    assert wrong.text == "a said to be b: 1 of 4" and wrong.shade == 0.25


@pytest.mark.parametrize(
    ("share", "text"),
    [(1.0, "100"), (0.999, "99"), (0.5, "50"), (0.006, "1"), (0.001, "<1")],
)
def test_a_share_is_neither_rounded_to_nothing_nor_to_all(share: float, text: str) -> None:
    assert share_text(share) == text


def test_long_names_are_cut_and_all_have_room() -> None:
    matrix = lay_matrix(("x" * 90, "b"), [[1, 0], [0, 1]])
    assert len(matrix.labels[0]) == 30 and matrix.labels[0].endswith("…")
    assert matrix.left > 30 * 6 and matrix.width > matrix.left + 2 * SIDE + 30 * 4
    assert matrix.height > matrix.top + 2 * SIDE


def test_a_hundred_classes_have_as_many_places() -> None:
    eye = [[9 * (row == column) for column in range(100)] for row in range(100)]
    matrix = lay_matrix([f"dish {place}" for place in range(100)], eye)
    assert len(matrix.cells) == 100 and matrix.cells[-1].x == 99 * SIDE

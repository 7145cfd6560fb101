import csv
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foodcls.errors import TableError
from foodcls.metrics.predictions import Predictions, name_rows, predictions_csv, read_predictions
from foodcls.metrics.ranks import ranks


def test_what_is_written_is_read_back(answered) -> None:
    given = answered(
        [0, 1, 1],
        [[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [1 / 3, 1 / 3, 1 / 3]],
        labels=("NA", "label", "2"),
        groups=("tray 1", "", "=1+1"),
    )
    found = read_predictions(predictions_csv(given))
    assert (found.labels, found.ids, found.groups) == (given.labels, given.ids, given.groups)
    assert found.origins == given.origins and found.truth.tolist() == [0, 1, 1]
    assert found.probabilities == pytest.approx(given.probabilities, abs=1e-9)


def test_the_table_says_who_was_right(answered) -> None:
    given = answered([0, 1], [[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]])
    first, second = csv.DictReader(io.StringIO(predictions_csv(given)))
    assert (first["label"], first["predicted"], first["rank"]) == ("dish 0", "dish 0", "1")
    assert (second["label"], second["predicted"], second["rank"]) == ("dish 1", "dish 2", "2")
    assert float(second["probability"]) == float(second["p_dish 2"]) == 0.6
    assert given.right.tolist() == [1, 0] and given.confidence.tolist() == [0.7, 0.6]


@pytest.mark.parametrize("sly", ["=1+1", "+1", "-1", "@x", "\t=1"])
def test_no_cell_is_a_formula_and_all_come_back(answered, sly: str) -> None:
    given = answered([0], [[0.9, 0.1]], groups=(sly,))
    given = Predictions(**{**vars(given), "origins": (sly,)})
    text = predictions_csv(given)
    assert f",{sly}" not in text
    assert read_predictions(text).origins == read_predictions(text).groups == (sly,)


@given(st.lists(st.floats(-40, 3), min_size=3, max_size=8, unique=True), st.integers(0, 2))
def test_ranks_survive_also_where_all_but_one_are_nearly_0(logs: list[float], true: int) -> None:
    """Six decimals would make a tie of all that is below 0.0000005."""
    scores = np.exp(np.array([logs]))
    scores /= scores.sum()
    given = Predictions(("a", "b", "c", *"defgh")[: len(logs)], ("i",), ("o",), ("",),
                    np.array([true]), scores)  # fmt: skip
    found = read_predictions(predictions_csv(given))
    gaps = np.diff(np.sort(scores[0])) / np.sort(scores[0])[1:]
    if gaps.min() > 1e-8:
        assert ranks(found.probabilities, found.truth) == ranks(scores, given.truth)


def test_rows_of_one_picture_are_told_apart() -> None:
    rows = name_rows(["x", "x", "y", "x"], ["a", "a", "a", "b"])
    assert list(rows) == [("x", "a", 0), ("x", "a", 1), ("y", "a", 0), ("x", "b", 0)]


@pytest.mark.parametrize(
    "change", [("0.9", "many"), ("x,p,", "x,soup,"), ("0.9,0.1\n", "0.9\n"), (None, "")],
    ids=["no number", "no class", "cut", "empty"],
)  # fmt: skip
def test_a_damaged_table_is_refused_with_the_way_out(change: tuple[str | None, str]) -> None:
    text = "id,label,predicted,probability,rank,origin,group,p_p,p_b\nx,p,p,0.9,1,x,,0.9,0.1\n"
    damaged = text.replace(*change) if change[0] else ""
    with pytest.raises(TableError, match="no table of answers .*foodcls run"):
        read_predictions(damaged)


def test_another_table_is_refused() -> None:
    with pytest.raises(TableError, match="begin with path, keep"):
        read_predictions("path,keep\na.jpg,1\n")

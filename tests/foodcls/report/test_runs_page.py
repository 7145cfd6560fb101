"""The page says what differs between runs, and which of them may be compared."""

from dataclasses import replace

import pytest

from foodcls.report.runs_page import RunLine, differing, name_change, runs_html

RUN = RunLine(
    name="first",
    started="2026-01-02 03:04",
    figures={"accuracy": 0.9, "accuracy_low": 0.8, "accuracy_high": 0.95, "n": 100},
    settings={"train.lr": "0.001", "train.epochs": "8", "dedup.hash": "phash"},
    data="abc123456789",
    tests="t1",
)


@pytest.mark.parametrize(
    ("changes", "is_new_data", "name"),
    [
        ({}, False, "the same again"),
        ({}, True, "new pictures"),
        ({"train.lr": "0.01", "train.epochs": "4"}, True, "lr=0.01, epochs=4"),
        ({"augment.seed": "1"}, False, "the same again"),
    ],
    ids=["nothing", "pictures", "settings", "a setting of another version"],
)
def test_a_run_is_named_by_what_changed(
    changes: dict[str, str], is_new_data: bool, name: str
) -> None:
    settings = RUN.settings | changes
    assert name_change(settings, RUN.settings, is_new_data=is_new_data) == name


def test_the_first_run_is_called_so_and_twin_keys_keep_their_section() -> None:
    assert name_change(RUN.settings, None, is_new_data=False) == "first"
    twins = {"split.seed": "0", "train.seed": "0"}
    assert name_change(twins | {"train.seed": "1"}, twins, is_new_data=False) == "train.seed=1"


def test_only_what_differs_is_shown() -> None:
    other = replace(RUN, settings={"train.lr": "0.01", "train.epochs": "8"})
    assert differing([RUN, other]) == {"dedup.hash": ["phash", "–"], "train.lr": ["0.001", "0.01"]}


def test_the_page_escapes_and_tells_what_may_be_compared() -> None:
    foreign = replace(RUN, name="<script>x</script>", tests="t2", settings={"train.lr": "1"})
    page = runs_html("lunch", [RUN, foreign])
    assert "<script>" not in page and "&lt;script&gt;" in page
    assert "judged by other test pictures" in page and page.count('class="quiet"><td>') == 1
    assert "0.80 to 0.95" in page and "train.lr" in page
    alone = runs_html("lunch", [RUN])
    assert "judged by other" not in alone and "had the same settings" in alone


def test_a_run_without_figures_is_shown_all_the_same() -> None:
    assert "–" in runs_html("lunch", [replace(RUN, figures={})])

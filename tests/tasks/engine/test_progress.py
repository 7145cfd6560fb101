import io

import pytest
from prefect import flow

from tasks.engine import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_items_pass_unchanged_where_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", io.StringIO())
    assert list(progress.bars(iter("abc"), 3, "letters")) == ["a", "b", "c"]


def test_a_terminal_sees_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    assert list(progress.bars(iter(range(50)), 50, "fetch")) == list(range(50))
    assert "fetch" in screen.getvalue() and "50/50" in screen.getvalue()


def test_long_work_of_a_flow_without_a_terminal_is_an_artifact(
    shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr", io.StringIO())
    monkeypatch.setattr(progress, "PAUSE", 0.0)

    @flow
    def working() -> None:
        assert list(progress.bars(iter("abcd"), 4, "cut pictures")) == list("abcd")

    working()
    (found,) = shown("progress-cut-pictures")
    assert (found.type, found.data, found.description) == ("progress", 100, "cut pictures, of 4")


def test_short_work_costs_no_request(shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", io.StringIO())

    @flow
    def working() -> None:
        assert list(progress.bars(range(4), 4, "quick work")) == [0, 1, 2, 3]

    working()
    assert not shown("progress-quick-work")

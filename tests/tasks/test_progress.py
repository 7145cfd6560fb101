import io

import pytest

from tasks import progress


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

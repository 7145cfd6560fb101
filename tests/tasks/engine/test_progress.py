import io
import re
import time
from collections.abc import Callable

import pytest
from prefect import flow

from tasks.engine import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def heard_lines(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Callable[[], list[str]]:
    """What a log has heard so far; its minutes are short ones."""
    monkeypatch.setattr(progress, "SILENCE", 0.05)
    caplog.set_level("INFO", "foodcls.stages")
    return lambda: list(caplog.messages)


def test_a_log_hears_that_work_goes_on_and_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, heard_lines: Callable[[], list[str]]
) -> None:
    monkeypatch.setattr("sys.stderr", io.StringIO())
    with progress.heartbeat("inspect"):
        while not heard_lines():
            time.sleep(0.01)
        for letter in progress.bars("abcd", 4, "decode"):
            while letter == "c" and "3 of 4" not in heard_lines()[-1]:
                time.sleep(0.01)
    first, last = heard_lines()[0], heard_lines()[-1]
    assert first == "inspect   0 s so far"
    assert re.fullmatch(r"inspect   0 s so far, decode 3 of 4, about \d s left", last)
    time.sleep(0.2)
    assert heard_lines()[-1] == last


def test_work_outside_a_stage_is_heard_as_well(
    monkeypatch: pytest.MonkeyPatch, heard_lines: Callable[[], list[str]]
) -> None:
    monkeypatch.setattr("sys.stderr", io.StringIO())
    for _ in progress.bars("ab", 2, "predict"):
        while not heard_lines():
            time.sleep(0.01)
    assert heard_lines()[0].startswith("predict   0 s so far, predict 1 of 2, about")


def test_a_terminal_has_bars_and_no_such_lines(
    monkeypatch: pytest.MonkeyPatch, heard_lines: Callable[[], list[str]]
) -> None:
    monkeypatch.setattr("sys.stderr", Terminal())
    with progress.heartbeat("inspect"):
        assert list(progress.bars("ab", 2, "decode")) == ["a", "b"]
        time.sleep(0.2)
    assert not heard_lines()


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (99, "99 s"), (300, "5 min"), (5400, "90 min"), (9000, "2.5 h")],
)
def test_times_are_said_as_people_say_them(seconds: float, said: str) -> None:
    assert progress.spell_time(seconds) == said


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

from types import SimpleNamespace

import pytest

from foodcls.judge.promotion import Verdict
from foodcls.steps import Step
from tasks.conclusion import conclude

PLAN = SimpleNamespace(name="lunch", digest="a" * 64)


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        (Verdict(True, "better in accuracy"), "version 3 is the champion now, better in accuracy"),
        (Verdict(False, "no better"), "version 3 stays a challenger, no better"),
        (Verdict(False, "it serves", is_new=False), "nothing new, it serves"),
    ],
    ids=["promoted", "not promoted", "nothing new"],
)
def test_the_last_state_says_what_came_of_it_and_of_what(verdict: Verdict, said: str) -> None:
    results = {
        "augment": SimpleNamespace(digest="b" * 64),
        "export": SimpleNamespace(blob="c" * 64),
        "record": SimpleNamespace(version="3"),
        "promote": verdict,
    }
    steps = [Step(name, result, 1.0, cached=False) for name, result in results.items()]
    state = conclude(PLAN, steps)
    digests = f"recipe {'a' * 12}, dataset {'b' * 12}, model {'c' * 12}"
    assert state.message == f"lunch: {said} ({digests})"
    # what automations wait for
    assert state.name == "Completed" and state.is_completed()

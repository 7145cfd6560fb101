from types import SimpleNamespace

import pytest

from foodcls.promote.rule import Verdict
from foodcls.runs.run_result import Retrained
from foodcls.runs.stage_result import Step
from tasks.engine.conclusion import conclude

RECIPE = SimpleNamespace(name="lunch", digest="a" * 64)


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        (Verdict(True, "better in accuracy"), "version 3 is the champion now, better in accuracy"),
        (Verdict(False, "no better"), "version 3 stays a challenger, no better"),
        (Verdict(False, "it serves", is_new=False), "nothing new, it serves"),
    ],
    ids=["promoted", "not promoted", "nothing new"],
)
def test_the_last_state_says_what_came_of_it_and_of_what(
    verdict: Verdict, said: str, make_run
) -> None:
    run = make_run(
        grown=SimpleNamespace(digest="b" * 64),
        model=SimpleNamespace(blob="c" * 64),
        recorded=SimpleNamespace(version="3"),
    )
    state = conclude(RECIPE, Retrained(run, Step("promote", verdict, 1.0, cached=False)))
    digests = f"recipe {'a' * 12}, dataset {'b' * 12}, model {'c' * 12}"
    assert state.message == f"lunch: {said} ({digests})"
    # what automations wait for
    assert state.name == "Completed" and state.is_completed()

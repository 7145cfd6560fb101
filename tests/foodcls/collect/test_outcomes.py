from foodcls.collect.outcomes import FINAL, PASSING, Outcome


def test_nothing_is_both_final_and_passing() -> None:
    assert not FINAL & PASSING


def test_a_rerun_tries_again_only_what_may_have_changed() -> None:
    assert Outcome.OK.is_final and Outcome.HTTP_ERROR.is_final
    assert not Outcome.TIMEOUT.is_final and not Outcome.DEFERRED.is_final
    assert Outcome.UNAVAILABLE.is_passing and not Outcome.DEFERRED.is_passing

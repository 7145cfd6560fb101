from foodcls.train.budget import Budget, start_budget


def test_minutes_count_from_the_start_and_with_what_was_spent_before() -> None:
    now = [100.0]
    budget = start_budget(0.5, lambda: now[0])
    now[0] = 129.0
    assert not budget.is_over()
    assert budget.less(2).is_over()
    now[0] = 130.0
    assert budget.is_over()


def test_without_minutes_it_never_ends() -> None:
    assert not start_budget(None, lambda: 1e300).is_over()
    assert isinstance(start_budget(None), Budget)

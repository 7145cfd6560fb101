from foodcls.collect.limits import fetch_limits
from foodcls.recipe.data_settings import Collect


def test_a_recipe_sets_the_bounds() -> None:
    names = {"timeout": 7.0, "max_bytes": 5000, "retries": 4, "connections": 9, "per_host": 3}
    limits = fetch_limits(Collect(engines=("bing",), allow_private_hosts=True, **names))
    assert {name: getattr(limits, name) for name in names} == names
    assert limits.allow_private

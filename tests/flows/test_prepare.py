"""The data half as a flow with engines: what they gave is told, and a class without fails it."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from flows.prepare import prepare
from foodcls.collect.query_stats import QueryStats
from foodcls.errors import CollectError
from foodcls.progress import Work
from foodcls.recipe.recipe import load_recipe
from foodcls.tables.manifest_csv import read_manifest

pytestmark = pytest.mark.usefixtures("prefect_server")

RECIPE = """\
name: few
classes: [{{name: {0}, queries: [{0}]}}, {{name: {1}, queries: [{1}, warm {1}]}}]
collect: {{engines: [sample], per_query: 12, min_per_class: 4}}
augment: {{per_class: null}}
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def recipe(*classes: str) -> Path:
        path = tmp_path / "few.yaml"
        path.write_text(RECIPE.format(*classes))
        return path

    return recipe


def stats(space: Path) -> list[QueryStats]:
    table = pd.read_csv(space / "query_stats.csv", keep_default_na=False)
    return [QueryStats(**row) for row in table.to_dict("records")]


def test_a_class_without_results_fails_the_flow_and_is_named(write, tmp_path: Path) -> None:
    space = tmp_path / "space"
    state = prepare(load_recipe(write("beans", "unicorn")), space, return_state=True)
    assert state.is_failed() and not state.is_completed()
    with pytest.raises(CollectError, match="1 of 2 classes have fewer than 4 pictures") as caught:
        state.result()
    said = str(caught.value)
    assert "unicorn: 0 found, 0 ok, 4 needed" in said
    assert "sample, 'unicorn' (unicorn) and 1 more: 0 found on 2 pages: no results" in said
    assert len(read_manifest(space / "manifest.csv")) == 12
    # what each engine gave is told all the same
    assert [(one.label, one.found, one.reason) for one in stats(space)] == [
        ("beans", 12, ""),
        ("unicorn", 0, "no results"),
        ("unicorn", 0, "no results"),
    ]


def test_engines_are_asked_again_by_who_wants_it_at_once(write, tmp_path: Path) -> None:
    path, space = write("beans", "rabbit"), tmp_path / "space"
    runs = [prepare(load_recipe(path), space, again).found for again in (False, True, False)]
    assert [step.cached for step in runs] == [False, False, True]
    asked = [item for step in runs for item in step.work if item.kind == "search"]
    assert asked == [Work("search", 3, 0), Work("search", 3, 0)]


def test_yields_of_a_cached_collection_are_written_again(write, tmp_path: Path) -> None:
    space = tmp_path / "space"
    path = write("beans", "rabbit")
    prepare(load_recipe(path), space)
    first = stats(space)
    assert [one.found for one in first] == [12, 12, 12]
    # as another recipe in the same workspace would leave it
    (space / "query_stats.csv").write_text("engine,label,query,pages,found,reason\n")
    found = prepare(load_recipe(path), space).found
    assert found.cached and found.result.stats == tuple(first)
    assert stats(space) == first

import pytest
from prefect import flow
from prefect.client.orchestration import get_client

from foodcls.collect.search import EngineYield
from foodcls.curate.distances import Distances
from foodcls.manifest import ManifestRef
from foodcls.steps import Step
from tasks.artifacts import show_pairs, show_stages, show_yields

pytestmark = pytest.mark.usefixtures("prefect_server")


def artifact(key: str) -> str:
    with get_client(sync_client=True) as client:
        found = [artifact for artifact in client.read_artifacts() if artifact.key == key]
    # the server is shared: other tests may have left some of that name
    return str(max(found, key=lambda artifact: artifact.created).data)


def test_stage_table_of_any_recipe_name_can_be_read_in_the_ui() -> None:
    @flow
    def shown() -> None:
        show_stages("train My_Recipe", [Step("dedup", ManifestRef("d", "", "", 3, 4), 1.0, False)])

    shown()
    assert "| dedup | 3 | 4 |" in artifact("stages-train-my-recipe")


def test_yields_of_engines_can_be_read_in_the_ui() -> None:
    @flow
    def shown() -> None:
        show_yields([EngineYield("bing", "soup", "hot soup", 2, 0, "captcha page")])

    shown()
    assert "captcha page" in artifact("engine-yields")


def test_pairs_by_distance_can_be_read_in_the_ui() -> None:
    @flow
    def shown() -> None:
        show_pairs(Distances((5, 0, 2), (0, 0, 41), distance=2, reach=4))

    shown()
    assert '"vetoed": 41' in artifact("pairs-by-distance")

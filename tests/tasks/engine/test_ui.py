import json

import pytest
from prefect import flow

from foodcls.manifest import ManifestRef, new_manifest
from foodcls.promote.rule import PromotionDecision
from foodcls.runs.stage_result import StageResult
from tasks.engine.ui import show_pictures, show_scores, show_stages, show_verdict

pytestmark = pytest.mark.usefixtures("prefect_server")


def test_stage_table_of_any_recipe_name_can_be_read_in_the_ui(shown) -> None:
    @flow
    def showing() -> None:
        show_stages(
            "train My_Recipe", [StageResult("dedup", ManifestRef("d", "", "", 3, 4), 1.0, False)]
        )

    showing()
    assert "| dedup | 3 | 4 |" in shown("stages-train-my-recipe")[0].data


def test_classes_and_reasons_can_be_read_in_the_ui(shown) -> None:
    rows = [{"label": "soup", "split": "train", "state": "kept"}] * 3
    rows += [{"label": "soup", "split": "", "state": "dropped", "stage": "dedup",
              "reason": f"near duplicate, distance {bits}"} for bits in (1, 2)]  # fmt: skip

    @flow
    def showing() -> None:
        show_pictures("lunch", new_manifest(rows))

    showing()
    assert shown("classes-lunch")[0].data == json.dumps(
        [{"class": "soup", "train": 3, "val": 0, "test": 0, "all": 3}]
    )
    assert shown("dropped-lunch")[0].data == json.dumps(
        [{"stage": "dedup", "reason": "near duplicate", "pictures": 2}]
    )


def test_figures_and_their_intervals_can_be_read_in_the_ui(judged, shown) -> None:
    @flow
    def showing() -> None:
        show_scores("lunch", judged([[9, 1], [0, 10]], ("soup", "salad")))

    showing()
    figures = {row["figure"]: row for row in json.loads(shown("metrics-lunch")[0].data)}
    assert figures["accuracy"]["value"] == 0.95 and figures["accuracy"]["low"] < 0.95
    assert "average position" in figures
    by_class = json.loads(shown("metrics-by-class-lunch")[0].data)
    assert [(row["label"], row["recall"]) for row in by_class] == [("soup", 0.9), ("salad", 1.0)]


@pytest.mark.parametrize(
    ("verdict", "text"),
    [
        (PromotionDecision(True, "better in accuracy"), "**Promoted**: better in accuracy"),
        (PromotionDecision(False, "no better"), "**Not promoted**: no better"),
        (PromotionDecision(False, "it serves", is_new=False), "**Nothing new**: it serves"),
    ],
    ids=["promoted", "challenger", "nothing new"],
)
def test_a_verdict_and_its_reason_can_be_read_in_the_ui(
    verdict: PromotionDecision, text: str, shown
) -> None:
    @flow
    def showing() -> None:
        show_verdict("lunch", verdict)

    showing()
    assert shown("verdict-lunch")[0].data == text

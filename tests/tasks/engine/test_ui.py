import json

import numpy as np
import pytest
from prefect import flow

from foodcls.collect.query_stats import QueryStats
from foodcls.dedup.pairs import Distances
from foodcls.manifest import ManifestRef, new_manifest
from foodcls.promote.rule import PromotionDecision, compare_models, judge_challenger
from foodcls.recipe.train_settings import Promote
from foodcls.runs.stage_result import StageResult
from tasks.engine.ui import (
    show_pairs,
    show_pictures,
    show_query_stats,
    show_scores,
    show_stages,
    verdict_text,
)

pytestmark = pytest.mark.usefixtures("prefect_server")


def test_stage_table_of_any_recipe_name_can_be_read_in_the_ui(shown) -> None:
    @flow
    def showing() -> None:
        show_stages(
            "train My_Recipe", [StageResult("dedup", ManifestRef("d", "", "", 3, 4), 1.0, False)]
        )

    showing()
    assert "| dedup | 3 | 4 |" in shown("stages-train-my-recipe")[0].data


def test_yields_of_engines_can_be_read_in_the_ui(shown) -> None:
    @flow
    def showing() -> None:
        show_query_stats([QueryStats("bing", "soup", "hot soup", 2, 0, "captcha page")])

    showing()
    # flows of other processes give this table, too
    assert any("captcha page" in one.data for one in shown("query-stats"))


def test_pairs_by_distance_can_be_read_in_the_ui(shown) -> None:
    @flow
    def showing() -> None:
        show_pairs(Distances((5, 0, 2), (0, 0, 41), distance=2, reach=4))

    showing()
    assert any('"vetoed": 41' in one.data for one in shown("pairs-by-distance"))


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


def test_a_verdict_shows_the_figures_it_goes_by() -> None:
    truth = np.arange(40) % 2
    right = np.where(np.arange(2) == truth[:, None], 0.9, 0.1)
    wrong = np.where(np.arange(40)[:, None] < 12, 1 - right, right)
    verdict = judge_challenger(compare_models(wrong, right, truth, np.arange(40)), Promote())
    text = verdict_text(verdict)
    assert text.startswith("**Promoted**: better in accuracy and average position")
    assert "| accuracy | 0.7000 | 1.0000 | +0.3000 |" in text
    assert "28 right by both, 0 by the champion alone, 12 by the challenger alone" in text
    assert (
        verdict_text(PromotionDecision(False, "it serves", is_new=False))
        == "**Nothing new**: it serves"
    )

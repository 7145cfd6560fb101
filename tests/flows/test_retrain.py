"""Retrains on drawn patches, again and again, and looks at what was done anew and what serves."""

import time
from pathlib import Path
from typing import Any

import pytest
from mlflow.entities import ViewType
from mlflow.tracking import MlflowClient
from prefect import State
from typer.testing import CliRunner

from flows.cli.main import app
from flows.retrain import retrain
from foodcls.manifest import kept_rows
from foodcls.promote.rule import PromotionDecision
from foodcls.recipe.recipe import load_recipe
from foodcls.runs.run_result import Retrained, summarize
from foodcls.runs.stage_result import StageResult
from foodcls.tables.manifest_csv import read_manifest
from tasks.model import check_training

pytestmark = pytest.mark.usefixtures("prefect_server")


class Pipeline:
    """A recipe that is retrained in one workspace."""

    def __init__(self, recipe: Path, space: Path) -> None:
        self.recipe, self.space = recipe, space
        self.client = MlflowClient(f"sqlite:///{space / 'mlflow.db'}")

    def run(self, **changes: object) -> Retrained:
        """Retrain with these training settings."""
        self.state: State = retrain(
            self.recipe,
            {f"train.{name}": value for name, value in changes.items()},
            self.space,
            return_state=True,
        )
        result: Retrained = self.state.result()
        return result

    def judge(self, **changes: object) -> PromotionDecision:
        return self.run(**changes).verdict.result

    def alias(self, name: str) -> str:
        return str(self.client.get_registered_model("patches").aliases[name])

    def count_records(self) -> tuple[int, int]:
        """All runs, deleted ones too, and all registered versions."""
        ids = [self.client.get_experiment_by_name("patches").experiment_id]
        runs = self.client.search_runs(ids, run_view_type=ViewType.ALL)
        return len(runs), len(self.client.search_model_versions("name = 'patches'"))

    def type_in(self, *words: str) -> str:
        done = CliRunner().invoke(app, [*words, "--workspace", str(self.space)])
        assert done.exit_code == 0, done.output
        return done.output


@pytest.fixture(scope="module")
def pipeline(
    prefect_server: None, shared_recipe: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Pipeline:  # fmt: skip
    """The first run was made: version 1 serves. The recipe was edited while its first stage ran."""
    pipeline = Pipeline(shared_recipe, tmp_path_factory.mktemp("retrained") / "space")
    text = shared_recipe.read_text()

    def edit_first(*inputs: Any) -> StageResult[str]:
        shared_recipe.write_text(edited := text.replace("per_class: 12", "per_class: 10"))
        assert edited != text
        return check_training(*inputs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flows.train.check_training", edit_first)
        assert pipeline.judge().is_promoted
    assert shared_recipe.read_text() != text
    shared_recipe.write_text(text)
    return pipeline


@pytest.fixture(scope="module")
def lost(pipeline: Pipeline) -> tuple[PromotionDecision, str]:
    """A worse model has challenged the champion: the verdict, and its version."""
    verdict = pipeline.judge(lr=1e-9, epochs=1)
    return verdict, pipeline.alias("challenger")


def test_an_edit_during_a_run_changes_nothing_in_it(pipeline: Pipeline, tmp_path: Path) -> None:
    """The pictures, the parameters and the copy are of before."""
    rows = kept_rows(read_manifest(pipeline.space / "manifest.csv"))
    assert set(rows.loc[rows["split"] == "train"].groupby("label").size()) == {12}
    version = pipeline.client.get_model_version("patches", "1")
    assert pipeline.client.get_run(version.run_id).data.params["augment.per_class"] == "12"
    kept = pipeline.client.download_artifacts(version.run_id, "patches.yaml", str(tmp_path))
    assert Path(kept).read_bytes() == pipeline.recipe.read_bytes()


def test_on_unchanged_data_nothing_is_done_and_the_digests_are_told(pipeline: Pipeline) -> None:
    before, started = pipeline.count_records(), time.process_time()
    run = pipeline.run().run
    seconds = time.process_time() - started
    result = summarize(run)
    # of the processor's time, which a busy machine does not stretch; a server beside takes 2 more
    assert seconds < 8, f"{seconds:.1f} s"
    assert result["work"] == {} and not result["recorded_anew"]
    assert pipeline.count_records() == before
    recipe, pictures = load_recipe(pipeline.recipe), run.trained.pictures
    assert pipeline.state.message.startswith("patches: nothing new")
    for digest in (recipe.digest, pictures.digest, result["model_digest"]):
        assert digest[:12] in pipeline.state.message


def test_a_worse_model_stays_a_challenger_and_is_not_judged_twice(
    pipeline: Pipeline, lost: tuple[PromotionDecision, str]
) -> None:
    worse, version = lost
    assert not worse.is_promoted and worse.is_new and "test pictures" in worse.reason
    champion = pipeline.alias("champion")
    tags = pipeline.client.get_model_version("patches", version).tags
    assert champion != version and tags["judged_against"] == champion
    assert tags["verdict"] == worse.reason
    before = pipeline.count_records()
    again = pipeline.judge(lr=1e-9, epochs=1)
    assert not again.is_new and worse.reason in again.reason
    assert pipeline.count_records() == before


@pytest.mark.runs("foodcls promote", "foodcls rollback")
def test_a_person_promotes_and_rolls_back_and_a_late_run_does_not_undo_it(
    pipeline: Pipeline, lost: tuple[PromotionDecision, str]
) -> None:
    first, second = pipeline.alias("champion"), lost[1]
    said = pipeline.type_in("promote", str(pipeline.recipe), second)
    assert f"version {second} of patches serves now, instead of version {first}" in said
    assert pipeline.alias("champion") == second
    said = pipeline.type_in("rollback", str(pipeline.recipe))
    assert f"version {first} of patches serves again" in said
    late = pipeline.judge(lr=1e-9, epochs=1)
    assert not late.is_new and "rolled back" in late.reason
    assert pipeline.alias("champion") == first


def test_where_none_served_the_new_one_is_held_against_the_best_before(
    pipeline: Pipeline, lost: tuple[PromotionDecision, str]
) -> None:
    """As where `foodcls run` has registered versions before the first retraining."""
    first = pipeline.alias("champion")
    pipeline.client.delete_registered_model_alias("patches", "champion")
    verdict = pipeline.judge(lr=1e-9, epochs=1)
    assert not verdict.is_promoted and f"held against version {first}" in verdict.reason
    assert pipeline.alias("champion") == first


def test_a_new_rule_of_promotion_makes_no_new_model(pipeline: Pipeline) -> None:
    before = pipeline.count_records()
    result = retrain(pipeline.recipe, {"promote.margin": 0.05}, pipeline.space)
    assert pipeline.count_records() == before
    assert not result.verdict.result.is_new

import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from mlflow.entities import Param, RunData, RunTag

from foodcls.manifest import ManifestRef
from foodcls.metrics.evaluation import Evaluation
from foodcls.metrics.own_worth import OwnWorth
from foodcls.recipe.recipe import Recipe
from foodcls.report.ablation_table import Ablation, AblationRow, Trial
from foodcls.runs.stage_result import StageResult
from tasks.tracking.run_metrics import (
    PARAM_LENGTH,
    ablation_tags,
    commit_tags,
    final_figures,
    metric_names,
    name_run,
    run_figures,
    run_settings,
    trial_figures,
    trial_tags,
)

REPORTS = tuple(
    SimpleNamespace(epoch=epoch, train_loss=1.0, train_accuracy=0.5, val_loss=1 / epoch,
                    val_accuracy=0.5, val_average_position=1.5)
    for epoch in (1, 2)
)  # fmt: skip
CHECKPOINT = SimpleNamespace(
    reports=REPORTS, best=REPORTS[1], pretrained_digest="p", license="mit", train_count=9
)
LABELS = ("fish & chips", "b", "no pictures")


@pytest.fixture
def scores(judged) -> Evaluation:
    """Of 10 pictures 8 are right; one class has none."""
    return judged([[4, 1, 0], [1, 4, 0], [0, 0, 0]], LABELS)


def test_each_epoch_has_its_figures_and_the_run_has_the_final_ones(scores, make_run) -> None:
    found = ManifestRef("collect", "d", "b", 9, 1)
    trained = make_run(found=found, checkpoint=CHECKPOINT, scores=scores).trained
    figures = list(run_figures(trained, trained.steps))
    assert [value for name, value, epoch in figures if name == "val_loss"] == [1.0, 0.5]
    assert ("accuracy", 0.8, 0) in figures and ("stage/collect_kept", 9, 0) in figures
    assert ("stage/export_seconds", 1.0, 0) in figures
    assert len({(name, epoch) for name, _, epoch in figures}) == len(figures)


def test_what_own_photos_showed_is_told_where_there_are_some(scores, make_run) -> None:
    own = OwnWorth(28, 1, 0.976, 0.995, (), (), (), None)
    given = {"found": ManifestRef("collect", "d", "b", 9, 1), "checkpoint": CHECKPOINT}
    for worth, told in ((own, True), (None, False)):
        trained = make_run(**given, scores=scores, own=worth).trained
        assert (("own_auc", 0.976, 0) in run_figures(trained, trained.steps)) == told
        assert ("own" in [step.name for step in trained.steps]) == told


def test_a_class_without_test_pictures_has_no_recall(scores) -> None:
    figures = final_figures(CHECKPOINT, scores)
    assert figures["recall/fish _ chips"] == 0.8 and "recall/no pictures" not in figures
    assert figures["best_epoch"] == 2 and figures["best_val_loss"] == 0.5


def test_metric_names_are_such_as_mlflow_takes_and_each_is_of_one_class() -> None:
    from mlflow.utils.validation import _validate_metric_name

    # the Hindi ones differ by a vowel that is a mark
    names = metric_names(["fish & chips", "crème (brûlée)", "a.b-c_d", "दाल", "दिल"])
    assert len(set(names)) == 5 and "crème _brûlée_" in names
    for name in names:
        _validate_metric_name(f"recall/{name}")


def test_a_setting_is_as_long_as_mlflow_takes() -> None:
    """Cut before it is compared with what earlier runs have on the server."""
    recipe = Recipe.model_construct(name="x" * (PARAM_LENGTH + 1))
    assert run_settings(recipe)["name"] == "x" * PARAM_LENGTH


SCORES = SimpleNamespace(headline={"accuracy": 0.8}, per_class=())
PICTURES = StageResult("raw", ManifestRef("raw", "digest", "", 1, 0), 0.0, False)
TRIAL = Trial(
    "raw",
    PICTURES,
    StageResult("train", CHECKPOINT, 1.0, False),
    StageResult("evaluate", SCORES, 1.0, False),
)


@pytest.fixture
def recipe(tmp_path) -> Recipe:
    return Recipe.model_validate(
        {
            "name": "lunch",
            "classes": ({"name": "a"}, {"name": "b"}),
            "collect": {"folder": tmp_path},
        },
        context={"folder": tmp_path},
    )


def test_a_row_has_the_figures_of_a_run_and_how_much_it_learnt_from() -> None:
    figures = list(trial_figures(TRIAL))
    assert ("accuracy", 0.8, 0) in figures and ("val_loss", 1.0, 1) in figures
    assert ("stage/trained_on", 9, 0) in figures


def test_rows_and_table_are_told_apart_by_their_tags(recipe: Recipe) -> None:
    table = Ablation((AblationRow("raw", 9, 0.5, 0.4, 0.6, 10, 1.5, 1.2, 1.9, 3),), 10, 4)
    whole, row = ablation_tags(recipe, table), trial_tags(recipe, TRIAL)
    assert (whole["stage"], row["stage"]) == ("ablation", "ablation row")
    assert whole["recipe_digest"] == row["recipe_digest"] == recipe.digest
    assert row["dataset"] == "raw" and row["dataset_digest"] == "digest"
    assert "| raw | 0.500" in whole["mlflow.note.content"]


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@a.test"]
    done = subprocess.run(["git", *who, *words], cwd=folder, capture_output=True, check=True)
    return done.stdout.decode().strip()


SETTINGS = {"train.lr": "0.001", "train.epochs": "8", "dedup.hash": "phash"}
BEFORE = RunData(
    params=[Param(key, value) for key, value in SETTINGS.items()],
    tags=[RunTag("dataset_digest", "a")],
)


@pytest.mark.parametrize(
    ("changes", "dataset", "name"),
    [
        ({}, "a", "the same again"),
        ({}, "b", "new pictures"),
        ({"train.lr": "0.01", "train.epochs": "4"}, "b", "lr=0.01, epochs=4"),
        ({"augment.seed": "1"}, "a", "the same again"),
    ],
    ids=["nothing", "pictures", "settings", "a setting of another version"],
)
def test_a_run_is_named_by_what_changed(changes: dict[str, str], dataset: str, name: str) -> None:
    assert name_run(SETTINGS | changes, dataset, BEFORE) == name


def test_the_first_run_is_called_so_and_twin_keys_keep_their_section() -> None:
    assert name_run(SETTINGS, "a", None) == "first"
    before = RunData(params=[Param("split.seed", "0"), Param("train.seed", "0")])
    assert name_run({"split.seed": "0", "train.seed": "1"}, "a", before) == "train.seed=1"


def test_the_commit_is_told_and_whether_files_were_changed_since(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "a.py").write_text("1")
    git(tmp_path, "add", "a.py")
    git(tmp_path, "commit", "-qm", "Begin")
    commit = git(tmp_path, "rev-parse", "HEAD")
    (tmp_path / "notes.txt").write_text("not followed")
    assert commit_tags(tmp_path) == {"mlflow.source.git.commit": commit}
    (tmp_path / "a.py").write_text("2")
    assert commit_tags(tmp_path)["git_changed"] == "true"


def test_without_a_repository_or_git_there_is_nothing_to_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert commit_tags(tmp_path) == {}
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commit_tags(Path(__file__).parent) == {}

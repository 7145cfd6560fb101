from pathlib import Path

import pandas as pd
import pytest

from foodcls.errors import InputError
from foodcls.evaluate.evaluate import evaluate
from foodcls.export.exported_files import ExportedRef
from foodcls.export.load import load_model
from foodcls.export.model import Model
from foodcls.export.predict_tests import is_trained_on, predict_tests
from foodcls.features.row_cache import FeatureCache
from foodcls.metrics.predictions import read_predictions
from foodcls.store.store import Store
from foodcls.train.checkpoint import Checkpoint

Trained = tuple[Checkpoint, pd.DataFrame]


@pytest.fixture(scope="module")
def model(exported: tuple[Path, ExportedRef]) -> Model:
    root, ref = exported
    return load_model(Store(root).path(ref.blob))


def test_an_exported_file_answers_as_its_checkpoint_did(
    model: Model, trained: Trained, store: Store, tmp_path: Path
) -> None:
    answers = predict_tests(model, trained[1], store)
    found = evaluate(*trained, FeatureCache(store, tmp_path / "cache"))
    recorded = read_predictions(store.read(found.predictions).decode())
    assert answers.ids == recorded.ids and answers.labels == recorded.labels
    assert answers.truth.tolist() == recorded.truth.tolist()
    assert answers.probabilities == pytest.approx(recorded.probabilities, abs=1e-4)


def test_named_groups_take_the_place_of_look_alikes(
    model: Model, trained: Trained, store: Store
) -> None:
    manifest = trained[1].assign(cluster="look")
    first = manifest.loc[manifest["split"] == "test", "id"].iloc[0]
    groups = predict_tests(model, manifest, store, {first: "tray"}).groups
    assert groups[0] == "tray" and set(groups[1:]) == {"look"}


def test_classes_that_the_model_does_not_know_are_named(
    model: Model, trained: Trained, store: Store
) -> None:
    manifest = trained[1].replace({"label": {"sushi": "ramen"}})
    with pytest.raises(InputError, match="of ramen too, which the model does not know"):
        predict_tests(model, manifest, store)


def test_without_test_pictures_there_is_nothing_to_answer(
    model: Model, trained: Trained, store: Store
) -> None:
    manifest = trained[1]
    with pytest.raises(InputError, match="no test pictures"):
        predict_tests(model, manifest[manifest["split"] != "test"], store)


def test_it_is_known_whether_a_model_learnt_from_these_pictures(
    model: Model, trained: Trained
) -> None:
    manifest = trained[1]
    assert is_trained_on(model, manifest)
    assert not is_trained_on(model, manifest[manifest["label"] != "sushi"])

"""Strangers that a person dropped teach a model to refuse; half of them judge it."""

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import safetensors.torch

from foodcls.evaluate import strangers
from foodcls.evaluate.calibrate import calibrate
from foodcls.evaluate.evaluate import evaluate
from foodcls.evaluate.strangers import FEW, LEARN, TEST, list_strangers
from foodcls.export.export import export
from foodcls.export.load import read_model
from foodcls.export.predict import predict_many
from foodcls.features.row_cache import FeatureCache
from foodcls.manifest import new_manifest
from foodcls.recipe.train_settings import Inference, Rejection
from foodcls.store.store import Store
from foodcls.train.checkpoint import Checkpoint

Trained = tuple[Checkpoint, pd.DataFrame]
COUNT = 6 * FEW


@pytest.fixture
def crawl(trained: Trained, colored: Callable[..., bytes], store: Store) -> pd.DataFrame:
    """The manifest with more validation pictures, and with pictures of other colors dropped."""
    manifest = trained[1]

    def row(place: int, seed: int, **cells: str) -> dict[str, str]:
        blob = store.put(colored(place, seed))
        return {"id": blob, "origin": f"{place}/{seed}", "label": "sushi", **cells}

    labels = list(dict.fromkeys(manifest["label"]))
    kept = [row(place, seed, label=label, state="kept", split="val")
            for place, label in enumerate(labels) for seed in range(100, 110)]  # fmt: skip
    kept = [one | {"picture": one["id"]} for one in kept]
    dropped = [row(77, seed, state="dropped", stage="filter", reason="Unrelated: a sign")
               for seed in range(COUNT)]  # fmt: skip
    other = row(78, 0, state="dropped", stage="filter", reason="wrong class")
    return pd.concat([manifest, new_manifest([*kept, *dropped, other])], ignore_index=True)


def listed(crawl: pd.DataFrame, store: Store) -> pd.DataFrame:
    return list_strangers(crawl, Rejection().reasons, ("sushi",), store)


def test_strangers_are_what_was_dropped_for_such_a_reason(
    crawl: pd.DataFrame, store: Store
) -> None:
    crawl.loc[crawl["reason"].str.startswith("Unr"), "reason"] += " (decided of its copy 0123abcd)"
    found = listed(crawl, store)
    assert len(found) == COUNT and set(found["kind"]) == {"Unrelated: a sign"}
    store.path(found["picture"].iloc[0]).unlink()
    assert len(listed(crawl, store)) == COUNT - 1
    assert list_strangers(crawl, Rejection().reasons, ("bread",), store).empty


def test_look_alikes_are_parted_together_and_stay_where_they_were(
    crawl: pd.DataFrame, store: Store
) -> None:
    found = listed(crawl, store)
    assert 0.2 < (found["split"] == TEST).mean() < 0.8 and set(found["split"]) == {LEARN, TEST}
    assert listed(crawl.iloc[::-1], store)["split"].to_dict() == found["split"].to_dict()
    for row in found.index:
        crawl.loc[row, "cluster"] = f"pair {row // 2}"
    pairs = listed(crawl, store)
    assert pairs.groupby("cluster")["split"].nunique().max() == 1


def test_without_strangers_the_model_refuses_by_its_probabilities_alone(
    trained: Trained, crawl: pd.DataFrame, store: Store, tmp_path: Path
) -> None:
    few = crawl[(crawl["stage"] != "filter") | (crawl.index % 9 == 0)]
    for manifest, settings in ((few, Inference()), (crawl, Inference(rejection=None))):
        found = calibrate(trained[0], manifest, FeatureCache(store, tmp_path), settings)
        assert found.rejection is None
        assert evaluate(found, manifest, FeatureCache(store, tmp_path)).rejection is None


@pytest.mark.parametrize(("score", "views"), [("energy", 1), ("knn", 1), ("logistic", 3)])
def test_exported_files_refuse_by_each_score_as_the_evaluation_does(
    trained: Trained, crawl: pd.DataFrame, store: Store, tmp_path: Path, score: str, views: int
) -> None:
    checkpoint = trained[0]
    extras = checkpoint.settings.extras.model_copy(update={"tta": views})
    settings = checkpoint.settings.model_copy(update={"extras": extras})
    checkpoint = dataclasses.replace(checkpoint, settings=settings)
    how = Inference(rejection=Rejection.model_validate({"score": score}))
    found = calibrate(checkpoint, crawl, FeatureCache(store, tmp_path), how)
    judged = evaluate(found, crawl, FeatureCache(store, tmp_path)).rejection
    # export compares both files with the network
    model = read_model(store.read(export(found, crawl, store, {}).blob), "it")
    found_strangers = listed(crawl, store)
    tests = found_strangers[found_strangers["split"] == TEST]
    answers = list(predict_many(model, map(store.read, tests["picture"])))
    assert judged and found.rejection and judged.n == len(tests)
    assert (judged.score, judged.known_from) == (score, found.rejection.known_from)
    assert model.known_from == judged.known_from
    refused = sum(answer.is_none and not answer.label for answer in answers)
    assert refused == judged.n - round(judged.accepted.value * judged.n)


def test_the_best_score_is_chosen_and_two_runs_give_the_same_bits(
    trained: Trained, crawl: pd.DataFrame, store: Store, tmp_path: Path
) -> None:
    first, again = (calibrate(trained[0], crawl, FeatureCache(store, tmp_path / name), Inference())
                    for name in ("one", "two"))  # fmt: skip
    assert first == again and first.rejection
    assert dataclasses.replace(first, rejection=None) == calibrate(
        trained[0], crawl, FeatureCache(store, tmp_path / "one"), Inference(rejection=None)
    )
    judged = evaluate(first, crawl, FeatureCache(store, tmp_path / "one")).rejection
    assert judged and judged.accepted.value < 0.1 and judged.kept.value > 0.7
    assert [one.kind for one in judged.by_kind] == ["Unrelated: a sign"]


def test_what_is_held_out_of_strangers_is_not_learnt_from(
    trained: Trained, crawl: pd.DataFrame, store: Store, tmp_path: Path
) -> None:
    found = listed(crawl, store)
    tests = set(found["id"][found["split"] == TEST])
    whole = calibrate(trained[0], crawl, FeatureCache(store, tmp_path), Inference())
    fewer = crawl[~crawl["id"].isin(tests)]
    assert calibrate(trained[0], fewer, FeatureCache(store, tmp_path), Inference()) == whole


def test_of_many_pictures_as_many_teach_as_can_be_compared(
    trained: Trained, crawl: pd.DataFrame, store: Store, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(strangers, "MANY", 12)
    how = Inference(rejection=Rejection(score="knn"))
    found = calibrate(trained[0], crawl, FeatureCache(store, tmp_path), how)
    assert found.rejection
    bank = safetensors.torch.load(store.read(found.rejection.weights))["bank"]
    assert len(bank) == 12 < (crawl["split"] == "val").sum()
    whole = evaluate(found, crawl, FeatureCache(store, tmp_path))
    monkeypatch.setattr(sys.modules[evaluate.__module__], "TOGETHER", 3)
    assert evaluate(found, crawl, FeatureCache(store, tmp_path)) == whole
    # too few of them are no sample
    monkeypatch.setattr(strangers, "MANY", FEW - 1)
    few = calibrate(trained[0], crawl, FeatureCache(store, tmp_path), how)
    assert few.rejection is None

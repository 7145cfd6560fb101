"""What is labeled wrongly comes first; nobody is judged by themselves or their kin."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from foodcls.errors import TrainingError
from foodcls.evaluate.label_issues import (
    FOLDS,
    assign_folds,
    judge_labels,
    judged_rows,
    neighbor_votes,
    pool_features,
    rank_label_issues,
    score_labels,
)
from foodcls.features.row_cache import FeatureCache
from foodcls.filter.filter import filter_pictures
from foodcls.manifest import new_manifest
from foodcls.progress import silent
from foodcls.recipe.data_settings import Filter
from foodcls.recipe.train_settings import Train
from foodcls.store.store import Store
from foodcls.tables.spreadsheet import write_csv

CLASSES = 3


@pytest.fixture
def feature_cache(store: Store, tmp_path: Path) -> FeatureCache:
    return FeatureCache(store, tmp_path / "cache", silent)


@pytest.fixture
def clouds() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features of three classes, 20 points each, every one a group of its own; with labels."""
    rng = np.random.default_rng(0)
    truth = np.repeat(np.arange(CLASSES), 20)
    centres = np.eye(CLASSES, 12)[truth]
    features = (centres + rng.normal(0, 0.15, centres.shape)).astype(np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    return features, truth, np.array([f"g{number}" for number in range(60)], dtype=object)


@pytest.fixture
def mislabeled(store: Store, gallery: Callable, labels: tuple[str, ...]) -> pd.DataFrame:
    """Drawn pictures, two of which bear the next class's label."""
    manifest = gallery(store)
    for row in (0, 13):
        manifest.loc[row, "label"] = labels[(labels.index(manifest["label"][row]) + 1) % 3]
    return manifest


def test_without_room_the_same_is_found_and_nothing_kept(
    mislabeled: pd.DataFrame, labels: tuple[str, ...], quick: Train, feature_cache: FeatureCache
) -> None:
    cramped = replace(feature_cache, folder=feature_cache.folder.with_name("cramped"), limit=0)
    found = rank_label_issues(judge_labels(mislabeled, labels, quick, cramped))
    assert list(cramped.folder.glob("*")) == []
    pd.testing.assert_frame_equal(
        found, rank_label_issues(judge_labels(mislabeled, labels, quick, feature_cache))
    )
    assert list(feature_cache.folder.glob("*.npy"))


def test_planted_wrong_labels_come_first_and_are_named(
    mislabeled: pd.DataFrame, labels: tuple[str, ...], quick: Train, feature_cache: FeatureCache
) -> None:
    ranked = rank_label_issues(judge_labels(mislabeled, labels, quick, feature_cache))
    wrong = mislabeled["id"][[0, 13]]
    assert set(ranked["id"].iloc[:2]) == set(wrong)
    assert list(ranked.columns) == ["id", "keep", "reason", "score"]
    assert ranked["score"].is_monotonic_decreasing and ranked["score"].between(0, 1).all()
    said = ranked.set_index("id")["reason"]
    assert said[wrong].tolist() == [f"looks like {labels[0]}", f"looks like {labels[1]}"]
    assert (said.drop(wrong) == "").mean() > 0.9


def test_the_list_is_a_filter_that_drops_the_worst(
    mislabeled: pd.DataFrame,
    labels: tuple[str, ...],
    quick: Train,
    feature_cache: FeatureCache,
    tmp_path: Path,
) -> None:
    ranked = rank_label_issues(judge_labels(mislabeled, labels, quick, feature_cache))
    write_csv(ranked, tmp_path / "suspects.csv")
    filtered = filter_pictures(mislabeled, Filter(manifest=tmp_path / "suspects.csv"), labels)
    dropped = filtered[filtered["state"] == "dropped"]
    assert set(mislabeled["id"][[0, 13]]) <= set(dropped["id"]) and len(dropped) < 5
    assert set(dropped["id"]) == set(ranked["id"][ranked["keep"] == 0])


def test_the_same_pictures_give_the_same_list(
    mislabeled: pd.DataFrame,
    labels: tuple[str, ...],
    quick: Train,
    feature_cache: FeatureCache,
    tmp_path: Path,
) -> None:
    first = rank_label_issues(judge_labels(mislabeled, labels, quick, feature_cache))
    anew = FeatureCache(feature_cache.store, tmp_path / "other cache", silent)
    pd.testing.assert_frame_equal(
        rank_label_issues(judge_labels(mislabeled, labels, quick, anew)), first
    )
    backwards = rank_label_issues(judge_labels(mislabeled.iloc[::-1], labels, quick, feature_cache))
    assert set(backwards["id"].iloc[:2]) == set(first["id"].iloc[:2])


def test_what_is_like_no_class_is_doubted_more_than_any_that_is_right(clouds: tuple) -> None:
    features, truth, groups = clouds
    strange = np.zeros((3, 12), dtype=np.float32)
    strange[:, 5:8] = np.eye(3)
    doubts = score_labels(
        np.concatenate([features, strange]),
        np.concatenate([truth, np.arange(3)]),
        np.concatenate([groups, ["s0", "s1", "s2"]]),
        CLASSES,
    )
    scores = doubts.scores(np.concatenate([truth, np.arange(3)]))
    assert scores[-3:].min() > scores[:-3].max()


def test_both_witnesses_give_shares_of_one(clouds: tuple) -> None:
    doubts = score_labels(*clouds, CLASSES)
    for shares in (doubts.probabilities, doubts.votes):
        assert shares.shape == (60, CLASSES) and np.allclose(shares.sum(axis=1), 1)
    assert (doubts.probabilities.argmax(axis=1) == clouds[1]).all()


def test_groups_never_part_and_classes_lie_in_all_folds() -> None:
    truth = np.repeat(np.arange(4), 30)
    # also across classes: the same picture under two labels
    groups = np.array([f"g{number % 50}" for number in range(120)], dtype=object)
    folds = assign_folds(truth, groups)
    assert all(len(set(folds[groups == group])) == 1 for group in set(groups))
    alone = assign_folds(truth, np.arange(120))
    assert all(set(alone[truth == place]) == set(range(FOLDS)) for place in range(4))


def test_kin_of_a_wrong_label_do_not_vouch_for_it(clouds: tuple) -> None:
    features, truth, groups = clouds
    # 30 copies of a picture of class 0, all labeled 2
    many = np.concatenate([features, np.repeat(features[:1], 30, axis=0)])
    labels = np.concatenate([truth, np.full(30, 2)])
    kin = np.concatenate([groups, np.full(30, "g0", dtype=object)])
    votes = neighbor_votes(many, labels, kin, CLASSES)
    assert votes[-1].argmax() == 0
    doubts = score_labels(many, labels, kin, CLASSES)
    assert doubts.scores(labels)[-30:].min() > 0.9


def test_a_class_with_one_picture_is_judged_without_it() -> None:
    features = np.eye(7, dtype=np.float32)
    doubts = score_labels(features, np.array([0, 0, 0, 1, 1, 1, 2]), np.arange(7), CLASSES)
    assert np.isfinite(doubts.probabilities).all() and np.isfinite(doubts.votes).all()


def test_a_single_group_is_refused() -> None:
    with pytest.raises(TrainingError, match="collect more"):
        score_labels(np.eye(3, dtype=np.float32), np.arange(3), np.zeros(3), CLASSES)


def test_a_workspace_without_kept_pictures_is_refused(
    mislabeled: pd.DataFrame, labels: tuple[str, ...], quick: Train, feature_cache: FeatureCache
) -> None:
    with pytest.raises(TrainingError, match="collect more"):
        rank_label_issues(
            judge_labels(mislabeled.assign(state="dropped"), labels, quick, feature_cache)
        )


def test_judged_are_originals_a_person_may_decide_on() -> None:
    rows = [
        {"id": "a", "state": "kept", "split": "train"},
        {"id": "b", "state": "kept", "split": "test"},
        {"id": "c", "state": "dropped", "stage": "augment"},
        {"id": "d", "state": "dropped", "stage": "dedup"},
        {"id": "e", "state": "kept", "parent": "a", "split": "train"},
        {"id": "f", "state": "kept", "source": "test", "split": "test"},
    ]
    assert list(judged_rows(new_manifest(rows))["id"]) == ["a", "b", "c"]


def test_pieces_of_a_picture_are_one_row(
    mislabeled: pd.DataFrame, labels: tuple[str, ...], quick: Train, feature_cache: FeatureCache
) -> None:
    piece = mislabeled.iloc[[0]].assign(picture=mislabeled["picture"][20], box="1,2,3,4")
    both = pd.concat([mislabeled, piece], ignore_index=True)
    ranked = rank_label_issues(judge_labels(both, labels, quick, feature_cache))
    assert ranked["id"].is_unique and len(ranked) == len(mislabeled)


def test_features_are_rows_of_length_one(
    mislabeled: pd.DataFrame, quick: Train, feature_cache: FeatureCache
) -> None:
    features = pool_features(mislabeled, quick, feature_cache)
    assert features.dtype == np.float32 and len(features) == len(mislabeled)
    assert np.allclose(np.linalg.norm(features, axis=1), 1, atol=1e-5)

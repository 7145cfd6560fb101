"""What a person dropped stays known, so that its like is found."""

from collections.abc import Callable
from pathlib import Path

from foodcls.evaluate.describe import describe_likeness
from foodcls.evaluate.label_issues import judge_labels
from foodcls.features.row_cache import FeatureCache
from foodcls.manifest import drop_rows
from foodcls.recipe.train_settings import Train
from foodcls.store.store import Store


def test_dropped_pictures_are_described_beside_those_that_are_judged(
    store: Store, gallery: Callable, labels: tuple[str, ...], quick: Train, tmp_path: Path
) -> None:
    manifest = gallery(store)
    dropped = drop_rows(manifest, {0: "unrelated", 1: "unrelated"}, "filter")
    cache = FeatureCache(store, tmp_path / "cache")
    judged = judge_labels(dropped, labels, quick, cache)
    likeness = describe_likeness(judged, dropped, quick, cache)
    assert set(likeness.ids) == set(manifest["id"]) and likeness.labels == labels
    assert len(likeness.rows) == len(likeness.own) == len(likeness.guess) == len(likeness.ids)
    # nobody has judged their labels
    assert [likeness.own[likeness.places[name]] for name in manifest["id"][:2]] == [0, 0]
    assert likeness.own[likeness.places[manifest["id"][2]]] > 0

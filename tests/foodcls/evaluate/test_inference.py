from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from foodcls.evaluate.evaluate import evaluate
from foodcls.evaluate.inference import predict_embedded, predict_rows
from foodcls.features.pixels import read_picture
from foodcls.features.row_cache import FeatureCache
from foodcls.manifest import split_rows
from foodcls.network.resize import as_images, squash_pixels
from foodcls.recipe.train_settings import Train
from foodcls.store.store import Store
from foodcls.train.checkpoint import Checkpoint
from foodcls.train.restore import load_network
from foodcls.train.train import train

Item = TypeVar("Item")


Trained = tuple[Checkpoint, pd.DataFrame]


def test_probabilities_are_the_networks(trained: Trained, store: Store, tmp_path: Path) -> None:
    checkpoint, manifest = trained
    rows = split_rows(manifest, "test")
    answers, truth = predict_rows(checkpoint, rows, FeatureCache(store, tmp_path))
    assert [checkpoint.labels[place] for place in truth] == list(rows["label"])
    network = load_network(checkpoint, store)
    for digest, given in zip(rows["picture"], answers, strict=True):
        pixels = squash_pixels(read_picture(digest, store), checkpoint.settings.input_size)
        wanted = network(as_images(pixels[None])).softmax(1)[0].detach().numpy()
        assert np.allclose(given, wanted, atol=2e-6)
    # beside their features they are the very same
    again, same, (logits, features) = predict_embedded(
        checkpoint, rows, FeatureCache(store, tmp_path)
    )
    np.testing.assert_array_equal(again, answers)
    np.testing.assert_array_equal(same, truth)
    assert len(logits) == len(features) == len(rows)


def test_what_training_has_computed_of_a_picture_is_used_again(
    trained: Trained, store: Store, quick: Train, tmp_path: Path
) -> None:
    checkpoint, manifest = trained
    counts: list[int] = []

    def track(items: Iterable[Item], total: int, what: str) -> Iterable[Item]:
        if what == "run the frozen layers":
            counts.append(total)
        return items

    # an evaluation computes in fp32, as the exported file does
    plain = quick.model_copy(update={"precision": "fp32"})
    train(manifest, store, checkpoint.labels, plain, tmp_path)
    for split in ("val", "test", "test"):
        evaluate(checkpoint, manifest, FeatureCache(store, tmp_path, track), split)
    assert counts == [0, 9, 0]

import dataclasses
import io
from pathlib import Path

import pandas as pd
import pytest
import torch
from torch import Tensor

from foodcls.evaluate.inference import answer_rows
from foodcls.export.export import export
from foodcls.network.tta import mean_answer
from foodcls.store.store import Store
from foodcls.train.checkpoint import Checkpoint
from foodcls.train.dataset import split_rows
from foodcls.train.pixels import as_images, read_picture, squash_pixels
from foodcls.train.restore import load_network
from foodcls.train.shelf import Shelf

PIXELS = torch.randint(0, 256, (2, 3, 5, 5), generator=torch.Generator().manual_seed(0)).float()


def corner(pixels: Tensor) -> Tensor:
    """Logits that depend on the upper left pixel alone."""
    return pixels[:, :, 0, 0] / 50


def test_one_view_is_the_answer_itself() -> None:
    assert torch.equal(mean_answer(corner, PIXELS, 1), corner(PIXELS))


@pytest.mark.parametrize("views", [2, 4])
def test_the_softmax_is_the_mean_probability_over_the_views(views: int) -> None:
    corners = [(0, 0), (0, -1), (-1, 0), (-1, -1)][:views]
    wanted = torch.stack([(PIXELS[:, :, y, x] / 50).softmax(1) for y, x in corners]).mean(0)
    assert torch.allclose(mean_answer(corner, PIXELS, views).softmax(1), wanted, atol=1e-6)


def test_a_mirrored_picture_gets_the_same_answer() -> None:
    mirrored = mean_answer(corner, PIXELS.flip(3), 2)
    assert torch.allclose(mirrored, mean_answer(corner, PIXELS, 2), atol=1e-6)


def test_judge_and_exported_file_answer_by_the_mean_over_views(
    trained: tuple[Checkpoint, pd.DataFrame], store: Store, tmp_path: Path
) -> None:
    checkpoint, manifest = trained
    extras = checkpoint.settings.extras.model_copy(update={"tta": 2})
    settings = checkpoint.settings.model_copy(update={"extras": extras})
    twice = dataclasses.replace(checkpoint, settings=settings)
    network = load_network(checkpoint, store)
    ref = export(twice, manifest, store, {})
    exported = torch.jit.load(io.BytesIO(store.read(ref.blob)))
    rows = split_rows(manifest, "test")
    answers, _ = answer_rows(twice, rows, Shelf(store, tmp_path))
    for digest, answer in zip(rows["picture"], answers, strict=True):
        pixels = as_images(read_picture(digest, store)[None])
        squashed = as_images(squash_pixels(read_picture(digest, store), 32)[None])
        with torch.no_grad():
            views = torch.cat([network(squashed), network(squashed.flip(3))])
        wanted = views.softmax(1).mean(0)
        assert torch.allclose(exported(pixels)[0], wanted, atol=1e-5)
        assert torch.allclose(torch.from_numpy(answer).float(), wanted, atol=1e-5)

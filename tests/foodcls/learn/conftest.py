"""A network of two layers, and manifests of drawn pictures, each class a colour of its own."""

import io
import shutil
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from torch import nn

from foodcls.learn.arrays import Array
from foodcls.learn.backbones import Backbone
from foodcls.learn.checkpoint import Checkpoint
from foodcls.learn.course import Course
from foodcls.learn.examples import Examples
from foodcls.learn.export import ExportedRef, export
from foodcls.learn.learner import Learner, start_learner
from foodcls.learn.network import Network, make_head
from foodcls.learn.randomness import seeded
from foodcls.learn.train import train
from foodcls.manifest import new_manifest
from foodcls.settings import Train
from foodcls.store import Store

LABELS = ("apple pie", "label", "sushi")
SPLITS = ["train"] * 6 + ["val"] * 3 + ["test"] * 3


@pytest.fixture(scope="session")
def labels() -> tuple[str, ...]:
    return LABELS


@pytest.fixture
def tiny_backbone() -> Callable[[], Backbone]:
    """Two convolutions with batch normalisation; 8 features, for pictures of any size."""

    def make() -> Backbone:
        with seeded("tiny"):
            module = nn.Sequential(
                OrderedDict(
                    conv1=nn.Conv2d(3, 6, 3, stride=2, bias=False),
                    bn1=nn.BatchNorm2d(6),
                    relu1=nn.ReLU(),
                    conv2=nn.Conv2d(6, 8, 3, stride=2, bias=False),
                    bn2=nn.BatchNorm2d(8),
                    relu2=nn.ReLU(),
                    pool=nn.AdaptiveAvgPool2d(1),
                    flat=nn.Flatten(),
                )
            )
        return Backbone("tiny", module, 8, (0.5,) * 3, (0.25,) * 3, "digest of tiny")

    return make


@pytest.fixture(scope="session")
def coloured() -> Callable[..., bytes]:
    """A PNG of a class's colours with noise from `seed`."""

    def draw(place: int, seed: int, width: int = 70, height: int = 60) -> bytes:
        base = np.random.default_rng(place).integers(0, 256, (3, 3, 3))
        noise = np.random.default_rng((place, seed)).integers(-15, 16, (3, 3, 3))
        patches = Image.fromarray(np.clip(base + noise, 0, 255).astype(np.uint8))
        buffer = io.BytesIO()
        patches.resize((width, height), Image.Resampling.BILINEAR).save(buffer, "PNG")
        return buffer.getvalue()

    return draw


@pytest.fixture(scope="session")
def gallery(coloured: Callable[..., bytes]) -> Callable[[Store], pd.DataFrame]:
    """Six training, three validation and three test pictures of each class, in a store."""

    def hang(store: Store) -> pd.DataFrame:
        rows = []
        for place, label in enumerate(LABELS):
            for number, split in enumerate(SPLITS):
                blob = store.put(coloured(place, number))
                origin = f"http://example.org/{place}/{number}.png"
                rows.append(
                    {"id": blob, "picture": blob, "label": label, "origin": origin}
                    | {"state": "kept", "split": split}
                )
        return new_manifest(rows)

    return hang


@pytest.fixture(scope="session")
def quick() -> Train:
    """Settings that train in a second."""
    return Train(
        backbone="test_efficientnet",
        weights="none",
        trainable=("blocks.4", "conv_head"),
        head=12,
        lr=3e-3,
        epochs=3,
        batch_size=5,
        input_size=32,
        device="cpu",
    )


@pytest.fixture(scope="session")
def studio(
    gallery: Callable[[Store], pd.DataFrame], quick: Train, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Checkpoint, pd.DataFrame]:
    folder = tmp_path_factory.mktemp("studio")
    manifest = gallery(Store(folder / "store"))
    checkpoint = train(manifest, Store(folder / "store"), LABELS, quick, folder / "cache")
    return folder / "store", checkpoint, manifest


@pytest.fixture
def trained(
    store: Store, studio: tuple[Path, Checkpoint, pd.DataFrame]
) -> tuple[Checkpoint, pd.DataFrame]:
    """A checkpoint and the manifest that it was trained on, in a store that a test may spoil."""
    root, checkpoint, manifest = studio
    shutil.copytree(root, store.root, dirs_exist_ok=True)
    return checkpoint, manifest.copy()


@pytest.fixture(scope="session")
def exported(studio: tuple[Path, Checkpoint, pd.DataFrame]) -> tuple[Path, ExportedRef]:
    """A store and the files that `studio`'s checkpoint became there."""
    root, checkpoint, manifest = studio
    return root, export(checkpoint, manifest, Store(root), {"commit": "abc"})


@pytest.fixture
def model_path(exported: tuple[Path, ExportedRef], tmp_path: Path) -> Path:
    """The exported file, for a test that may spoil it."""
    root, ref = exported
    path = tmp_path / "model.pt"
    path.write_bytes(Store(root).read(ref.blob))
    return path


CLASSES = 13
SIDE = 16


class Held:
    """Rows in memory."""

    def __init__(self, rows: Array) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, places: Array) -> Array:
        return self.rows[places]


@pytest.fixture
def settings() -> Train:
    return Train(lr=0.02, epochs=12, batch_size=20, trainable=("conv2",), head=24, dropout=0.1)


@pytest.fixture
def course() -> Course:
    """Pictures of a colour a class, a little noisy: nine of each to learn from, three to judge."""

    def make(per_class: int, seed: int) -> Examples:
        draw = np.random.default_rng(seed)
        targets = np.repeat(np.arange(CLASSES), per_class)
        colours = np.random.default_rng(5).integers(20, 236, (CLASSES, 1, 1, 3))
        noise = draw.integers(-6, 7, (len(targets), SIDE, SIDE, 3))
        pixels = (colours[targets] + noise).astype(np.uint8)
        return Examples((Held(pixels),), targets, tuple(f"picture{n}" for n in targets))

    return Course(make(9, 1), make(3, 2), CLASSES)


@pytest.fixture
def build(tiny_backbone: Callable[[], Backbone], settings: Train) -> Callable[..., Learner]:
    def make(trainable: tuple[str, ...] = ("all",), settings: Train = settings) -> Learner:
        head = make_head(8, settings.head, CLASSES, settings.dropout, settings.seed)
        network = Network(tiny_backbone(), head, trainable)
        return start_learner(network, network, settings)

    return make

"""What every test may ask for: a store in a temporary folder, and pictures drawn on the spot."""

import io
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from foodcls.judge.evaluation import Evaluation, Source, account_for
from foodcls.learn.export import labels_digest
from foodcls.learn.exported import Manner, export_bytes
from foodcls.learn.program import program_bytes
from foodcls.store import Store


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_works() -> None:
    """A shell that starts the tests in the background lets them, and what they start, ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def noise() -> Callable[..., Image.Image]:
    """Smooth random colour patches: two seeds give two pictures that no hash confuses."""

    def draw(seed: int, width: int = 96, height: int = 64) -> Image.Image:
        coarse = np.random.default_rng(seed).integers(0, 256, (5, 7, 3), dtype=np.uint8)
        return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)

    return draw


@pytest.fixture
def encode() -> Callable[..., bytes]:
    """The bytes of a picture file."""

    def to_bytes(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
        buffer = io.BytesIO()
        image.save(buffer, kind, **options)
        return buffer.getvalue()

    return to_bytes


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One temporary Prefect server for all tests that run flows."""
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture(scope="session")
def judged() -> Callable[..., Evaluation]:
    """The account of a model that answered as a confusion matrix says, each time with 0.9."""

    def judge(confusion: Sequence[Sequence[int]], labels: Sequence[str] = ()) -> Evaluation:
        counts = np.array(confusion)
        truth, said = (
            side.repeat(counts.ravel()) for side in np.indices(counts.shape).reshape(2, -1)
        )
        others = 0.1 / max(len(counts) - 1, 1)
        probabilities = np.where(np.eye(len(counts), dtype=bool)[said], 0.9, others)
        names = tuple(labels) or tuple(f"dish {place}" for place in range(len(counts)))
        source = Source("c", "test", names, temperature=1.0, abstain_below=0.0, predictions="p")
        return account_for(probabilities, truth, np.arange(len(truth)), source)

    return judge


SEEN = 24  # pixels a side of what the camera sees


class Camera(torch.nn.Module):
    """A network that answers with the very pixels it is shown, and a black one after them."""

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.pad(pixels.flatten(1).float() / 255, (0, 1))


@pytest.fixture(scope="session")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An exported file, with its .pt2 beside it, whose answers show what a network would see."""
    path = tmp_path_factory.mktemp("camera") / "camera.pt"
    labels = tuple(map(str, range(3 * SEEN * SEEN + 1)))
    facts = Manner(SEEN, labels), {"labels_digest": labels_digest(labels)}
    path.write_bytes(export_bytes(Camera(), *facts))
    path.with_suffix(".pt2").write_bytes(program_bytes(Camera(), *facts))
    return path


@pytest.fixture(scope="session")
def develop() -> Callable[[Sequence[float]], np.ndarray]:
    """The pixels (S, S, 3) that the camera saw, from its probabilities."""

    def look(probabilities: Sequence[float]) -> np.ndarray:
        logs = np.log(np.array(probabilities, dtype=np.float64))
        pixels = (logs[:-1] - logs[-1]) * 255
        return pixels.reshape(3, SEEN, SEEN).transpose(1, 2, 0)

    return look

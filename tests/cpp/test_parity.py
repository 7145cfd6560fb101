"""Builds the C++ program and holds its answers, and the pixels it feeds, against Python's."""

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from foodcls.export.export import labels_digest
from foodcls.export.load import load_model
from foodcls.export.optimize import OptimizedNetwork
from foodcls.export.predict import predict
from foodcls.export.torchscript import InferenceConfig, export_bytes
from foodcls.image.decode import decode
from foodcls.network.backbones import make_backbone
from foodcls.network.network import Network, make_head
from foodcls.network.rejection import Rejector
from foodcls.network.resize import as_images, squash_pixels
from foodcls.sample.dishes import LABELS
from foodcls.sample.file_bytes import file_bytes
from foodcls.sample.web import SampleWeb

ROOT = Path(__file__).resolve().parents[2]
FORMS = ("jpeg", "rotated", "cmyk", "gray", "png", "alpha")
SIZE = 64  # pixels a side of what the network sees
Run = Callable[..., subprocess.CompletedProcess[str]]
Develop = Callable[[Sequence[float]], np.ndarray]


@pytest.fixture(scope="session")
def classify(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The program, as cpp/CMakeLists.txt builds it."""
    needed = {"cmake": shutil.which("cmake"), "a C++ compiler": shutil.which("c++"),
              "jpeglib.h": Path("/usr/include/jpeglib.h").exists(),
              "png.h": Path("/usr/include/png.h").exists()}  # fmt: skip
    missing = [name for name, there in needed.items() if not there]
    if missing:
        pytest.skip(f"{', '.join(missing)}: apt-get install cmake g++ libjpeg-dev libpng-dev")
    build = tmp_path_factory.mktemp("build")
    setting = [f"-DCMAKE_PREFIX_PATH={torch.utils.cmake_prefix_path}",
               "-DCMAKE_BUILD_TYPE=None", "-DCMAKE_CXX_FLAGS=-O1 -Werror"]  # fmt: skip
    for words in (["-S", ROOT / "cpp", "-B", build, *setting], ["--build", build, "-j2"]):
        done = subprocess.run(["cmake", *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]

    def run(*words: object) -> subprocess.CompletedProcess[str]:
        line = [str(build / "classify"), *map(str, words)]
        # threads that wait for each other are slow where other tests run
        place = os.environ | {"OMP_NUM_THREADS": "1"}
        return subprocess.run(
            line, env=place, capture_output=True, text=True, check=False, timeout=120
        )

    return run


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Twenty drawn photographs in each form that C++ decodes, and five odd ones."""
    folder = tmp_path_factory.mktemp("photos")
    items = [item for label in LABELS for item in SampleWeb(6).items(label) if item.is_picture]
    plenty = {form: [item for item in items if item.form == form][:4] for form in FORMS}
    drawn = [(item.file, file_bytes(item)) for some in plenty.values() for item in some][:20]
    paths = [folder / name for name, _ in drawn]
    for path, (_, data) in zip(paths, drawn, strict=True):
        path.write_bytes(data)
    first = decode(drawn[0][1], 10**7).image
    odd = {
        "tall.png": first.resize((9, 700)),
        "wide.jpg": first.resize((800, 11)),
        "tiny.png": first.resize((2, 3)),
        "gray.png": first.convert("L"),
        "palette.png": first.quantize(64),
    }
    for name, image in odd.items():
        image.save(folder / name)
    return [*paths, *(folder / name for name in odd)]


@pytest.fixture(scope="session")
def model(photos: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real network whose head is solved for, so that the answers differ and are sure."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        backbone = make_backbone("resnet18", "none", SIZE)
    head = make_head(backbone.features, 0, len(LABELS), 0.3, 0)
    network = Network(backbone, torch.nn.Identity(), ()).eval()
    pictures = [np.asarray(decode(path.read_bytes(), 10**7).image) for path in photos]
    squares = np.stack([squash_pixels(picture, SIZE) for picture in pictures])
    with torch.no_grad():
        features = network(as_images(squares))
        centre = features.mean(0)
        wanted = 5 * torch.eye(len(LABELS))[torch.arange(len(photos)) % len(LABELS)]
        head[-1].weight.copy_((torch.linalg.pinv(features - centre, rtol=1e-3) @ wanted).T)
        head[-1].bias.copy_(-head[-1].weight @ centre)
    network.head = head
    # who has little of the first feature is none of these: about half of the photos
    tensors = {"weight": torch.eye(backbone.features)[0], "bias": -features[:, 0].median(),
               "slope": torch.tensor(9.0), "shift": torch.tensor(0.0)}  # fmt: skip
    network.beside = Rejector("logistic", tensors)
    path = tmp_path_factory.mktemp("model") / "model.pt"
    config = InferenceConfig(SIZE, tuple(LABELS), 1.5, 0.3, known_from=0.5)
    facts = {"labels_digest": labels_digest(tuple(LABELS))}
    path.write_bytes(export_bytes(OptimizedNetwork(network, SIZE), config, facts))
    return path


def rows(done: subprocess.CompletedProcess[str]) -> list[list[str]]:
    return [line.split("\t") for line in done.stdout.splitlines()]


@pytest.mark.runs("cmake", "cpp/build/classify")
def test_answers_are_those_of_python(classify: Run, model: Path, photos: list[Path]) -> None:
    done = classify(model, *photos)
    assert done.returncode == 0 and not done.stderr
    wanted = list(predict(load_model(model), photos))
    given = rows(done)
    assert len(given) == 25 and [row[0] for row in given] == [str(path) for path in photos]
    for row, answer in zip(given, wanted, strict=True):
        assert not answer.error
        name = answer.guess + ("?" if answer.is_unsure else "")
        share = 1 - answer.known if answer.is_none else answer.probability
        assert row[1] == ("none of these" if answer.is_none else name), row
        assert float(row[2]) == pytest.approx(share, abs=1e-3), row
    # else the same answer to everything would do
    assert len({row[1] for row in given}) > 8
    assert 3 < sum(answer.is_none for answer in wanted) < 22


def test_batches_of_one_size_give_the_same(
    classify: Run, model: Path, photos: list[Path], tmp_path: Path
) -> None:
    same = []
    for place in range(7):
        same.append(tmp_path / f"{place}.png")
        with Image.open(photos[place]) as image:
            image.convert("RGB").resize((90, 70)).save(same[-1])
    mixed = [*same[:4], photos[0], *same[4:]]
    alone, together = (
        classify("--all", model, *mixed),
        classify("--all", "--batch", 3, model, *mixed),
    )
    for one, other in zip(rows(alone), rows(together), strict=True):
        assert one[:2] == other[:2]
        assert np.allclose(np.float64(one[2:]), np.float64(other[2:]), atol=1e-5)


def test_the_network_sees_the_pixels_of_training(
    classify: Run, camera: Path, develop: Develop, photos: list[Path]
) -> None:
    """SEED fault 5: the original's C++ side turned the picture and resized without antialiasing."""
    size = load_model(camera).size
    for row in rows(classify("--all", camera, *photos)):
        trained = np.asarray(decode(Path(row[0]).read_bytes(), 10**7).image)
        seen, wanted = develop([float(cell) for cell in row[3:]]), squash_pixels(trained, size)
        assert np.abs(seen - wanted).max() < 1, row[0]


@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_a_picture_unlike_its_mirror_images_arrives_as_a_viewer_shows_it(
    classify: Run, camera: Path, develop: Develop, tmp_path: Path, ending: str
) -> None:
    picture = np.full((60, 90, 3), 40, np.uint8)
    picture[:30, :30] = (250, 60, 60)
    picture[:30, 60:] = (60, 250, 60)
    exif, paths = Image.Exif(), [tmp_path / f"{turn}.{ending}" for turn in range(1, 9)]
    for turn, path in enumerate(paths, 1):
        exif[0x0112] = turn
        Image.fromarray(picture).save(path, exif=exif)
    size = load_model(camera).size
    for row in rows(classify("--all", camera, *paths)):
        seen = develop([float(cell) for cell in row[3:]])
        shown = np.asarray(decode(Path(row[0]).read_bytes(), 10**7).image)
        assert np.abs(seen - squash_pixels(shown, size)).max() < 1, row[0]
        # what the fault would have fed is far away
        assert np.abs(seen - squash_pixels(shown.transpose(1, 0, 2), size)).max() > 100


def test_a_bad_file_is_named_and_the_rest_go_on(
    classify: Run, model: Path, photos: list[Path], tmp_path: Path
) -> None:
    bad = {"text.jpg": b"no picture", "empty.png": b"", "torn.jpg": photos[0].read_bytes()[:9000],
           "torn.png": photos[-1].read_bytes()[:3000], "head.jpg": b"\xff\xd8\xff\xe0"}  # fmt: skip
    for name, data in bad.items():
        (tmp_path / name).write_bytes(data)
    bad_paths = [*(tmp_path / name for name in bad), tmp_path / "absent.jpg", tmp_path]
    done = classify(model, bad_paths[0], photos[0], *bad_paths[1:], photos[1])
    assert done.returncode == 1
    assert [row[0] for row in rows(done)] == [str(photos[0]), str(photos[1])]
    told = done.stderr.splitlines()
    assert [line.partition(": ")[0] for line in told] == [str(path) for path in bad_paths]
    assert all(line.partition(": ")[2] for line in told)


def test_pictures_of_one_color_and_jpegs_without_end_mark_are_judged_as_in_python(
    classify: Run, model: Path, photos: list[Path], tmp_path: Path
) -> None:
    """Both ways refuse what shows nothing, and both read what has all its rows."""
    paths = [tmp_path / name for name in ("black.jpg", "white.png", "whole.jpg", "cut.jpg")]
    Image.new("RGB", (90, 60)).save(paths[0])
    Image.new("RGBA", (90, 60), (9, 9, 9, 0)).save(paths[1])
    data = photos[0].read_bytes()
    paths[2].write_bytes(data[:-2])
    paths[3].write_bytes(data[:-300])
    done = classify(model, *paths)
    told = {answer.path: answer.error.partition(":")[0]
            for answer in predict(load_model(model), paths)}  # fmt: skip
    assert list(told.values()) == ["blank", "blank", "", "truncated"]
    assert [row[0] for row in rows(done)] == [str(paths[2])] and done.returncode == 1
    assert [line.partition(": ")[2] for line in done.stderr.splitlines()[:2]] == [
        "blank: one color"
    ] * 2


def test_damaged_pictures_never_crash(
    classify: Run, camera: Path, photos: list[Path], tmp_path: Path
) -> None:
    draw, paths = np.random.default_rng(0), []
    for number in range(150):
        whole = photos[number % 25]
        data = bytearray(whole.read_bytes())
        # the first bytes say what kind of file it is; headers lie near the beginning
        for _ in range(1 + number % 5):
            place = int(len(data) ** draw.uniform(0.3, 1)) - 1
            data[max(place, 4)] = int(draw.integers(256))
        paths.append(tmp_path / f"{number}{whole.suffix}")
        paths[-1].write_bytes(data[: len(data) // (1 + number % 2)])
    done = classify(camera, *paths)
    answered = {row[0] for row in rows(done)}
    refused = {line.partition(": ")[0] for line in done.stderr.splitlines()}
    assert done.returncode == 1 and len(answered) > 10 and len(refused) > 50
    assert answered | refused == set(map(str, paths)) and not answered & refused


def test_a_damaged_model_ends_in_an_error_not_in_a_crash(
    classify: Run, camera: Path, photos: list[Path], tmp_path: Path
) -> None:
    whole, damaged = camera.read_bytes(), tmp_path / "damaged.pt"
    draw = np.random.default_rng(0)
    spoilt = [b"", b"text", *(whole[: int(len(whole) * share)] for share in (0.1, 0.5, 0.99))]
    for data in spoilt:
        damaged.write_bytes(data)
        done = classify(damaged, photos[0])
        assert done.returncode == 2 and str(damaged) in done.stderr
    for _ in range(12):
        flipped = bytearray(whole)
        flipped[int(draw.integers(len(whole)))] ^= 1 << int(draw.integers(8))
        damaged.write_bytes(flipped)
        assert classify(damaged, photos[0]).returncode in (0, 2)


def test_without_pictures_it_says_how_it_is_used(classify: Run, model: Path) -> None:
    done = classify(model)
    assert done.returncode == 2 and "usage" in done.stderr

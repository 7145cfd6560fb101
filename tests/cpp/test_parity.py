"""Builds the C++ programs and holds their answers, and the pixels they feed, to Python's.

So it does with the C++ that stands in the README.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from PIL import Image

from foodcls.export.aotinductor import bound_to, package_bytes
from foodcls.export.exported_files import DIGESTS, read_digests, sibling
from foodcls.export.load import load_model
from foodcls.export.onnx.write import onnx_bytes
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
from foodcls.store.store import digest_json

ROOT = Path(__file__).resolve().parents[2]
FORMS = ("jpeg", "rotated", "cmyk", "gray", "png", "alpha")
NUMBERS = ("abstain_below", "known_from")
SIZE = 64  # pixels a side of what the network sees
HEIGHT, WIDTH = 72, 96
# what the README leaves to its reader, a decoded picture, and a start of its lines: libtorch's
# headers take 12 s to compile, so that the lines are built into `classify`, and run where asked for
GIVEN = f"""
#include <cstdio>
#include <cstdlib>
#include <vector>

static int run_the_lines() {{
    const int64_t height = {HEIGHT}, width = {WIDTH};
    std::vector<unsigned char> read(height * width * 3);
    if (std::fread(read.data(), 1, read.size(), stdin) != read.size()) return 1;
    unsigned char* rgb = read.data();
"""
START = """    return 0;
}
[[maybe_unused]] const bool is_asked = std::getenv("README") && (std::exit(run_the_lines()), true);
"""
Run = Callable[..., subprocess.CompletedProcess[str]]
Develop = Callable[[Sequence[float]], np.ndarray]


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of both programs, as cpp/CMakeLists.txt builds them."""
    needed = {"cmake": shutil.which("cmake"), "a C++ compiler": shutil.which("c++")} | {
        name: Path("/usr/include", name).exists()
        for name in ("jpeglib.h", "png.h", "openssl/sha.h")
    }
    missing = [name for name, there in needed.items() if not there]
    if missing:
        pytest.skip(f"{', '.join(missing)}: "
                    "apt-get install cmake g++ libjpeg-dev libpng-dev libssl-dev")  # fmt: skip
    build = tmp_path_factory.mktemp("build")
    (lines,) = re.findall(r"^```cpp\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
    includes = "".join(re.findall(r"^#include .*\n", lines, re.M))
    (header := build / "readme.h").write_text(
        includes + GIVEN + lines.replace(includes, "") + START
    )
    (build / "readme.cmake").write_text(
        f'set_source_files_properties(libtorch.cpp PROPERTIES COMPILE_OPTIONS "-include;{header}")'
    )
    setting = [f"-DCMAKE_PROJECT_INCLUDE={build / 'readme.cmake'}",
               f"-DCMAKE_PREFIX_PATH={torch.utils.cmake_prefix_path};{onnxruntime.__path__[0]}",
               "-DCMAKE_BUILD_TYPE=None", "-DCMAKE_CXX_FLAGS=-O1 -Werror"]  # fmt: skip
    # torch's headers take 17 s each time: where this is installed, what has not changed is kept
    if kept := shutil.which("ccache"):
        setting.append(f"-DCMAKE_CXX_COMPILER_LAUNCHER={kept}")
    for words in (["-S", ROOT / "cpp", "-B", build, *setting], ["--build", build, "-j2"]):
        done = subprocess.run(["cmake", *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return build


@pytest.fixture(scope="session")
def classify(build: Path) -> Run:
    """The program on libtorch."""
    return runner(build / "classify")


@pytest.fixture(scope="session")
def either(build: Path) -> Run:
    """For what both share, the program that starts in less time."""
    quick = build / "classify_onnx"
    return runner(quick if quick.exists() else build / "classify")


@pytest.fixture(params=["classify", "classify_onnx"])
def program(request: pytest.FixtureRequest, build: Path) -> tuple[Run, Path]:
    """Each program, and the same network in the file that it reads."""
    if not (build / request.param).exists():
        pytest.skip("ONNX Runtime's headers: cpp/onnxruntime_headers.sh")
    ending = {"classify": ".pt", "classify_onnx": ".onnx"}[request.param]
    return runner(build / request.param), request.getfixturevalue("model").with_suffix(ending)


def runner(path: Path) -> Run:
    def run(*words: object) -> subprocess.CompletedProcess[str]:
        # threads that wait for each other are slow where other tests run
        line = [str(path), "--threads", "1", *map(str, words)]
        return subprocess.run(line, capture_output=True, text=True, check=False, timeout=120)

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
    """A real network whose head is solved for, so that the answers differ and are sure.

    Beside the .pt file lies its .onnx.
    """
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
    facts = {"labels_digest": digest_json(tuple(LABELS))}
    optimized = OptimizedNetwork(network, SIZE)
    path.write_bytes(export_bytes(optimized, config, facts))
    path.with_suffix(".onnx").write_bytes(onnx_bytes(optimized, config, facts))
    return path


def rows(done: subprocess.CompletedProcess[str]) -> list[list[str]]:
    return [line.split("\t") for line in done.stdout.splitlines()]


def test_the_lines_of_the_readme_answer_as_python_does(
    build: Path, camera: Path, tmp_path: Path
) -> None:
    # brightest in one place: turned or with its colors in another order it has another answer
    pixels = np.random.default_rng(0).integers(0, 100, (HEIGHT, WIDTH, 3), np.uint8)
    pixels[15:18, 40:44, 2] = 255
    Image.fromarray(pixels).save(tmp_path / "dish.png")
    shutil.copy(camera, tmp_path / "foods13.pt")
    told = subprocess.run(
        [build / "classify"], input=pixels.tobytes(), cwd=tmp_path, capture_output=True, check=True,
        env=os.environ | {"README": "1", "OMP_NUM_THREADS": "1"}, timeout=120,
    ).stdout.decode()  # fmt: skip
    label, probability = told.split()
    (wanted,) = predict(load_model(camera), [tmp_path / "dish.png"])
    assert label == wanted.guess
    assert float(probability) == pytest.approx(wanted.probability, rel=1e-4)


@pytest.mark.runs("cmake", "cpp/build/classify", "cpp/build/classify_onnx")
def test_answers_are_those_of_python(program: tuple[Run, Path], photos: list[Path]) -> None:
    classify, model = program
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
        assert float(row[2]) == pytest.approx(share, abs=1e-4), row
    # else the same answer to everything would do
    assert len({row[1] for row in given}) > 8
    assert 3 < sum(answer.is_none for answer in wanted) < 22


def test_batches_of_one_size_give_the_same(
    program: tuple[Run, Path], photos: list[Path], tmp_path: Path
) -> None:
    classify, model = program
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
    program: tuple[Run, Path], photos: list[Path], tmp_path: Path
) -> None:
    classify, model = program
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
    paths = [
        tmp_path / name for name in ("black.jpg", "white.png", "whole.jpg", "cut.jpg", "scan.jpg")
    ]
    Image.new("RGB", (90, 60)).save(paths[0])
    Image.new("RGBA", (90, 60), (9, 9, 9, 0)).save(paths[1])
    data = photos[0].read_bytes()
    paths[2].write_bytes(data[:-2])
    paths[3].write_bytes(data[:-300])
    # each row is there, but not its last bits
    Image.open(photos[0]).save(paths[4], progressive=True)
    data = paths[4].read_bytes()
    paths[4].write_bytes(data[: data.rfind(b"\xff\xda")])
    done = classify(model, *paths)
    told = {answer.path: answer.error.partition(":")[0]
            for answer in predict(load_model(model), paths)}  # fmt: skip
    assert list(told.values()) == ["blank", "blank", "", "truncated", "truncated"]
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


def test_a_file_that_is_no_model_is_named(
    program: tuple[Run, Path], photos: list[Path], tmp_path: Path
) -> None:
    classify, model = program
    whole, path = model.read_bytes(), tmp_path / model.name
    other = model.with_suffix({".pt": ".onnx", ".onnx": ".pt"}[model.suffix])
    for data in (b"", whole[: len(whole) // 2], other.read_bytes()):
        path.write_bytes(data)
        done = classify(path, photos[0])
        assert done.returncode == 2 and not done.stdout
        assert done.stderr.startswith(f"{path}: no MODEL{model.suffix} of foodcls, or a damaged")
    for odd in (tmp_path / "absent", Path("/dev/zero")):
        done = classify(odd, photos[0])
        assert done.returncode == 2 and done.stderr.startswith(f"{odd}: not ")


def test_a_model_of_somebody_else_is_named(
    program: tuple[Run, Path], photos: list[Path], tmp_path: Path
) -> None:
    classify, model = program
    path = tmp_path / model.name
    if model.suffix == ".pt":
        torch.jit.script(torch.nn.ReLU()).save(path)
    else:
        data = onnx.load(model)
        del data.metadata_props[:]
        path.write_bytes(data.SerializeToString())
    done = classify(path, photos[0])
    assert done.returncode == 2 and "labels" in done.stderr


def test_a_model_that_was_changed_is_named_before_it_is_read(
    program: tuple[Run, Path], photos: list[Path], tmp_path: Path
) -> None:
    classify, model = program
    path, listed = tmp_path / model.name, tmp_path / "model.sha256"
    shutil.copy(model, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    listed.write_text(f"{'a' * 64}  other.pt\n{digest} *{path.name}\n")
    assert classify("--sha256", digest.upper(), path, photos[0]).returncode == 0
    for words, who in ((["--sha256", "b" * 64], "--sha256"), ([], listed.name)):
        done = classify(*words, path, photos[0])
        assert done.returncode == 3 and not done.stdout
        assert f"{path}: it was changed after its export" in done.stderr and who in done.stderr
        path.write_bytes(b"no model any more")


@pytest.mark.parametrize("line", ["{0}  {1}\r\n", "{0} *./{1}\n", "{0}  models/{1}\n",
                                  "{0} *C:\\models\\{1}\r\n"])  # fmt: skip
def test_a_list_with_folders_or_of_windows_is_compared_too(
    either: Run, tmp_path: Path, line: str
) -> None:
    (path := tmp_path / "model.onnx").write_bytes(b"no model, which is told after its digest")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    for told, code in ((digest, 2), ("a" * 64, 3)):
        (tmp_path / "model.sha256").write_text(line.format(told, path.name), newline="")
        assert either(path, "x.png").returncode == code
        assert read_digests(sibling(path, DIGESTS)).get(path.name, "") == told
    (tmp_path / "model.sha256").write_text(f"{digest}  other.onnx\n")
    done = either(path, "x.png")
    assert done.returncode == 3 and "model.sha256 says nothing of model.onnx" in done.stderr


@pytest.mark.parametrize("words", [["--sha256", ""], ["--batch", "x"], ["--batch", "0"],
                                   ["--batch", "9999999999"], ["--threads", "100000"],
                                   ["--all", "--bach", "3"], ["--sha256"]])  # fmt: skip
def test_words_that_say_nothing_are_refused(either: Run, words: list[str]) -> None:
    """An empty digest, of a variable that was never set, would compare nothing."""
    for line in ([*words, "model.onnx", "x.png"], ["model.onnx", "x.png", *words]):
        done = either(*line)
        assert done.returncode == 2 and "usage: classify" in done.stderr


@pytest.mark.parametrize(
    "fault", ["no classes", "an escape", "whole numbers", "text", "a sequence", "no number"]
)
def test_an_onnx_file_of_a_hostile_maker_never_crashes(
    build: Path, photos: list[Path], tmp_path: Path, fault: str
) -> None:
    """Three of these read what is not theirs in memory."""
    if not (build / "classify_onnx").exists():
        pytest.skip("ONNX Runtime's headers: cpp/onnxruntime_headers.sh")
    kind = {"whole numbers": "int8", "text": "str"}.get(fault, "float32")
    classes = 0 if fault == "no classes" else 2
    values = {"probabilities": np.zeros((1, classes), kind), "known": np.ones(1, np.float32)}
    images = onnx.helper.make_tensor_value_info("images", onnx.TensorProto.UINT8, ["n", 8, 9, 3])
    if fault == "no number":
        values["probabilities"] = np.full((1, 2), np.nan, kind)
        images = onnx.helper.make_tensor_value_info("images", onnx.TensorProto.UINT8, None)
    if fault == "a sequence":
        images = onnx.helper.make_tensor_sequence_value_info("images", onnx.TensorProto.UINT8, None)
    tensors = {name: onnx.numpy_helper.from_array(value.astype(object) if kind == "str" and
               value.ndim == 2 else value) for name, value in values.items()}  # fmt: skip
    nodes = [onnx.helper.make_node("Constant", [], [name], value=tensor)
             for name, tensor in tensors.items()]  # fmt: skip
    given = [onnx.helper.make_tensor_value_info(name, tensor.data_type, tensor.dims)
             for name, tensor in tensors.items()]  # fmt: skip
    model = onnx.helper.make_model(
        onnx.helper.make_graph(nodes, "hostile", [images], given),
        opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=9,
    )  # fmt: skip
    labels = {"no classes": "", "an escape": "a\n\x1b]0;b"}.get(fault, "a\nb")
    facts = {"labels": labels, "abstain_below": "0", "known_from": "0"}
    onnx.helper.set_model_props(model, facts)
    (path := tmp_path / "hostile.onnx").write_bytes(model.SerializeToString())
    done = runner(build / "classify_onnx")(path, photos[0])
    why = "does not give probabilities" if fault == "no number" else "no MODEL.onnx of foodcls"
    assert done.returncode == 2 and not done.stdout and why in done.stderr


def write_package(path: Path, facts: dict[str, str]) -> str:
    """A package of torch with what it says of itself, and no code; gives its SHA-256."""
    with ZipFile(path, "w") as package:
        for name, text in (
            ("archive_format", "pt2"), (".data/version", "3"), ("byteorder", "little"),
            ("data/aotinductor/model/a.wrapper_metadata.json", json.dumps(facts)),
            ("data/aotinductor/model/a.wrapper.so", "no code"),
        ):  # fmt: skip
            package.writestr(f"model/{name}", text)
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"torch": "1.2.3+cpu"}, "machine code for torch 1.2.3+cpu, here is 2."),
        ({"instructions": "AVX9"}, "machine code for instructions AVX9, here is"),
        ({"machine": "s390x"}, "machine code for machine s390x, here is"),
        ({"device": "cuda"}, "machine code for device cuda, here is cpu"),
        ({}, "no MODEL.pt of foodcls, or a damaged"),
    ],
)
def test_machine_code_for_another_machine_is_named_before_it_runs(
    classify: Run,
    photos: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    other: dict[str, str],
    said: str,
) -> None:
    # libtorch leaves a folder of a damaged package
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    path = tmp_path / "model.aoti.pt2"
    facts = {f"bound_to.{name}": value for name, value in (bound_to() | other).items()}
    digest = write_package(path, facts | {"labels": "a\nb"} | dict.fromkeys(NUMBERS, "0"))
    done = classify("--sha256", digest, path, photos[0])
    assert done.returncode == 2 and not done.stdout
    assert done.stderr.startswith(f"{path}: {said}")


def test_machine_code_is_read_only_by_its_digest(
    classify: Run, photos: list[Path], tmp_path: Path
) -> None:
    path = tmp_path / "model.aoti.pt2"
    digest = write_package(path, {})
    done = classify(path, photos[0])
    assert done.returncode == 2 and "give --sha256" in done.stderr
    (tmp_path / "model.sha256").write_text(f"{'a' * 64}  {path.name}\n")
    assert classify("--sha256", digest, path, photos[0]).returncode == 3


def test_where_no_copy_of_machine_code_can_lie_it_is_said(
    classify: Run, photos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.aoti.pt2"
    digest = write_package(path, {})
    monkeypatch.setenv("TMPDIR", str(tmp_path / "gone"))
    done = classify("--sha256", digest, path, photos[0])
    assert done.returncode == 2 and "TMPDIR" in done.stderr and "damaged" not in done.stderr


class Mean(torch.nn.Module):
    """A network of few layers, whose machine code is made in a minute."""

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.pad(pixels.float().mean((2, 3)) / 50, (0, 1))


@pytest.mark.long
@pytest.mark.timeout(1200)  # a compiler at work
def test_machine_code_answers_as_in_python(
    classify: Run, photos: list[Path], tmp_path: Path
) -> None:
    path, labels = tmp_path / "model.aoti.pt2", ("red", "green", "blue")
    facts = {"labels_digest": digest_json(labels)}
    path.write_bytes(package_bytes(Mean(), InferenceConfig(SIZE, labels, 1.5, 0.5, 0.6), facts))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    done = classify("--all", "--sha256", digest, path, *photos)
    assert done.returncode == 0 and not done.stderr
    wanted = list(predict(load_model(path, digest), photos))
    for row, answer in zip(rows(done), wanted, strict=True):
        assert np.allclose(np.float64(row[3:]), answer.probabilities, atol=1e-4)
        assert row[1].startswith("none" if answer.is_none else answer.guess)
    assert len({answer.guess for answer in wanted}) > 1


def test_flipped_bytes_of_a_model_never_crash(
    classify: Run, camera: Path, photos: list[Path], tmp_path: Path
) -> None:
    whole, damaged = camera.read_bytes(), tmp_path / "damaged.pt"
    draw = np.random.default_rng(0)
    for _ in range(6):
        flipped = bytearray(whole)
        flipped[int(draw.integers(len(whole)))] ^= 1 << int(draw.integers(8))
        damaged.write_bytes(flipped)
        assert classify(damaged, photos[0]).returncode in (0, 2)


def test_without_pictures_it_says_how_it_is_used(program: tuple[Run, Path]) -> None:
    classify, model = program
    done = classify(model)
    assert done.returncode == 2 and "usage: classify [--all]" in done.stderr
    assert f"MODEL{model.suffix}" in done.stderr

"""Compiles the README's C++ as it stands there, and holds its answer against Python's."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torch.utils.cpp_extension import include_paths, library_paths

from foodcls.export.load import load_model
from foodcls.export.predict import predict

ROOT = Path(__file__).resolve().parents[2]
HEIGHT, WIDTH = 72, 96
# what the README leaves to its reader: a decoded picture
GIVEN = f"""
#include <cstdio>
#include <vector>

int main() {{
    const int64_t height = {HEIGHT}, width = {WIDTH};
    std::vector<unsigned char> read(height * width * 3);
    if (std::fread(read.data(), 1, read.size(), stdin) != read.size()) return 1;
    unsigned char* rgb = read.data();
"""


def test_the_lines_of_the_readme_answer_as_python_does(camera: Path, tmp_path: Path) -> None:
    if not (compiler := shutil.which("c++")):
        pytest.skip("a C++ compiler: apt-get install g++")
    (lines,) = re.findall(r"^```cpp\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
    includes = "".join(re.findall(r"^#include .*\n", lines, re.M))
    body = lines.replace(includes, "")
    (tmp_path / "main.cpp").write_text(f"{includes}{GIVEN}{body}}}\n")
    # the standard of cpp/CMakeLists.txt
    words = [compiler, "-std=c++20", "-O0", "-Wall", "-Wextra", "-Werror", "-c", "main.cpp",
             *(f"-isystem{path}" for path in include_paths())]  # fmt: skip
    if kept := shutil.which("ccache"):
        words.insert(0, kept)
    link = [compiler, "main.o", "-o", "main", "-Wl,--no-as-needed"]
    for path in library_paths():
        link += [f"-L{path}", f"-Wl,-rpath,{path}"]
    for line in (words, [*link, "-ltorch", "-ltorch_cpu", "-lc10"]):
        done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
    # brightest in one place: turned or with its colors in another order it has another answer
    pixels = np.random.default_rng(0).integers(0, 100, (HEIGHT, WIDTH, 3), np.uint8)
    pixels[15:18, 40:44, 2] = 255
    Image.fromarray(pixels).save(tmp_path / "dish.png")
    shutil.copy(camera, tmp_path / "foods13.pt")
    told = subprocess.run(
        [tmp_path / "main"], input=pixels.tobytes(), cwd=tmp_path, capture_output=True, check=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"}, timeout=120,
    ).stdout.decode()  # fmt: skip
    label, probability = told.split()
    (wanted,) = predict(load_model(camera), [tmp_path / "dish.png"])
    assert label == wanted.guess
    assert float(probability) == pytest.approx(wanted.probability, rel=1e-4)

import errno
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from foodcls.store.disk import cannot_write, flush, flush_all, format_bytes, free_space


def test_free_space_is_that_of_the_nearest_folder(tmp_path: Path) -> None:
    assert "bytes" in free_space(tmp_path / "not" / "there")


@pytest.mark.parametrize(
    ("number", "advice"),
    [(errno.ENOSPC, "free space"), (errno.EFBIG, "ulimit -f"), (errno.EROFS, "--workspace")],
)
def test_an_error_says_what_is_free_and_what_to_do(
    number: int, advice: str, tmp_path: Path
) -> None:
    said = str(cannot_write(tmp_path / "x", OSError(number, "reason"), "1,000"))
    assert said.startswith(f"cannot write {tmp_path / 'x'} (1,000 bytes): reason; ")
    assert "are free there" in said and advice in said


def test_files_and_folders_are_flushed(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("x")
    for path in (tmp_path / "x", tmp_path):
        flush(path)
    flush_all(tmp_path)


# a manifest, the weights of a checkpoint or an export, a file for people, an epoch of a training
WRITE = """
import sys
from pathlib import Path
import torch
from foodcls.train.resume import CheckpointFiles, TrainingState
from foodcls.manifest import new_manifest, save_manifest
from foodcls.tables.manifest_csv import write_manifest
from foodcls.store.store import Store

folder = Path(sys.argv[1])
save_manifest(new_manifest(), Store(folder / "store"), "crop")
Store(folder / "store").put(b"weights", durable=True)
write_manifest(new_manifest(), folder / "manifest.csv")
learnt, moments, best = ({"w": torch.zeros(2)} for _ in range(3))
CheckpointFiles(folder, "key", "lr_key", 1e-3).save(TrainingState((), learnt, moments, {}, best))
"""


def test_what_must_outlive_a_power_cut_is_flushed_around_its_rename(tmp_path: Path) -> None:
    """Read from a trace of the system's calls: the file before it is renamed, the folder after."""
    if not shutil.which("strace"):
        pytest.skip("strace is not installed")
    trace, folder = tmp_path / "trace", tmp_path / "w"
    words = ["strace", "-f", "--seccomp-bpf", "-y", "-s", "300", "-e",
             "trace=fsync,/rename", "-o", trace, sys.executable, "-c", WRITE, folder]  # fmt: skip
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=200)
    if "ptrace" in done.stderr:
        pytest.skip(f"nothing may be traced here: {done.stderr.strip()[:100]}")
    assert done.returncode == 0, done.stderr
    calls = [line for line in trace.read_text().splitlines() if str(folder) in line]
    renamed = [
        (place, *re.findall(r'"([^"]+)"', line)) for place, line in enumerate(calls)
        if "rename" in line
    ]  # fmt: skip
    finals = [Path(final).name for _, _, final in renamed]
    assert len(finals) == 4 and finals[2] == "manifest.csv" and finals[3].startswith("training-key")
    for place, part, final in renamed:
        assert any(f"<{part}>) = 0" in line for line in calls[:place]), final
        assert any(f"<{Path(final).parent}>) = 0" in line for line in calls[place:]), final


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (12_345_678, "12.3 MB"), (3e15, "3000.0 TB")],
)
def test_bytes_are_told_in_the_unit_people_take(count: float, words: str) -> None:
    assert format_bytes(count) == words

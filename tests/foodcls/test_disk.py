import errno
from pathlib import Path

import pytest

from foodcls.disk import cannot_write, flush, flush_all, free_space


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

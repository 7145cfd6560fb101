import subprocess
from pathlib import Path

import pytest

from tasks.tracking.commit import commit_tags


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@a.test"]
    done = subprocess.run(["git", *who, *words], cwd=folder, capture_output=True, check=True)
    return done.stdout.decode().strip()


def test_the_commit_is_told_and_whether_files_were_changed_since(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "a.py").write_text("1")
    git(tmp_path, "add", "a.py")
    git(tmp_path, "commit", "-qm", "Begin")
    commit = git(tmp_path, "rev-parse", "HEAD")
    (tmp_path / "notes.txt").write_text("not followed")
    assert commit_tags(tmp_path) == {"mlflow.source.git.commit": commit}
    (tmp_path / "a.py").write_text("2")
    assert commit_tags(tmp_path)["git_changed"] == "true"


def test_without_a_repository_or_git_there_is_nothing_to_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert commit_tags(tmp_path) == {}
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commit_tags(Path(__file__).parent) == {}

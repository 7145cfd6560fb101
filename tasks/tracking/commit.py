"""Says which commit of the project ran, for those who look at a run later."""

import subprocess
from pathlib import Path

SECONDS = 10  # a file system that does not answer must not hold up a run


def commit_tags(folder: Path) -> dict[str, str]:
    """Tags with the commit that `folder` is at, and whether it was changed since; none without."""
    commit = _git(folder, "rev-parse", "HEAD")
    if not commit:
        return {}
    # what MLflow's list of runs shows as the run's version
    tags = {"mlflow.source.git.commit": commit}
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return tags | {"git_changed": "true"} if changes else tags


def _git(folder: Path, *words: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", folder, *words],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=True,
        )
    # no git, no repository, or one that belongs to another user
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()

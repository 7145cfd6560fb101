"""Lists the files below folders; passes over hidden folders and those that systems keep."""

import logging
import os
from pathlib import Path
from urllib.parse import quote

LOG = logging.getLogger(__name__)

# what a warning names before it counts
NAMED = 5
# bins, thumbnails and copies of Macs, of Windows, of storage boxes and of disks, in lower case
SYSTEM_FOLDERS = {
    "__macosx", "$recycle.bin", "recycler", "system volume information", "lost+found",
    "@eadir", "#recycle", "#snapshot", "@recycle", "@recently-snapshot", "@tmp",
}  # fmt: skip


def list_below(top: Path, passed: list[Path]) -> list[Path]:
    """All below a folder that is no folder itself, and folders that cannot be listed.

    No link below is followed. Folders that are passed over are added to `passed`.
    """
    found: list[Path] = []
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    is_folder = entry.is_dir(follow_symlinks=False)
                    into = found if not is_folder else passed if is_aside(entry.name) else waiting
                    into.append(Path(entry.path))
        except OSError:
            found.append(folder)
    return found


def warn_passed(root: Path, passed: list[Path]) -> None:
    """Say which folders below `root` were passed over."""
    if passed:
        names = ", ".join(repr(str(path.relative_to(root))) for path in sorted(passed)[:NAMED])
        LOG.warning(
            "%s: %d hidden or system folders are passed over: %s; move out of them what is wanted",
            root,
            len(passed),
            names,
        )


def path_text(path: Path) -> str:
    """A path for tables and terminals: as it is if it is printable, else as a file: URI."""
    text = path.as_posix()
    return text if text.isprintable() else f"file:{quote(os.fsencode(text))}"


def is_below(path: Path, root: Path) -> bool:
    """Whether a path ends in or below a folder, wherever links lead."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))


def is_aside(name: str) -> bool:
    """Whether a folder of this name holds no pictures of a person: hidden, or a system's."""
    return name.startswith(".") or name.lower() in SYSTEM_FOLDERS

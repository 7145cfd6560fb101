"""Reads folders of pictures, a subfolder a class; follows no link, opens only regular files."""

import logging
import os
import stat
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from foodcls.collect.fetch import keep_picture, utc_text
from foodcls.collect.limits import Limits
from foodcls.collect.outcomes import (
    Candidate,
    CandidateResult,
    FetchError,
    FetchResult,
    Outcome,
    printable,
)
from foodcls.image.file_types import describe_bytes, sniff_format
from foodcls.image.listing import NAMED, is_below, list_below, path_text, warn_passed
from foodcls.progress import Track
from foodcls.store.store import Store
from foodcls.tables.label_table import locate, read_labels

LOG = logging.getLogger(__name__)

# should a name turn into a link or a pipe after the check, neither is followed nor waited for
OPEN_SAFELY = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def read_folders(
    roots: Sequence[Path | None],
    source: str,
    labels: tuple[str, ...],
    limits: Limits,
    store: Store,
    track: Track,
    table: Path | None = None,
) -> list[CandidateResult]:
    """All files below the folders that are named, in the folders of the classes, with outcomes.

    Where there are several, an origin begins with the name of its folder, so that what is called
    the same in two of them is told apart. Where a `table` names the pictures of the one folder and
    their classes, these are read instead.
    """
    results: list[CandidateResult] = []
    named = [root for root in roots if root is not None]
    for root, prefix in zip(named, folder_prefixes(named), strict=True):
        if table is None:
            files = list_files(root, labels, source, prefix)
        else:
            files, refused = list_labeled(table, root, labels, source)
            results += refused
        if files:
            read = read_files(files, limits, store)
            results += track(read, len(files), "read files")
    _tell_unread(results, source)
    return results


def folder_prefixes(roots: Sequence[Path]) -> list[str]:
    """What origins of each folder begin with: as much of its path's end as no other has."""
    if len(roots) < 2:
        return [""] * len(roots)
    for count in range(1, max(len(root.parts) for root in roots) + 1):
        ends = ["/".join(root.parts[-count:]).lstrip("/") + "/" for root in roots]
        if len(set(ends)) == len(ends):
            break
    return ends


def list_files(
    root: Path, labels: tuple[str, ...], source: str, prefix: str = ""
) -> list[tuple[Candidate, Path]]:
    """The files in the folders of the classes, in the order of classes, then of names."""
    folders: dict[str, list[Path]] = {label: [] for label in labels}
    strange: list[Path] = []
    passed: list[Path] = []
    for entry in sorted(root.iterdir(), key=os.fsencode):
        plain = unicodedata.normalize("NFC", entry.name)
        (folders[plain] if plain in folders and _is_holder(entry) else strange).append(entry)
    # what a Mac or another system hides there is nobody's class
    _warn(root, [entry for entry in strange if not entry.name.startswith(".")])
    files = [
        (Candidate(prefix + origin_text(path, root), label, source, rank=rank), path)
        for label, tops in folders.items()
        for rank, path in enumerate((path for top in tops for path in _sorted(top, passed)), 1)
    ]
    warn_passed(root, passed)
    return files


def list_labeled(
    table: Path, root: Path, labels: tuple[str, ...], source: str
) -> tuple[list[tuple[Candidate, Path]], list[CandidateResult]]:
    """The files that a table names below `root`, in its order, and the rows that are refused.

    Refused are rows of no class, and those whose path leads out of the folder, also by a link.
    """
    files: list[tuple[Candidate, Path]] = []
    refused: list[CandidateResult] = []
    ranks: Counter[str] = Counter()
    for row in read_labels(table):
        ranks[row.label] += 1
        path, label = locate(root, row.path), printable(row.label)
        candidate = Candidate(printable(row.path), label, source, rank=ranks[row.label])
        if label not in labels:
            outcome, why = Outcome.UNKNOWN_LABEL, f"{label!r} is none of the recipe's classes"
        elif not is_below(path, root):
            outcome, why = Outcome.NOT_REGULAR, f"leads out of {root}"
        else:
            files.append((candidate, path))
            continue
        refused.append(candidate.ended(outcome, f"row {row.number}: {why}"))
    return files, refused


def read_files(
    files: list[tuple[Candidate, Path]], limits: Limits, store: Store
) -> Iterator[CandidateResult]:
    """Put each picture into the store that is not blocked; yield every file with its outcome."""
    for candidate, path in files:
        now = utc_text(limits.clock())
        result = FetchResult(candidate.url, Outcome.OK, attempts=1, fetched_at=now)
        try:
            data = _read(path, limits.max_bytes)
        except FetchError as trouble:
            result = replace(result, outcome=trouble.outcome, detail=trouble.detail)
        else:
            result = keep_picture(result, data, store, limits)
        yield CandidateResult(candidate, result)


def origin_text(path: Path, root: Path) -> str:
    """The path below `root`, wherever that lies: as it is if it is printable, else a file: URI."""
    return path_text(path.relative_to(root))


def _is_holder(entry: Path) -> bool:
    # a linked folder is listed too, as one thing that is not regular
    return entry.is_symlink() or entry.is_dir()


def _warn(root: Path, strange: list[Path]) -> None:
    if strange:
        names = ", ".join(repr(entry.name) for entry in strange[:NAMED])
        LOG.warning("%s: %d entries are no class's folder: %s", root, len(strange), names)


def _tell_unread(results: Sequence[CandidateResult], source: str) -> None:
    """Say how many files are no pictures and why, with the name of the first for each reason."""
    bad = [one for one in results if one.result.outcome is not Outcome.OK]
    firsts = {one.result.outcome: Path(one.candidate.url).name for one in reversed(bad)}
    counts = Counter(one.result.outcome for one in bad).most_common()
    told = [f"{outcome} {count}, e.g. {firsts[outcome]!r}" for outcome, count in counts]
    if told:
        LOG.info("%s: %d not read: %s", source, len(bad), "; ".join(told))


def _sorted(top: Path, passed: list[Path]) -> list[Path]:
    return [top] if top.is_symlink() else sorted(list_below(top, passed), key=os.fsencode)


def _read(path: Path, limit: int) -> bytes:
    try:
        _check_kind(path.lstat(), limit)
        with os.fdopen(os.open(path, OPEN_SAFELY), "rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise FetchError(Outcome.UNREADABLE, error.strerror or type(error).__name__) from error
    if len(data) > limit:
        raise FetchError(Outcome.TOO_LARGE, f"more than {limit} bytes")
    if not data:
        raise FetchError(Outcome.EMPTY, "an empty file")
    if sniff_format(data) is None:
        raise FetchError(Outcome.NOT_AN_IMAGE, describe_bytes(data))
    return data


def _check_kind(info: os.stat_result, limit: int) -> None:
    if stat.S_ISDIR(info.st_mode):
        raise FetchError(Outcome.UNREADABLE, "a folder that cannot be listed")
    if not stat.S_ISREG(info.st_mode):
        kind = "a symbolic link" if stat.S_ISLNK(info.st_mode) else "a pipe, socket or device"
        raise FetchError(Outcome.NOT_REGULAR, kind)
    if info.st_size > limit:
        raise FetchError(Outcome.TOO_LARGE, f"{info.st_size} bytes, allowed are {limit}")

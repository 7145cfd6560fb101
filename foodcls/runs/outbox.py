"""The outbox: keeps what is to be sent to the tracking server as plain files, until it is sent."""

import dataclasses
import json
import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from foodcls.errors import first_line
from foodcls.store.disk import cannot_write, flush
from foodcls.store.store import digest_file, write_whole

log = logging.getLogger(__name__)

# written last: a folder without it was not finished
RECORD = "record.json"


@dataclass(frozen=True)
class RunRecord:
    """What is sent of one run; its files lie in `runs/N` of the record's folder."""

    name: str
    tags: dict[str, str]
    settings: dict[str, str]
    figures: tuple[tuple[str, float, int], ...]  # name, value, epoch (0: of the whole run)
    dataset: dict[str, str] | None = None


@dataclass(frozen=True)
class Registration:
    """A model to register; its files lie in `model` of the record's folder."""

    name: str
    digest: str  # of the exported file
    tags: dict[str, str]
    description: str = ""  # of its version


@dataclass(frozen=True)
class Submission:
    """All that is sent of a run, and to which server."""

    key: str  # no other record has it
    outcome: str  # digest of what the run came to: the same run repeated has the same
    address: str  # of the tracking server, without password; empty: the workspace's own
    experiment: str
    started: float  # seconds since 1970
    ended: float
    runs: tuple[RunRecord, ...]  # the runs of the others are nested in that of the first
    model: Registration | None = None
    files: tuple[tuple[str, str], ...] = ()  # path in the folder, SHA-256


@dataclass(frozen=True)
class Pending:
    """A submission in the outbox: on disk, and not sent yet, at least not to the end."""

    folder: Path
    submission: Submission

    def files_of(self, number: int) -> list[Path]:
        """The files of the run of that number."""
        return [self.folder / path for path, _ in self.submission.files
                if path.startswith(f"runs/{number}/")]  # fmt: skip

    def damaged(self) -> list[str]:
        """The files that are no longer what was written."""
        return self.differing(self.folder)

    def differing(self, copy: Path, below: str = ".") -> list[str]:
        """Which files below a folder of the record are other, or absent, in a copy of it."""
        return [
            path
            for path, digest in self.submission.files
            if Path(path).is_relative_to(below)
            and not (
                (file := copy / Path(path).relative_to(below)).is_file()
                and digest_file(file) == digest
            )
        ]


def keep_record(place: Path, record: Submission, fill: Callable[[Path], None]) -> Pending:
    """Write a record below `place`; `fill` writes its files into the folder it is given.

    One that waits already and came to the same is kept instead: a run that was killed while it
    told of itself, and is repeated, is told of once.
    """
    for waiting in list_pending(place):
        known = waiting.submission
        if (known.outcome, known.address) != (record.outcome, record.address):
            continue
        if not waiting.damaged():
            return waiting
        drop_record(waiting)
    # what was killed while it was written or deleted
    for folder in _folders(place):
        if not (folder / RECORD).exists():
            shutil.rmtree(folder, ignore_errors=True)
    folder = place / f"{int(record.ended * 1000):014}-{record.key}"
    try:
        fill(folder)
        written = sorted(path for path in folder.rglob("*") if path.is_file())
        for path in written:
            flush(path)
        files = tuple((path.relative_to(folder).as_posix(), digest_file(path)) for path in written)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise cannot_write(folder, error) from error
    record = dataclasses.replace(record, files=files)
    write_whole(folder / RECORD, json.dumps(dataclasses.asdict(record), indent=1))
    return Pending(folder, record)


def list_pending(place: Path) -> list[Pending]:
    """What is to be sent, the oldest first; a record that cannot be read is named and left."""
    reader, found = TypeAdapter(Submission), list[Pending]()
    for path in (folder / RECORD for folder in _folders(place)):
        if path.exists():
            try:
                found.append(Pending(path.parent, reader.validate_json(path.read_bytes())))
            except ValueError as error:
                log.warning("%s is no record: %s; delete its folder", path, first_line(error))
    return found


def drop_record(waiting: Pending) -> None:
    """Delete a record that has been sent."""
    (waiting.folder / RECORD).unlink(missing_ok=True)
    shutil.rmtree(waiting.folder, ignore_errors=True)


def _folders(place: Path) -> list[Path]:
    found = place.iterdir() if place.is_dir() else iter(())
    return sorted(path for path in found if path.is_dir())

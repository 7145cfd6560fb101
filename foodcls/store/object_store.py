"""Keeps blobs and facts as objects of a store that many machines reach, such as S3.

There is no database: facts that are remembered together are one object, written once. Its name
tells between which keys they lie, so that recalling reads only what may hold them.
"""

import json
import math
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from hashlib import sha256
from typing import Any, TypeVar
from urllib.parse import quote

from foodcls.errors import StoreError
from foodcls.store.local_store import ASIDE, BLOBS, USERS

Item = TypeVar("Item")
Result = TypeVar("Result")

# requests under way at once: each waits for the network, which takes ten times its computing
READERS = 32
# blobs that are asked for one by one; beyond, whole folders of names are read
FEW = 200
# what file systems call the time of an object's writing
TIMES = ("LastModified", "updated", "last_modified", "created", "mtime")


class Objects:
    """Blobs by digest and facts by key; writing the same blob twice writes the same bytes.

    Credentials and endpoint are the environment's, as the client of each kind of store reads them.
    """

    # as in `Folder`: a worker that waited for each request would compute half of the time
    lanes = 8

    def __init__(self, root: str) -> None:
        # only here: a process that decodes pictures would start a fifth later
        import fsspec

        self.root = root
        try:
            # what another machine writes must be seen
            self._files, self._base = fsspec.url_to_fs(root, use_listings_cache=False)
        except (ImportError, ValueError) as error:
            raise StoreError(
                f"store {root}: {error}; name a folder, or an address such as s3://bucket/folder "
                "after `pip install -e '.[team]'`"
            ) from error

    def where(self, digest: str) -> str:
        """Where a blob lies, whether it is there or not."""
        return str(self._files.unstrip_protocol(self._blob(digest)))

    def lacking(self, digests: Iterable[str]) -> set[str]:
        """Which of these blobs are not there."""
        wanted = set(digests)
        with self._told():
            if len(wanted) <= FEW:
                asked = sorted(wanted)
                there = self._each(lambda digest: self._files.exists(self._blob(digest)), asked)
                return {
                    digest for digest, is_there in zip(asked, there, strict=True) if not is_there
                }
            folders = sorted({f"{self._base}/{BLOBS}/{digest[:2]}" for digest in wanted})
            found = self._each(self._list, folders)
            return wanted - {_stem(info) for infos in found for info in infos}

    def read(self, digest: str) -> bytes:
        """The bytes of a blob; FileNotFoundError when it is not there."""
        with self._told():
            data: bytes = self._files.cat_file(self._blob(digest))
            return data

    def write(self, digest: str, data: bytes, *, durable: bool) -> None:
        """Write a blob, which appears whole or not at all, and always durably."""
        self._write(self._blob(digest), data)

    def set_aside(self, digest: str) -> str:
        """Take a blob out of use, and tell where its bytes are now."""
        aside = f"{self._base}/{ASIDE}"
        with self._told(), suppress(FileNotFoundError):
            self._files.mv(self._blob(digest), f"{aside}/{digest}")
        return str(self._files.unstrip_protocol(aside))

    def listing(self, part: str) -> Iterator[tuple[str, int, float]]:
        """Name, bytes and time of writing of what lies in a part of the store."""
        with self._told():
            try:
                found = self._files.find(f"{self._base}/{part}", detail=True)
            except FileNotFoundError:
                found = {}
        for info in found.values():
            yield _stem(info), int(info["size"]), _seconds(info)

    def remove(self, names: Iterable[str], part: str) -> None:
        """Remove these from a part of the store, hundreds with a request."""
        wanted = list(names)
        paths = [self._blob(name) if part == BLOBS else f"{self._base}/{part}/{name}"
                 for name in wanted]  # fmt: skip
        with self._told():
            if paths:
                self._files.rm(paths)

    def enroll(self, user: str) -> None:
        """Note who uses the store."""
        name = sha256(user.encode()).hexdigest()
        self._write(f"{self._base}/{USERS}/{name}", user.encode())

    def users(self) -> list[str]:
        """Who was noted."""
        with self._told():
            noted = [info["name"] for info in self._list(f"{self._base}/{USERS}")]
            return [self._files.cat_file(name).decode() for name in noted]

    def recall(self, kind: str, keys: Iterable[str]) -> dict[str, Any]:
        """The values of those of `keys` that have one."""
        wanted = set(keys)
        places = sorted(map(_place, wanted))
        with self._told():
            listed = self._list(self._folder(kind))
            found = self._newest([info for info in listed if _may_hold(_stem(info), places)])
        return {key: found[key] for key in found.keys() & wanted}

    def recall_batch(self, kind: str, keys: Iterable[str]) -> dict[str, Any]:
        """What was remembered of exactly these keys together; one request, where `recall` lists."""
        with self._told():
            return self._read_dated(self._facts(kind, keys))[1]

    def remember(self, kind: str, facts: Mapping[str, Any]) -> None:
        """Keep values under their keys, all or none; a later value replaces an earlier one."""
        if facts:
            dated = {"written": time.time_ns(), "facts": dict(facts)}
            self._write(self._facts(kind, facts), json.dumps(dated).encode())

    def facts(self, kind: str) -> Iterator[tuple[str, Any, int]]:
        """All that is remembered of a kind: key, value, bytes."""
        with self._told():
            found = self._newest(self._list(self._folder(kind)))
        for key, value in found.items():
            yield key, value, len(key) + len(json.dumps(value))

    def forget(self, kind: str, keys: Iterable[str]) -> None:
        """Remember these no more; others that were kept together with one are written anew."""
        gone, newest = set(keys), dict[str, Any]()
        with self._told():
            read = self._read_all(self._list(self._folder(kind)))
            for _, facts in read:
                newest |= facts
            old = {name: facts.keys() - gone for name, facts in read if facts.keys() & gone}
            stay = [{key: newest[key] for key in one} for one in old.values()]
            list(self._each(lambda facts: self.remember(kind, facts), stay))
            if old:
                self._files.rm(list(old))

    def _newest(self, listed: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """What these objects of facts hold; of each key what was written last."""
        found: dict[str, Any] = {}
        for _, facts in self._read_all(listed):
            found |= facts
        return found

    def _read_all(self, listed: Sequence[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
        """The name of each of these objects, and what it holds, what was written last at the end.

        By the store's clock, which may count whole seconds, then by the writer's.
        """
        read = self._each(self._read_dated, [info["name"] for info in listed])
        dated = [
            ((_seconds(info), written), info["name"], facts)
            for info, (written, facts) in zip(listed, read, strict=True)
        ]
        return [(name, facts) for _, name, facts in sorted(dated, key=lambda one: one[0])]

    def _blob(self, digest: str) -> str:
        return f"{self._base}/{BLOBS}/{digest[:2]}/{digest}"

    def _folder(self, kind: str) -> str:
        return f"{self._base}/facts/{quote(kind, safe='')}"

    def _facts(self, kind: str, keys: Iterable[str]) -> str:
        ordered = sorted(keys)
        ends = f"{_place(ordered[0])}-{_place(ordered[-1])}"
        digest = sha256("\n".join(ordered).encode()).hexdigest()[:32]
        return f"{self._folder(kind)}/{ends}-{digest}.json"

    def _read_dated(self, path: str) -> tuple[int, dict[str, Any]]:
        """What an object of facts holds, behind when it was written, in nanoseconds."""
        try:
            dated = json.loads(self._files.cat_file(path))
            return dated["written"], dated["facts"]
        # never written, or tidied away since it was listed
        except FileNotFoundError:
            return 0, {}
        except (ValueError, LookupError, TypeError) as error:
            raise StoreError(f"{path} is damaged: {error}; delete it, then run again") from error

    def _list(self, folder: str) -> list[dict[str, Any]]:
        try:
            return list(self._files.ls(folder, detail=True))
        except FileNotFoundError:
            return []

    def _write(self, path: str, data: bytes) -> None:
        with self._told():
            try:
                self._files.pipe_file(path, data)
            # said of a bucket that is not there
            except FileNotFoundError as error:
                raise StoreError(f"cannot write {path}: {error}; make the bucket first") from error

    def _each(self, function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        with ThreadPoolExecutor(READERS) as pool:
            yield from pool.map(function, items)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (FileNotFoundError, StoreError):
            raise
        # each kind of store has errors of its own
        except Exception as error:
            raise StoreError(
                f"store {self.root} does not answer: {type(error).__name__}: {error}; check its "
                "address and the credentials in the environment, then run the same command again"
            ) from error


def _place(key: str) -> str:
    """Where a key lies among others, as part of a name."""
    return key.encode()[:8].hex()


def _may_hold(name: str, places: Sequence[str]) -> bool:
    low, high, _ = name.split("-")
    first = bisect_left(places, low)
    return first < len(places) and places[first] <= high


def _stem(info: Mapping[str, Any]) -> str:
    return str(info["name"]).rpartition("/")[2].partition(".")[0]


def _seconds(info: Mapping[str, Any]) -> float:
    """When an object was written; never old where its store does not say."""
    moment = next((info[name] for name in TIMES if name in info), math.inf)
    return moment.timestamp() if isinstance(moment, datetime) else float(moment)

"""Opens a blob as a file: who reads parts of one need not have all its bytes in memory."""

import io
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from foodcls.store.store import Store, digest_file


def open_blob(store: Store, digest: str) -> BinaryIO:
    """The blob as a file that the caller closes, checked as `Store.read` checks it.

    StoreError when it is missing or damaged. An object store has no files: there it is read whole,
    into memory.
    """
    if isinstance(store.root, Path):
        with suppress(OSError):
            path = store.path(digest)
            if digest_file(path) == digest:
                return path.open("rb")
    # which also says what is wrong with it
    return io.BytesIO(store.read(digest))

"""Finds the picture files and pages behind rows of answers, in a workspace's manifest and store."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from foodcls.errors import StoreError
from foodcls.metrics.predictions import Key, name_rows
from foodcls.store.store import Store


@dataclass(frozen=True)
class Album:
    """Pictures by what their rows are known by."""

    rows: Mapping[Key, tuple[str, str]]  # the picture's blob, and the address of its page
    store: Store

    def read(self, key: Key) -> bytes:
        """A row's picture file, as the network saw it; StoreError when it is not here."""
        if key not in self.rows:
            raise StoreError(f"no picture {key[0]} in the manifest; prepare it again")
        return self.store.read(self.rows[key][0])

    def page(self, key: Key) -> str:
        """The address of the page that showed a picture; empty where none is known."""
        return self.rows.get(key, ("", ""))[1]

    def count(self, keys: Iterable[Key]) -> int:
        """How many of these rows have a picture here."""
        return sum(key in self.rows for key in keys)


def open_album(rows: pd.DataFrame, store: Store) -> Album:
    """The pictures of a manifest's rows."""
    keys = name_rows(rows["id"], rows["label"])
    return Album(
        dict(zip(keys, zip(rows["picture"], rows["page"], strict=True), strict=True)), store
    )

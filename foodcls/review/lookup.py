"""Finds the one picture that a person means by a file, an address, a name or an id."""

from pathlib import Path

import pandas as pd

from foodcls.errors import InputError
from foodcls.store.store import digest_file
from foodcls.tables.match_rows import MIN_ID, id_prefix, plain_path

SHOWN = 10  # pictures that a message lists


def find_picture(manifest: pd.DataFrame, name: str) -> pd.DataFrame:
    """The rows of one picture: of one id, or of one address where no bytes arrived.

    Tried in this order: a file's content, an address or path in full, the end of one, the
    beginning of an id. InputError when nothing matches, or several pictures do.
    """
    for rows in (_by_content(manifest, name), _by_origin(manifest, name), _by_id(manifest, name)):
        if len(rows):
            return _only_one(manifest, rows, name)
    raise InputError(
        f"no picture {name!r} in this workspace; give a file, a URL or path as in the column "
        f"origin of manifest.csv, the last part of one, or {MIN_ID} digits or more of an id"
    )


def _by_content(manifest: pd.DataFrame, name: str) -> pd.DataFrame:
    path = Path(name)
    # a name too long for a file is no file
    is_file = len(name) < 4096 and "\0" not in name and "://" not in name and path.is_file()
    return manifest[manifest["id"] == digest_file(path)] if is_file else manifest.iloc[:0]


def _by_origin(manifest: pd.DataFrame, name: str) -> pd.DataFrame:
    wanted = plain_path(name).removeprefix("./")
    # augmented copies bear their parent's address
    originals = manifest[manifest["parent"] == ""]
    origins = originals["origin"].map(plain_path)
    exact = originals[origins == wanted]
    return exact if len(exact) or not wanted else originals[origins.str.endswith("/" + wanted)]


def _by_id(manifest: pd.DataFrame, name: str) -> pd.DataFrame:
    prefix = id_prefix(name)
    return manifest[manifest["id"].str.startswith(prefix)] if prefix else manifest.iloc[:0]


def _only_one(manifest: pd.DataFrame, rows: pd.DataFrame, name: str) -> pd.DataFrame:
    keys = rows["id"].where(rows["id"] != "", rows["origin"])
    if keys.nunique() > 1:
        first = rows[~keys.duplicated()]
        lines = [
            f"  {row['id'][:16] or '(no bytes)':<16}  {row['label']}  {row['origin']}"
            for row in first.head(SHOWN).to_dict("records")
        ]
        more = [f"  and {len(first) - SHOWN} more"] if len(first) > SHOWN else []
        listed = "\n".join(lines + more)
        raise InputError(
            f"{len(first)} pictures are called {name!r}:\n{listed}\n"
            "give the id of one of them, or more of its address"
        )
    digest = rows["id"].iloc[0]
    # other addresses of the same bytes belong to its story
    return manifest[manifest["id"] == digest] if digest else rows

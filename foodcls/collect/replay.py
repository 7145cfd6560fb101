"""Turns a manifest that foodcls wrote into the candidates that it lists, to fetch them again."""

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from foodcls.collect.candidates import Candidate
from foodcls.errors import TableError
from foodcls.tables.manifest_csv import read_manifest

# the columns that tell a manifest from a list of URLs
MARKS = frozenset({"label", "origin", "parent"})
WEB = ("http://", "https://")


def is_manifest(names: list[str]) -> bool:
    """Whether a header of these column names is a manifest's."""
    return set(names) >= MARKS and "url" not in names


def replay_manifest(path: Path) -> list[Candidate]:
    """What the manifest was collected from the web, in its order, whatever became of it.

    Engine, query, rank, page and licence are kept, so that a web that has not changed gives the
    same manifest. Copies (rows with a parent) and files of folders are left out. TableError when
    it is no manifest or lists nothing of the web.
    """
    table = read_manifest(path)
    is_web = table["origin"].str.lower().str.startswith(WEB)
    rows = table[is_web & (table["parent"] == "")]
    if rows.empty:
        raise TableError(
            f"{path} lists no picture of the web that could be fetched again; name the "
            "manifest.csv of a run with engines or a list of URLs"
        )
    return [_candidate(row) for row in rows.to_dict("records")]


def _candidate(row: Mapping[Hashable, Any]) -> Candidate:
    return Candidate(
        url=row["origin"],
        label=row["label"],
        source=row["source"],
        query=row["query"],
        rank=1 if pd.isna(row["rank"]) else int(row["rank"]),
        page=row["page"],
        licence=row["licence"],
    )

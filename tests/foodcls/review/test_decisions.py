from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from foodcls.filter.filter import filter_pictures
from foodcls.manifest import kept_rows
from foodcls.recipe.data_settings import Filter
from foodcls.review.decisions import (
    COLUMNS,
    Verdict,
    VerdictReader,
    plain_reason,
    write_verdicts,
)
from foodcls.tables.edit_csv import open_sheet, write_sheet
from foodcls.tables.match_rows import index_rows

LABELS = ("pesto", "bread")


@pytest.fixture
def manifest(pictures: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    return pictures(3)


@pytest.fixture
def change(manifest: pd.DataFrame, tmp_path: Path) -> Callable[..., str]:
    """Write verdicts as a visit does; what the file says then."""

    def put(changes: dict[str, Verdict | None]) -> str:
        path = tmp_path / "filter.csv"
        known = VerdictReader(index_rows(manifest), LABELS).read(path)
        write_sheet(write_verdicts(open_sheet(path, COLUMNS), known, changes), path)
        return path.read_text()

    return put


def test_what_is_decided_is_what_the_pipeline_drops(
    manifest: pd.DataFrame, change: Callable, tmp_path: Path
) -> None:
    first, second, third, *_ = manifest["id"]
    change({first: Verdict(False, "a cat"), second: Verdict(True)})
    change({second: Verdict(False), third: Verdict(False)})
    change({third: Verdict(True)})
    chosen = filter_pictures(manifest, Filter(manifest=tmp_path / "filter.csv"), LABELS)
    assert list(chosen["reason"][:3]) == ["a cat", "dropped by hand", ""]
    assert len(kept_rows(chosen)) == 4


def test_a_new_verdict_replaces_the_line_of_the_old_one(
    manifest: pd.DataFrame, change: Callable
) -> None:
    digest = manifest["id"][0]
    change({digest: Verdict(False, "a cat")})
    assert change({digest: Verdict(True)}) == f"id,keep,reason\n{digest},1,\n"


def test_no_verdict_takes_the_line_out(manifest: pd.DataFrame, change: Callable) -> None:
    first, second, *_ = manifest["id"]
    change({first: Verdict(False), second: Verdict(True)})
    assert change({first: None}) == f"id,keep,reason\n{second},1,\n"


def test_a_line_by_path_is_changed_in_place_and_others_are_not(
    manifest: pd.DataFrame, change: Callable, tmp_path: Path
) -> None:
    text = "path,who,keep\npesto-000.jpg,Ann,yes\nelsewhere.jpg,Ben,no\npesto-001.jpg,Cy,yes\n"
    (tmp_path / "filter.csv").write_text(text)
    assert change({manifest["id"][0]: Verdict(False, "a cat")}).splitlines() == [
        "path,who,keep,reason",
        "pesto-000.jpg,Ann,0,a cat",
        "elsewhere.jpg,Ben,no",
        "pesto-001.jpg,Cy,yes",
    ]
    # and the pipeline finds no contradiction
    filter_pictures(manifest, Filter(manifest=tmp_path / "filter.csv"), LABELS)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  two\n lines\t here ", "two lines here"),
        ("=cmd|' /C calc'!A0", "cmd|' /C calc'!A0"),
        ("a\0b", "a b"),
        ("x" * 999, "x" * 200),
    ],
    ids=["lines", "formula", "nul", "long"],
)
def test_reason_is_one_short_line_and_no_formula(typed: str, kept: str) -> None:
    assert plain_reason(typed) == kept

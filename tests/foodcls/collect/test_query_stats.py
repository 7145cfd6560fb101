from pathlib import Path

import pandas as pd
import pytest

from foodcls.collect.collect import Collected, CollectRef, save_collected
from foodcls.collect.query_stats import QueryStats, tell_troubles, write_query_stats
from foodcls.manifest import load_manifest, new_manifest
from foodcls.store.store import Store

STATS = (
    QueryStats("bing", "rice", "white rice, plate", 2, 0, "consent or captcha page (page 2)"),
    QueryStats("google", "rice", "white rice, plate", 1, 40, ""),
)


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, keep_default_na=False)


def test_people_get_a_row_for_each_engine_and_query(tmp_path: Path) -> None:
    write_query_stats(STATS, tmp_path / "query_stats.csv")
    table = read(tmp_path / "query_stats.csv")
    assert [QueryStats(**row) for row in table.to_dict("records")] == list(STATS)


def test_the_table_of_engines_that_are_no_longer_asked_goes(tmp_path: Path) -> None:
    write_query_stats(STATS, tmp_path / "query_stats.csv")
    write_query_stats((), tmp_path / "query_stats.csv")
    assert not (tmp_path / "query_stats.csv").exists()
    write_query_stats((), tmp_path / "query_stats.csv")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t"])
def test_no_cell_is_a_formula(start: str, tmp_path: Path) -> None:
    hostile = QueryStats("bing", f"{start}a", f"{start}b", 1, 0, f"{start}cmd()")
    write_query_stats([hostile], tmp_path / "query_stats.csv")
    row = read(tmp_path / "query_stats.csv").iloc[0]
    assert [row["label"], row["query"], row["reason"]] == [
        f"'{start}a",
        f"'{start}b",
        f"'{start}cmd()",
    ]


def test_yields_stay_beside_the_manifest(store: Store) -> None:
    manifest = new_manifest([{"id": "a", "label": "rice", "state": "kept"}])
    ref = save_collected(Collected(manifest, STATS), store)
    assert isinstance(ref, CollectRef) and (ref.stage, ref.stats) == ("collect", STATS)
    assert load_manifest(ref, store).equals(manifest)


def test_the_same_trouble_of_many_queries_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    lost = "ClientConnectorDNSError: Cannot connect to host www.bing.com:443 (page 1)"
    tell_troubles([*STATS, *(QueryStats("bing", "rice", f"q{n}", 1, 0, lost) for n in range(5))])
    assert caplog.messages == [
        "bing, 'white rice, plate': consent or captcha page (page 2)",
        f"bing, 5 queries ('q0', 'q1', 'q2', …): {lost}; is this machine online?",
    ]

from pathlib import Path

import pandas as pd
import pytest

from foodcls.collect.collect import Collected, CollectRef, save_collected
from foodcls.collect.query_stats import EngineYield, write_yields
from foodcls.manifest import load_manifest, new_manifest
from foodcls.store.store import Store

YIELDS = (
    EngineYield("bing", "rice", "white rice, plate", 2, 0, "consent or captcha page (page 2)"),
    EngineYield("google", "rice", "white rice, plate", 1, 40, ""),
)


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, keep_default_na=False)


def test_people_get_a_row_for_each_engine_and_query(tmp_path: Path) -> None:
    write_yields(YIELDS, tmp_path / "yields.csv")
    table = read(tmp_path / "yields.csv")
    assert [EngineYield(**row) for row in table.to_dict("records")] == list(YIELDS)


def test_the_table_of_engines_that_are_no_longer_asked_goes(tmp_path: Path) -> None:
    write_yields(YIELDS, tmp_path / "yields.csv")
    write_yields((), tmp_path / "yields.csv")
    assert not (tmp_path / "yields.csv").exists()
    write_yields((), tmp_path / "yields.csv")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t"])
def test_no_cell_is_a_formula(start: str, tmp_path: Path) -> None:
    hostile = EngineYield("bing", f"{start}a", f"{start}b", 1, 0, f"{start}cmd()")
    write_yields([hostile], tmp_path / "yields.csv")
    row = read(tmp_path / "yields.csv").iloc[0]
    assert [row["label"], row["query"], row["reason"]] == [
        f"'{start}a",
        f"'{start}b",
        f"'{start}cmd()",
    ]


def test_yields_stay_beside_the_manifest(store: Store) -> None:
    manifest = new_manifest([{"id": "a", "label": "rice", "state": "kept"}])
    ref = save_collected(Collected(manifest, YIELDS), store)
    assert isinstance(ref, CollectRef) and (ref.stage, ref.yields) == ("collect", YIELDS)
    assert load_manifest(ref, store).equals(manifest)

"""Runs benchmarks/million.py at a size that takes minutes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from foodcls.work.memo import MOST

MILLION = Path(__file__).resolve().parents[2] / "benchmarks" / "million.py"


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_ten_thousand_pictures_with_kills_lose_nothing_and_find_the_planted(tmp_path: Path) -> None:
    told = tmp_path / "told.json"
    words = ["--pictures", "10000", "--folder", tmp_path / "m", "--json", told]
    subprocess.run([sys.executable, MILLION, *words], check=True)
    seen = json.loads(told.read_text())
    again = seen["repeated"]
    assert again.pop("stages that had ended") == again.pop("addresses that were fetched") == 0
    # of the batches that were in hand a part may be remembered
    in_hand = MOST * (os.cpu_count() or 1) * seen["sessions"]
    assert all(times < in_hand for times in again.values()), again
    found = seen["found"]
    # what is cut off at 96 pixels may be a tenth of all there is to see
    for kind, least in (("exact", 1), ("recompressed", 0.97), ("mirrored", 0.97), ("cropped", 0.8)):
        one = found["kinds"][kind]
        assert one["n"] > 300 and one["same"] >= least * one["n"], (kind, one)
    turned = found["kinds"]["turned"]
    assert turned["n"] > 300 and turned["together"] >= 0.99 * turned["n"]
    assert found["dropped_rightly"] >= 0.999 * found["dropped"] > 0
    assert found["clustered_rightly"] >= 0.999 * found["clustered"] > 0
    assert found["refused"] == found["broken"] > 0 == found["refused_wrongly"]

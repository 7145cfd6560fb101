"""Forgets a picture that a whole run has learnt from, and trains without it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from foodcls.tables.manifest_csv import read_manifest

pytestmark = pytest.mark.usefixtures("prefect_server")


# a server that starts beside other work has taken 200 s
@pytest.mark.timeout(600)
@pytest.mark.long
def test_a_model_is_trained_without_what_was_forgotten(
    starter, recipe: Path, change: Callable[[str, str], None], tmp_path: Path
) -> None:
    """Two runs, as short as may be: that it comes back by no folder is tested in the library."""
    change("epochs: 3", "epochs: 1")
    space = starter.new_space(tmp_path / "w")
    data = {"environment": {"XDG_DATA_HOME": str(tmp_path / "data")}}
    first = starter.run(recipe, space=space, **data)
    assert first.code == 0, first.err
    table = read_manifest(space / "manifest.csv")
    learnt = table[(table["split"] == "train") & (table["parent"] == "")].iloc[0]
    starter.start("forget", learnt["origin"], "--delete", "--retrain", recipe, space=space, **data)
    ended = starter.wait()
    assert ended.code == 0, ended.err
    said = ended.out.replace("\n", " ")
    assert "patches version 1" in said and "to be trained anew: patches" in said
    assert "model version 2" in said and "the new one" in said
    again = read_manifest(space / "manifest.csv")
    row = again[again["origin"] == learnt["origin"]].iloc[0]
    assert (row["state"], row["outcome"], row["id"]) == ("dropped", "forgotten", "")

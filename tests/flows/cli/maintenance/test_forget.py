"""Types `foodcls forget`: nothing is done without --delete, and all that is done is told."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli.main import app
from foodcls.manifest import new_manifest
from foodcls.tables.manifest_csv import read_manifest, write_manifest
from foodcls.workspace.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path, png, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    workspace = Workspace.at(tmp_path / "w")
    rows = [
        {"id": workspace.store.put(png(seed)), "label": "soup", "state": "kept", "hash": "0",
         "origin": f"https://{host}/[red]{seed}.png", "split": split, "source": "commons"}
        for seed, host, split in ((1, "a.test", "train"), (2, "a.test", "test"),
                                  (3, "b.test", "train"))
    ]  # fmt: skip
    write_manifest(new_manifest(rows), workspace.manifest)
    return workspace


def type_in(workspace: Workspace, *words: str) -> str:
    done = CliRunner().invoke(app, ["forget", *words, "--workspace", str(workspace.root)])
    assert done.exit_code == 0, done.output
    return done.output.replace("\n", " ")


@pytest.mark.runs("foodcls forget")
def test_it_shows_first_and_deletes_when_told_to(workspace: Workspace, tmp_path: Path) -> None:
    before = workspace.manifest.read_bytes()
    blobs = sorted(workspace.store.blobs())
    told = type_in(workspace, "a.test", "--json", str(tmp_path / "f.json"))
    assert "[red]1.png" in told and "host a.test" in told and "2 pictures, 2 blobs" in told
    assert "nothing was done: --delete" in told
    assert workspace.manifest.read_bytes() == before and sorted(workspace.store.blobs()) == blobs
    record = json.loads((tmp_path / "f.json").read_text())
    assert record["deleted"] is False and record["tables"][0]["counts"] == {"test": 1, "train": 1}
    told = type_in(workspace, "a.test", "--delete")
    # the host, two addresses and two ids
    assert "forgotten; 5 addresses, ids and rules are barred for good" in told
    assert list(read_manifest(workspace.manifest)["state"]) == ["dropped", "dropped", "kept"]
    assert (tmp_path / "data" / "foodcls" / "blocklist.json").exists()


def test_what_nobody_knows_is_an_error(workspace: Workspace) -> None:
    done = CliRunner().invoke(app, ["forget", "Zoë", "--workspace", str(workspace.root)])
    assert done.exit_code == 2
    done = CliRunner().invoke(app, ["forget", "a.test", "--retrain", "r.yaml"])
    assert done.exit_code == 2

import io
from pathlib import Path

from rich.console import Console

from flows.cli.upkeep import tidy_up
from foodcls.workspace.workspace import Workspace


def test_addresses_that_may_go_are_shown_without_logins_and_keys(tmp_path: Path) -> None:
    workspace = Workspace.at(tmp_path)
    (workspace.results / "last").write_text("")
    url = "https://ann:hidden@a.test/1.jpg?token=hidden"
    workspace.store.remember("fetch", {url: {"fetched_at": "2020-01-01T00:00:00+00:00"}})
    told = io.StringIO()
    tidy_up(Console(file=told), tmp_path, 30, is_sole=False, deletes=False)
    assert "fetch https://a.test/1.jpg?token=***" in told.getvalue()
    assert "hidden" not in told.getvalue()

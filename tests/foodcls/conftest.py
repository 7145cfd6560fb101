"""What all tests of the library share."""

from pathlib import Path

import pytest

from foodcls.blocklist import home_file


@pytest.fixture(scope="session", autouse=True)
def one_set_of_workers(warm_workers: None) -> None:
    """Decode in the same worker processes in all tests: each start costs 0.4 s."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where a user's own copy of what is barred lies."""
    return home_file({"XDG_DATA_HOME": str(tmp_path / "home")})

"""What all tests of the library share."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def one_set_of_workers(warm_workers: None) -> None:
    """Decode in the same worker processes in all tests: each start costs 0.4 s."""

import pytest

from foodcls.workspace.finding import in_bytes


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (12_345_678, "12.3 MB"), (3e15, "3000.0 TB")],
)
def test_bytes_are_told_in_the_unit_people_take(count: float, words: str) -> None:
    assert in_bytes(count) == words

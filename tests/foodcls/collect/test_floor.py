import pytest

from foodcls.collect.floor import check_floor
from foodcls.collect.search import EngineYield
from foodcls.errors import CollectError
from foodcls.manifest import new_manifest


def row(label: str, outcome: str = "ok", digest: str = "", source: str = "bing") -> dict[str, str]:
    state = "kept" if outcome == "ok" else "dropped"
    return {"label": label, "outcome": outcome, "id": digest, "state": state, "source": source}


RICE = [row("rice", digest=str(number)) for number in range(3)]


def test_enough_pictures_pass() -> None:
    check_floor(new_manifest(RICE), ("rice",), 3, ())


def test_equal_pictures_and_test_pictures_do_not_count() -> None:
    rows = [*RICE[:2], row("rice", digest="1"), row("rice", digest="9", source="test")]
    with pytest.raises(CollectError, match="rice: 3 found, 2 ok, 3 needed"):
        check_floor(new_manifest(rows), ("rice",), 3, ())


def test_the_error_tells_what_happened_and_what_to_do() -> None:
    rows = [*RICE, row("beans", "timeout"), row("beans", "timeout"), row("beans", "http_error")]
    rows.append(row("pizza", "unknown_label"))
    gain = EngineYield("bing", "beans", "bean stew", 4, 3, "HTTP 429 (page 4)")
    full = EngineYield("bing", "rice", "rice", 1, 3, "")
    with pytest.raises(CollectError) as caught:
        check_floor(new_manifest(rows), ("rice", "beans", "salad"), 2, (full, gain))
    said = str(caught.value)
    assert "2 of 3 classes have fewer than 2 pictures" in said
    assert "beans: 3 found, 0 ok, 2 needed; timeout 2, http_error 1" in said
    assert "salad: 0 found, 0 ok, 2 needed" in said
    assert "bing, 'bean stew' (beans): 3 found on 4 pages: HTTP 429 (page 4)" in said
    assert "rows of no class: 1 ('pizza')" in said
    assert "run the same command again" in said
    assert "rice:" not in said

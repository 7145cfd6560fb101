"""Too few pictures are told of by class, with what became of the others and what to do."""

import pytest

from foodcls.collect.outcomes import REASONS, Outcome
from foodcls.collect.query_stats import QueryStats
from foodcls.collect.shortage import check_min_per_class
from foodcls.errors import CollectError
from foodcls.manifest import new_manifest


def row(label: str, outcome: str = "ok", digest: str = "", source: str = "bing") -> dict[str, str]:
    state = "kept" if outcome == "ok" else "dropped"
    return {"label": label, "outcome": outcome, "id": digest, "state": state, "source": source}


RICE = [row("rice", digest=str(number)) for number in range(3)]


def test_enough_pictures_pass() -> None:
    check_min_per_class(new_manifest(RICE), ("rice",), 3, ())


def test_equal_pictures_and_test_pictures_do_not_count() -> None:
    rows = [*RICE[:2], row("rice", digest="1"), row("rice", digest="9", source="test")]
    with pytest.raises(CollectError, match="rice: 3 found, 2 ok, 3 needed"):
        check_min_per_class(new_manifest(rows), ("rice",), 3, ())


def test_the_error_tells_what_happened_and_what_to_do() -> None:
    rows = [*RICE, row("beans", "timeout"), row("beans", "timeout"), row("beans", "http_error")]
    rows.append(row("pizza", "unknown_label"))
    stats = QueryStats("bing", "beans", "bean stew", 4, 3, "HTTP 429 (page 4)")
    full = QueryStats("bing", "rice", "rice", 1, 3, "")
    with pytest.raises(CollectError) as caught:
        check_min_per_class(new_manifest(rows), ("rice", "beans", "salad"), 2, (full, stats))
    said = str(caught.value)
    assert "2 of 3 classes have fewer than 2 pictures" in said
    assert "beans: 3 found, 0 ok, 2 needed; timeout 2, http_error 1" in said
    assert "salad: 0 found, 0 ok, 2 needed" in said
    assert "bing, 'bean stew' (beans): 3 found on 4 pages: HTTP 429 (page 4)" in said
    assert "rows of no class: 1 ('pizza')" in said
    assert "Run the same command again" in said
    assert "rice:" not in said


def test_each_outcome_has_its_reason_in_words_and_an_example() -> None:
    assert set(REASONS) == set(Outcome) - {Outcome.OK}
    refused = row("kiwi", "blocked_address", source="urls")
    refused |= {"origin": "http://127.0.0.1/1", "detail": "127.0.0.1 is loopback"}
    with pytest.raises(CollectError) as caught:
        check_min_per_class(new_manifest([refused]), ("kiwi",), 2, ())
    said = str(caught.value)
    assert "blocked_address: an address that is not connected to" in said
    assert "collect.allow_private_hosts: true (http://127.0.0.1/1: 127.0.0.1 is loopback)" in said


def test_what_can_be_mended_at_once_is_told_first() -> None:
    """Behind dozens of passing failures nobody read that a library was lacking."""
    rows = [row("a", outcome) for outcome in ("timeout", "http_error", "unreadable")]
    stats = [QueryStats("bing", "a", "q", 1, 0, "HTTP 429"),
             QueryStats("ddgs", "a", "q", 0, 0, "needs its library: pip install 'x'")]  # fmt: skip
    with pytest.raises(CollectError) as caught:
        check_min_per_class(new_manifest(rows), ("a",), 2, stats)
    lines = [line.split()[0] for line in str(caught.value).splitlines()[2:7]]
    assert lines == ["unreadable:", "timeout:", "http_error:", "ddgs,", "bing,"]


def test_a_day_that_is_spent_is_told_with_when_to_run_again() -> None:
    spent = row("kiwi", "deferred") | {"origin": "http://a.test/1", "detail": "more in 3.0 h"}
    with pytest.raises(CollectError) as caught:
        check_min_per_class(new_manifest([spent]), ("kiwi",), 2, ())
    said = str(caught.value)
    assert "gives in a day: run again then (http://a.test/1: more in 3.0 h)" in said
    assert "Run the same command again" in said


@pytest.mark.parametrize(
    ("source", "said"),
    [("folder", "Put more pictures into the folders"), ("urls", "Add addresses"),
     ("bing", "Add queries or engines")],
)  # fmt: skip
def test_the_advice_fits_the_source(source: str, said: str) -> None:
    with pytest.raises(CollectError) as caught:
        check_min_per_class(new_manifest([row("a", digest="1", source=source)]), ("a",), 2, ())
    assert said in str(caught.value) and "Run the same command again" not in str(caught.value)


def test_queries_to_which_the_same_happened_are_one_line() -> None:
    stats = [
        QueryStats(engine, "a", f"q{number}", 1, 0, "no address found")
        for engine in ("bing", "google")
        for number in range(52)
    ]
    with pytest.raises(CollectError) as caught:
        check_min_per_class(new_manifest([]), ("a",), 2, stats)
    lines = [line for line in str(caught.value).splitlines() if "no address" in line]
    assert lines == [
        "  bing, google, 'q0' (a) and 103 more: 0 found on 104 pages: no address found"
    ]

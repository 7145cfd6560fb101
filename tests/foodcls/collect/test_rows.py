from foodcls.collect.outcomes import Candidate, CandidateResult, FetchResult, Outcome
from foodcls.collect.rows import repeated_urls, results_manifest
from foodcls.manifest import COLUMNS

LABELS = ("rice", "beans")


def arrival(
    label: str, url: str, digest: str = "", source: str = "urls", **more: object
) -> CandidateResult:
    outcome = more.pop("outcome", Outcome.OK if digest else Outcome.TIMEOUT)
    size = {"bytes": 3} if digest else {}
    result = FetchResult(url, outcome, id=digest, **size, **more)
    return CandidateResult(Candidate(url, label, source), result)


def test_rows_follow_the_classes_and_then_the_order_given() -> None:
    given = [
        arrival("beans", "1"),
        arrival("pizza", "2"),
        arrival("rice", "3"),
        arrival("rice", "0"),
    ]
    manifest = results_manifest(given, LABELS)
    assert list(manifest["origin"]) == ["3", "0", "1", "2"]
    assert list(manifest.columns) == list(COLUMNS)


def test_a_kept_row_has_id_and_size_and_a_dropped_one_a_reason() -> None:
    given = [arrival("rice", "1", "a" * 64), arrival("rice", "2", detail="no answer\nin 5 s")]
    kept, dropped = results_manifest(given, LABELS).to_dict("records")
    assert (kept["state"], kept["id"], kept["bytes"]) == ("kept", "a" * 64, 3)
    assert (kept["stage"], kept["reason"], kept["picture"]) == ("", "", "")
    assert (dropped["state"], dropped["stage"]) == ("dropped", "collect")
    assert dropped["reason"] == "timeout: no answer%0Ain 5 s"
    assert dropped["id"] == ""


def test_bytes_of_a_server_that_are_no_unicode_end_no_run() -> None:
    r"""An address that cannot be read is quoted as it came: `Location: http://\u2100\xff.test/`."""
    said = "netloc '\u2100\udcff.test' contains invalid characters"
    (row,) = results_manifest([arrival("rice", "1", detail=said)], LABELS).to_dict("records")
    assert row["detail"] == "netloc '\u2100%ED%B3%BF.test' contains invalid characters"


def test_neither_detail_nor_reason_tells_a_login_or_a_key() -> None:
    said = "no answer of http://bob:secret@far.example/?token=abc123"
    (row,) = results_manifest([arrival("rice", "1", detail=said)], LABELS).to_dict("records")
    assert row["detail"] == "no answer of http://far.example/?token=***"
    assert row["reason"] == f"timeout: {row['detail']}"


def test_the_same_bytes_again_in_a_class_are_dropped_with_their_twin_named() -> None:
    given = [arrival("rice", "1", "a"), arrival("rice", "2", "a"), arrival("beans", "3", "a")]
    manifest = results_manifest(given, LABELS)
    assert list(manifest["outcome"]) == ["ok", "same_content", "ok"]
    assert list(manifest["duplicate_of"]) == ["", "a", ""]
    assert list(manifest["id"]) == ["a", "a", "a"]


def test_the_same_address_again_names_what_came_from_it() -> None:
    again = CandidateResult(Candidate("1", "rice", "bing"), FetchResult("1", Outcome.SAME_URL))
    manifest = results_manifest([arrival("rice", "1", "a"), again], LABELS)
    assert list(manifest["state"]) == ["kept", "dropped"]
    assert list(manifest["duplicate_of"]) == ["", "a"]


def test_a_test_set_is_taken_as_it_is() -> None:
    given = [
        arrival("rice", "1", "a"),
        arrival("rice", "/t/1", "a", source="test"),
        arrival("rice", "/t/2", "a", source="test"),
    ]
    manifest = results_manifest(given, LABELS)
    assert list(manifest["state"]) == ["kept"] * 3
    assert list(manifest["split"]) == ["", "test", "test"]


def test_an_address_repeats_only_within_its_class() -> None:
    first, other, again = (Candidate("1", label, "urls") for label in ("rice", "beans", "rice"))
    assert repeated_urls([first, other, again]) == [again]

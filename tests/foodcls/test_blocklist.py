"""What was barred stays so, whichever of its two copies is lost."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from foodcls.blocklist import (
    Blocklist,
    Entry,
    blocklist_blob,
    extend_blocklist,
    is_licence,
    plain_url,
    plain_value,
    read_blocklist,
)
from foodcls.errors import StoreError
from foodcls.store.store import Store

ID = "a" * 64


def test_the_store_and_the_user_complete_each_other(store: Store, home: Path, tmp_path: Path):
    assert read_blocklist(store, home) == Blocklist() and not home.exists()
    extend_blocklist([Entry("id", ID, "2026")], store, home)
    extend_blocklist([Entry("host", "a.test", "2027")], store, home)
    other = Store(tmp_path / "restored")
    assert read_blocklist(other, home).ids == {ID}
    home.unlink()
    found = read_blocklist(other, home)
    assert [one.kind for one in found.entries] == ["host", "id"] and home.exists()
    # the blob of the store's copy is lost
    other.path(blocklist_blob(other)).unlink()
    assert read_blocklist(other, home) == found
    assert other.has(blocklist_blob(other))


def test_who_bars_something_at_the_same_time_loses_nothing(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two stores, as two workspaces of one user have; each writer gives the other its chance."""
    from foodcls import blocklist

    write = blocklist._write_file

    def linger(whole: Blocklist, home: Path) -> None:
        time.sleep(0.02)
        write(whole, home)

    monkeypatch.setattr(blocklist, "_write_file", linger)
    stores = [Store(tmp_path / name) for name in "ab"]

    def bar(number: int) -> None:
        extend_blocklist([Entry("url", f"a.test/{number}")], stores[number % 2], home)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(bar, range(8)))
    assert len(read_blocklist(Store(tmp_path / "c"), home).entries) == 8


def test_a_users_folder_that_cannot_be_written_is_named(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot write .*blocklist.json"):
        extend_blocklist([Entry("id", ID)], store, tmp_path / "file" / "blocklist.json")


def test_the_same_said_later_and_in_other_order_is_the_same_list() -> None:
    one, two = Entry("id", ID, "2026", ("h", "m", "t")), Entry("host", "a.test", "2026")
    joined = Blocklist((one,)).joined(Blocklist((two, Entry("id", ID, "2025"))))
    assert joined.digest == Blocklist((two, one)).digest and joined.fingerprints
    assert joined.digest != Blocklist((two,)).digest


@pytest.mark.parametrize(
    ("kind", "value", "is_barred"),
    [
        ("url", "a.test/x.jpg?s=1", True),
        ("url", "a.test/x.jpg", False),
        ("host", "a.test", True),
        ("host", "test", True),
        ("host", "st", False),
        ("host", "page.example", True),
        ("author", "jane doe", True),
        ("author", "jane", False),
        ("licence", "by-nc", True),
        ("licence", "cc-by-nc-4.0", True),
        ("licence", "by", False),
        ("id", "x", False),
    ],
)
def test_a_picture_is_barred_by_what_is_told_of_it(kind: str, value: str, is_barred: bool) -> None:
    urls = ("http://me:pw@A.test/x.jpg?s=1#top", "https://www.page.example:8080/p")
    reason = Blocklist((Entry(kind, value),)).reason(urls, " Jane Doe", "CC-BY-NC-4.0")
    assert bool(reason) == is_barred and (value in reason or not is_barred)


def test_a_host_that_is_a_number_is_barred_with_and_without_port() -> None:
    rules = Blocklist((Entry("host", plain_value("host", "[2001:DB8::1]")),))
    for url in ("http://[2001:db8::1]/x.jpg", "https://[2001:db8::1]:8443/x.jpg"):
        assert "[2001:db8::1]" in rules.reason([url], "", "")
    assert not rules.reason(["http://[2001:db8::2]:8443/x.jpg"], "", "")


def test_many_rules_take_no_longer_than_few() -> None:
    def seconds(count: int) -> float:
        rules = Blocklist(tuple(Entry("url", f"a.test/{number}") for number in range(count)))
        assert rules.reason(("https://a.test/9", ""), "Ann", "CC0-1.0")
        begun = time.process_time()
        for number in range(100):
            assert not rules.reason((f"https://b.test/{number}", ""), "Ann", "CC0-1.0")
        return time.process_time() - begun

    # were each compared, some hundred times as long
    assert seconds(20_000) < 50 * min(seconds(10), seconds(10))


def test_an_address_is_the_same_with_its_schemes_own_port() -> None:
    assert plain_url("HTTPS://A.test:443/x") == plain_url("http://a.test:80/x") == "a.test/x"
    assert plain_url("http://a.test:443/x") == "a.test:443/x"


@pytest.mark.parametrize(
    "spelled",
    [
        "a b/ä.jpg?q=1 2",
        "a%20b/%C3%A4.jpg?q=1%202",
        "%61%20b/%c3%a4.jpg?q=1+2",
        "x/../a b/./ä.jpg?q=1+2",
    ],
)
def test_an_address_is_the_same_however_it_is_spelled(spelled: str) -> None:
    rules = Blocklist((Entry("url", plain_url("http://bücher.test/a b/ä.jpg?q=1 2")),))
    for host in ("bücher.test", "xn--bcher-kva.test.", "BÜCHER.test:443"):
        assert rules.reason((f"https://{host}/{spelled}",), "", "")
    for other in ("a-b/ä.jpg?q=1 2", "a b/ä.jpg?q=12", "A b/ä.jpg?q=1 2", "a%2520b/ä.jpg?q=1 2"):
        assert not rules.reason((f"https://bücher.test/{other}",), "", "")
    whole = Blocklist((Entry("host", plain_value("host", "Bücher.TEST")),))
    assert whole.reason((f"https://www.bücher.test/{spelled}",), "", "")


@pytest.mark.parametrize("odd", ["http://a.test:99999/x", "http:///x", "http://[x/", "soup/1.jpg",
                                 "http://a.test/%zz%e4?%zz"])  # fmt: skip
def test_what_is_no_address_is_compared_as_it_is_written(odd: str) -> None:
    assert Blocklist((Entry("url", plain_url(odd)),)).reason((odd,), "", "")


def test_nothing_told_is_barred_by_no_rule() -> None:
    rules = Blocklist((Entry("author", ""), Entry("licence", "by-nc"), Entry("host", "a.test")))
    assert rules.reason(("soup/1.jpg", ""), "", "") == ""
    assert is_licence("CC0-1.0", "cc0") and not is_licence("CC-BY-NC-SA-4.0", "by-nc")


def test_a_damaged_list_stops_the_run(store: Store, home: Path) -> None:
    home.parent.mkdir(parents=True)
    home.write_text('[{"kind": 1}]')
    with pytest.raises(StoreError, match="blocklist.json is no list .* backup"):
        read_blocklist(store, home)

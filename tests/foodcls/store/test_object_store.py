"""An object store is asked as seldom as can be, and says what is wrong with it."""

import pickle
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from foodcls.errors import StoreError
from foodcls.store.object_store import Objects
from foodcls.store.store import digest_of


def requests(log: Path, since: int = 0) -> list[str]:
    """What the object store was asked for, e.g. `GET OBJECT`."""
    lines = log.read_text()[since:].splitlines()
    return [line.partition("serve s3: ")[2] for line in lines if "serve s3: " in line]


@pytest.fixture
def objects(bucket: str) -> Objects:
    return Objects(bucket)


def test_recalling_reads_only_what_may_hold_the_keys(objects: Objects, object_store: Path) -> None:
    for letter in "abcdef":
        objects.remember("n", {f"{letter}{number:015}": number for number in range(50)})
    before = object_store.stat().st_size
    assert objects.recall("n", ["c000000000000007", "c000000000000049", "zzz"]) == {
        "c000000000000007": 7, "c000000000000049": 49}  # fmt: skip
    asked = requests(object_store, before)
    assert sum(line.startswith("GET OBJECT") for line in asked) == 1


def test_many_blobs_are_looked_for_by_reading_names(objects: Objects, object_store: Path) -> None:
    digests = [digest_of(str(number).encode()) for number in range(2000)]
    for digest in digests[:30]:
        objects.write(digest, b"x", durable=False)
    before = object_store.stat().st_size
    assert objects.lacking(digests) == set(digests[30:])
    # each of 256 folders once, or twice where it is not there
    assert 0 < sum("LIST" in line for line in requests(object_store, before)) <= 512


def test_it_travels_to_another_process(objects: Objects) -> None:
    objects.write("ab" * 32, b"soup", durable=False)
    assert pickle.loads(pickle.dumps(objects)).read("ab" * 32) == b"soup"


def test_of_two_values_within_a_second_the_later_counts(
    objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    def in_one_second(folder: str) -> list[dict[str, Any]]:
        return [
            info | {"LastModified": datetime(2026, 1, 1, tzinfo=UTC)} for info in listed(folder)
        ]

    listed = objects._list
    monkeypatch.setattr(objects, "_list", in_one_second)
    # the names of the objects, which come in order, say nothing of when
    for number in range(12):
        objects.remember("n", {"a": number, f"b{number * 7 % 12}": number})
        assert objects.recall("n", ["a"]) == {"a": number}


def test_what_was_written_last_counts(objects: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    objects.remember("n", {"a": 1, "b": 1})
    objects.remember("n", {"a": 2, "c": 2})
    names = [info["name"] for info in objects._list(objects._folder("n"))]
    for first, last in (names, names[::-1]):
        # the clock of an object store counts seconds
        ages = [{"name": name, "LastModified": age} for age, name in enumerate((first, last))]
        monkeypatch.setattr(objects, "_list", lambda folder, ages=ages: ages)
        newest = objects._read_dated(last)[1]["a"]
        assert objects.recall("n", ["a"]) == {"a": newest}


def test_of_what_was_written_together_one_is_forgotten_and_the_newest_of_others_stay(
    objects: Objects,
) -> None:
    objects.remember("n", {"a": 1, "b": 1, "c": 1})
    objects.remember("n", {"b": 2, "d": 2})
    objects.remember("n", {"e": 3})
    objects.forget("n", ["a", "e", "absent"])
    assert objects.recall("n", "abcde") == {"b": 2, "c": 1, "d": 2}
    assert {key: value for key, value, _ in objects.facts("n")} == {"b": 2, "c": 1, "d": 2}
    assert not any(b'"a"' in objects._files.cat_file(info["name"])
                   for info in objects._list(objects._folder("n")))  # fmt: skip


def test_a_damaged_object_is_named(objects: Objects) -> None:
    objects.remember("n", {"a": 1})
    (path,) = (info["name"] for info in objects._list(objects._folder("n")))
    objects._files.pipe_file(path, b"{torn")
    with pytest.raises(StoreError, match=f"{path} is damaged.*delete it"):
        objects.recall("n", ["a"])


@pytest.mark.parametrize(
    ("url", "said"),
    [("s3://no-such-bucket/x", "make the bucket first"), ("nonsense://x", "name a folder")],
)
def test_a_place_that_is_none_is_told(object_store: Path, url: str, said: str) -> None:
    with pytest.raises(StoreError, match=said):
        Objects(url).write("ab" * 32, b"soup", durable=False)


def test_wrong_credentials_are_told_and_not_repeated(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import s3fs

    objects = Objects(bucket)
    objects._files = s3fs.S3FileSystem(key="tester", secret="guessed", skip_instance_cache=True)
    with pytest.raises(StoreError, match="credentials in the environment") as caught:
        objects.read("ab" * 32)
    assert "guessed" not in str(caught.value)

"""Forgets pictures of real stores, and tries every way by which one could come back."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import ImageOps

from foodcls.blocklist import read_blocklist
from foodcls.collect.collect import CollectRequest, collect
from foodcls.collect.fetch import KIND as FETCHED
from foodcls.dedup.blocked import drop_blocked
from foodcls.errors import InputError, StoreError
from foodcls.image.hashes import TABLE_KIND
from foodcls.inspect.fingerprints import recall_each
from foodcls.manifest import new_manifest, save_manifest
from foodcls.recipe.data_settings import Collect, FoodClass
from foodcls.tables.manifest_csv import read_manifest, write_manifest
from foodcls.workspace.forget import Forgetting, find_forgotten, forget
from foodcls.workspace.gc import CachedResult, find_garbage
from foodcls.workspace.wanted import read_wanted
from foodcls.workspace.workspace import Workspace

CLASSES = (FoodClass(name="soup"), FoodClass(name="bread"))


@pytest.fixture
def look(noise, encode) -> Callable[..., bytes]:
    """The bytes of a picture, as one of several files of it."""
    return lambda seed, width=96, kind="PNG": encode(noise(seed, width, width * 2 // 3), kind)


@pytest.fixture
def workspace(tmp_path: Path, look) -> Workspace:
    """A soup of Ann's with a crop and a copy, a smaller file of it, Bob's bread, Ann's test one."""
    workspace = Workspace.at(tmp_path / "w")
    put = workspace.store.put
    soup, small, bread, tested, cut, copy = map(
        put, (look(1), look(1, 72, "JPEG"), look(2), look(3), b"cut", b"copy")
    )
    base = {
        "label": "soup",
        "source": "commons",
        "state": "kept",
        "hash": "0",
        "licence_by": "source",
    }
    ann = base | {"author": "Ann", "licence": "CC-BY-NC-4.0", "page": "https://a.test/page"}
    rows = [
        ann | {"id": soup, "origin": "https://cdn.test/1.png", "picture": cut, "box": "0,0,9,9",
               "split": "train"},
        ann | {"id": "f" * 64, "origin": "soup/3.png", "picture": copy, "parent": soup,
               "copy": 1, "split": "train"},
        base | {"id": small, "origin": "https://b.test/s.jpg", "state": "dropped"},
        base | {"id": bread, "origin": "https://b.test/b.png", "label": "bread", "author": "Bob",
                "licence": "CC0-1.0", "split": "val"},
        ann | {"id": tested, "origin": "soup/3.png", "source": "test", "split": "test"},
    ]  # fmt: skip
    write_manifest(new_manifest(rows), workspace.manifest)
    model = workspace.model("soups", "c" * 64)
    model.parent.mkdir()
    model.write_bytes(b"model")
    model.with_suffix(".attribution.csv").write_text(f"id,origin\n{soup},x\n{bread},y\n")
    (workspace.thumbs).mkdir(parents=True)
    (workspace.thumbs / "1.jpg").write_bytes(b"small")
    return workspace


def find(workspace: Workspace, *wanted: str) -> Forgetting:
    """With a table that an earlier stage has left."""
    table = read_manifest(workspace.manifest)
    ref = save_manifest(table, workspace.store, "split")
    told = CachedResult(workspace.results / "k", frozenset({ref.blob}),
                        {ref.blob: "the table after split"}, frozenset({ref.blob}))  # fmt: skip
    return find_forgotten(workspace, wanted, lambda user: [told])


def test_all_that_used_a_picture_is_named_and_its_lookalikes_go_with_it(workspace, look) -> None:
    found = find(workspace, "https://cdn.test/1.png")
    why = {one.origin: one.why for one in found.pictures}
    assert set(why) == {"https://cdn.test/1.png", "https://b.test/s.jpg"}
    assert "url cdn.test/1.png" in why["https://cdn.test/1.png"]
    assert why["https://b.test/s.jpg"].startswith("looks like ")
    assert {(use.table, use.counts["train"]) for use in found.tables} == {
        ("manifest.csv", 1), ("the table after split", 1)
    }  # fmt: skip
    assert list(found.models.values()) == [1]
    # original, crop, copy and the smaller file; a copy's row has an id without a blob
    assert len(found.blobs) == 4 and found.size > 0
    assert {(one.kind, one.value[:6]) for one in found.entries if one.kind == "url"} == {
        ("url", "cdn.te"), ("url", "b.test")
    }  # fmt: skip
    assert all(one.fingerprint for one in found.entries if one.kind == "id")


@pytest.mark.parametrize(
    ("wanted", "origins"),
    [
        ("a.test", {"1.png", "s.jpg", "3.png"}),
        ("host:b.test", {"s.jpg", "b.png", "1.png"}),
        ("Ann", {"1.png", "s.jpg", "3.png"}),
        ("author:bob", {"b.png"}),
        ("licence:by-nc", {"1.png", "s.jpg", "3.png"}),
        ("CC0-1.0", {"b.png"}),
        ("soup/3.png", {"3.png"}),
        ("url:http://elsewhere.test/x", set()),
        ("id:" + "9" * 64, set()),
    ],
)
def test_whatever_names_pictures_is_understood(workspace, wanted: str, origins: set[str]) -> None:
    found = find(workspace, wanted)
    assert {one.origin.rpartition("/")[2] for one in found.pictures} == origins
    # also what nobody has yet is barred
    assert found.entries


@pytest.mark.parametrize(
    ("wanted", "said"),
    [("Zoë", "is known of no picture here; say which it is: url:VALUE"),
     # a file that is not there
     ("list.txt", "is known of no picture here; .* or name a file"),
     ("host:https://b.test/", "is no host; name it alone"),
     ("host:*.b.test", "is no host; name it alone"),
     ("id:12345678", "no picture here is called '12345678'")],
)  # fmt: skip
def test_what_may_be_nothing_is_refused(workspace, wanted: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        find(workspace, wanted)


def test_a_file_names_many(tmp_path: Path) -> None:
    listed = "\ufeff# of 2026\nhttps://a.test/1.jpg\n\n author:Ann \n"
    for encoding in ("utf-8", "utf-16-le"):
        (tmp_path / "list.txt").write_text(listed, encoding)
        assert read_wanted(str(tmp_path / "list.txt")) == ["https://a.test/1.jpg", "author:Ann"]
    (tmp_path / "none.txt").write_text("\n")
    with pytest.raises(InputError, match="names nothing"):
        read_wanted(str(tmp_path / "none.txt"))
    (tmp_path / "soup.jpg").write_bytes(b"\xff\xd8\xff\xe0\0\x10JFIF\0")
    with pytest.raises(InputError, match="named by id:VALUE"):
        read_wanted(str(tmp_path / "soup.jpg"))


@pytest.mark.parametrize("wanted", ["host:b.cdn.test", "b.cdn.test", "https://b.cdn.test/9.png"])
def test_a_picture_is_also_of_the_host_to_which_a_redirect_led(workspace, wanted: str) -> None:
    """As one host's address is redirected, its picture comes from another."""
    led = {"https://b.test/b.png": {"at": "https://b.cdn.test/9.png"}}
    workspace.store.remember(FETCHED, led)
    found = find(workspace, wanted)
    assert [one.origin for one in found.pictures] == ["https://b.test/b.png"]
    assert {"b.test/b.png", "b.cdn.test/9.png"} <= {one.value for one in found.entries}


def test_pictures_that_are_gone_keep_no_other_from_being_forgotten(workspace, look) -> None:
    lost = workspace.store.put(look(3))
    workspace.store.remove([lost])
    assert [one.origin for one in find(workspace, "author:Bob").pictures] == [
        "https://b.test/b.png"
    ]
    assert lost in find(workspace, "author:Ann").ids


def test_what_is_typed_because_of_tables_of_another_version_leads_on(workspace) -> None:
    for number in range(2):
        old = workspace.store.put(f"id,label\n{number},soup\n".encode())
        (workspace.results / f"old {number}").write_text(old)

    def read(user: Workspace) -> list[CachedResult]:
        tables = [(path, frozenset({path.read_text()})) for path in user.list_results()]
        return [CachedResult(path, named, {}, named) for path, named in tables]

    with pytest.raises(StoreError, match="another foodcls") as refused:
        find_forgotten(workspace, ["author:Ann"], read)
    command = re.search("`rm (.*)`", str(refused.value))
    assert command
    for path in shlex.split(command[1]):
        Path(path).unlink()
    assert find_forgotten(workspace, ["author:Ann"], read).ids


def test_what_is_forgotten_goes_and_the_rest_stays(workspace, home, look) -> None:
    found = find(workspace, "author:Ann")
    assert workspace.store.lacking(found.blobs) == set() and not home.exists()
    forget(workspace, found, home)
    assert workspace.store.lacking(found.blobs) == found.blobs
    table = read_manifest(workspace.manifest)
    left = table[table["state"] == "kept"]
    assert list(left["origin"]) == ["https://b.test/b.png"]
    assert not workspace.store.lacking(left["id"]) and not list(workspace.thumbs.iterdir())
    assert set(table.loc[table["stage"] == "forget", "reason"]) == {"forgotten"}
    # house-keeping leaves what is barred
    garbage = find_garbage(workspace, lambda user: [], 0, 1e12)
    assert read_blocklist(workspace.store, home).ids == found.ids
    assert not found.blobs & {item.place for item in garbage}
    # and the same said again finds nothing left to remove
    assert find(workspace, "author:Ann").blobs == set()


@pytest.fixture
def barred(workspace, home):
    forget(workspace, find(workspace, "https://cdn.test/1.png"), home)
    return read_blocklist(workspace.store, home)


def gather(workspace: Workspace, barred, **settings):
    chosen = Collect(min_per_class=0, **settings)
    return collect(CollectRequest(CLASSES, chosen, blocklist=barred), workspace.store).manifest


def test_it_comes_back_by_no_folder(workspace, barred, look, tmp_path: Path) -> None:
    folder = tmp_path / "photos" / "soup"
    folder.mkdir(parents=True)
    (folder / "again.png").write_bytes(look(1))
    (folder / "other.png").write_bytes(look(4))
    table = gather(workspace, barred, folder=folder.parent)
    assert dict(zip(table["origin"], table["outcome"], strict=True)) == {
        "soup/again.png": "forgotten", "soup/other.png": "ok"
    }  # fmt: skip
    assert list(table["id"] == "") == [True, False]


def test_it_comes_back_by_no_address_and_no_replay(workspace, barred, tmp_path: Path) -> None:
    """Nothing is asked for: the manifest of an earlier run names the very addresses."""
    listed = tmp_path / "old.csv"
    listed.write_text("label,url\nsoup,http://CDN.test/1.png#x\nsoup,https://b.test/s.jpg\n")
    table = gather(workspace, barred, urls=listed)
    assert list(table["outcome"]) == ["forgotten", "forgotten"]
    assert "was told to be forgotten" in table.loc[0, "reason"]


def test_it_comes_back_by_no_restored_workspace(workspace, home, barred, look) -> None:
    other = Workspace.at(workspace.root.parent / "restored")
    back = other.store.put(look(1))
    known = read_blocklist(other.store, home)
    assert known.digest == barred.digest
    empty = workspace.root.parent / "none"
    empty.mkdir()
    gather(other, known, folder=empty)
    assert not other.store.has(back)


def test_what_looks_like_it_is_dropped_also_from_a_test_set(barred, look, store, put_rows) -> None:
    rows = put_rows((look(1, 120, "JPEG"), "soup", {"source": "test"}), (look(5), "soup"))
    table = drop_blocked(rows, store, barred.fingerprints)
    assert list(table["state"]) == ["dropped", "kept"]
    assert table.loc[0, "reason"].startswith("forgotten: it looks like")
    assert drop_blocked(rows, store, {}) is rows


def test_its_mirror_image_and_a_close_crop_are_dropped_too(
    barred, noise, encode, store, put_rows
) -> None:
    whole = noise(1, 96, 64)
    mirrored, crop = ImageOps.mirror(whole), whole.crop((4, 1, 95, 62))
    rows = put_rows(*((encode(one), "soup") for one in (mirrored, crop, noise(5))))
    assert list(drop_blocked(rows, store, barred.fingerprints)["state"]) == [
        *("dropped", "dropped", "kept")
    ]


def test_all_are_compared_however_many_there_are_on_either_side(
    barred, look, store, put_rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("blocked", "pairs"):
        monkeypatch.setattr(f"foodcls.dedup.{module}.EXACT", 2)
    rows = put_rows((look(5), "soup"), (look(6), "soup"), (look(1, 120, "JPEG"), "soup"))
    kept = ["kept", "kept", "dropped"]
    assert list(drop_blocked(rows, store, barred.fingerprints)["state"]) == kept
    # many are forgotten, and the one is not the first of them
    others = recall_each(store, {row.id: row.id for row in rows[:1].itertuples()}, TABLE_KIND)
    many = {"0" * 64: tuple(vars(others[rows["id"][0]]).values())} | dict(barred.fingerprints)
    assert list(drop_blocked(rows, store, many)["state"]) == ["dropped", "kept", "dropped"]


def test_a_picture_may_be_barred_before_anything_was_collected(tmp_path: Path, home) -> None:
    fresh = Workspace.at(tmp_path / "fresh")
    found = find_forgotten(fresh, ["https://a.test/1.jpg", "host:b.test"], lambda user: [])
    assert not found.pictures and not found.blobs
    forget(fresh, found, home)
    reasons = read_blocklist(fresh.store, home)
    assert reasons.reason(("http://a.test/1.jpg", ""), "", "")
    assert reasons.reason(("", "https://www.b.test/page"), "", "")

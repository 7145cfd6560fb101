from collections.abc import Callable
from pathlib import Path

import pandas as pd

from foodcls.review.gallery import Suspect, build_gallery, read_suspects

LABELS = ("pesto", "bread")


def names(gallery: object, label: str = "pesto") -> list[str]:
    return [item.origin[-7:-4] for item in gallery.by_label[label]]  # type: ignore[attr-defined]


def test_suspects_come_first_then_pictures_that_look_alike(
    pictures: Callable[..., pd.DataFrame],
) -> None:
    group = {"cluster": "c" * 64}
    manifest = pictures(6, {1: group, 4: group, 0: {"cluster": "d" * 64}})
    ids = list(manifest["id"])
    suspects = {ids[5]: Suspect(1, "looks like bread"), ids[3]: Suspect(0, "looks like a cat")}
    gallery = build_gallery(manifest, LABELS, suspects)
    assert names(gallery) == ["003", "005", "001", "004", "000", "002"]
    assert gallery.items[ids[5]].suspect == "looks like bread"
    # a cluster of one is no group
    assert [bool(item.group) for item in gallery.by_label["pesto"]] == [0, 0, 1, 1, 0, 0]


def test_only_what_a_decision_can_change_is_shown(pictures: Callable[..., pd.DataFrame]) -> None:
    manifest = pictures(6, {
        0: {"state": "dropped", "stage": "dedup", "reason": "near duplicate"},
        1: {"state": "dropped", "stage": "filter", "reason": "a cat"},
        2: {"state": "dropped", "stage": "inspect", "reason": "truncated"},
        3: {"source": "test"},
        4: {"parent": "e" * 64, "copy": 1},
        5: {"state": "dropped", "stage": "augment", "reason": "surplus over per_class"},
    })  # fmt: skip
    assert names(build_gallery(manifest, LABELS, {})) == ["001", "005"]


def test_copies_of_a_picture_are_counted_by_their_addresses(
    pictures: Callable[..., pd.DataFrame],
) -> None:
    manifest = pictures(6)
    ids = list(manifest["id"])
    gone = {"state": "dropped", "stage": "dedup", "duplicate_of": ids[0]}
    manifest = pictures(6, {1: gone, 2: gone | {"id": ids[0]}})
    gallery = build_gallery(manifest, LABELS, {})
    assert gallery.items[ids[0]].copies == 2 and gallery.items[ids[3]].copies == 0


def test_two_boxes_of_a_picture_are_one_item(pictures: Callable[..., pd.DataFrame]) -> None:
    manifest = pictures(2)
    twice = pd.concat([manifest, manifest.assign(box="1,2,3,4")], ignore_index=True)
    assert names(build_gallery(twice, LABELS, {})) == ["000", "001"]


def test_own_photos_are_told_from_the_others(pictures: Callable[..., pd.DataFrame]) -> None:
    manifest = pictures(2)
    manifest.loc[1, "source"] = "own"
    manifest["flags"] = "blurred"
    flags = [item.flags for item in build_gallery(manifest, LABELS, {}).by_label["pesto"]]
    assert flags == [("blurred",), ("own photo", "blurred")]


def test_suspects_are_read_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "suspects.csv"
    path.write_text("id,keep,reason,score\nbb,0,looks like bread,0.9\naa,0,,0.4\ncc,1,,0.1\n")
    assert read_suspects(path) == {"bb": Suspect(0, "looks like bread"), "aa": Suspect(1, "")}
    assert read_suspects(tmp_path / "absent.csv") == {}


def test_a_label_conflict_is_one_picture_and_stands_first(
    pictures: Callable[..., pd.DataFrame],
) -> None:
    ids = list(pictures(2)["id"])
    gone = {"state": "dropped", "stage": "dedup", "duplicate_of": ids[1]}
    manifest = pictures(2, {
        1: gone | {"reason": "label conflict: also bread", "duplicate_of": ""},
        2: gone | {"reason": "label conflict: also pesto"},
    })  # fmt: skip
    gallery = build_gallery(manifest, LABELS, {ids[0]: Suspect(0, "looks like bread")})
    assert names(gallery) == ["001", "000"] and names(gallery, "bread") == ["003"]
    item = gallery.items[ids[1]]
    assert (item.rivals, item.suspect) == (("bread", "pesto"), "found as bread and as pesto")
    assert gallery.items[ids[0]].guess == "bread" and not item.guess


def test_a_guess_is_another_class_of_the_recipe(pictures: Callable[..., pd.DataFrame]) -> None:
    manifest = pictures(3)
    said = ["looks like a cat", "looks like pesto", "bread"]
    suspects = {name: Suspect(0, why) for name, why in zip(manifest["id"], said, strict=False)}
    items = build_gallery(manifest, LABELS, suspects).items.values()
    assert not any(item.guess for item in items)

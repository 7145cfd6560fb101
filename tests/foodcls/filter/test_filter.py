"""A person's decisions reach the rows they mean, and no others."""

import logging

import pytest

from foodcls.dedup.dedup import dedup
from foodcls.errors import TableError
from foodcls.filter.decisions import read_decisions
from foodcls.filter.filter import filter_pictures
from foodcls.inspect.inspect import inspect
from foodcls.manifest import KEPT, drop_rows, kept_rows, new_manifest
from foodcls.recipe.data_settings import Dedup, Filter, Inspect
from foodcls.store.store import digest_of

LABELS = ("beans", "salad", "bread")
IDS = [digit * 64 for digit in "abcd"]


@pytest.fixture
def manifest():
    rows = [
        {"id": IDS[0], "origin": "web/beans/1.jpg", "label": "beans", "state": KEPT},
        {"id": IDS[1], "origin": "web/beans/2.jpg", "label": "beans", "state": KEPT},
        {"id": IDS[1], "origin": "web/beans/copy.jpg", "label": "beans", "state": KEPT},
        {"id": IDS[2], "origin": "web/salad/1.jpg", "label": "salad", "state": KEPT},
        {"id": IDS[3], "origin": "t/1.jpg", "label": "salad", "state": KEPT, "source": "test"},
    ]
    return drop_rows(new_manifest(rows), {2: "exact copy"}, "dedup")


@pytest.fixture
def decide(tmp_path, manifest):
    def run(text):
        path = tmp_path / "filter.csv"
        path.write_text(text)
        return filter_pictures(manifest, Filter(manifest=path), LABELS)

    return run


def states(manifest):
    return manifest["state"].tolist()


def test_decisions_drop_by_id_and_path(decide):
    found = decide(f"id,path,keep,reason\n{IDS[0][:8]},,FALSE,only rice\n,salad/1.jpg,Drop,\n")
    assert states(found) == ["dropped", "kept", "dropped", "dropped", "kept"]
    assert found["reason"].tolist() == ["only rice", "", "exact copy", "dropped by hand", ""]
    assert found["stage"].tolist() == ["filter", "", "dedup", "filter", ""]


def test_a_test_picture_of_the_same_name_is_not_meant(manifest, tmp_path):
    manifest.loc[4, "origin"] = "web/salad/1.jpg"
    (tmp_path / "filter.csv").write_text("path,keep\nweb/salad/1.jpg,0\n")
    found = filter_pictures(manifest, Filter(manifest=tmp_path / "filter.csv"), LABELS)
    assert states(found) == ["kept", "kept", "dropped", "dropped", "kept"]


@pytest.mark.parametrize("word", ["true", "1", "yes", "Keep", " TRUE "])
def test_keeping_words_keep(decide, word):
    assert states(decide(f"path,keep\nbeans/1.jpg,{word}\n"))[0] == "kept"


def test_a_decision_on_a_copy_reaches_the_copy_that_was_kept(decide):
    assert states(decide("path,keep\ncopy.jpg,no\n"))[1] == "dropped"
    assert states(decide("path,keep\ncopy.jpg,no\nbeans/2.jpg,yes\n"))[1] == "kept"


def test_test_rows_are_never_touched(decide):
    assert states(decide(f"id,keep\n{IDS[3]},0\n"))[4] == "kept"


def test_no_file_changes_nothing(manifest):
    assert filter_pictures(manifest, Filter(), LABELS).equals(manifest)


def test_strangers_are_counted_not_refused(decide, manifest, caplog):
    with caplog.at_level(logging.WARNING):
        found = decide(f"path,keep\nnowhere.jpg,0\ngone/x.jpg,0\n{IDS[0][:4]},0\n")
    assert "3 rows match no picture" in caplog.text and found.equals(manifest)


@pytest.mark.parametrize(
    "text, words",
    [
        ("id,keep\naaaaaaaa,maybe\n", "row 2: 'aaaaaaaa': keep is 'maybe'"),
        ("id,keep\naaaaaaaa,\n", "keep is ''"),
        ("id,path,keep\n,,false\n", "names no picture"),
        ("id,keep\nzz,false\n", "hexadecimal"),
        ("path,keep\n1.jpg,false\n", "3 pictures end in it"),
        ("path,keep\nbeans/1.jpg,0\nbeans/1.jpg,1\n", "row 3: .* the opposite of row 2"),
        (f"id,path,keep\n{IDS[0]},,0\n,beans/1.jpg,1\n", "the opposite of row 2"),
        ("who,what\na,b\n", "missing"),
        ("id,keep\n" + "aaaaaaaa,?\n" * 50, "and 40 more"),
    ],
)
def test_unclear_decisions_are_refused_before_anything_changes(decide, text, words):
    with pytest.raises(TableError, match=words) as caught:
        decide(text)
    assert "filter.csv" in str(caught.value)


def test_the_argument_does_not_change(decide, manifest):
    before = manifest.copy()
    decide("path,keep\nbeans/1.jpg,0\n")
    assert manifest.equals(before)


def test_decisions_read_as_written(tmp_path):
    path = tmp_path / "filter.csv"
    path.write_text("path,keep,reason\nNA,no,None\n")
    (item,) = read_decisions(path, LABELS)
    assert (item.path, item.keep, item.reason, item.number) == ("NA", False, "None", 2)


@pytest.fixture
def prepare(store, put_rows, tmp_path):
    """Inspect, dedup and filter files, (bytes, label), by the decisions of a filter.csv."""

    def run(text, *files):
        path = tmp_path / "filter.csv"
        path.write_text(text)
        sound = inspect(put_rows(*files), store, Inspect(), "phash")
        return filter_pictures(dedup(sound, store, Dedup()).manifest, Filter(manifest=path), LABELS)

    return run


@pytest.fixture
def sizes(noise, encode):
    """One picture in three sizes, the smallest first, and another picture."""
    image = noise(1, 640, 480)
    small, middle = (encode(image.resize(size)) for size in [(160, 120), (320, 240)])
    return small, middle, encode(image), encode(noise(2))


def test_a_class_that_a_mac_has_written_is_the_same(tmp_path):
    (path := tmp_path / "filter.csv").write_text("Path,KEEP,Class\n1.jpg,yes,cafe\u0301\n")
    (item,) = read_decisions(path, ["caf\xe9"])
    assert (item.path, item.keep, item.label) == ("1.jpg", True, "caf\xe9")


def test_a_drop_outlives_the_arrival_of_a_larger_copy(prepare, sizes):
    small, middle, large, other = sizes
    text = f"id,keep,reason\n{digest_of(small)},0,blurred\n"
    rows = [(small, "beans"), (other, "beans")]
    assert kept_rows(prepare(text, *rows))["id"].tolist() == [digest_of(other)]
    # a week later, and another one
    for number, copy in enumerate([middle, large], start=2):
        rows.append((copy, "beans"))
        found = prepare(text, *rows)
        assert kept_rows(found)["id"].tolist() == [digest_of(other)]
        mark = found[["stage", "reason"]].iloc[number].tolist()
        assert mark == ["filter", f"blurred (decided of its copy {digest_of(small)[:8]})"]


def test_a_decision_of_its_own_counts_before_that_of_a_copy(prepare, sizes):
    small, _, large, _ = sizes
    text = f"id,keep\n{digest_of(small)},{{}}\n{digest_of(large)},{{}}\n"
    rows = (small, "beans"), (large, "beans")
    assert prepare(text.format(0, 1), *rows)["stage"].tolist() == ["dedup", ""]
    assert prepare(text.format(1, 0), *rows)["reason"].iloc[1] == "dropped by hand"


def test_copies_that_are_decided_on_differently_decide_nothing(prepare, sizes, caplog):
    small, middle, large, other = sizes
    text = f"id,keep\n{digest_of(small)},0\n{digest_of(middle)},1\n"
    with caplog.at_level(logging.WARNING):
        found = prepare(text, *((data, "beans") for data in sizes))
    assert set(kept_rows(found)["id"]) == {digest_of(large), digest_of(other)}
    assert "of 1 picture(s) copies were decided on differently" in caplog.text
    assert digest_of(large)[:16] in caplog.text


def test_a_test_picture_is_not_dropped_for_its_copy(prepare, sizes):
    small, _, large, _ = sizes
    rows = (small, "beans"), (large, "beans", {"source": "test"})
    assert prepare(f"id,keep\n{digest_of(small)},0\n", *rows)["state"].iloc[1] == KEPT


def test_keep_that_changes_nothing_is_told_once_with_the_way_out(prepare, sizes, caplog):
    small, _, large, other = sizes
    text = f"id,keep\n{digest_of(small)},1\n{digest_of(other)},1\n"
    rows = (small, "beans"), (large, "beans"), (other, "beans"), (other, "salad")
    with caplog.at_level(logging.WARNING):
        found = prepare(text, *rows)
    assert found["stage"].tolist() == ["dedup", "", "dedup", "dedup"]
    (message,) = (record.getMessage() for record in caplog.records)
    assert "keep changes nothing for 2 picture(s) that dedup dropped" in message
    assert f"row 2: '{digest_of(small)}': beans, near duplicate" in message
    assert "salad, label conflict: also beans" in message and "docs/pictures.md" in message


def test_keep_of_a_picture_that_is_kept_in_another_row_is_not_warned_of(prepare, sizes, caplog):
    rows = [(sizes[0], "beans")] * 2
    with caplog.at_level(logging.WARNING):
        found = prepare(f"id,keep\n{digest_of(sizes[0])},1\n", *rows)
    assert len(kept_rows(found)) == 1 and not caplog.records


def test_a_label_moves_the_picture_and_the_manifest_says_from_where_and_by_whom(decide, caplog):
    with caplog.at_level(logging.INFO):
        found = decide(
            f"id,path,keep,label,annotator\n{IDS[0]},,1,bread,Ann\n,salad/1.jpg,1,beans,\n"
            f"{IDS[1]},,1,,\n"
        )
    assert found["label"].tolist() == ["bread", "beans", "beans", "beans", "salad"]
    assert found["given_label"].tolist() == ["beans", "", "", "salad", ""]
    assert found["label_by"].tolist() == ["Ann", "", "", "a person", ""]
    assert states(found) == ["kept", "kept", "dropped", "kept", "kept"]
    assert "relabel 2 pictures: beans → bread 1, salad → beans 1" in caplog.text


def test_an_unknown_label_is_named_with_its_row_and_the_known_classes(decide):
    with pytest.raises(TableError) as caught:
        decide(f"id,keep,label\n{IDS[0]},1,beens\n{IDS[1]},0,whatever\n")
    message = str(caught.value)
    assert f"row 2: '{IDS[0]}': label is 'beens', which is no class" in message
    assert "beans, salad, bread" in message and "row 3" not in message


def test_two_labels_for_one_picture_are_refused(decide):
    with pytest.raises(TableError, match="row 3: .* the opposite of row 2"):
        decide(f"id,path,keep,label\n{IDS[0]},,1,bread\n,beans/1.jpg,1,salad\n")
    # to keep it is to say that it is what it was found as
    with pytest.raises(TableError, match="the opposite of row 2"):
        decide(f"id,path,keep,label\n{IDS[0]},,1,bread\n,beans/1.jpg,1,\n")
    assert (
        decide(f"id,path,keep,label\n{IDS[0]},,1,\n,beans/1.jpg,1,beans\n")["label"][0] == "beans"
    )


def test_a_larger_copy_takes_the_label_over(prepare, sizes):
    small, _, large, _ = sizes
    text = f"id,keep,label\n{digest_of(small)},1,bread\n"
    found = prepare(text, (small, "beans"), (large, "beans"))
    assert kept_rows(found)[["id", "label"]].to_numpy().tolist() == [[digest_of(large), "bread"]]


@pytest.mark.parametrize(
    "line, label",
    [("{small},1,beans", "beans"), ("{small},1,", "salad"), ("{large},1,bread", "bread"),
                    ("{small},0,", None)],
    ids=["one", "as it was found", "a third", "neither"],
)  # fmt: skip
def test_a_label_conflict_is_settled_by_a_decision(prepare, sizes, line, label):
    """The copies of one picture were found as beans, the largest, and as salad."""
    small, middle, large, other = sizes
    text = "id,keep,label\n" + line.format(small=digest_of(small), large=digest_of(large))
    found = prepare(text, (small, "salad"), (large, "beans"), (middle, "beans"), (other, "beans"))
    kept = kept_rows(found).set_index("id")["label"].to_dict()
    assert kept == {digest_of(other): "beans"} | ({digest_of(large): label} if label else {})
    if label:
        assert found["reason"].tolist() == [f"label conflict settled: {label}", "",
                                            f"label conflict settled: {label}", ""]  # fmt: skip
        assert found["given_label"].tolist()[1] == ("" if label == "beans" else "beans")


def test_a_settled_conflict_brings_back_no_copy_that_was_dropped_by_hand(prepare, sizes):
    small, middle, large, _ = sizes
    text = f"id,keep\n{digest_of(large)},0\n{digest_of(small)},1\n"
    found = prepare(text, (small, "salad"), (large, "beans"), (middle, "beans"))
    kept = kept_rows(found)
    assert kept[["id", "label", "duplicate_of"]].to_numpy().tolist() == [
        [digest_of(middle), "salad", ""]
    ]
    assert found["duplicate_of"].tolist() == [digest_of(middle), digest_of(middle), ""]
    assert set(found["reason"]) == {"label conflict settled: salad", ""}


def test_of_copies_of_one_size_that_of_most_bytes_settles_a_conflict_as_in_dedup(
    prepare, noise, encode
):
    image = noise(1, 320, 240)
    coarse, fine, first = (encode(image, "JPEG", quality=quality) for quality in (60, 98, 99))
    # the other way round by id, which comes next
    while digest_of(coarse) > digest_of(fine):
        coarse += b"\0"
    text = f"id,keep,label\n{digest_of(first)},0,\n{digest_of(fine)},1,salad\n"
    found = prepare(text, (coarse, "beans"), (fine, "salad"), (first, "beans"))
    assert kept_rows(found)["id"].tolist() == [digest_of(fine)]


def test_a_conflict_of_one_file_in_two_classes_is_settled_by_a_label(prepare, sizes):
    *_, other = sizes
    text = f"id,keep,label\n{digest_of(other)},1,salad\n"
    found = prepare(text, (other, "beans"), (other, "salad"))
    assert kept_rows(found)["label"].tolist() == ["salad"]


def test_contradictions_about_copies_are_named_and_settle_nothing(prepare, sizes, caplog):
    small, middle, large, _ = sizes
    text = f"id,keep,label\n{digest_of(small)},1,salad\n{digest_of(middle)},1,beans\n"
    rows = (small, "salad"), (large, "beans"), (middle, "beans")
    with caplog.at_level(logging.WARNING):
        found = prepare(text, *rows)
    assert kept_rows(found).empty
    assert "'class salad' in row 2, 'class beans' in row 3" in caplog.text
    assert "they stay out" in caplog.text
    # without a conflict of classes the picture's own decision counts, and the copy's is named
    caplog.clear()
    text = f"id,keep,label\n{digest_of(small)},1,salad\n{digest_of(large)},1,\n"
    with caplog.at_level(logging.WARNING):
        found = prepare(text, (small, "beans"), (large, "beans"))
    assert kept_rows(found)["label"].tolist() == ["beans"]
    assert "'class salad' in row 2, 'class beans' in row 3" in caplog.text


def test_an_own_photo_is_not_relabeled_by_what_was_said_of_its_copy(prepare, sizes):
    small, _, large, _ = sizes
    text = f"id,keep,label\n{digest_of(small)},1,bread\n"
    found = prepare(text, (small, "beans"), (large, "salad", {"source": "own"}))
    assert kept_rows(found)["label"].tolist() == ["salad"]

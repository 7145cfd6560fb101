from foodcls.evaluate.looks import TrueAccuracy
from foodcls.manifest import new_manifest
from foodcls.report.by_hand import explain_looks, explain_relabeled


def test_relabeled_pictures_are_counted_by_their_move() -> None:
    row = {"state": "kept", "label": "bread", "given_label": "pesto"}
    rows = [row | {"id": "a"}, row | {"id": "b"}, row | {"id": "b", "parent": "b"},
            row | {"id": "c", "state": "dropped"}, {"id": "d", "state": "kept", "label": "bread"},
            row | {"id": "e", "label": "soup"}]  # fmt: skip
    assert explain_relabeled(new_manifest(rows)) == (
        "3 pictures were relabeled by a person: 2 from pesto to bread, 1 from pesto to soup."
    )
    assert explain_relabeled(new_manifest(rows[4:5])) == ""


def test_looks_are_told_with_what_follows_from_them() -> None:
    assert "foodcls review RECIPE --test" in explain_looks(TrueAccuracy(500, 0, 0, 0, 0, 0))[0]
    few = explain_looks(TrueAccuracy(500, 12, 0, 0, 11, 12))
    assert "seen 12 of the 500 test pictures: all show the class that their label says" in few[0]
    assert "After 20 looks" in few[1] and len(few) == 2
    known = TrueAccuracy(500, 80, 9, 4, 60, 80, value=0.91, low=0.87, high=0.95, more=130)
    told = explain_looks(known)
    assert "4 show another class than their label and 9 show none of the classes" in told[0]
    assert "Of the 71 that show a class, 60 are named right" in told[0]
    assert "91 %" in told[1] and "87 % to 95 %" in told[1] and "from 80 looks" in told[1]
    assert told[2] == "About 130 more looks give ±2 points."


def test_where_all_were_seen_nothing_is_too_low() -> None:
    every = TrueAccuracy(40, 40, 0, 0, 30, 40, 0.75, 0.75, 0.75)
    assert explain_looks(every)[0].endswith("75 % (60 % to 86 %).")
    part = TrueAccuracy(80, 40, 0, 0, 30, 40, 0.75, 0.7, 0.8)
    assert "too low" in explain_looks(part)[0]

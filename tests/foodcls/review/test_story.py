from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from foodcls.review.decisions import Verdict
from foodcls.review.story import Chapter, Notes, Story, read_decided, read_notes, tell_story
from foodcls.workspace.workspace import Workspace

LABELS = ("pesto", "bread")


@pytest.fixture
def manifest(pictures: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    first, second, third, *_ = pictures(6)["id"]
    cluster = {"cluster": first}
    near = {"state": "dropped", "stage": "dedup", "reason": "near duplicate, distance 2"}
    return pictures(6, {
        0: cluster | {"query": "pesto", "rank": 7, "licence": "CC0-1.0", "box": "1,2,30,40",
                      "picture": "f" * 64, "split": "train", "flags": "dark blurred",
                      "page": "http://127.0.0.1/menu.html", "attempts": 2, "detail": "redirected"},
        1: cluster | near | {"duplicate_of": first},
        2: cluster | {"split": "train"},
        3: {"parent": first, "copy": 1, "split": "train"},
        4: {"id": "", "state": "dropped", "stage": "collect", "reason": "http_error: HTTP 404",
            "outcome": "http_error", "width": None, "height": None},
    })  # fmt: skip


def facts_of(chapter: Chapter) -> dict[str, str]:
    return {fact.name: fact.text for fact in chapter.facts}


def facts(story: Story) -> dict[str, str]:
    return {fact.name: fact.text for chapter in story.chapters for fact in chapter.facts}


def test_a_kept_picture_tells_all_that_is_known(manifest: pd.DataFrame) -> None:
    digest = manifest["id"][0]
    notes = Notes(
        suspects={digest: {"reason": "looks like bread"}},
        predictions={digest: {"label": "pesto", "predicted": "bread", "probability": "0.7",
                              "rank": "3", "origin": "pesto-000.jpg", "p_p_2": "0.00218244849"}},
        verdicts={digest: Verdict(True, "fine")},
    )  # fmt: skip
    story = tell_story(manifest, "pesto-000.jpg", notes)
    assert (story.id, story.label, story.ending) == (digest, "pesto", "kept, for training")
    size = int(manifest["bytes"][0])
    assert [(chapter.title, facts_of(chapter)) for chapter in story.chapters if chapter.title
            != "like it"] == [
        ("the model says", {"predicted": "bread", "probability": "0.700",
                            "place of its own class": "3", "p p_2": "0.002"}),
        ("found", {
            "address": "http://127.0.0.1/pesto-000.jpg", "class": "pesto", "source": "urls",
            "query": "pesto", "place in results": "7", "page": "http://127.0.0.1/menu.html",
            "licence": "CC0-1.0",
        }),
        ("arrived", {
            "outcome": "ok", "detail": "redirected", "attempts": "2", "bytes": f"{size:,}",
            "format": "JPEG", "size": "96 x 64 pixels", "id": digest,
        }),
        ("signs", {"flags": "dark blurred", "suspect: reason": "looks like bread"}),
        ("became", {
            "decision": "keep: fine", "cluster": f"{digest[:16]}, 3 in it", "box": "(1,2,30,40)",
            "split": "train", "copies": "1 augmented", "blob": "f" * 64,
        }),
    ]  # fmt: skip
    assert [(item.how, item.id) for item in story.relatives] == [
        ("near duplicate, distance 2", manifest["id"][1]),
        ("looks alike", manifest["id"][2]),
        ("augmented copy 1", manifest["id"][3]),
    ]


def test_a_duplicate_tells_what_it_duplicates(manifest: pd.DataFrame) -> None:
    story = tell_story(manifest, manifest["id"][1], Notes())
    assert story.ending == "dropped by dedup: near duplicate, distance 2"
    assert (story.relatives[0].how, story.relatives[0].id) == ("duplicate of", manifest["id"][0])


@pytest.mark.parametrize(
    ("verdict", "told"),
    [(None, "drop: a cat"), (Verdict(True), "keep"), (Verdict(False, "menu"), "drop: menu")],
    ids=["the manifest's", "changed since", "worded anew"],
)
def test_a_picture_dropped_by_hand_tells_the_decision(
    pictures: Callable[..., pd.DataFrame], verdict: Verdict | None, told: str
) -> None:
    rows = pictures(1, {0: {"state": "dropped", "stage": "filter", "reason": "a cat"}})
    notes = Notes(verdicts={rows["id"][0]: verdict} if verdict else {})
    assert facts(tell_story(rows, "pesto-000.jpg", notes))["decision"] == told
    assert "decision" not in facts(tell_story(rows, "bread-001.jpg", notes))


def test_decisions_are_read_by_address_though_copies_bear_it(
    manifest: pd.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "filter.csv"
    assert read_decided(manifest, path, LABELS) == {}
    path.write_text("path,keep,reason\npesto-000.jpg,yes,fine\n")
    grown = manifest.assign(origin=manifest["origin"].where(manifest.index != 3,
                                                            manifest["origin"][0]))  # fmt: skip
    decided = read_decided(grown, path, LABELS)
    assert {name: item.words for name, item in decided.items()} == {manifest["id"][0]: "keep: fine"}


def test_a_copy_tells_its_parent_and_nobody_else_does(manifest: pd.DataFrame) -> None:
    story = tell_story(manifest, manifest["id"][3], Notes())
    assert story.ending == "augmented copy 1 for training"
    assert [(item.how, item.id) for item in story.relatives] == [("made from", manifest["id"][0])]
    assert "made from" not in facts(tell_story(manifest, "pesto-002.jpg", Notes()))


def test_an_address_without_bytes_tells_how_it_ended(manifest: pd.DataFrame) -> None:
    story = tell_story(manifest, "bread-007.jpg", Notes())
    assert story.ending == "kept, not in a split yet"
    story = tell_story(manifest, "pesto-004.jpg", Notes())
    assert (story.id, story.ending) == ("", "dropped by collect: http_error: HTTP 404")
    assert story.relatives == () and facts(story)["outcome"] == "http_error"


def test_a_picture_found_twice_tells_both_addresses(manifest: pd.DataFrame) -> None:
    again = manifest.iloc[[0]].assign(origin="http://127.0.0.1/other.jpg", rank=9, state="dropped")
    story = tell_story(pd.concat([again, manifest], ignore_index=True), "other.jpg", Notes())
    assert [chapter.title for chapter in story.chapters[:2]] == ["found", "found again (2)"]
    # what became of it is told by the row that was kept
    assert story.ending == "kept, for training"


def test_nothing_empty_is_told(manifest: pd.DataFrame) -> None:
    for name in manifest["origin"][[0, 1, 2, 4]]:
        story = tell_story(manifest, name, Notes())
        assert all(chapter.facts for chapter in story.chapters)
        assert all(
            fact.text and "<NA>" not in fact.text for ch in story.chapters for fact in ch.facts
        )


def test_notes_are_read_where_they_are(tmp_path: Path) -> None:
    assert read_notes(Workspace(tmp_path)) == Notes()
    (tmp_path / "predictions.csv").write_text("id,predicted,probability\nab,bread,0.9\n")
    assert read_notes(Workspace(tmp_path)).predictions == {
        "ab": {"predicted": "bread", "probability": "0.9"}
    }


def test_a_relabeled_picture_tells_from_what_to_what_and_by_whom(
    pictures: Callable[..., pd.DataFrame],
) -> None:
    rows = pictures(1, {0: {"label": "bread", "given_label": "pesto", "label_by": "Ann"}})
    verdict = Verdict(True, label="bread", annotator="Ann")
    story = tell_story(rows, rows["id"][0], Notes(verdicts={rows["id"][0]: verdict}))
    told = facts(story)
    assert (told["class"], told["relabeled"]) == ("pesto", "from pesto to bread by Ann")
    assert told["decision"] == "keep as bread, by Ann" and story.label == "bread"

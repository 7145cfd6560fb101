from dataclasses import replace

from foodcls.manifest import ManifestRef
from foodcls.progress import Work
from foodcls.runs.stage_result import (
    StageResult,
    describe,
    is_worth_telling,
    stage_counts,
    stage_seconds,
    stage_table,
    stage_work,
)

DEDUP = StageResult(
    "dedup", ManifestRef("dedup", "d", "b", kept=612, dropped=88), 1.24, cached=False
)
TRAIN = StageResult("fit", object(), 0.04, cached=True)
CROP = StageResult(
    "crop",
    ManifestRef("crop", "e", "c", kept=600, dropped=100),
    0.3,
    cached=False,
    work=(Work("crop", 1, 599), Work("fingerprint", 4, 0)),
)


def test_line_tells_counts_and_time_or_that_it_was_cached() -> None:
    assert describe(DEDUP).split() == ["dedup", "612", "kept,", "88", "dropped", "1.2", "s"]
    assert describe(TRAIN).split() == ["fit", "cached"]


def test_a_check_is_told_where_it_took_time_and_says_what_it_looked_at() -> None:
    slow = StageResult("check tables", [0, 0, 0], 1.2, cached=False)
    assert describe(slow).startswith("check tables filter, boxes and the like")
    quick = StageResult("check tables", [0, 0, 0], 0.1, cached=False)
    recalled = StageResult("check groups", 4, 3.0, cached=True)
    assert [is_worth_telling(one) for one in (slow, quick, recalled, TRAIN)] == [
        True, False, False, True,
    ]  # fmt: skip


def test_table_has_a_row_for_each_stage() -> None:
    lines = stage_table([DEDUP, TRAIN, CROP]).splitlines()
    assert lines[2:] == [
        "| dedup | 612 | 88 | 1.2 | all |",
        "| fit |  |  | 0.0 | nothing, cached |",
        "| crop | 600 | 100 | 0.3 | crop: 1 of 600 new |",
    ]
    assert len({line.count("|") for line in lines}) == 1


def test_a_stage_that_recalled_much_says_how_little_it_did() -> None:
    assert describe(CROP).endswith("0.3 s, crop: 1 of 600 new")
    none_new = replace(CROP, work=(Work("fingerprint", 0, 1342),))
    assert describe(none_new).endswith("0.3 s, fingerprint: 1342 remembered")
    work = {"crop": {"anew": 1, "recalled": 599}, "fingerprint": {"anew": 4, "recalled": 0}}
    assert stage_work([TRAIN, CROP]) == {"crop": work}


def test_counts_are_of_stages_that_give_a_manifest() -> None:
    assert stage_counts([DEDUP, TRAIN]) == {"dedup": {"kept": 612, "dropped": 88}}
    assert stage_seconds([DEDUP, TRAIN]) == {"dedup": 1.24, "fit": 0.04}

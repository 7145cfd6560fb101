"""What the tests that kill runs go by: each stage is known by the line that tells of it."""

import logging
import runpy
from pathlib import Path

import pytest

from foodcls.progress import Work
from foodcls.runs.stage_result import StageResult, describe

MOMENT = runpy.run_path(str(Path(__file__).with_name("starter.py")))["Moment"]
STAGES = ("check", "collect", "inspect", "dedup", "filter", "crop", "split", "augment", "train",
          "calibrate", "evaluate", "export")  # fmt: skip


@pytest.mark.parametrize("cached", [False, True])
def test_the_line_of_each_stage_is_known_by_the_starter(cached: bool) -> None:
    """In another form, no test would kill a run or fill its disk any more."""
    moment = MOMENT({})
    for name in STAGES:
        line = describe(StageResult(name, None, 1.25, cached, (Work("crop", 1, 3),)))
        moment.emit(logging.makeLogRecord({"msg": line}))
        assert moment.stage == name, line
    assert moment.told == {"", *STAGES}

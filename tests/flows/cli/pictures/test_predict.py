"""What `foodcls predict` is given: one model, then pictures."""

import os
import re
from pathlib import Path

import pytest

from flows.cli.pictures.predict import answer_all
from foodcls.errors import InputError


def test_models_that_a_pattern_has_named_are_refused_with_the_latest(tmp_path: Path) -> None:
    """`models/foods13-*.pt` after two runs: the first by its digest answered, often the older."""
    first, latest = tmp_path / "m-0.pt", tmp_path / "m-1 b.pt"
    for seconds, path in enumerate((first, latest), start=1):
        path.touch()
        os.utime(path, (seconds, seconds))
    said = f"2 models .*{re.escape(str(first))}, .*foodcls predict '{re.escape(str(latest))}' PICT"
    with pytest.raises(InputError, match=said):
        answer_all(first, [latest, tmp_path / "dish.jpg"])

from pathlib import Path

import pytest

from flows.ablation import DATASETS
from flows.cli.ablate import _next
from foodcls.report.ablation_table import Ablation, AblationRow


@pytest.mark.parametrize(
    ("same", "told"),
    [
        (DATASETS[1:], ("`foodcls review r.yaml`", "augment.per_class")),
        (("cropped",), ("`foodcls review r.yaml`",)),
        (("cropped and augmented",), ("augment.per_class",)),
        ((), ()),
    ],
)
def test_rows_of_the_same_pictures_name_what_would_change_them(
    same: tuple[str, ...], told: tuple[str, ...]
) -> None:
    figures = (60, 0.9, 0.8, 1.0, 20, 1.1, 1.0, 1.2, 1)
    rows = tuple(AblationRow(name, *figures, is_same_set=name in same) for name in DATASETS)
    said = " ".join(_next(Ablation(rows, 20, 0), Path("workspace"), Path("r.yaml")))
    assert bool(same) == bool(said) and (f": {', '.join(same)}. " in said) == bool(same)
    steps = ("`foodcls review r.yaml`", "augment.per_class")
    assert tuple(step for step in steps if step in said) == told

"""No line on training that the docs show leads to a poor model."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from foodcls.errors import InputError
from foodcls.network.at_hand import OFFLINE_LINE, check_backbone
from foodcls.recipe.presets import fill_preset
from foodcls.recipe.train_settings import Train
from foodcls.recipe.yaml_lines import parse_value
from foodcls.store.store import Store
from foodcls.train.train import train

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SHOWN = re.compile(r"train: \{[^{}]*\}")
FLOOR = 0.9  # of pictures of one color a class, which a tenth of the right rate does not learn


def lines() -> list[str]:
    """What is shown, once each; that of `foodcls init` and of errors too."""
    texts = [re.sub(r"\s+", " ", path.read_text()) for path in PAGES]
    return sorted({line for text in (*texts, OFFLINE_LINE) for line in SHOWN.findall(text)})


def read_line(line: str) -> Train:
    return Train.model_validate_json(json.dumps(fill_preset(parse_value(line)["train"])))


@pytest.mark.parametrize("line", lines())
def test_a_line_that_docs_show_learns(
    line: str, gallery: Callable[[Store], pd.DataFrame], store: Store, labels: tuple[str, ...],
    tmp_path: Path,
) -> None:  # fmt: skip
    settings = read_line(line)
    try:
        check_backbone(settings, os.environ)
    except InputError:
        pytest.skip(f"the weights of {settings.backbone} are not on this machine")
    learnt = train(gallery(store), store, labels, settings, tmp_path / "cache")
    assert max(report.val_accuracy for report in learnt.reports) >= FLOOR


def test_a_line_for_a_machine_without_a_hub_is_among_them() -> None:
    assert any(read_line(line).backbone == "tf_efficientnet_lite0" for line in lines())

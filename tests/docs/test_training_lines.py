"""No line on training that the docs show leads to a poor model."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from flows.cli.init import choose_training
from foodcls.errors import InputError
from foodcls.network.at_hand import OFFLINE_LINE, check_backbone
from foodcls.recipe.presets import fill_preset
from foodcls.recipe.train_settings import Train
from foodcls.recipe.yaml_lines import parse_value, parse_yaml
from foodcls.store.store import Store
from foodcls.train.train import train

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SHOWN = re.compile(r"train: \{[^{}]*\}")
FLOOR = 0.9  # of pictures of one color a class, which a tenth of the right rate does not learn


def lines() -> list[str]:
    """What is shown, once each; that of errors too."""
    texts = [re.sub(r"\s+", " ", path.read_text()) for path in PAGES]
    return sorted({line for text in (*texts, OFFLINE_LINE) for line in SHOWN.findall(text)})


def read_line(line: str) -> Train:
    return Train.model_validate_json(json.dumps(fill_preset(parse_value(line)["train"])))


@pytest.mark.parametrize("line", lines())
def test_a_line_that_docs_show_learns(
    line: str, gallery: Callable[[Store], pd.DataFrame], store: Store, labels: tuple[str, ...],
    tmp_path: Path,
) -> None:  # fmt: skip
    check_learns(read_line(line), gallery(store), store, labels, tmp_path)


def test_the_recipe_that_init_writes_learns(
    gallery: Callable[[Store], pd.DataFrame], store: Store, labels: tuple[str, ...],
    tmp_path: Path,
) -> None:  # fmt: skip
    values, _ = parse_yaml(choose_training().encode(), Path("init.yaml"))
    settings = Train.model_validate_json(json.dumps(fill_preset(values["train"])))
    assert settings.target and settings.extras.tta == 3
    check_learns(settings, gallery(store), store, labels, tmp_path)


def check_learns(
    settings: Train, manifest: pd.DataFrame, store: Store, labels: tuple[str, ...], folder: Path
) -> None:
    try:
        check_backbone(settings, os.environ)
    except InputError:
        pytest.skip(f"the weights of {settings.backbone} are not on this machine")
    learnt = train(manifest, store, labels, settings, folder / "cache")
    assert max(report.val_accuracy for report in learnt.reports) >= FLOOR


def test_a_line_for_a_machine_without_a_hub_is_among_them() -> None:
    assert any(read_line(line).backbone == "tf_efficientnet_lite0" for line in lines())

"""Asks the keys of all cached stages what code, settings and pictures they hang on."""

import importlib.util
import inspect
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import FunctionType

import pytest

import tasks.ablation
import tasks.data
import tasks.model
from foodcls import extras, settings
from foodcls.learn.checkpoint import Checkpoint
from foodcls.settings import Train
from foodcls.source import CARRIERS, behind
from foodcls.values import Settings
from tasks.caching import Stage, fingerprint

ROOT = Path(__file__).resolve().parents[2]
STAGES = {
    one.name: one
    for module in (tasks.data, tasks.model, tasks.ablation)
    for one in vars(module).values()
    if isinstance(one, Stage) and one.modules
}
MODULES = {name: behind(one.modules) for name, one in STAGES.items()}
# by package, what the key of a stage names; of what stands in no list, all may be named
LEARNING = {"curate": {"decode", "whole"}, "judge": {"epochs", "ranks"}, "collect": set()}
GROUPS = {"matching", "sheet"}
FIGURES = {"answers", "bootstrap", "classes", "evaluation", "grouping", "metrics", "reliability",
           "scores", "temperature"}  # fmt: skip
BACKGROUNDS = {"affine", "clamp", "cutout", "propose", "standout"}
BOUNDS = {
    "collect": {"curate": set(), "judge": set(), "learn": set()},
    **dict.fromkeys(
        ("inspect", "dedup", "filter", "crop", "split", "augment", "raw", "filtered"),
        {"collect": set(), "judge": set(), "learn": set()},
    ),
    "check tables": {"collect": set(), "judge": {"grouping"}, "learn": set()},
    "check groups": {"collect": set(), "judge": {"grouping"}, "learn": set(), "curate": GROUPS},
    "check": {"collect": set(), "judge": {"epochs"}, "curate": set()},
    "train": LEARNING | {"curate": LEARNING["curate"] | BACKGROUNDS},
    "calibrate": LEARNING | {"judge": LEARNING["judge"] | {"temperature"}},
    "evaluate": LEARNING
    | {"judge": LEARNING["judge"] | FIGURES, "curate": LEARNING["curate"] | GROUPS},
    "export": LEARNING | {"judge": {"epochs"}},
}
# of train's key; what follows them is in the key of no training
STRANGERS = (
    "errors", "objects", "store", "progress", "spread", "settings", "recipe", "collect/gather",
    "curate/boxes", "curate/matching", "curate/sheet", "curate/dialects/yolo", "curate/crop",
    "curate/memo", "judge/metrics", "judge/report", "judge/evaluation", "sample/pasta",
    "learn/export", "learn/evaluate",
)  # fmt: skip


def of_package(name: str, package: str) -> set[str]:
    begin = f"foodcls.{package}."
    return {found.removeprefix(begin) for found in MODULES[name] if found.startswith(begin)}


@pytest.mark.parametrize("name", STAGES)
def test_a_key_names_no_more_code_than_the_stages_own(name: str) -> None:
    assert not set(MODULES[name]) & CARRIERS
    assert not of_package(name, "sample") | of_package(name, "review")
    for package, allowed in BOUNDS[name].items():
        assert of_package(name, package) <= allowed, package


def test_the_readers_of_annotations_decide_what_is_cropped_alone() -> None:
    readers = {name for name in STAGES if "foodcls.curate.dialects.yolo" in MODULES[name]}
    assert readers == {"crop", "check tables"}


def test_what_carries_is_there() -> None:
    """A module that was moved must be moved in the list too."""
    assert [name for name in sorted(CARRIERS) if importlib.util.find_spec(name) is None] == []


def test_an_edit_elsewhere_or_of_words_trains_nothing_again(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "foodcls", tmp_path / "foodcls")
    program = (
        "from foodcls.source import source_digest; "
        f"print(source_digest({STAGES['train'].modules!r}))"
    )

    def key() -> str:
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=tmp_path, text=True, capture_output=True,
            check=True, env=os.environ | {"PYTHONPATH": str(tmp_path)},
        )  # fmt: skip
        return done.stdout

    def edit(name: str, line: str) -> None:
        path = tmp_path / "foodcls" / f"{name}.py"
        path.write_text(path.read_text() + line)

    before = key()
    for name in STRANGERS:
        edit(name, "\nADDED = 1\n")
    edit("learn/fit", "\n# another remark\n")
    words = tmp_path / "foodcls" / "learn" / "fit.py"
    words.write_text(words.read_text().replace('"""Train for', '"""Learn for'))
    assert key() == before
    edit("learn/fit", "\nADDED = 1\n")
    assert key() != before


def test_a_new_training_option_asks_for_a_new_training_alone() -> None:
    class More(Train):
        momentum: float = 0.9

    assert fingerprint(More()) != fingerprint(Train())
    takers = {kind: {name for name, one in STAGES.items() if kind in annotations(one)}
              for kind in (Train, Checkpoint)}  # fmt: skip
    assert takers[Train] == {"check", "train"}
    assert takers[Checkpoint] == {"calibrate", "evaluate", "export"}


def test_a_key_names_no_more_pictures_than_the_stage_reads() -> None:
    reads = {name: one.reads for name, one in STAGES.items() if one.reads}
    assert reads == {
        "train": ("train", "val"),
        "calibrate": ("val",),
        "check groups": ("test",),
        "evaluate": ("test",),
    }


def annotations(one: Stage) -> list[object]:
    found = inspect.get_annotations(one.task.fn)
    return [kind for name, kind in found.items() if name != "return"]


def test_settings_hold_no_method_that_decides_a_result() -> None:
    """Their values alone are in a key: what is computed of them must stand elsewhere."""
    kinds = [kind for module in (settings, extras) for kind in vars(module).values()
             if isinstance(kind, type) and issubclass(kind, Settings)]  # fmt: skip
    found = {
        f"{kind.__name__}.{name}"
        for kind in kinds
        for name, value in vars(kind).items()
        if isinstance(value, property | FunctionType) and not name.startswith(("_", "model_"))
    }
    # how much may be kept between epochs changes nothing of what is learnt
    assert found == {"Train.cache_bytes"}

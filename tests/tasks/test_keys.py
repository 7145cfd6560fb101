"""Asks the keys of all cached stages what code, settings and pictures they hang on."""

import importlib.util
import inspect
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import FunctionType

import pytest

import tasks.ablation
import tasks.data
import tasks.model
from foodcls.recipe import data_settings, train_settings
from foodcls.recipe.train_settings import Train
from foodcls.recipe.types import Settings
from foodcls.train.checkpoint import Checkpoint
from foodcls.work.code_digest import CARRIERS, behind
from tasks.engine.stage import Stage, fingerprint

ROOT = Path(__file__).resolve().parents[2]
STAGES = {
    one.name: one
    for module in (tasks.data, tasks.model, tasks.ablation)
    for one in vars(module).values()
    if isinstance(one, Stage) and one.modules
}
# the rooms that the key of a stage may name, beside the manifest's
ROOMS = {
    "collect": "collect tables image redact blocklist",
    "inspect": "inspect image",
    "dedup": "dedup inspect image",
    "filter": "filter tables",
    "crop": "crop image tables",
    "split": "split",
    "augment": "augment image",
    "raw": "split",
    "filtered": "split",
    "check tables": "crop filter split tables",
    "check": "export network",
    "train": "train features network image metrics",
    "check groups": "split tables",
    "calibrate": "evaluate train features network image metrics",
    "evaluate": "evaluate train features network image metrics split tables",
    "own": "evaluate train features network image metrics split tables",
    "export": "export train features network image metrics",
}
# of a room that is named, the modules; of what stands in no list, all may be named
LEARNING = {
    "image": {"color", "color_tags", "decode", "file_types", "truncation", "upright"},
    "metrics": {"ranks"},
}
VIEWS = {"", "affine", "clamp", "foreground", "saliency", "silhouette"}
BOUNDS = {
    "check": {
        "export": {
            "exported_files",
            "load",
            "optimize",
            "rehearse",
            "torchscript",
            "safety.archive",
            "safety.operators",
            "safety.read",
            "safety.script_code",
        },
    },  # fmt: skip
    "collect": {"image": {"file_types", "listing"}},
    "train": LEARNING | {"image": LEARNING["image"] | VIEWS},
    "calibrate": LEARNING | {"metrics": {"ranks", "separation", "temperature"}},
    "evaluate": {"image": LEARNING["image"], "split": {"test_groups"}},
    "own": {"image": LEARNING["image"] | VIEWS, "split": {"test_groups"}},
    # int8 is kept by a paired test
    "export": LEARNING | {"metrics": {"ranks", "bootstrap", "metrics", "paired_test", "scores"}},
    "check groups": {"split": {"test_groups"}},
}
# of train's key; what follows them is in the key of no training
STRANGERS = (
    "errors", "store/object_store", "store/store", "progress", "work/parallel",
    "recipe/data_settings", "recipe/recipe", "collect/collect", "crop/boxes", "tables/match_rows",
    "tables/read_csv",
    "crop/formats/yolo", "crop/crop", "work/memo", "metrics/metrics", "report/report",
    "metrics/evaluation", "metrics/rejection", "network/rejection", "evaluate/strangers",
    "sample/pasta", "export/export", "evaluate/evaluate",
)  # fmt: skip


@cache
def modules_of(name: str) -> tuple[str, ...]:
    """Asked for by tests, and not by each process that only collects them."""
    return behind(STAGES[name].modules)


def of_room(name: str, room: str) -> set[str]:
    begin = f"foodcls.{room}"
    return {found.removeprefix(begin).removeprefix(".") for found in modules_of(name)
            if found.split(".")[1] == room}  # fmt: skip


@pytest.mark.parametrize("name", STAGES)
def test_a_key_names_no_more_code_than_the_stages_own(name: str) -> None:
    rooms = {module.split(".")[1] for module in modules_of(name)}
    assert rooms <= {*ROOMS[name].split(), "manifest"}
    for room, allowed in BOUNDS.get(name, {}).items():
        assert of_room(name, room) <= allowed, room


def test_the_readers_of_annotations_decide_what_is_cropped_alone() -> None:
    readers = {name for name in STAGES if "foodcls.crop.formats.yolo" in modules_of(name)}
    assert readers == {"crop", "check tables"}


def test_what_carries_is_there() -> None:
    """A room that was moved must be moved in the list too."""
    assert [room for room in sorted(CARRIERS)
            if importlib.util.find_spec(f"foodcls.{room}") is None] == []  # fmt: skip


def test_an_edit_elsewhere_or_of_words_trains_nothing_again(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "foodcls", tmp_path / "foodcls")
    # one process that is asked thrice: what it needs of other packages it looks up once
    program = f"""if True:
        import sys
        from foodcls.work import code_digest as keys
        for _ in sys.stdin:
            keys._read_module.cache_clear()
            keys.code_digest.cache_clear()
            print(keys.__file__, keys.code_digest({STAGES["train"].modules!r}), flush=True)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", program], cwd=tmp_path, text=True, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert process.stdin and process.stdout

    def key() -> str:
        print(file=process.stdin, flush=True)
        file, found = process.stdout.readline().split()
        assert Path(file).is_relative_to(tmp_path)
        return found

    def edit(name: str, line: str) -> None:
        path = tmp_path / "foodcls" / f"{name}.py"
        path.write_text(path.read_text() + line)

    before = key()
    for name in STRANGERS:
        edit(name, "\nADDED = 1\n")
    edit("train/loop", "\n# another remark\n")
    words = tmp_path / "foodcls" / "train" / "loop.py"
    words.write_text(words.read_text().replace('"""Train for', '"""Learn for'))
    assert key() == before
    edit("train/loop", "\nADDED = 1\n")
    assert key() != before
    process.communicate()


def test_a_new_training_option_asks_for_a_new_training_alone() -> None:
    class More(Train):
        momentum: float = 0.9

    assert fingerprint(More()) != fingerprint(Train())
    takers = {kind: {name for name, one in STAGES.items() if kind in annotations(one)}
              for kind in (Train, Checkpoint)}  # fmt: skip
    assert takers[Train] == {"check", "train"}
    assert takers[Checkpoint] == {"calibrate", "evaluate", "own", "export"}


def test_a_key_names_no_more_pictures_than_the_stage_reads() -> None:
    reads = {name: one.reads for name, one in STAGES.items() if one.reads}
    assert reads == {
        "train": ("train", "val", "own"),
        "calibrate": ("val", "filtered"),
        "check groups": ("test",),
        "evaluate": ("test", "filtered"),
        "own": ("train", "val", "own"),
    }


def annotations(one: Stage) -> list[object]:
    found = inspect.get_annotations(one.task.fn)
    return [kind for name, kind in found.items() if name != "return"]


def test_settings_hold_no_method_that_decides_a_result() -> None:
    """Their values alone are in a key: what is computed of them must stand elsewhere."""
    kinds = [kind for module in (data_settings, train_settings) for kind in vars(module).values()
             if isinstance(kind, type) and issubclass(kind, Settings)]  # fmt: skip
    found = {
        f"{kind.__name__}.{name}"
        for kind in kinds
        for name, value in vars(kind).items()
        if isinstance(value, property | FunctionType) and not name.startswith(("_", "model_"))
    }
    # how much may be kept between epochs changes nothing of what is learnt
    assert found == {"Train.cache_bytes"}

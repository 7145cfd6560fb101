"""Holds the house: imports point one way, names shadow nothing, each module says what it is."""

import ast
import re
import symtable
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from foodcls.workspace.workspace import Place, Workspace

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("foodcls", "tasks", "flows")
# who may import whom; the library's own rooms are ordered below
FORBIDDEN = {
    "foodcls": ("tasks", "flows", "prefect", "mlflow", "rich", "typer"),
    "tasks": ("flows", "typer"),
    "flows": ("mlflow", "torch", "pandas", "PIL"),
}
# a room of the library knows only rooms of the lines above its own
LEVELS = (
    ("redact",),
    ("errors",),
    ("progress", "columnar"),
    ("store",),
    ("recipe", "work", "sample", "manifest", "blocklist"),
    ("tables", "network"),
    ("image", "metrics"),
    ("inspect", "features"),
    ("collect", "dedup", "filter", "crop", "split", "augment", "train", "init"),
    ("evaluate", "export", "choose"),
    ("promote",),
    ("runs",),
    ("report", "workspace"),
    ("serve",),
    ("review", "photograph"),
)
# short modules, and why they stand alone
STAND_ALONE = {
    "foodcls/image/clamp.py": "three rooms cut boxes, and no key names more than the cut",
    "foodcls/metrics/separation.py": "the key of calibrate names no figures of the test pictures",
    "foodcls/export/exported_files.py": "who reads what an export gave need not wait for torch",
    "foodcls/export/model.py": "what all readers give, of which none knows another",
    "foodcls/export/attribution.py": "who is to be credited is a question of its own",
    "foodcls/evaluate/enough.py": "asked after each run, which need not wait for torch",
    "foodcls/sample/dishes.py": "a table: the names of what is drawn",
    "tasks/promote.py": "a thin task, as its neighbors",
}
SOURCES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
MODULES = [path for path in SOURCES if path.name not in ("__init__.py", "__main__.py")]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def nodes(path: Path) -> list[ast.AST]:
    """All of a module, itself first."""
    return list(ast.walk(ast.parse(path.read_text())))


@cache
def imported(path: Path) -> list[str]:
    names = []
    for node in nodes(path):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.append(node.module or "")
    return names


def users_of(*packages: str) -> set[str]:
    """The product modules that import one of these packages."""
    return {
        name_of(path)
        for path in SOURCES
        if {name.partition(".")[0] for name in imported(path)} & set(packages)
    }


def test_imports_point_one_way() -> None:
    upward = {
        package: users_of(*FORBIDDEN[package]) & {name_of(path) for path in SOURCES
                                                  if path.is_relative_to(ROOT / package)}
        for package in PACKAGES
    }  # fmt: skip
    assert not any(upward.values()), upward


def test_rooms_of_the_library_know_only_those_below_them() -> None:
    level = {room: number for number, rooms in enumerate(LEVELS) for room in rooms}
    wrong = []
    for path in (ROOT / "foodcls").rglob("*.py"):
        parts = path.relative_to(ROOT / "foodcls").with_suffix("").parts
        for name in imported(path):
            if parts == ("__init__",) or not name.startswith("foodcls."):
                continue
            other = name.split(".")[1]
            if other != parts[0] and level[other] >= level[parts[0]]:
                wrong.append(f"{name_of(path)} imports {name}")
    assert not wrong


def test_each_room_has_its_level() -> None:
    rooms = {path.relative_to(ROOT / "foodcls").with_suffix("").parts[0] for path in SOURCES
             if path.is_relative_to(ROOT / "foodcls")}  # fmt: skip
    assert rooms - {"__init__"} == {room for rooms in LEVELS for room in rooms}


def test_only_tasks_know_how_prefect_keeps_a_result() -> None:
    fields = {"result", "metadata", "serializer", "storage_key", "__class__", "__exc_type__"}
    assert not [name_of(path) for path in SOURCES
                if path.is_relative_to(ROOT / "foodcls")
                for node in nodes(path)
                if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant)
                and node.slice.value in fields]  # fmt: skip


def joined_names(path: Path) -> Iterator[str]:
    """The literal text that a module puts behind a slash, in a path or in a text."""
    for node in nodes(path):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            node, slash = node.right, "/"
        else:
            slash = ""
        parts = node.values if isinstance(node, ast.JoinedStr) else [node] if slash else []
        for part in parts:
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                yield slash + part.value


def test_only_the_workspace_names_what_lies_in_it() -> None:
    places = [place.name for place in vars(Workspace).values() if isinstance(place, Place)]
    names = {part for place in places for part in Path(place).parts}
    assert {"manifest.csv", "predictions.csv", "thumbs", "models"} <= names
    pattern = re.compile(f"/({'|'.join(map(re.escape, names))})(?![\\w.])")
    assert not [(name_of(path), found[0]) for path in SOURCES
                for found in filter(None, map(pattern.match, joined_names(path)))]  # fmt: skip


def test_torchvision_and_timm_come_through_one_module() -> None:
    assert users_of("torchvision", "timm") == {"foodcls/network/model_zoo.py"}


def test_each_module_says_what_it_is() -> None:
    assert not [name_of(path) for path in SOURCES if not ast.get_docstring(nodes(path)[0])]


def test_import_runs_nothing() -> None:
    allowed = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef,
               ast.Assign, ast.AnnAssign)  # fmt: skip
    entries = {"main.py", "__main__.py", "yaml_lines.py", "model_zoo.py"}
    runs = [
        f"{name_of(path)}: {ast.unparse(node)}"
        for path in SOURCES
        if path.name not in entries
        for node in nodes(path)[0].body
        if not isinstance(node, allowed)
        and not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
        and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ]
    assert not runs


def test_no_flow_shadows_a_module() -> None:
    """Prefect puts flows/ first on sys.path when it loads a flow by its path."""
    stems = {path.stem for path in (ROOT / "flows").iterdir()} - {"__init__", "__pycache__"}
    assert not stems & (set(sys.stdlib_module_names) | {"tasks", "foodcls", "mlflow", "prefect"})
    site = Path(pytest.__file__).parent.parent
    assert not stems & {path.stem for path in site.iterdir()}


def names_in(module: str) -> set[str]:
    """What a module of the product defines or imports, and the modules of a package."""
    place = ROOT.joinpath(*module.split("."))
    path = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    if not path.exists():
        return set()
    table = symtable.symtable(path.read_text(), name_of(path), "exec")
    own = {one.get_name() for one in table.get_symbols() if one.is_assigned() or one.is_imported()}
    return own | ({inside.stem for inside in place.iterdir()} if place.is_dir() else set())


def test_benchmarks_import_only_what_there_is() -> None:
    """They run rarely, and nobody checks their types."""
    asked = {(node.module or "", alias.name, name_of(path))
             for path in (ROOT / "benchmarks").rglob("*.py") for node in nodes(path)
             if isinstance(node, ast.ImportFrom) for alias in node.names}  # fmt: skip
    known = cache(names_in)
    ours = [one for one in asked if one[0].partition(".")[0] in PACKAGES]
    assert len(ours) > 100
    assert not [one for one in sorted(ours) if one[1] not in known(one[0])]


def test_mlflow_folder_holds_no_python() -> None:
    assert not list((ROOT / "mlflow").rglob("*.py"))


def test_tests_have_no_init_files() -> None:
    assert not list((ROOT / "tests").rglob("__init__.py"))


def test_each_module_of_the_library_and_the_tasks_is_tested() -> None:
    """By a test file of its own, by one that imports it, or through tested neighbors."""
    paths = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in MODULES}
    waiting = [name for path in (ROOT / "tests").rglob("test_*.py") for name in imported(path)]
    for name, path in paths.items():
        own = (ROOT / "tests" / path.relative_to(ROOT)).with_name(f"test_{path.name}")
        waiting += [name] if own.exists() else []
    tested: set[str] = set()
    while waiting:
        if (name := waiting.pop()) in paths and name not in tested:
            tested.add(name)
            room = paths[name].parent
            waiting += [near for near in imported(paths[name])
                        if near in paths and paths[near].parent == room]  # fmt: skip
    assert not [name for name in paths if not name.startswith("flows.") and name not in tested]


def test_mlflow_is_imported_in_one_package() -> None:
    assert {str(Path(name).parent) for name in users_of("mlflow")} == {"tasks/tracking"}


def test_modules_are_short_enough_to_read_and_long_enough_to_stand_alone() -> None:
    lines = {name_of(path): len(path.read_text().splitlines()) for path in MODULES}
    assert not {name: count for name, count in lines.items() if count > 260}
    assert {name for name, count in lines.items() if count < 25} <= STAND_ALONE.keys()


def test_folders_are_small_enough_to_look_through() -> None:
    counts = Counter(path.parent for path in MODULES if path.parent.name != "sample")
    assert not {name_of(folder): count for folder, count in counts.items() if count > 20}


def test_each_package_lists_its_modules() -> None:
    missing = []
    for init in (path for path in SOURCES if path.name == "__init__.py"):
        text = ast.get_docstring(nodes(init)[0]) or ""
        missing += [
            name_of(path)
            for path in init.parent.glob("*.py")
            if path.name not in ("__init__.py", "__main__.py") and path.stem not in text
        ]
    assert not missing


def test_no_class_name_means_two_things() -> None:
    named = Counter(node.name for path in MODULES for node in nodes(path)[0].body
                    if isinstance(node, ast.ClassDef) and node.name[0] != "_")  # fmt: skip
    assert not [name for name, count in named.items() if count > 1]


def test_readme_tree_names_each_room() -> None:
    tree = (ROOT / "README.md").read_text().partition("## The tree")[2]
    rooms = {path.parent.name for path in SOURCES}
    assert not [room for room in sorted(rooms) if f"{room}/" not in tree]

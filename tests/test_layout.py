"""Holds the house: imports point one way, names shadow nothing, each module says what it is."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from foodcls.workspace import Place, Workspace

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("foodcls", "tasks", "flows")
# who may import whom; the library's own packages are ordered below
FORBIDDEN = {
    "foodcls": ("tasks", "flows", "prefect", "mlflow", "rich", "typer"),
    "tasks": ("flows", "typer"),
    "flows": ("mlflow", "torch", "pandas", "PIL"),
}
# what a package of the library may know of the others
ORDER = {
    "collect": (),
    "sample": (),
    "curate": (),
    "judge": ("curate",),
    "learn": ("curate", "judge"),
    "review": ("curate", "judge", "learn"),
}
SOURCES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
NAMES = [str(path.relative_to(ROOT)) for path in SOURCES]


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_imports_point_one_way(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    roots = {name.partition(".")[0] for name in imported(path)}
    assert not roots & set(FORBIDDEN[package])


@pytest.mark.parametrize("package", ORDER)
def test_packages_of_the_library_know_only_those_below_them(package: str) -> None:
    known = {
        name.split(".")[1]
        for path in (ROOT / "foodcls" / package).rglob("*.py")
        for name in imported(path)
        if name.startswith("foodcls.") and name.split(".")[1] in ORDER
    }
    assert known <= {package, *ORDER[package]}


def test_only_what_tracks_imports_mlflow() -> None:
    users = {name for name, path in zip(NAMES, SOURCES, strict=True)
             if any(module.partition(".")[0] == "mlflow" for module in imported(path))}  # fmt: skip
    tracks = ("accounts", "deleted", "registry", "sending", "server", "tracking")
    assert users == {f"tasks/{name}.py" for name in tracks}


def test_only_tasks_know_how_prefect_keeps_a_result() -> None:
    fields = {"result", "metadata", "serializer", "storage_key", "__class__", "__exc_type__"}
    assert not [name for name, path in zip(NAMES, SOURCES, strict=True)
                if name.startswith("foodcls/")
                for node in ast.walk(ast.parse(path.read_text()))
                if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant)
                and node.slice.value in fields]  # fmt: skip


def joined_names(path: Path) -> Iterator[str]:
    """The literal text that a module puts behind a slash, in a path or in a text."""
    for node in ast.walk(ast.parse(path.read_text())):
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
    assert not [(name, found[0]) for name, path in zip(NAMES, SOURCES, strict=True)
                for found in filter(None, map(pattern.match, joined_names(path)))]  # fmt: skip


def test_torchvision_and_timm_come_through_one_module() -> None:
    users = {name for name, path in zip(NAMES, SOURCES, strict=True)
             if any(module.partition(".")[0] in ("torchvision", "timm")
                    for module in imported(path))}  # fmt: skip
    assert users == {"foodcls/learn/vision.py"}


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_module_is_short_enough_to_read(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 260


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_import_runs_nothing(path: Path) -> None:
    allowed = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef,
               ast.Assign, ast.AnnAssign)  # fmt: skip
    entry = path.name in ("cli.py", "__main__.py", "recipe_yaml.py", "vision.py")
    for node in ast.parse(path.read_text()).body:
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        assert isinstance(node, allowed) or is_docstring or entry, ast.unparse(node)


def test_no_flow_file_shadows_a_module() -> None:
    """Prefect puts flows/ first on sys.path when it loads a flow by its path."""
    stems = {path.stem for path in (ROOT / "flows").glob("*.py")} - {"__init__"}
    assert not stems & (set(sys.stdlib_module_names) | {"tasks", "foodcls", "mlflow", "prefect"})
    site = Path(pytest.__file__).parent.parent
    installed = {path.stem for path in site.iterdir()} - {"__pycache__"}
    assert not stems & installed


def test_mlflow_folder_holds_no_python() -> None:
    assert not list((ROOT / "mlflow").rglob("*.py"))


def test_tests_have_no_init_files() -> None:
    assert not list((ROOT / "tests").rglob("__init__.py"))


@pytest.mark.parametrize("package", ["foodcls", "tasks"])
def test_each_module_has_a_test(package: str) -> None:
    untested = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / package).rglob("*.py"))
        if path.name not in ("__init__.py", "__main__.py")
        and not (ROOT / "tests" / path.relative_to(ROOT)).with_name(f"test_{path.name}").exists()
    ]
    assert not untested


def test_readme_tree_names_each_module() -> None:
    tree = (ROOT / "README.md").read_text().partition("## The tree")[2]
    named = {line.split()[0] for line in tree.splitlines() if line.strip()}
    assert not [name for name, path in zip(NAMES, SOURCES, strict=True)
                if path.name != "__init__.py" and path.name not in named]  # fmt: skip

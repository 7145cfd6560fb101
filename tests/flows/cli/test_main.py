"""Types what a person types; the exit codes are the contract."""

import contextlib
import logging
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pandas as pd
import pytest
from click.testing import Result
from typer.testing import CliRunner

from flows.cli.main import app
from flows.cli.options import replayed
from foodcls.errors import RecipeError
from foodcls.manifest import VOLATILE
from foodcls.recipe.recipe import load_recipe
from foodcls.tables.manifest_csv import read_manifest

pytestmark = pytest.mark.usefixtures("prefect_server")


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """The command sets up logging for its process, which here is that of all tests."""
    logger = logging.getLogger("foodcls")
    before = [*logger.handlers], logger.level, logger.propagate
    yield
    logger.handlers, logger.level, logger.propagate = before


@pytest.fixture
def type_in(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)

    def run(*words: object) -> Result:
        return CliRunner().invoke(app, [str(word) for word in words])

    return run


@pytest.mark.parametrize(
    "command", ["run", "prepare", "ablate", "review", "trace", "predict", "doctor", "demo"]
)
def test_help_of_each_command_has_an_example(type_in: Callable, command: str) -> None:
    result = type_in(command, "--help")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", result.output)
    assert result.exit_code == 0 and f"foodcls {command}" in plain


@pytest.mark.parametrize(
    ("asked", "said"),
    [("0", "such as 2,"), ("-1", "such as 2,"), ("x", "such as 2,"), ("9999", "processes at most")],
)
def test_trainers_that_cannot_be_end_a_run_before_it_begins(
    type_in: Callable, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    asked: str, said: str,
) -> None:  # fmt: skip
    monkeypatch.setenv("FOODCLS_TRAINERS", "1")
    done = type_in("run", recipe, "--workspace", tmp_path / "w", "--trainers", asked)
    assert done.exit_code == 2 and said in done.output and not (tmp_path / "w").exists()


def test_bad_input_exits_with_2_and_says_where(
    type_in: Callable, recipe: Path, tmp_path: Path, change: Callable
) -> None:
    assert type_in("run", tmp_path / "gone.yaml").exit_code == 2
    assert type_in("run", recipe, "--set", "train.epochs").exit_code == 2
    change("per_class: 12", "per_class: 0")
    result = type_in("run", recipe, "--workspace", tmp_path / "w")
    assert result.exit_code == 2
    assert "augment.per_class = 0" in result.output and str(recipe) in result.output


def test_a_failed_run_exits_with_1_and_shows_no_traceback(
    recipe: Path, tmp_path: Path, change: Callable, prefect_home: Path
) -> None:
    """In a process of its own, as a person has it who set nothing: its Prefect server ends, too."""
    change("min_per_class: 5", "min_per_class: 50")
    place = {name: value for name, value in os.environ.items() if "PREFECT" not in name}
    place["PREFECT_HOME"] = str(prefect_home)
    words = [sys.executable, "-m", "flows.cli.main", "prepare", recipe,
             "--workspace", tmp_path / "w"]  # fmt: skip
    with subprocess.Popen(words, env=place, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as run:  # fmt: skip
        served = set()
        while run.poll() is None:
            served |= servers_at(prefect_home)
            time.sleep(0.2)
        out, err = run.communicate()
    assert run.returncode == 1 and len(served) == 1
    assert "greens" in err and "collect.min_per_class" in err, err
    assert "Traceback" not in err + out
    while servers_at(prefect_home):
        time.sleep(0.1)


def servers_at(home: Path) -> set[int]:
    """The processes of Prefect servers that live and keep their records there."""
    found = set()
    for place in Path("/proc").glob("[0-9]*"):
        # one may end meanwhile, or be somebody else's
        with contextlib.suppress(OSError):
            is_server = b"prefect.server.api.server:create_app" in (place / "cmdline").read_bytes()
            if is_server and f"PREFECT_HOME={home}".encode() in (place / "environ").read_bytes():
                found.add(int(place.name))
    return found


def test_replay_takes_the_place_of_the_recipes_source(recipe: Path, tmp_path: Path) -> None:
    assert replayed(None) == {}
    with pytest.raises(RecipeError, match="override: collect.urls = .* is not there"):
        load_recipe(recipe, replayed(tmp_path / "gone.csv"))
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("label,origin,parent\n")
    settings = load_recipe(recipe, replayed(manifest)).collect
    found = (settings.urls, settings.folder, settings.engines)
    assert found == ((manifest.resolve(),), (), ())


@pytest.mark.runs("foodcls prepare")
def test_a_replayed_manifest_collects_the_same_set_again(
    type_in: Callable, recipe: Path, tmp_path: Path, change: Callable
) -> None:
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path / "photos"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        photos = sorted((tmp_path / "photos").glob("*/*.png"))
        rows = [f"{photo.parent.name},http://127.0.0.1:{server.server_port}/"
                f"{photo.parent.name}/{photo.name}\n" for photo in photos]  # fmt: skip
        (tmp_path / "urls.csv").write_text("label,url\n" + "".join(rows))
        change("folder: photos", "urls: urls.csv, allow_private_hosts: true")
        first, again = tmp_path / "1", tmp_path / "2"
        assert type_in("prepare", recipe, "--workspace", first).exit_code == 0
        (tmp_path / "urls.csv").unlink()
        done = type_in("prepare", recipe, "--workspace", again, "--replay", first / "manifest.csv")
        server.shutdown()
    assert done.exit_code == 0, done.output
    tables = [
        read_manifest(space / "manifest.csv").drop(columns=VOLATILE) for space in (first, again)
    ]
    assert (tables[0]["parent"] != "").any()
    pd.testing.assert_frame_equal(*tables)


def test_what_is_no_model_is_refused(type_in: Callable, tmp_path: Path) -> None:
    (tmp_path / "model.pt").write_bytes(b"x")
    result = type_in("predict", tmp_path / "model.pt", tmp_path / "a.jpg")
    assert result.exit_code == 2 and "model.pt" in result.output


@pytest.mark.runs("foodcls doctor")
def test_doctor_finds_this_machine_fit(type_in: Callable, tmp_path: Path) -> None:
    result = type_in("doctor", "--workspace", tmp_path)
    assert result.exit_code == 0 and "torchvision" in result.output

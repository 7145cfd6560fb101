"""Errors end a command with a line and an exit code."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from rich.console import Console

from flows.cli.output import _TerminalLines, err, out, say_sentences, told
from flows.cli.prefect_server import find_page
from flows.cli.run import checking_report, show_checks, show_places, show_result
from foodcls.errors import InputError, StageError, StoreError
from foodcls.manifest import KEPT, new_manifest
from foodcls.store.store import digest_file
from foodcls.tables.manifest_csv import write_manifest
from foodcls.workspace.services import Check
from foodcls.workspace.workspace import Workspace


@pytest.mark.parametrize(("error", "code"), [(InputError("[a] b"), 2), (StoreError("[a] b"), 1)])
def test_an_error_is_one_message_and_an_exit_code(
    error: Exception, code: int, capsys, monkeypatch
) -> None:
    monkeypatch.setattr("flows.cli.output.speak_plainly", lambda: None)
    with pytest.raises(typer.Exit) as end, told():
        raise error
    assert end.value.exit_code == code and capsys.readouterr().err == "error: [a] b\n"


def test_a_terminal_gets_errors_and_log_lines_broken_between_words(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.cli.output.speak_plainly", lambda: None)
    monkeypatch.setattr(Console, "is_terminal", True)
    monkeypatch.setattr(err, "width", 40)
    with pytest.raises(typer.Exit), told():
        raise InputError("photos.yaml is there already; name another with `--recipe FILE`\n  [a] b")
    said = "error: photos.yaml is there already;\nname another with `--recipe FILE`\n  [a] b\n"
    assert capsys.readouterr().err == said
    line = logging.LogRecord(
        "foodcls", 20, "", 0, "probe on 342 training pictures, 3 views", (), None
    )
    assert _TerminalLines("  %(message)s").format(line) == (
        "  probe on 342 training pictures, 3\n  views"
    )


def test_warnings_of_libraries_do_not_reach_the_terminal() -> None:
    """Unless Python is asked for them by -W."""
    program = (
        "from flows.cli.output import speak_plainly; speak_plainly()\n"
        "import io, logging, warnings, PIL.Image\n"
        "warnings.simplefilter('always'); logging.getLogger('foodcls').warning('ours')\n"
        "warnings.warn('of a library'); data = io.BytesIO()\n"
        "exif = b'Exif\\0\\0II*\\0\\x08\\0\\0\\0\\xff\\xff'\n"
        "PIL.Image.new('RGB', (9, 9)).save(data, 'JPEG', exif=exif)\n"
        "PIL.Image.open(data).getexif().get(1)"
    )
    said = [
        subprocess.run([sys.executable, *words, "-c", program], capture_output=True, text=True,
                       check=True).stderr
        for words in ((), ("-W", "always"))
    ]  # fmt: skip
    assert said[0].strip() == "ours"
    assert "of a library" in said[1] and "EXIF" in said[1]


def test_a_terminal_gets_sentences_broken_between_words_and_a_pipe_gets_them_whole(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = "Satsumas is weaker [than] the rest, look at `foodcls review photos.yaml` and /a/b-c/d."
    say_sentences(told)
    assert capsys.readouterr().out == f"{told}\n"
    monkeypatch.setattr(Console, "is_terminal", True)
    monkeypatch.setattr(out, "width", 40)
    say_sentences(told, "Then this.")
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "Then this." and " ".join(lines[:-1]) == told
    assert max(map(len, lines)) <= 40
    assert any("`foodcls review photos.yaml`" in line for line in lines)


def test_what_is_to_be_typed_is_whole_on_a_narrow_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(out, "width", 80)
    address = "https://www.flickr.com/services/api/keys/"
    long = Check("weights of EfficientNet-Lite 0, 1 and 2", True, "/" + "deep/" * 20)
    show_checks([long, Check("engine flickr", False, "no key", f"get one at {address} first")])
    said = capsys.readouterr().out
    assert address in said and "…" not in said


def test_classes_without_fault_are_one_line_and_a_path_is_as_short_as_it_can_be_typed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    right = {"n": 4, "recall": 1.0, "recall_bounds": (0.5, 1.0), "precision": 1.0,
             "average_position": 1.0}  # fmt: skip
    scores = {"bread": right, "beans": right, "rabbit": right | {"recall": 0.75}}
    result = {"per_class": scores, "accuracy": 0.9, "accuracy_low": 0.7, "accuracy_high": 1.0,
              "n": 12, "groups": 9, "accuracy_by_group_low": 0.6, "accuracy_by_group_high": 1.0,
              "advice": [], "weights_license": "apache-2.0",
              "average_position": 1.1,
              "average_position_low": 1.0, "average_position_high": 1.2, "cached": [],
              "mlflow_waiting": "", "prefect_flow_run_id": "f1", "mlflow_run_id": "7",
              "registered_version": "1",
              "mlflow_page": "", "mlflow_tracking_uri": "sqlite:///w",
              "model_path": str(tmp_path / "w" / "models" / f"lunch-{12 * '0'}.pt")}  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:4200/api")
    show_result(result)
    rows = [{"id": f"{label}{number}", "label": label, "state": KEPT, "split": "train"}
            for label in scores for number in range(10)]  # fmt: skip
    (space := Workspace(tmp_path / "w")).root.mkdir()
    write_manifest(new_manifest(rows), space.manifest)
    show_places(result, tmp_path / "w", tmp_path / "my lunch.yaml")
    said = capsys.readouterr().out
    assert "rabbit" in said and "bread" not in said
    assert "2 other classes: each test picture is named right" in said
    assert (
        f"predict w/models/lunch-{12 * '0'}.pt PICTURE" in said
        and "http://127.0.0.1:4200/runs/flow-run/f1\n" in said
    )
    assert "worth 'my lunch.yaml' --workspace w\n" in said
    assert "report      w/report.html\n" in said
    # a forecast that would be refused is not proposed
    write_manifest(new_manifest(rows[1:]), space.manifest)
    show_places(result, tmp_path / "w", tmp_path / "my lunch.yaml")
    assert "what to add pictures of bread: from 10 on, `foodcls worth` f" in capsys.readouterr().out
    assert "\\\n  --backend-store-uri sqlite:///w\n" in said
    # what a terminal of 80 columns would break
    assert max(map(len, said.splitlines())) <= 80
    # of a run that was recalled there is none
    assert find_page("") == "http://127.0.0.1:4200/runs"
    # a temporary server is gone when the line is read
    monkeypatch.setenv("FOODCLS_OWN_SERVER", "http://127.0.0.1:4200/api")
    assert find_page("f1") == ""


def test_a_report_that_is_of_another_table_of_pictures_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    space = Workspace(tmp_path)
    with checking_report(tmp_path):
        space.manifest.write_text("of the first run")
    space.report.write_text(f"<code>{digest_file(space.manifest)}</code>")
    with checking_report(tmp_path):
        pass
    assert capsys.readouterr().err == ""
    with pytest.raises(StageError), checking_report(tmp_path):
        space.manifest.write_text("of a run that fails later")
        raise StageError("too few pictures")
    said = f"{space.manifest} is of this run; report.html beside it still tells of one before"
    assert capsys.readouterr().err.strip() == said


def test_a_report_of_another_recipe_recalls_nothing_and_imports_no_flow(tmp_path: Path) -> None:
    program = """if True:
        import sys
        from pathlib import Path
        from flows.cli.run import recall_run
        from foodcls.recipe.recipe import load_recipe
        recipe = load_recipe(Path(sys.argv[1]))
        assert recall_run(recipe, Path(sys.argv[1]).parent) is None
        assert not {"prefect", "mlflow", "torch"} & set(sys.modules)
    """
    (tmp_path / "report.html").write_text("of another recipe")
    (tmp_path / "manifest.csv").write_text("")
    recipe = tmp_path / "r.yaml"
    recipe.write_text("name: r\nclasses: [a, b]\ncollect: {folder: .}\n")
    subprocess.run([sys.executable, "-c", program, recipe], check=True)

"""Writes a model that exists in further formats beside its .pt file, and the page that runs it."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

from flows.cli.output import find_manifest, say
from foodcls.errors import ExportError, InputError, command_line
from foodcls.export.export import INT8, export
from foodcls.export.exported_files import FORMATS, check_libraries, sibling
from foodcls.export.load import load_model
from foodcls.export.predict_tests import is_trained_on
from foodcls.export.publish import list_digests
from foodcls.export.web.write import PACKAGE, VERSION, how_to_get, read_runtime, write_page
from foodcls.recipe.train_settings import Export, Format
from foodcls.store.disk import file_sizes
from foodcls.store.store import write_whole
from foodcls.tables.manifest_csv import read_manifest
from foodcls.workspace.workspace import Workspace
from tasks.engine.checkpoints import need_checkpoint

WEB = "web"  # the page for browsers, which holds the .onnx file
NPM_SECONDS = 600  # for 33 MB


def write_web(onnx: Path, runtime: Path | None) -> None:
    """Write the page of an .onnx file, into a folder beside it."""
    place = onnx.with_name(f"{onnx.stem}-web")
    with TemporaryDirectory() as fetched:
        page = write_page(onnx, read_runtime(runtime or fetch_runtime(Path(fetched))), place)
    lines = (
        f"{page}  {sum(file_sizes(place)) / 1e6:.0f} MB in all",
        "Any static server shows it, e.g. "
        + command_line("python", "-m", "http.server", "--bind", "127.0.0.1", "--directory", place),
    )
    for line in lines:
        say(line)


def fetch_runtime(folder: Path) -> Path:
    """The runtime's package, by npm, from the registry that it is set to; InputError if not."""
    npm = shutil.which("npm")
    if npm is None:
        raise InputError(f"npm is not installed here; {how_to_get()}")
    try:
        # the package's own scripts are not run: `pack` only fetches
        done = subprocess.run(
            [npm, "pack", "--loglevel=error", f"{PACKAGE}@{VERSION}"],
            cwd=folder, capture_output=True, text=True, timeout=NPM_SECONDS, check=False,
        )  # fmt: skip
        said = done.stderr.strip().splitlines()
    except (OSError, subprocess.TimeoutExpired) as error:
        said = [str(error)]
    found = next(folder.glob("*.tgz"), None)
    if found is None:
        raise InputError(f"npm did not give {PACKAGE} {VERSION} ({' '.join(said)[:200]}); "
                         f"{how_to_get()}")  # fmt: skip
    return found


def export_formats(
    model: Path,
    names: Sequence[str],
    folder: Path,
    margin: float,
    runtime: Path | None,
) -> None:
    """Write the files, add them to the list of digests, and print what they are."""
    if runtime and WEB not in names:
        raise InputError(f"--runtime {runtime} is for the page: add --format web, or leave it out")
    formats = [_format(name) for name in dict.fromkeys(names) if name != WEB]
    onnx = sibling(model, FORMATS["onnx"].ending)
    if WEB in names and "onnx" not in formats and not onnx.is_file():
        formats.append("onnx")
    refused = _write(model, formats, folder, margin) if formats else ()
    if WEB in names:
        write_web(onnx, runtime)
    if refused:
        raise ExportError("; ".join(refused))


def _write(model: Path, formats: Sequence[Format], folder: Path, margin: float) -> tuple[str, ...]:
    check_libraries(formats)
    loaded, manifest = load_model(model), read_manifest(find_manifest(folder))
    provenance = loaded.provenance
    if INT8 in formats and not is_trained_on(loaded, manifest):
        raise InputError(
            f"{model} learnt from other pictures than those of {folder} now, so some of the test "
            "pictures that onnx_int8 is judged by may be among them; run its recipe again, or "
            "leave onnx_int8 out"
        )
    workspace = Workspace.at(folder)
    checkpoint = need_checkpoint(workspace, provenance.get("checkpoint", ""), model)
    asked = Export(int8_margin=margin)
    written = export(checkpoint, manifest, workspace.store, provenance, asked, formats)
    digests = {model: loaded.digest}
    for one in written.others:
        path = sibling(model, FORMATS[one.format].ending)
        write_whole(path, workspace.store.read(one.blob))
        digests[path] = one.blob
        told = one.figures or (
            f"answers within {written.max_difference:.0e} of the network on "
            f"{written.compared} pictures"
        )
        say(f"{path}  {one.bytes / 1e6:.1f} MB  {told}")
    list_digests(model, digests)
    return written.refused


def _format(name: str) -> Format:
    others: list[Format] = [known for known in get_args(Format) if known != "torchscript"]
    if found := next((known for known in others if known == name), None):
        return found
    raise InputError(f"--format {name}: a model can be written as {', '.join([*others, WEB])}")

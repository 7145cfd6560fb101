"""Writes a model that exists in further formats, beside its .pt file."""

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from flows.cli.models.web_page import write_web
from flows.cli.output import find_manifest, say
from foodcls.errors import ExportError, InputError
from foodcls.export.export import INT8, export
from foodcls.export.exported_files import FORMATS, check_libraries, sibling
from foodcls.export.load import load_model
from foodcls.export.predict_tests import is_trained_on
from foodcls.export.publish import list_digests
from foodcls.recipe.train_settings import Export, Format
from foodcls.store.store import write_whole
from foodcls.tables.manifest_csv import read_manifest
from foodcls.workspace.workspace import Workspace
from tasks.engine.checkpoints import need_checkpoint

WEB = "web"  # the page for browsers, which holds the .onnx file


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
